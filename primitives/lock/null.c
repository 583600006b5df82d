/*
 * lock/null - no lock and nothing shared: the floor of the lock loops.
 *
 * Each worker raises a counter of its own.  What a row shows is the price of
 * the loop; there is no evidence but the count, so it is never ranked.
 */
#include "harness/family/lock.h"

ALWAYS_INLINE enum result null_lock(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

ALWAYS_INLINE enum result null_unlock(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

ALWAYS_INLINE atomic_u64 *null_guarded(struct port *p)
{
	return p->local;
}

static const struct lock_ops null_ops = {
	.lock = null_lock,
	.unlock = null_unlock,
	.guarded = null_guarded,
};
LOCK_STAMP(lock_null, null_ops, BIT(WAIT_BLOCK));

const struct mech mech_lock_null = {
	.name = "lock/null",
	.summary = "no lock, nothing shared: what the loops themselves cost",
	.family = FAMILY_LOCK,
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.waits = BIT(WAIT_BLOCK),
	.flags = MECH_FLOOR | MECH_NO_EVIDENCE,
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "anyone",
			.survives = SURVIVE_YES,
		},
	.local_bytes = sizeof(atomic_u64),
	.ops = &null_ops,
	.loops = &lock_null_loops,
};
