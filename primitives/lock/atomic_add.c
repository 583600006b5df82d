/*
 * lock/atomic-add - the counter without a lock: one atomic addition.
 *
 * The critical section is the instruction itself; nothing waits, so there is
 * nothing to try, to time out or to release.  It is the bound for what a lock
 * around a single word can reach.
 */
#include "primitives/lock/parts/counted.h"

ALWAYS_INLINE void add_bump(atomic_u64 *counter)
{
	add_relaxed(counter, 1u);
}

static const struct lock_ops add_ops = {
	.lock = counted_pass,
	.unlock = counted_pass,
	.guarded = counted_guarded,
	.bump = add_bump,
};
LOCK_STAMP(lock_atomic_add, add_ops, BIT(WAIT_SPIN));

const struct mech mech_lock_atomic_add = {
	LOCK_COMMON(lock_atomic_add, add_ops, BIT(WAIT_SPIN)),
	.name = "lock/atomic-add",
	.summary = "atomic addition: the shared counter without a lock",
	.contract =
		{
			CONTRACT_NO_LOCK,
			.path = {.atomics_send = 1},
		},
	.shared_bytes = counted_bytes,
};
