/*
 * rwlock.h - the rwlock family: readers and writers of one state.
 *
 * Ops (struct rwlock_ops), the timed role loops and the macro that stamps them.
 * What is guarded is a state of msg_bytes (state.h) whose every word says its
 * version; a writer makes the next one.  The proof: a reader sees words that agree
 * (else torn), and nobody an older version than it has seen or written before
 * (else stale); in the end the version is the number of writes (else lost).
 * Reading and writing the state is part of every figure.
 */
#ifndef HARNESS_FAMILY_RWLOCK_H
#define HARNESS_FAMILY_RWLOCK_H

#include "harness/evidence.h"
#include "harness/hist.h"
#include "harness/link.h"
#include "harness/mech.h"
#include "harness/family/holder.h"
#include "harness/family/stamp.h"
#include "harness/family/state.h"

/*
 * read_lock, write_lock: OP_DONE when held; try: OP_WOULD_BLOCK; timed:
 * OP_TIMED_OUT.  A writer is alone; readers need not be alone among themselves.
 * read_unlock, write_unlock: by who holds it.
 * holder: who holds it alone, the writer; NULL: it cannot know (holder.h).
 */
typedef enum result rwlock_fn(struct port *p, struct how how);

struct rwlock_ops {
	rwlock_fn *read_lock, *read_unlock, *write_lock, *write_unlock;
	holder_fn *holder;
};

/* Percents of reads, drawn: a fixed pattern would fall in step with the stamps. */
ALWAYS_INLINE bool rwlock_draws_read(uint64_t *x, uint32_t percent)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return ((*x >> 32) * 100u) >> 32 < percent;
}

/* Sabotage of the probed twin: a write that is none, half of one, or an older one. */
COLD static void rwlock_spoil(struct port *p, uint64_t version)
{
	uint32_t bytes = p->link->msg_bytes;

	if (p->probe.act == PROBE_FLIP)
		state_write(p->link->state, bytes / 2, version + 1);
	else if (p->probe.act == PROBE_REPLAY && version)
		state_write(p->link->state, bytes, version - 1);
	else if (p->probe.act != PROBE_DROP)
		state_write(p->link->state, bytes, version + 1);
}

/* The writer is alone, or should be; what it wrote it must find, or something newer. */
ALWAYS_INLINE void rwlock_write_state(struct worker *w, uint64_t *last, struct how how)
{
	struct port *p = w->out;
	uint64_t version = load_relaxed((atomic_u64 *)p->link->state);

	w->ledger->stale += version < *last;
	*last = version + 1;
	POINT(p, how, MID_WRITE);
	if (how.probed && probe_message(&p->probe))
		rwlock_spoil(p, version);
	else
		state_write(p->link->state, p->link->msg_bytes, version + 1);
	w->seq++;
}

ALWAYS_INLINE void rwlock_read_state(struct worker *w, uint64_t *last, struct how how)
{
	struct port *p = w->out;
	uint64_t version;
	bool torn;

	POINT(p, how, MID_READ);
	version = state_read(p->link->state, p->link->msg_bytes, &torn);
	w->ledger->torn += torn;
	w->ledger->stale += version < *last;
	*last = version;
}

/* One operation; *ticks: how long it waited, where `stamped`. */
ALWAYS_INLINE enum result rwlock_once(const struct rwlock_ops *o, struct worker *w, bool reads,
	uint64_t *last, bool stamped, uint64_t *ticks, struct how how)
{
	struct port *p = w->out;
	enum result r;

	POINT(p, how, BEFORE_SEND);
	if (UNLIKELY(stamped))
		*ticks = clock_read(w->clock);
	r = reads ? o->read_lock(p, how) : o->write_lock(p, how);
	if (UNLIKELY(r != OP_DONE))
		return r;
	if (UNLIKELY(stamped))
		*ticks = clock_read(w->clock) - *ticks;
	POINT(p, how, HOLDING);
	if (reads)
		rwlock_read_state(w, last, how);
	else
		rwlock_write_state(w, last, how);
	POINT(p, how, BEFORE_RELEASE);
	return reads ? o->read_unlock(p, how) : o->write_unlock(p, how);
}

/*
 * Read or write until the stretch is over; only operations begun while it is
 * counted count.  One in STAMP_EVERY is timed: how long it waited to be let in.
 */
ALWAYS_INLINE void rwlock_share(const struct rwlock_ops *o, struct worker *w, struct how how)
{
	uint32_t percent = link_reads_percent(w->out->link), state;
	uint64_t all = 0, ops = 0, last = 0, t = 0, x = w->out->index;
	enum result r = OP_DONE;

	while ((state = load_relaxed(w->stretch)) != STRETCH_OVER) {
		bool stamped = all % STAMP_EVERY == 0;

		r = rwlock_once(o, w, rwlock_draws_read(&x, percent), &last, stamped, &t, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		if (UNLIKELY(stamped) && state == STRETCH_COUNTED)
			hist_record(w->hist, clock_ns(w->clock, t));
		all++;
		ops += state;
	}
	w->ops = ops;
	w->all_ops = all;
	w->result = r;
}

/* The same with nobody else there, unstamped. */
ALWAYS_INLINE void rwlock_self(const struct rwlock_ops *o, struct worker *w, struct how how)
{
	uint32_t percent = link_reads_percent(w->out->link);
	uint64_t i, end, ops = 0, last = 0, t, x = w->out->index;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end && r == OP_DONE; i++) {
			r = rwlock_once(
				o, w, rwlock_draws_read(&x, percent), &last, false, &t, how);
			ops += r == OP_DONE;
		}
	}
	w->ops = ops;
	w->all_ops = ops;
	w->result = r;
}

/* ---- stamping ------------------------------------------------------------- */

/* As CHANNEL_STAMP, for rwlocks: defines id##_loops. */
#define RWLOCK_STAMP(id, opstab, offered)                                                          \
	STAMP_TWINS(rwlock, id, share, opstab, offered)                                            \
	STAMP_TWINS(rwlock, id, self, opstab, offered)                                             \
	static const loop_table id##_loops = {                                                     \
		[LOOP_SHARE] = {id##__share__plain, id##__share__probed},                          \
		[LOOP_SELF] = {id##__self__plain, id##__self__probed},                             \
	}

/* What every rwlock's descriptor says alike. */
#define RWLOCK_COMMON(id, opstab, offered)                                                         \
	.family = FAMILY_RWLOCK, .domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),              \
	.waits = (offered), .ops = &(opstab), .loops = &id##_loops

#endif
