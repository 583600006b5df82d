/*
 * lock/gil-ticks - the interpreter lock of CPython before 3.2: its holder opens
 * it every so many ticks (axis ticks), and takes it again at once if it can.
 *
 * Opening wakes a waiter, but does not wait for it: where the holder is faster
 * back than the waiter awake, the wake-up was in vain.  Blocking I/O opens it too.
 */
#include "primitives/lock/parts/gil.h"

struct ticker {
	uint32_t done; /* ticks since it was last opened */
};

ALWAYS_INLINE enum result ticks_take(struct port *p, struct how how)
{
	struct gil *g = p->link->shared;
	enum result r = OP_DONE;
	uint32_t spins = 0;

	pthread_mutex_lock(&g->lock);
	g->waiting++;
	while (g->held && r == OP_DONE) {
		r = sync_cond_wait(p, &g->freed, &g->lock, &spins, how);
		p->vain_wakeups += r == OP_DONE && g->held;
	}
	g->waiting--;
	if (LIKELY(r == OP_DONE))
		gil_becomes_mine(g, p);
	else
		gil_gives_up(g);
	pthread_mutex_unlock(&g->lock);
	return r;
}

ALWAYS_INLINE enum result ticks_drop(struct port *p, struct how how)
{
	struct gil *g = p->link->shared;
	enum result r;

	(void)how;
	pthread_mutex_lock(&g->lock);
	r = gil_open(g, p);
	pthread_mutex_unlock(&g->lock);
	return r;
}

ALWAYS_INLINE enum result ticks_check(struct port *p, struct how how)
{
	struct ticker *t = p->local;
	enum result r;

	if (LIKELY(++t->done < link_ticks(p->link)))
		return OP_DONE;
	t->done = 0;
	r = ticks_drop(p, how);
	return r == OP_DONE ? ticks_take(p, how) : r;
}

static const struct lock_ops ticks_ops = {
	.lock = ticks_take,
	.unlock = ticks_drop,
	.guarded = gil_guarded,
	.check = ticks_check,
	.holder = gil_holder,
};
LOCK_STAMP(lock_gil_ticks, ticks_ops, BIT(WAIT_BLOCK));

const struct mech mech_lock_gil_ticks = {
	GIL_COMMON(lock_gil_ticks, ticks_ops),
	.name = "lock/gil-ticks",
	.summary = "interpreter lock: opened every 100 ticks",
	.tunes = BIT(TUNE_TICKS),
	.contract = {CONTRACT_GIL},
	.local_bytes = sizeof(struct ticker),
};
