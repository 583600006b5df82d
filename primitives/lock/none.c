/*
 * lock/none - the race itself: every worker adds to one counter, unprotected.
 *
 * A relaxed load, an addition and a relaxed store: two workers that read the
 * same value lose one of their updates.  The row's `lost` says how many.  It is
 * shown so that one can see what the locks are for, and never ranked.
 */
#include "primitives/lock/parts/counted.h"

static const struct lock_ops none_ops = {
	.lock = counted_pass,
	.unlock = counted_pass,
	.guarded = counted_guarded,
};
LOCK_STAMP(lock_none, none_ops, BIT(WAIT_BLOCK));

const struct mech mech_lock_none = {
	LOCK_COMMON(lock_none, none_ops, BIT(WAIT_BLOCK)),
	.name = "lock/none",
	.summary = "no lock around a shared counter: the race, shown",
	.flags = MECH_RACY,
	.contract =
		{
			CONTRACT_NO_LOCK,
			.lossy = true,
		},
	.shared_bytes = counted_bytes,
};
