/*
 * lock/mutex - pthread_mutex_t, the default kind.
 *
 * One op is lock and unlock; a waiter sleeps in the kernel.  Nothing is fair:
 * the one who has just released it often takes it again.
 */
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

	return sync_mutex_lock(p, &m->lock, how);
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
LOCK_STAMP(lock_mutex, mutex_ops, WAITS_USER);

const struct mech mech_lock_mutex = {
	LOCK_COMMON(lock_mutex, mutex_ops, WAITS_USER),
	.name = "lock/mutex",
	.summary = "pthread mutex, the default kind",
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "the holder; not checked",
			.survives = SURVIVE_NO,
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = mutex_bytes,
	.setup = mutex_setup,
	.teardown = mutex_teardown,
};
