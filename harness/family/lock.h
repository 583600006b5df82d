/*
 * lock.h - the lock family: one worker at a time.
 *
 * Ops (struct lock_ops), the timed role loops and the macro that stamps them.
 * Inside each critical section a counter is raised by a relaxed load and a
 * relaxed store: only the lock makes that safe, so a counter that ends below
 * the number of acquisitions proves a hole in the lock; and where there is no
 * lock at all the race is real, defined, and silent for ThreadSanitizer.
 *
 * With a size (contend) so many bytes are guarded too (state.h): each section
 * raises all of them, and in the end all must say what the counter says.  With
 * several permits the counter proves nothing: it is raised by an atomic addition,
 * and who is inside counts who else is (two more atomic additions, part of the
 * figure); more than there are permits is a fault.
 */
#ifndef HARNESS_FAMILY_LOCK_H
#define HARNESS_FAMILY_LOCK_H

#include "harness/board.h"
#include "harness/coroutine.h"
#include "harness/evidence.h"
#include "harness/hist.h"
#include "harness/link.h"
#include "harness/mech.h"
#include "harness/family/holder.h"
#include "harness/family/stamp.h"
#include "harness/family/state.h"

/*
 * lock:    OP_DONE when held.  try: OP_WOULD_BLOCK; timed: OP_TIMED_OUT.
 * unlock:  by the holder only, see contract.owner.
 * guarded: the counter that the lock protects; evidence.
 * bump:    raise the counter by one; NULL: relaxed load, add, relaxed store.
 * check:   by the holder, between two pieces of work: hand it over if it is time,
 *          and come back holding it; NULL: unlock and lock, each time.
 * holder:  who holds it; NULL: it cannot know (holder.h).
 */
typedef enum result lock_lock_fn(struct port *p, struct how how);
typedef enum result lock_unlock_fn(struct port *p, struct how how);
typedef enum result lock_check_fn(struct port *p, struct how how);

struct lock_ops {
	lock_lock_fn *lock;
	lock_unlock_fn *unlock;
	atomic_u64 *(*guarded)(struct port *p);
	void (*bump)(atomic_u64 *counter);
	lock_check_fn *check;
	holder_fn *holder;
};

/* What is done inside, and proves what. */
enum inside { INSIDE_COUNTER, INSIDE_BYTES, INSIDE_PERMITS };

static inline enum inside lock_inside_of(const struct link *l)
{
	if (link_permits(l) > 1)
		return INSIDE_PERMITS;
	return l->state ? INSIDE_BYTES : INSIDE_COUNTER;
}

ALWAYS_INLINE void lock_bump(const struct lock_ops *o, atomic_u64 *counter)
{
	if (o->bump)
		o->bump(counter);
	else
		store_relaxed(counter, load_relaxed(counter) + 1);
}

/* Take it by sleeping, or by tries with a pause between them. */
ALWAYS_INLINE enum result lock_take(
	const struct lock_ops *o, struct port *p, bool polls, struct how how)
{
	const struct how try = wait_pause(how);
	uint32_t spins = 0;
	enum result r;

	if (!polls)
		return o->lock(p, how);
	while ((r = o->lock(p, try)) == OP_WOULD_BLOCK)
		wait_spins(try, &spins);
	return r;
}

/*
 * The witness of the probed twin: who is inside writes its name on the link's
 * board and finds it there when it leaves.  Who dies inside has not taken it away:
 * of locks that do not know their holder the verdict names it by this.  Where sections
 * are single instructions (bump) nobody is alone in one.
 */
static inline bool lock_has_witness(const struct lock_ops *o, const struct port *p)
{
	return (p->probe.verify || p->probe.act == PROBE_DIE) && !o->bump &&
	       link_permits(p->link) == 1;
}

COLD static void lock_enter(const struct lock_ops *o, struct port *p)
{
	atomic_u64 *inside = &p->link->board->token;

	if (!lock_has_witness(o, p))
		return;
	if (p->probe.verify)
		p->probe.ledger->intruded += load_relaxed(inside) != 0;
	store_relaxed(inside, p->index + 1u);
}

COLD static void lock_leave(const struct lock_ops *o, struct port *p)
{
	atomic_u64 *inside = &p->link->board->token;

	if (!lock_has_witness(o, p))
		return;
	if (p->probe.verify)
		p->probe.ledger->intruded += load_relaxed(inside) != p->index + 1u;
	store_relaxed(inside, 0);
}

/*
 * A coroutine lets the others go once while it is inside: of sections in which nobody awaits
 * anything no other coroutine would ever see that they are held.
 */
ALWAYS_INLINE void lock_await_once(struct how how)
{
	if (how.wait == WAIT_AWAIT)
		coro_yield();
}

/* Who is inside with several permits counts who else is. */
ALWAYS_INLINE void lock_crowd(struct worker *w, atomic_u64 *counter, struct how how)
{
	atomic_u64 *inside = &w->out->link->board->ready;
	uint64_t n = add_acq_rel(inside, 1u) + 1;
	struct ledger *g = w->ledger;

	g->most_inside = n > g->most_inside ? n : g->most_inside;
	g->crowded += n > link_permits(w->out->link);
	add_relaxed(counter, 1u);
	lock_await_once(how);
	sub_acq_rel(inside, 1u);
}

/* What is done while the lock is held. */
ALWAYS_INLINE void lock_inside(const struct lock_ops *o, struct worker *w, atomic_u64 *counter,
	enum inside inside, struct how how)
{
	struct port *p = w->out;

	if (how.probed)
		lock_enter(o, p);
	POINT(p, how, HOLDING);
	if (inside == INSIDE_PERMITS)
		lock_crowd(w, counter, how);
	else
		lock_bump(o, counter);
	if (inside == INSIDE_BYTES)
		state_raise(p->link->state, p->link->msg_bytes);
	if (inside != INSIDE_PERMITS)
		lock_await_once(how);
	POINT(p, how, BEFORE_RELEASE);
	if (how.probed)
		lock_leave(o, p);
}

ALWAYS_INLINE enum result lock_section(const struct lock_ops *o, struct worker *w, struct port *p,
	atomic_u64 *counter, enum inside inside, bool polls, struct how how)
{
	enum result r;

	POINT(p, how, BEFORE_SEND);
	r = lock_take(o, p, polls, how);
	if (UNLIKELY(r != OP_DONE))
		return r;
	lock_inside(o, w, counter, inside, how);
	return o->unlock(p, how);
}

/*
 * A stamped acquisition: how long it waited, and how many sections others began
 * after it had asked (the one that was running then may be among them).
 */
ALWAYS_INLINE void lock_book_wait(struct worker *w, uint64_t ticks, uint64_t others)
{
	hist_record(w->hist, clock_ns(w->clock, ticks));
	w->overtakes += others;
	w->overtakes_n++;
	w->overtakes_max = others > w->overtakes_max ? others : w->overtakes_max;
}

/*
 * Take, add, release until the stretch is over; only sections begun while it is
 * counted count (enum stretch is their increment).  One acquisition in
 * STAMP_EVERY is timed: how long this worker waited for the lock, and how often
 * it was overtaken.  Not in each: that would read the contended counter, and the
 * clock, once more in every operation, and so measure another lock.
 */
ALWAYS_INLINE void lock_contend_by(
	const struct lock_ops *o, struct worker *w, enum inside inside, bool polls, struct how how)
{
	struct port *const p = w->out; /* not to be looked up again behind each section */
	atomic_u64 *counter = o->guarded(p);
	uint64_t all = 0, ops = 0, t, asked;
	uint32_t state;
	enum result r = OP_DONE;

	w->overtakes = w->overtakes_max = w->overtakes_n = 0;
	while ((state = load_relaxed(w->stretch)) != STRETCH_OVER) {
		if (UNLIKELY(all % STAMP_EVERY == 0)) {
			asked = load_relaxed(counter);
			t = clock_read(w->clock);
			r = lock_take(o, p, polls, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			t = clock_read(w->clock) - t;
			asked = load_relaxed(counter) - asked;
			lock_inside(o, w, counter, inside, how);
			r = o->unlock(p, how);
			if (state == STRETCH_COUNTED)
				lock_book_wait(w, t, asked);
		} else {
			r = lock_section(o, w, p, counter, inside, polls, how);
		}
		if (UNLIKELY(r != OP_DONE))
			break;
		all++;
		ops += state;
	}
	w->ops = ops;
	w->all_ops = all;
	w->result = r;
}

ALWAYS_INLINE void lock_contend(const struct lock_ops *o, struct worker *w, struct how how)
{
	switch (lock_inside_of(w->out->link)) {
	case INSIDE_COUNTER:
		lock_contend_by(o, w, INSIDE_COUNTER, false, how);
		break;
	case INSIDE_BYTES:
		lock_contend_by(o, w, INSIDE_BYTES, false, how);
		break;
	case INSIDE_PERMITS:
		lock_contend_by(o, w, INSIDE_PERMITS, false, how);
		break;
	}
}

/* The same without ever sleeping. */
ALWAYS_INLINE void lock_poll(const struct lock_ops *o, struct worker *w, struct how how)
{
	if (lock_inside_of(w->out->link) == INSIDE_PERMITS)
		lock_contend_by(o, w, INSIDE_PERMITS, true, how);
	else
		lock_contend_by(o, w, INSIDE_COUNTER, true, how);
}

/* Try to take what is held: by this worker itself, which need not be told. */
ALWAYS_INLINE void lock_vain(const struct lock_ops *o, struct worker *w, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	struct port *p = w->out;
	uint64_t i, end, ops = 0;
	enum result r = o->lock(p, how);

	if (r == OP_DONE)
		r = OP_WOULD_BLOCK;
	while (r == OP_WOULD_BLOCK && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = o->lock(p, try);
			if (UNLIKELY(r != OP_WOULD_BLOCK))
				break;
			ops++;
		}
	}
	w->ops = ops;
	w->all_ops = 0; /* no section was entered */
	w->result = r == OP_WOULD_BLOCK ? o->unlock(p, how) : OP_ERROR;
}

/* Take, add, release, with nobody else there. */
ALWAYS_INLINE void lock_self(const struct lock_ops *o, struct worker *w, struct how how)
{
	struct port *const p = w->out;
	atomic_u64 *counter = o->guarded(p);
	uint64_t i, end, ops = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = lock_section(o, w, p, counter, INSIDE_COUNTER, false, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			ops++;
		}
	}
	w->ops = ops;
	w->all_ops = ops;
	w->result = r;
}

#include "harness/family/lock_convoy.h"

_Static_assert(STRETCH_WARM == 0 && STRETCH_COUNTED == 1, "the loop adds the state to its count");

/* As CHANNEL_STAMP, for locks: defines id##_loops. */
#define LOCK_STAMP(id, opstab, offered)                                                            \
	STAMP_TWINS(lock, id, contend, opstab, offered)                                            \
	STAMP_TWINS(lock, id, self, opstab, offered)                                               \
	STAMP_ONCE(lock, id, poll, opstab)                                                         \
	STAMP_ONCE(lock, id, vain, opstab)                                                         \
	STAMP_ONCE(lock, id, respond, opstab)                                                      \
	STAMP_TWINS(lock, id, compute, opstab, offered)                                            \
	static const loop_table id##_loops = {                                                     \
		[LOOP_CONTEND] = {id##__contend__plain, id##__contend__probed},                    \
		[LOOP_SELF] = {id##__self__plain, id##__self__probed},                             \
		[LOOP_POLL] = {id##__poll__plain, id##__poll__probed},                             \
		[LOOP_VAIN] = {id##__vain__plain, id##__vain__probed},                             \
		[LOOP_RESPOND] = {id##__respond__plain, id##__respond__probed},                    \
		[LOOP_COMPUTE] = {id##__compute__plain, id##__compute__probed},                    \
	}

/* What every lock's descriptor says alike. */
#define LOCK_COMMON_IN(id, opstab, offered, where)                                                 \
	.family = FAMILY_LOCK, .domains = (where), .waits = (offered), .ops = &(opstab),           \
	.loops = &id##_loops
#define LOCK_COMMON(id, opstab, offered) LOCK_COMMON_IN(id, opstab, offered, MECH_DOMAINS(offered))

#endif
