/*
 * tokens.h - a semaphore that counts free slots, or used ones.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_TOKENS_H
#define PRIMITIVES_CHANNEL_PARTS_TOKENS_H

#include "harness/link.h"

/* One token, as `how` says. */
ALWAYS_INLINE enum result tokens_take(struct port *p, sem_t *s, uint64_t *waits, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	enum result r = sync_sem_wait(p, s, try);

	if (LIKELY(r != OP_WOULD_BLOCK))
		return r;
	(*waits)++;
	if (how.mode == MODE_TRY)
		return r;
	POINT(p, how, BLOCKED);
	return sync_sem_wait(p, s, how);
}

#endif
