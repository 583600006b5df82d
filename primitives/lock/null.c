/*
 * lock/null - no lock and nothing shared: the floor of the lock loops.
 *
 * Each worker raises a counter of its own.  What a row shows is the price of
 * the loop; there is no evidence but the count, so it is never ranked.
 */
#include "primitives/lock/parts/counted.h"

ALWAYS_INLINE atomic_u64 *null_guarded(struct port *p)
{
	return p->local;
}

static const struct lock_ops null_ops = {
	.lock = counted_pass,
	.unlock = counted_pass,
	.guarded = null_guarded,
};
LOCK_STAMP(lock_null, null_ops, BIT(WAIT_BLOCK));

const struct mech mech_lock_null = {
	LOCK_COMMON(lock_null, null_ops, BIT(WAIT_BLOCK)),
	.name = "lock/null",
	.summary = "no lock, nothing shared: what the loops themselves cost",
	.flags = MECH_FLOOR | MECH_NO_EVIDENCE,
	.contract =
		{
			CONTRACT_NO_LOCK,
		},
	.local_bytes = sizeof(atomic_u64),
};
