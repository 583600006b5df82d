/*
 * lock/mutex - pthread_mutex_t, the default kind.
 *
 * One op is lock and unlock; a waiter sleeps in the kernel.  Nothing is fair:
 * the one who has just released it often takes it again.
 */
#include <errno.h>

#include "harness/family/lock.h"

struct mutex {
	pthread_mutex_t lock;
	uint32_t ready; /* teardown has something to destroy */
	OWN_LINE atomic_u64 counter;
};

static size_t mutex_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct mutex);
}

static int mutex_setup(struct link *l)
{
	struct mutex *m = l->shared;
	int err = sync_mutex_init(l, &m->lock);

	if (err)
		return link_fail(l, err, "pthread_mutex_init");
	m->ready = 1;
	return 0;
}

ALWAYS_INLINE enum result mutex_lock(struct port *p, struct how how)
{
	struct mutex *m = p->link->shared;
	struct timespec until;
	int err;

	if (how.mode == MODE_BLOCK) {
		err = pthread_mutex_lock(&m->lock);
	} else if (how.mode == MODE_TRY) {
		err = pthread_mutex_trylock(&m->lock);
	} else {
		until = link_timespec(p->deadline_ns);
		err = pthread_mutex_clocklock(&m->lock, CLOCK_MONOTONIC, &until);
	}
	if (LIKELY(err == 0))
		return OP_DONE;
	if (err == EBUSY)
		return OP_WOULD_BLOCK;
	if (err == ETIMEDOUT)
		return OP_TIMED_OUT;
	p->err = -err;
	return OP_ERROR;
}

ALWAYS_INLINE enum result mutex_unlock(struct port *p, struct how how)
{
	struct mutex *m = p->link->shared;

	(void)how;
	p->err = -pthread_mutex_unlock(&m->lock);
	return LIKELY(p->err == 0) ? OP_DONE : OP_ERROR;
}

ALWAYS_INLINE atomic_u64 *mutex_guarded(struct port *p)
{
	struct mutex *m = p->link->shared;

	return &m->counter;
}

static void mutex_teardown(struct link *l)
{
	struct mutex *m = l->shared;

	if (!m || !m->ready)
		return;
	m->ready = 0;
	pthread_mutex_destroy(&m->lock);
}

static const struct lock_ops mutex_ops = {
	.lock = mutex_lock,
	.unlock = mutex_unlock,
	.guarded = mutex_guarded,
};
LOCK_STAMP(lock_mutex, mutex_ops, BIT(WAIT_BLOCK));

const struct mech mech_lock_mutex = {
	.name = "lock/mutex",
	.summary = "pthread mutex, the default kind",
	.family = FAMILY_LOCK,
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.waits = BIT(WAIT_BLOCK),
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "the holder; not checked",
			.survives = SURVIVE_NO,
		},
	.shared_bytes = mutex_bytes,
	.setup = mutex_setup,
	.teardown = mutex_teardown,
	.ops = &mutex_ops,
	.loops = &lock_mutex_loops,
};
