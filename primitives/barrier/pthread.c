/*
 * barrier/pthread - the library's barrier.
 *
 * glibc counts arrivals in one word and lets everybody go by one futex wake-up;
 * who comes last makes no system call for itself.
 */
#include <pthread.h>

#include "harness/family/barrier.h"

struct pthread_meeting {
	pthread_barrier_t barrier;
	uint32_t ready; /* teardown has something to destroy */
};

static size_t pthread_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct pthread_meeting);
}

static int pthread_setup(struct link *l)
{
	struct pthread_meeting *m = l->shared;
	int err = sync_barrier_init(l, &m->barrier, l->senders);

	if (err)
		return link_fail(l, err, "pthread_barrier_init");
	m->ready = 1;
	return 0;
}

ALWAYS_INLINE enum result pthread_meet(struct port *p, struct how how)
{
	struct pthread_meeting *m = p->link->shared;
	int err;

	POINT(p, how, BLOCKED);
	err = pthread_barrier_wait(&m->barrier);
	if (LIKELY(err == 0 || err == PTHREAD_BARRIER_SERIAL_THREAD))
		return OP_DONE;
	p->err = -err;
	return OP_ERROR;
}

static void pthread_teardown(struct link *l)
{
	struct pthread_meeting *m = l->shared;

	if (!m || !m->ready)
		return;
	m->ready = 0;
	pthread_barrier_destroy(&m->barrier);
}

static const struct barrier_ops pthread_ops = {.wait = pthread_meet};
BARRIER_STAMP(barrier_pthread, pthread_ops, BIT(WAIT_BLOCK));

const struct mech mech_barrier_pthread = {
	BARRIER_COMMON(barrier_pthread, pthread_ops, BIT(WAIT_BLOCK)),
	.name = "barrier/pthread",
	.summary = "the library's reusable barrier",
	.contract = {CONTRACT_BARRIER},
	.shared_bytes = pthread_bytes,
	.setup = pthread_setup,
	.teardown = pthread_teardown,
};
