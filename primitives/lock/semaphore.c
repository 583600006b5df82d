/*
 * lock/semaphore - a POSIX semaphore used as a lock, with one permit or several
 * (axis permits).
 *
 * One op is sem_wait and sem_post; a waiter sleeps in the kernel.  Anybody may
 * post: a permit has no owner, and a release too many is not refused: it is one
 * permit more.
 */
#include "primitives/lock/parts/permits.h"

static const struct lock_ops semaphore_ops = {
	.lock = permits_take,
	.unlock = permits_release,
	.guarded = permits_guarded,
};
LOCK_STAMP(lock_semaphore, semaphore_ops, WAITS_USER);

const struct mech mech_lock_semaphore = {
	LOCK_COMMON(lock_semaphore, semaphore_ops, WAITS_USER),
	.name = "lock/semaphore",
	.summary = "POSIX semaphore with one permit, or several",
	.tunes = BIT(TUNE_PERMITS),
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "whoever posts; not checked; who holds it nobody knows",
			.survives = SURVIVE_NO,
			.limits = "SEM_VALUE_MAX: what it can count to",
			.peer_dies = PEER_OF_LOCK,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see lock/semaphore-async",
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = permits_bytes,
	.setup = permits_setup,
};
