/*
 * rwlock/plain - no lock at all: readers and writers meet in the middle.
 *
 * The row's `corrupt` are reads of a half-written state, `reordered` reads of an
 * older one than before, `lost` writes that another writer wrote over.  Shown so
 * that one can see what the others are for, and never ranked.
 */
#include "harness/family/rwlock.h"

/* Nothing but a barrier: the state is read and written each time. */
ALWAYS_INLINE enum result plain_pass(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

static const struct rwlock_ops plain_ops = {
	.read_lock = plain_pass,
	.read_unlock = plain_pass,
	.write_lock = plain_pass,
	.write_unlock = plain_pass,
};
RWLOCK_STAMP(rwlock_plain, plain_ops, BIT(WAIT_BLOCK));

const struct mech mech_rwlock_plain = {
	RWLOCK_COMMON(rwlock_plain, plain_ops, BIT(WAIT_BLOCK)),
	.name = "rwlock/plain",
	.summary = "no lock around a state of many words: torn reads, shown",
	.flags = MECH_RACY,
	.contract =
		{
			.reach = REACH_ANY,
			.lossy = true,
			.end_seen = "never",
			.owner = "anyone",
			.survives = SURVIVE_YES,
			.peer_dies = PEER_UNNEEDED,
			.not_in[DOMAIN_COROUTINE] = NO_RACE,
		},
};
