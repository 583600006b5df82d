/*
 * counted.h - a guarded counter and nothing that guards it: what the floors of
 * the lock family share.
 *
 * Their critical section is the addition itself; nothing waits, so there is
 * nothing to try, to time out or to release.
 */
#ifndef PRIMITIVES_LOCK_PARTS_COUNTED_H
#define PRIMITIVES_LOCK_PARTS_COUNTED_H

#include "harness/family/lock.h"

struct counted {
	OWN_LINE atomic_u64 counter;
};

static inline size_t counted_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct counted);
}

ALWAYS_INLINE atomic_u64 *counted_guarded(struct port *p)
{
	struct counted *s = p->link->shared;

	return &s->counter;
}

/* Nothing but a barrier: the loop must not be merged into one addition. */
ALWAYS_INLINE enum result counted_pass(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

#define CONTRACT_NO_LOCK                                                                           \
	.reach = REACH_ANY, .end_seen = "never", .owner = "anyone", .survives = SURVIVE_YES,       \
	.peer_dies = PEER_UNNEEDED, .not_in[DOMAIN_COROUTINE] = NO_RACE

#endif
