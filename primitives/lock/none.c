/*
 * lock/none - the race itself: every worker adds to one counter, unprotected.
 *
 * A relaxed load, an addition and a relaxed store: two workers that read the
 * same value lose one of their updates.  The row's `lost` says how many.  It is
 * shown so that one can see what the locks are for, and never ranked.
 */
#include "harness/family/lock.h"

ALWAYS_INLINE enum result none_lock(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

ALWAYS_INLINE enum result none_unlock(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

struct none {
	OWN_LINE atomic_u64 counter;
};

static size_t none_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct none);
}

ALWAYS_INLINE atomic_u64 *none_guarded(struct port *p)
{
	struct none *s = p->link->shared;

	return &s->counter;
}

static const struct lock_ops none_ops = {
	.lock = none_lock,
	.unlock = none_unlock,
	.guarded = none_guarded,
};
LOCK_STAMP(lock_none, none_ops, BIT(WAIT_BLOCK));

const struct mech mech_lock_none = {
	.name = "lock/none",
	.summary = "no lock around a shared counter: the race, shown",
	.family = FAMILY_LOCK,
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.waits = BIT(WAIT_BLOCK),
	.flags = MECH_RACY,
	.contract =
		{
			.reach = REACH_ANY,
			.lossy = true,
			.end_seen = "never",
			.owner = "anyone",
			.survives = SURVIVE_YES,
		},
	.shared_bytes = none_bytes,
	.ops = &none_ops,
	.loops = &lock_none_loops,
};
