/*
 * lock/mutex-async - the lock of coroutines: a flag, its holder, and a queue.
 *
 * One op is a test and, where it is held, a wait in the queue; who releases it hands it
 * to the first of the queue.  So it is fair, and every hand-over is a switch.
 */
#include "harness/family/lock.h"
#include "primitives/lock/parts/turnstile.h"

struct async_mutex {
	struct turnstile turnstile;
	uint32_t holder; /* its port's index + 1; 0: open, or on its way to the next one */
	OWN_LINE atomic_u64 counter;
};

static size_t mutex_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct async_mutex);
}

static int mutex_setup(struct link *l)
{
	struct async_mutex *m = l->shared;

	m->turnstile.permits = 1;
	return 0;
}

ALWAYS_INLINE enum result mutex_lock(struct port *p, struct how how)
{
	struct async_mutex *m = p->link->shared;
	enum result r = turnstile_take(p, &m->turnstile, how);

	if (LIKELY(r == OP_DONE))
		m->holder = p->index + 1;
	return r;
}

ALWAYS_INLINE enum result mutex_unlock(struct port *p, struct how how)
{
	struct async_mutex *m = p->link->shared;

	(void)how;
	if (UNLIKELY(m->holder != p->index + 1)) {
		p->err = -EPERM;
		return OP_ERROR;
	}
	m->holder = 0;
	turnstile_give(&m->turnstile);
	return OP_DONE;
}

ALWAYS_INLINE atomic_u64 *mutex_guarded(struct port *p)
{
	struct async_mutex *m = p->link->shared;

	return &m->counter;
}

static struct lock_holder mutex_holder(const struct link *l)
{
	const struct async_mutex *m = l->shared;

	return (struct lock_holder){.port = m->holder};
}

static const struct lock_ops mutex_ops = {
	.lock = mutex_lock,
	.unlock = mutex_unlock,
	.guarded = mutex_guarded,
	.holder = mutex_holder,
};
LOCK_STAMP(lock_mutex_async, mutex_ops, AWAITS);

const struct mech mech_lock_mutex_async = {
	LOCK_COMMON(lock_mutex_async, mutex_ops, AWAITS),
	.name = "lock/mutex-async",
	.summary = "lock between coroutines of one thread, first come, first served",
	.contract =
		{
			.reach = REACH_THREAD,
			.order = ORDER_FAIR,
			.end_seen = "never",
			.owner = "the holder; others are refused",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_OF_LOCK,
			.not_in = {[DOMAIN_THREAD] = NOT_ATOMIC ": see lock/mutex",
				[DOMAIN_PROCESS] = NOT_ATOMIC ": see lock/mutex"},
		},
	.shared_bytes = mutex_bytes,
	.setup = mutex_setup,
};
