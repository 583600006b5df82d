/*
 * readiness.h - many descriptors, of which one becomes ready: what select, poll
 * and epoll share.
 *
 * The link has link->fds counting eventfds.  A signal raises one of them, each
 * time another; a waiter asks the kernel which is ready and takes its count.  Who
 * finds it gone, because another waiter was quicker, asks again.
 */
#ifndef PRIMITIVES_EVENT_PARTS_READINESS_H
#define PRIMITIVES_EVENT_PARTS_READINESS_H

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include "harness/family/event.h"

/* A port's. */
struct readiness_end {
	uint32_t next; /* to be signalled */
	int epoll_fd;
	struct pollfd *polled;
	fd_set set;
	int highest;
};

enum { READINESS_STRIDE = 6151 }; /* far from the last one; a prime */

#define CONTRACT_READINESS                                                                         \
	.reach = REACH_RELATED, .end_seen = "never", .survives = SURVIVE_NO,                       \
	.peer_dies = PEER_UNSEEN,                                                                  \
	.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP                                                \
		", whose own loop asks epoll: see event/event-async",                              \
	.wakes = WAKES_ONE, .remembers = true,                                                     \
	.path = {.syscalls_send = 1, .syscalls_recv = 2, .syscalls_vain = 1}

#define READINESS_WAITS (BIT(WAIT_BLOCK) | BIT(WAIT_SPIN) | BIT(WAIT_YIELD))

static int readiness_setup(struct link *l)
{
	uint32_t n = l->fds ? l->fds : 1;
	int *fd = link_own_many(l, n);

	if (!fd)
		return link_fail(l, -ENOMEM, "descriptors");
	for (; l->n_many < n; l->n_many++) {
		fd[l->n_many] = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE | EFD_CLOEXEC);
		if (fd[l->n_many] < 0)
			return link_fail(l, -errno, "eventfd %u of %u", l->n_many + 1, n);
	}
	return 0;
}

ALWAYS_INLINE enum result readiness_signal(struct port *p, struct how how)
{
	const struct link *l = p->link;
	struct readiness_end *e = p->local;
	const uint64_t one = 1;

	POINT(p, how, MID_WRITE);
	if (UNLIKELY(write(l->many[e->next], &one, sizeof(one)) != sizeof(one))) {
		p->err = -errno;
		return OP_ERROR;
	}
	e->next = (e->next + READINESS_STRIDE) % l->n_many;
	return OP_DONE;
}

ALWAYS_INLINE enum result readiness_signal_all(struct port *p, struct how how)
{
	enum result r = OP_DONE;

	for (uint32_t i = 0; i < p->link->receivers && r == OP_DONE; i++)
		r = readiness_signal(p, how);
	return r;
}

/* Milliseconds that one question may take; timed: rounded up, so never early. */
ALWAYS_INLINE int readiness_patience(const struct port *p, uint32_t *spins, struct how how)
{
	uint64_t now;

	if (how.mode == MODE_TRY || wait_spins(how, spins))
		return 0;
	if (how.mode == MODE_BLOCK)
		return -1;
	now = monotonic_ns();
	return p->deadline_ns > now ? (int)((p->deadline_ns - now) / 1000000 % INT_MAX) + 1 : 0;
}

/*
 * Asks the kernel for so many milliseconds: the index of a ready descriptor, -1
 * for none, -2 for an error in errno.
 */
typedef int readiness_ask_fn(const struct link *l, struct readiness_end *e, int patience_ms);

ALWAYS_INLINE enum result readiness_wait(struct port *p, readiness_ask_fn *ask, struct how how)
{
	const struct link *l = p->link;
	struct readiness_end *e = p->local;
	uint32_t spins = 0;
	uint64_t count;

	POINT(p, how, BLOCKED);
	for (;;) {
		int i = ask(l, e, readiness_patience(p, &spins, how));

		if (LIKELY(i >= 0)) {
			if (LIKELY(read(l->many[i], &count, sizeof(count)) == sizeof(count)))
				return OP_DONE;
		}
		if (UNLIKELY(i != -1 && errno != EAGAIN && errno != EINTR)) {
			p->err = -errno;
			return OP_ERROR;
		}
		if (i == -1 && how.mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		if (sync_too_late(p, how))
			return OP_TIMED_OUT;
	}
}

#define READINESS_COMMON                                                                           \
	.flags = MECH_FDS, .local_bytes = sizeof(struct readiness_end), .setup = readiness_setup

#endif
