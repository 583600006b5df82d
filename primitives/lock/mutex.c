/*
 * lock/mutex - pthread_mutex_t, the default kind.
 *
 * One op is lock and unlock; a waiter sleeps in the kernel.  Nothing is fair:
 * the one who has just released it often takes it again.
 */
#include "primitives/lock/parts/pthread_mutex.h"

static int mutex_setup(struct link *l)
{
	struct mutex *m = l->shared;

	return mutex_is_ready(l, sync_mutex_init(l, &m->lock));
}

static const struct lock_ops mutex_ops = {
	.lock = mutex_lock,
	.unlock = mutex_unlock,
	.guarded = mutex_guarded,
	.holder = mutex_holder,
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
			.peer_dies = PEER_OF_LOCK,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see lock/mutex-async",
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = mutex_bytes,
	.setup = mutex_setup,
	.teardown = mutex_teardown,
};
