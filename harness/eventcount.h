/*
 * eventcount.h - how user-space waits sleep.
 *
 * A condition that lives in atomics (a ring's index) gets a place to sleep.
 * The waiter announces itself, looks again, then sleeps; the notifier publishes
 * with a sequentially consistent store and looks for waiters.  Of the two
 * stores (waiters, the condition) at least one is seen by the other side, so no
 * wake-up is lost.  The cost to the notifier is that store and one load; no
 * system call while nobody waits.
 *
 *	waiter                                notifier
 *	uint32_t key = eventcount_prepare(e); store_seq(&index, ...);
 *	if (condition, read with load_seq)    eventcount_notify(e, 1);
 *		eventcount_cancel(e);
 *	else
 *		eventcount_wait(e, key, deadline);
 *
 * Plain data without pointers: it may lie in memory shared between processes.
 * sync_eventcount_init() (link.h) chooses private or shared futexes.
 */
#ifndef HARNESS_EVENTCOUNT_H
#define HARNESS_EVENTCOUNT_H

#include "harness/atomic.h"
#include "harness/futex.h"

struct eventcount {
	atomic_u32 epoch; /* changes with each notification that found a waiter */
	atomic_u32 waiters;
	uint32_t shared; /* set once before use: sleepers may be other processes */
};

ALWAYS_INLINE uint32_t eventcount_prepare(struct eventcount *e)
{
	uint32_t key = load_acquire(&e->epoch);

	add_seq(&e->waiters, 1u);
	return key;
}

ALWAYS_INLINE void eventcount_cancel(struct eventcount *e)
{
	sub_seq(&e->waiters, 1u);
}

/* Sleep until notified after prepare gave `key`.  0, or -ETIMEDOUT. */
ALWAYS_INLINE int eventcount_wait(struct eventcount *e, uint32_t key, uint64_t deadline_ns)
{
	int err = 0;

	while (load_acquire(&e->epoch) == key && err == 0)
		err = futex_wait(&e->epoch, key, deadline_ns, e->shared);
	sub_seq(&e->waiters, 1u);
	return err;
}

/* Wake up to `count` waiters.  The condition was published by store_seq. */
ALWAYS_INLINE void eventcount_notify(struct eventcount *e, uint32_t count)
{
	if (LIKELY(load_seq(&e->waiters) == 0))
		return;
	add_seq(&e->epoch, 1u);
	futex_wake(&e->epoch, count, e->shared);
}

#endif
