/*
 * turnstile.h - permits for coroutines of one thread, and a queue of those who wait for
 * one.
 *
 * A permit that comes back goes to the one who has waited longest, whether it runs
 * already or not: nobody overtakes.  Nothing is atomic, since nobody else runs until
 * somebody awaits.  It holds addresses: memory of one thread.
 */
#ifndef PRIMITIVES_LOCK_PARTS_TURNSTILE_H
#define PRIMITIVES_LOCK_PARTS_TURNSTILE_H

#include "harness/coroutine.h"
#include "harness/link.h"

struct turnstile {
	uint32_t permits; /* that nobody has; 0 while somebody waits */
	struct coro_queue waiting;
};

/* OP_DONE: one permit is the caller's. */
ALWAYS_INLINE enum result turnstile_take(struct port *p, struct turnstile *t, struct how how)
{
	if (t->permits) {
		t->permits--;
		return OP_DONE;
	}
	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	POINT(p, how, BLOCKED);
	return coro_queue_wait(&t->waiting, wait_deadline(p, how)) ? OP_DONE : OP_TIMED_OUT;
}

ALWAYS_INLINE void turnstile_give(struct turnstile *t)
{
	if (!coro_queue_wake(&t->waiting))
		t->permits++;
}

#endif
