/*
 * lock/semaphore - a POSIX semaphore with one permit, used as a lock.
 *
 * One op is sem_wait and sem_post; a waiter sleeps in the kernel.  Anybody may
 * post: the permit has no owner, and a release too many is not refused.
 */
#include "harness/family/lock.h"

struct semaphore {
	sem_t permits;
	OWN_LINE atomic_u64 counter;
};

static size_t semaphore_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct semaphore);
}

static int semaphore_setup(struct link *l)
{
	struct semaphore *s = l->shared;
	int err = sync_sem_init(l, &s->permits, 1);

	return err ? link_fail(l, err, "sem_init") : 0;
}

ALWAYS_INLINE enum result semaphore_lock(struct port *p, struct how how)
{
	struct semaphore *s = p->link->shared;

	return sync_sem_wait(p, &s->permits, how);
}

ALWAYS_INLINE enum result semaphore_unlock(struct port *p, struct how how)
{
	struct semaphore *s = p->link->shared;

	(void)how;
	return sync_sem_post(p, &s->permits);
}

ALWAYS_INLINE atomic_u64 *semaphore_guarded(struct port *p)
{
	struct semaphore *s = p->link->shared;

	return &s->counter;
}

static const struct lock_ops semaphore_ops = {
	.lock = semaphore_lock,
	.unlock = semaphore_unlock,
	.guarded = semaphore_guarded,
};
LOCK_STAMP(lock_semaphore, semaphore_ops, WAITS_USER);

const struct mech mech_lock_semaphore = {
	LOCK_COMMON(lock_semaphore, semaphore_ops, WAITS_USER),
	.name = "lock/semaphore",
	.summary = "POSIX semaphore with one permit",
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "whoever posts; not checked",
			.survives = SURVIVE_NO,
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = semaphore_bytes,
	.setup = semaphore_setup,
};
