/*
 * lock/gil-interval - the interpreter lock of CPython since 3.2: a waiter that has
 * waited for an interval (axis interval) without a switch asks for it; the holder
 * opens it at its next check, and goes on only after another one has taken it.
 *
 * Where CPython has a mutex and condition of its own for "another one has taken
 * it", one mutex does for both here.  A waiter may give up (try, timed), which
 * CPython's cannot: the holder then does not wait for it.
 */
#include "primitives/lock/parts/gil.h"

/* The mutex is held.  Sleeps for an interval, at most to the deadline; then asks. */
COLD static enum result interval_wait(struct gil *g, struct port *p, struct how how)
{
	uint64_t until_ns, seen = g->switches;
	struct timespec until;
	int err;

	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	POINT(p, how, BLOCKED);
	until_ns = monotonic_ns() + link_interval_ns(p->link);
	if (how.mode == MODE_TIMED && p->deadline_ns < until_ns)
		until_ns = p->deadline_ns;
	until = link_timespec(until_ns);
	err = pthread_cond_timedwait(&g->freed, &g->lock, &until);
	if (!g->held)
		return OP_DONE;
	if (sync_too_late(p, how))
		return OP_TIMED_OUT;
	p->vain_wakeups++;
	if (err == ETIMEDOUT && g->switches == seen)
		store_relaxed(&g->asked, 1);
	return OP_DONE;
}

ALWAYS_INLINE enum result interval_take(struct port *p, struct how how)
{
	struct gil *g = p->link->shared;
	enum result r = OP_DONE;

	pthread_mutex_lock(&g->lock);
	g->waiting++;
	while (g->held && r == OP_DONE)
		r = interval_wait(g, p, how);
	g->waiting--;
	if (LIKELY(r == OP_DONE))
		gil_becomes_mine(g, p);
	else
		gil_gives_up(g);
	pthread_mutex_unlock(&g->lock);
	return r;
}

/* Who was asked waits until another one has it: else it would be back first. */
ALWAYS_INLINE enum result interval_drop(struct port *p, struct how how)
{
	struct gil *g = p->link->shared;
	uint32_t asked;
	enum result r;

	(void)how;
	pthread_mutex_lock(&g->lock);
	asked = load_relaxed(&g->asked);
	r = gil_open(g, p);
	while (r == OP_DONE && asked && g->waiting && g->last == p->index + 1)
		pthread_cond_wait(&g->taken, &g->lock);
	pthread_mutex_unlock(&g->lock);
	return r;
}

ALWAYS_INLINE enum result interval_check(struct port *p, struct how how)
{
	struct gil *g = p->link->shared;
	enum result r;

	if (LIKELY(load_relaxed(&g->asked) == 0))
		return OP_DONE;
	r = interval_drop(p, how);
	return r == OP_DONE ? interval_take(p, how) : r;
}

static const struct lock_ops interval_ops = {
	.lock = interval_take,
	.unlock = interval_drop,
	.guarded = gil_guarded,
	.check = interval_check,
	.holder = gil_holder,
};
LOCK_STAMP(lock_gil_interval, interval_ops, BIT(WAIT_BLOCK));

const struct mech mech_lock_gil_interval = {
	GIL_COMMON(lock_gil_interval, interval_ops),
	.name = "lock/gil-interval",
	.summary = "interpreter lock: handed over when a waiter has asked, after 5 ms",
	.tunes = BIT(TUNE_INTERVAL),
	.contract = {CONTRACT_GIL},
};
