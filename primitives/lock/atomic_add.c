/*
 * lock/atomic-add - the counter without a lock: one atomic addition.
 *
 * The critical section is the instruction itself; nothing waits, so there is
 * nothing to try, to time out or to release.  It is the bound for what a lock
 * around a single word can reach.
 */
#include "harness/family/lock.h"

ALWAYS_INLINE enum result add_lock(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

ALWAYS_INLINE enum result add_unlock(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

struct add {
	OWN_LINE atomic_u64 counter;
};

static size_t add_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct add);
}

ALWAYS_INLINE atomic_u64 *add_guarded(struct port *p)
{
	struct add *s = p->link->shared;

	return &s->counter;
}

ALWAYS_INLINE void add_bump(atomic_u64 *counter)
{
	add_relaxed(counter, 1u);
}

static const struct lock_ops add_ops = {
	.lock = add_lock,
	.unlock = add_unlock,
	.guarded = add_guarded,
	.bump = add_bump,
};
LOCK_STAMP(lock_atomic_add, add_ops, BIT(WAIT_SPIN));

const struct mech mech_lock_atomic_add = {
	.name = "lock/atomic-add",
	.summary = "atomic addition: the shared counter without a lock",
	.family = FAMILY_LOCK,
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.waits = BIT(WAIT_SPIN),
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "anyone",
			.survives = SURVIVE_YES,
		},
	.shared_bytes = add_bytes,
	.ops = &add_ops,
	.loops = &lock_atomic_add_loops,
};
