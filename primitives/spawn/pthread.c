/*
 * spawn/pthread - a thread with the library's default attributes: pthread_create,
 * pthread_join.
 *
 * The library keeps the stacks of a few threads that have ended for the next ones;
 * with many alive at once each stack is mapped anew.
 */
#include <pthread.h>

#include "primitives/spawn/parts/children.h"

enum { THREAD_BYTES = 64 * 1024 }; /* touched stack, and the kernel's; a guess */

static void *thread_life(void *arg)
{
	struct spawn_handle *h = arg;
	struct spawn_room *room = spawn_local(h->port)->room;
	uint64_t now = spawn_now(room);

	return (void *)(intptr_t)spawn_live(room, h->index, now, h->port);
}

static const char *thread_fits(const struct link *l)
{
	return spawn_fits(l, THREAD_BYTES, true);
}

ALWAYS_INLINE enum result thread_start(struct port *p, uint32_t i, struct how how)
{
	struct spawn_handle *h = &spawn_local(p)->handle[i];
	pthread_t id;
	int err;

	(void)how;
	err = pthread_create(&id, NULL, thread_life, h);
	h->id = (uint64_t)id;
	return LIKELY(err == 0) ? OP_DONE : spawn_refuse(p, -err);
}

ALWAYS_INLINE enum result thread_join(struct port *p, uint32_t i, struct how how)
{
	struct spawn_handle *h = &spawn_local(p)->handle[i];
	pthread_t id = (pthread_t)h->id;
	struct timespec until;
	void *code = NULL;
	int err;

	if (UNLIKELY(pthread_equal(id, pthread_self())))
		return spawn_refuse(p, -EDEADLK);
	POINT(p, how, BLOCKED);
	if (how.mode == MODE_BLOCK) {
		err = pthread_join(id, &code);
	} else if (how.mode == MODE_TRY) {
		err = pthread_tryjoin_np(id, &code);
	} else {
		until = link_timespec(p->deadline_ns);
		err = pthread_clockjoin_np(id, &code, CLOCK_MONOTONIC, &until);
	}
	if (err == EBUSY)
		return OP_WOULD_BLOCK;
	if (err == ETIMEDOUT)
		return OP_TIMED_OUT;
	h->code = (int)(intptr_t)code;
	return LIKELY(err == 0) ? OP_DONE : spawn_refuse(p, -err);
}

static const struct spawn_ops thread_ops = {.start = thread_start, .join = thread_join};
SPAWN_STAMP(spawn_pthread, thread_ops, BIT(WAIT_BLOCK));

const struct mech mech_spawn_pthread = {
	SPAWN_COMMON(spawn_pthread, thread_ops, BIT(WAIT_BLOCK)),
	.name = "spawn/pthread",
	.summary = "a thread: pthread_create, pthread_join",
	.domains = BIT(DOMAIN_THREAD),
	.contract = {CONTRACT_SPAWN, .limits = "memory: half of what is available; " TASKS_LIMITS,
		.not_in = {[DOMAIN_PROCESS] = "its child is a thread: see spawn/fork",
			[DOMAIN_COROUTINE] = "its child is a thread: see spawn/coroutine"},
		.reach = REACH_THREAD},
	.shared_bytes = children_bytes,
	.fits = thread_fits,
	.attach = children_attach,
	.detach = spawn_detach,
};
