/*
 * coroutine.h - children that are coroutines of their worker's loop, whichever way its
 * stacks are switched.
 *
 * A child runs when its worker waits for it: one is begun, switched to, ends, and its
 * stack is kept for the next.
 */
#ifndef PRIMITIVES_SPAWN_PARTS_COROUTINE_H
#define PRIMITIVES_SPAWN_PARTS_COROUTINE_H

#include "harness/coroutine.h"
#include "primitives/spawn/parts/children.h"

enum { COROUTINE_BYTES = 16 * 1024 }; /* touched stack and its page tables; a guess */

static const char *coroutine_fits(const struct link *l)
{
	return spawn_fits(l, COROUTINE_BYTES, false);
}

static void coroutine_life(void *arg)
{
	struct spawn_handle *h = arg;
	struct spawn_room *room = spawn_local(h->port)->room;
	uint64_t now = spawn_now(room);

	h->id = (uint64_t)(uintptr_t)coro_self();
	h->code = spawn_live(room, h->index, now, h->port);
	h->ended = true;
	if (h->waiter)
		coro_unpark(h->waiter);
}

ALWAYS_INLINE enum result coroutine_start(struct port *p, uint32_t i, struct how how)
{
	struct spawn_handle *h = &spawn_local(p)->handle[i];
	int err;

	(void)how;
	h->id = 0;
	err = coro_start(coro_self_loop(), coroutine_life, h);
	return LIKELY(err == 0) ? OP_DONE : spawn_refuse(p, err);
}

ALWAYS_INLINE enum result coroutine_join(struct port *p, uint32_t i, struct how how)
{
	struct spawn_handle *h = &spawn_local(p)->handle[i];

	if (UNLIKELY(h->id == (uint64_t)(uintptr_t)coro_self()))
		return spawn_refuse(p, -EDEADLK);
	POINT(p, how, BLOCKED);
	while (!h->ended) {
		if (how.mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		h->waiter = coro_self();
		if (!coro_park(wait_deadline(p, how)) && !h->ended)
			return OP_TIMED_OUT;
	}
	return OP_DONE;
}

static const struct spawn_ops coroutine_ops = {.start = coroutine_start, .join = coroutine_join};

/* What both descriptors say alike. */
#define COROUTINE_COMMON(id)                                                                       \
	SPAWN_COMMON(id, coroutine_ops, AWAITS),                                                   \
		.domains = BIT(DOMAIN_COROUTINE),                                                  \
		.contract = {CONTRACT_SPAWN, .limits = "memory: half of what is available",        \
			.not_in = {[DOMAIN_THREAD] =                                               \
					   "its child is a coroutine: see spawn/pthread",          \
				[DOMAIN_PROCESS] = "its child is a coroutine: see spawn/fork"},    \
			.reach = REACH_THREAD},                                                    \
		.shared_bytes = children_bytes, .fits = coroutine_fits, .attach = children_attach, \
		.detach = spawn_detach

#endif
