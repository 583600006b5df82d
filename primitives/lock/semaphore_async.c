/*
 * lock/semaphore-async - a semaphore between coroutines used as a lock, with one permit or
 * several (axis permits).
 *
 * As lock/mutex-async, but anybody may give the permit back: it has no owner, and one
 * too many is not refused.
 */
#include "harness/family/lock.h"
#include "primitives/lock/parts/turnstile.h"

struct async_semaphore {
	struct turnstile turnstile;
	OWN_LINE atomic_u64 counter;
};

static size_t semaphore_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct async_semaphore);
}

static int semaphore_setup(struct link *l)
{
	struct async_semaphore *s = l->shared;

	s->turnstile.permits = link_permits(l);
	return 0;
}

ALWAYS_INLINE enum result semaphore_lock(struct port *p, struct how how)
{
	struct async_semaphore *s = p->link->shared;

	return turnstile_take(p, &s->turnstile, how);
}

ALWAYS_INLINE enum result semaphore_unlock(struct port *p, struct how how)
{
	struct async_semaphore *s = p->link->shared;

	(void)how;
	turnstile_give(&s->turnstile);
	return OP_DONE;
}

ALWAYS_INLINE atomic_u64 *semaphore_guarded(struct port *p)
{
	struct async_semaphore *s = p->link->shared;

	return &s->counter;
}

static const struct lock_ops semaphore_ops = {
	.lock = semaphore_lock,
	.unlock = semaphore_unlock,
	.guarded = semaphore_guarded,
};
LOCK_STAMP(lock_semaphore_async, semaphore_ops, AWAITS);

const struct mech mech_lock_semaphore_async = {
	LOCK_COMMON(lock_semaphore_async, semaphore_ops, AWAITS),
	.name = "lock/semaphore-async",
	.summary = "semaphore between coroutines of one thread, one permit or several",
	.tunes = BIT(TUNE_PERMITS),
	.contract =
		{
			.reach = REACH_THREAD,
			.order = ORDER_FAIR,
			.end_seen = "never",
			.owner = "whoever gives it back; not checked; who holds it nobody knows",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_OF_LOCK,
			.not_in = {[DOMAIN_THREAD] = NOT_ATOMIC ": see lock/semaphore",
				[DOMAIN_PROCESS] = NOT_ATOMIC ": see lock/semaphore"},
		},
	.shared_bytes = semaphore_bytes,
	.setup = semaphore_setup,
};
