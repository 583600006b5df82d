/*
 * timer.h - the timer family: something is done at a time, unless it is cancelled.
 *
 * Ops (struct timer_ops), the timed role loop and the macro that stamps it.  What
 * is done is the least there is: to read the clock and say so (timer_fire()).
 * Times are of CLOCK_MONOTONIC, which the timers themselves go by: a timer that
 * fires before it is due is a fault and not an offset between two clocks.
 *
 * The proof is counted: of each timer that was armed exactly one must come true,
 * that it fired, once and not too early, or that it was cancelled.  One in
 * TIMER_CANCEL_EVERY is cancelled at the very moment at which it is due.
 */
#ifndef HARNESS_FAMILY_TIMER_H
#define HARNESS_FAMILY_TIMER_H

#include "harness/evidence.h"
#include "harness/hist.h"
#include "harness/link.h"
#include "harness/mech.h"
#include "harness/family/stamp.h"

enum {
	TIMER_CANCEL_EVERY = 8,
	TIMER_LEAST_NS = 50000, /* from when it is armed until it is due ... */
	TIMER_STEPS = 64,       /* ... in so many steps of TIMER_STEP_NS */
	TIMER_STEP_NS = 1563,   /* up to 150 us, in no step with the scheduler's ticks */
};

/* One timer, from when it is armed until it has been awaited. */
struct timer_shot {
	uint64_t due_ns;
	atomic_u64 fired_ns;
	atomic_u32 fires;
};

/*
 * A port has one timer at a time.
 *
 * arm:    OP_DONE: it will fire at shot->due_ns, or be cancelled.
 * cancel: OP_DONE: it never fires.  OP_TIMED_OUT: its time was up, it has fired or is
 *         about to.
 * await:  OP_DONE: it has fired.  OP_CLOSED: it was cancelled.  Then nothing of it is
 *         left.  try: OP_WOULD_BLOCK; timed: OP_TIMED_OUT, never early.
 */
typedef enum result timer_arm_fn(struct port *p, struct timer_shot *shot, struct how how);
typedef enum result timer_cancel_fn(struct port *p, struct how how);
typedef enum result timer_await_fn(struct port *p, struct how how);

struct timer_ops {
	timer_arm_fn *arm;
	timer_cancel_fn *cancel;
	timer_await_fn *await;
};

/* What every timer does when it is due. */
static inline void timer_fire(struct timer_shot *shot)
{
	store_relaxed(&shot->fired_ns, monotonic_ns());
	add_acq_rel(&shot->fires, 1u);
}

/* Sleep to a time; of coroutines only this one does.  harness/timer.c. */
CALLED void timer_sleep(uint64_t until_ns);

/* Sabotage of the probed twin: the nth timer is forgotten, fires twice, or too early. */
COLD static enum result timer_sabotage(
	const struct timer_ops *o, struct port *p, struct timer_shot *shot, struct how how)
{
	uint64_t due = shot->due_ns, soon = monotonic_ns() + 1000000;
	enum result r;

	if (p->probe.act == PROBE_DROP)
		return OP_CLOSED;
	if (p->probe.act == PROBE_DUPLICATE) {
		timer_fire(shot);
		return o->arm(p, shot, how);
	}
	shot->due_ns = monotonic_ns();
	r = o->arm(p, shot, how);
	due = due > soon ? due : soon; /* who came late would not be early */
	timer_sleep(due);
	shot->due_ns = due;
	return r;
}

ALWAYS_INLINE enum result timer_arm(
	const struct timer_ops *o, struct port *p, struct timer_shot *shot, struct how how)
{
	enum result r;

	POINT(p, how, BEFORE_SEND);
	if (how.probed && probe_message(&p->probe))
		r = timer_sabotage(o, p, shot, how);
	else
		r = o->arm(p, shot, how);
	POINT(p, how, AFTER_SEND);
	return r;
}

/* Was exactly one of the two true?  stopped: cancel said so; ended: how the wait for it did. */
ALWAYS_INLINE void timer_book(
	struct worker *w, struct timer_shot *shot, bool stopped, enum result ended)
{
	struct ledger_tally *t = &w->ledger->tally;
	uint64_t fired = load_relaxed(&shot->fired_ns);
	uint32_t fires = load_acquire(&shot->fires), came = fires + stopped;

	store_relaxed(&t->given, load_relaxed(&t->given) + 1);
	store_relaxed(&t->taken, load_relaxed(&t->taken) + (came > 0));
	t->twice += came > 1 ? came - 1 : 0;
	t->mistaken += stopped != (ended == OP_CLOSED);
	w->cancelled += stopped;
	if (fires == 0)
		return;
	if (UNLIKELY(fired < shot->due_ns))
		t->early++;
	else
		hist_record(w->hist, fired - shot->due_ns);
}

/* The i-th timer: arm it, cancel it perhaps, and wait until nothing of it is left. */
ALWAYS_INLINE enum result timer_once(
	const struct timer_ops *o, struct worker *w, uint64_t i, struct how how)
{
	struct port *p = w->out;
	struct timer_shot shot = {
		.due_ns = monotonic_ns() + TIMER_LEAST_NS + i % TIMER_STEPS * TIMER_STEP_NS};
	bool stopped = false;
	enum result r = timer_arm(o, p, &shot, how);

	if (how.probed && r == OP_CLOSED) { /* forgotten on purpose */
		timer_book(w, &shot, false, OP_DONE);
		return OP_DONE;
	}
	if (UNLIKELY(r != OP_DONE))
		return r;
	if (i % TIMER_CANCEL_EVERY == TIMER_CANCEL_EVERY - 1) {
		timer_sleep(shot.due_ns);
		r = o->cancel(p, how);
		if (UNLIKELY(r != OP_DONE && r != OP_TIMED_OUT))
			return r;
		stopped = r == OP_DONE;
	}
	r = o->await(p, how);
	if (UNLIKELY(r != OP_DONE && r != OP_CLOSED))
		return r;
	POINT(p, how, AFTER_RECV);
	timer_book(w, &shot, stopped, r);
	return OP_DONE;
}

ALWAYS_INLINE void timer_lateness(const struct timer_ops *o, struct worker *w, struct how how)
{
	uint64_t i, end, ops = 0;
	enum result r = OP_DONE;

	w->cancelled = 0;
	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = timer_once(o, w, i, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			ops++;
		}
	}
	w->ops = ops;
	w->all_ops = ops;
	w->result = r;
}

/* ---- stamping -------------------------------------------------------------- */

/* As CHANNEL_STAMP, for timers: defines id##_loops. */
#define TIMER_STAMP(id, opstab, offered)                                                           \
	STAMP_TWINS(timer, id, lateness, opstab, offered)                                          \
	static const loop_table id##_loops = {                                                     \
		[LOOP_LATENESS] = {id##__lateness__plain, id##__lateness__probed},                 \
	}

#define TIMER_PEER "nothing: who waits for a dead worker's timer waits until its own deadline"

/* What every timer promises. */
#define CONTRACT_TIMER                                                                             \
	.reach = REACH_THREAD, .end_seen = "never", .survives = SURVIVE_NO,                        \
	.peer_dies = TIMER_PEER, .not_in[DOMAIN_PROCESS] = NEEDS_CALLER

/* What every timer's descriptor says alike. */
#define TIMER_COMMON(id, opstab, offered)                                                          \
	.family = FAMILY_TIMER, .waits = (offered), .ops = &(opstab), .loops = &id##_loops

#endif
