/*
 * lock_convoy.h - one that waits for I/O among those that compute.
 *
 * The roles of the threads of an interpreter: some compute, in ticks, under the
 * lock, and look after each tick whether it is to be handed over; others wait for
 * I/O and then take the lock for a moment.  How long those wait is the response
 * time; what the others get done is the rate.  Without a lock, or with one of
 * another kind, the same loops are what to set beside it.
 *
 * A part of lock.h, which is what to include.
 */
#ifndef HARNESS_FAMILY_LOCK_CONVOY_H
#define HARNESS_FAMILY_LOCK_CONVOY_H

#include <time.h>

#include "harness/family/lock.h"
#include "harness/futex.h"

enum {
	LOCK_IO_NS = 100 * 1000, /* what the I/O takes */
	LOCK_TICK_STEPS = 64,    /* some 100 ns of arithmetic */
	LOCK_TASK_TICKS = 100,   /* percents of them are released */
};

/* A tick of work that touches no memory. */
ALWAYS_INLINE void lock_work(uint64_t *x)
{
	for (int i = 0; i < LOCK_TICK_STEPS; i++) {
		*x = *x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(*x)); /* one after the other */
	}
}

/*
 * What waits for I/O lets others have the processor; a coroutine, the others of its thread, and
 * the I/O may be long over when one of those awaits something: so much later, in ns.
 */
ALWAYS_INLINE uint64_t lock_await_io(struct how how)
{
	const struct timespec io = {.tv_nsec = LOCK_IO_NS};
	uint64_t due, now;

	if (how.wait != WAIT_AWAIT) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &io, NULL);
		return 0;
	}
	due = monotonic_ns() + LOCK_IO_NS;
	coro_park(due);
	now = monotonic_ns();
	return now > due ? now - due : 0;
}

/*
 * I/O, then the lock, as the I/O-bound thread of an interpreter: what is stamped is
 * the response, from the end of the I/O until the lock is held.
 */
ALWAYS_INLINE void lock_respond(const struct lock_ops *o, struct worker *w, struct how how)
{
	atomic_u64 *counter = o->guarded(w->out);
	uint64_t all = 0, ops = 0, late, t;
	enum result r = OP_DONE;
	uint32_t state;

	while ((state = load_relaxed(w->stretch)) != STRETCH_OVER) {
		POINT(w->out, how, BEFORE_SEND);
		late = lock_await_io(how);
		t = clock_read(w->clock);
		r = o->lock(w->out, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		t = clock_read(w->clock) - t;
		lock_inside(o, w, counter, INSIDE_COUNTER, how);
		r = o->unlock(w->out, how);
		if (state == STRETCH_COUNTED)
			hist_record(w->hist, late + clock_ns(w->clock, t));
		all++;
		ops += state;
		if (UNLIKELY(r != OP_DONE))
			break;
	}
	w->ops = ops;
	w->all_ops = all;
	w->result = r;
}

/* The greedy coroutine: the others run when its task is over, and not before. */
ALWAYS_INLINE enum result lock_end_task(const struct lock_ops *o, struct port *p, struct how how)
{
	enum result r = o->unlock(p, how);

	coro_yield();
	return r == OP_DONE ? o->lock(p, how) : r;
}

ALWAYS_INLINE enum result lock_check(const struct lock_ops *o, struct port *p, struct how how)
{
	enum result r;

	if (o->check)
		return o->check(p, how);
	r = o->unlock(p, how);
	return r == OP_DONE ? o->lock(p, how) : r;
}

/* The part of a task that needs no lock: n ticks. */
ALWAYS_INLINE enum result lock_work_outside(const struct lock_ops *o, struct worker *w, uint64_t *x,
	uint32_t n, uint64_t *counted, struct how how)
{
	enum result r = o->unlock(w->out, how);

	for (uint32_t i = 0; r == OP_DONE && i < n; i++) {
		lock_work(x);
		*counted += load_relaxed(w->stretch) == STRETCH_COUNTED;
		w->outside++;
	}
	return r == OP_DONE ? o->lock(w->out, how) : r;
}

/*
 * Work under the lock, as the thread of an interpreter: an operation is a tick,
 * after each the holder looks whether it is to hand over.  Of the 100 ticks of a
 * task the last ones are done with the lock released (axis released).  A coroutine lets no
 * other run before its task is over, with the lock or without.
 */
ALWAYS_INLINE void lock_compute(const struct lock_ops *o, struct worker *w, struct how how)
{
	uint32_t released = w->out->link->tuning.released_percent, i, state = STRETCH_WARM;
	atomic_u64 *counter = o->guarded(w->out);
	uint64_t x = w->out->index, held = 0, ops = 0;
	enum result r;
	const struct how tick = {
		how.wait == WAIT_AWAIT ? WAIT_BLOCK : how.wait, how.mode, how.probed};

	POINT(w->out, how, BEFORE_SEND);
	r = o->lock(w->out, how);
	while (r == OP_DONE && state != STRETCH_OVER) {
		for (i = released; r == OP_DONE && i < LOCK_TASK_TICKS; i++) {
			state = load_relaxed(w->stretch);
			if (UNLIKELY(state == STRETCH_OVER))
				break;
			lock_work(&x);
			lock_inside(o, w, counter, INSIDE_COUNTER, tick);
			held++;
			ops += state;
			r = lock_check(o, w->out, how);
		}
		if (released && r == OP_DONE && state != STRETCH_OVER) {
			r = lock_work_outside(o, w, &x, released, &ops, how);
			state = load_relaxed(w->stretch);
		}
		if (how.wait == WAIT_AWAIT && r == OP_DONE && state != STRETCH_OVER)
			r = lock_end_task(o, w->out, how);
	}
	w->ops = ops;
	w->all_ops = held + w->outside;
	w->result = r == OP_DONE ? o->unlock(w->out, how) : r;
}

#endif
