/*
 * stream_fan.h - one receiver with a connection to each of several senders.
 *
 * A receive is one message of one ready connection; the connections that epoll
 * has reported take turns.  Messages of one sender keep their order, those of
 * different senders have none.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_STREAM_FAN_H
#define PRIMITIVES_CHANNEL_PARTS_STREAM_FAN_H

#include <sys/epoll.h>

#include "primitives/channel/parts/stream_sock.h"

enum { FAN_MAX = 256, FAN_BATCH = 16 };

struct stream_fan {
	struct stream_end end;    /* listen_fd; the only connection where there is one sender */
	int epoll_fd;             /* with several senders */
	uint32_t accepted, ended; /* connections so far */
	int fd[FAN_MAX];          /* by order of arrival; -1: ended */
	struct epoll_event ready[FAN_BATCH];
	uint32_t n_ready, next;
};

static inline bool fan_is_one(const struct port *p)
{
	return p->role == ROLE_SENDER || p->link->senders == 1;
}

static inline int fan_poll_fd(const struct port *p)
{
	const struct stream_fan *f = p->local;

	return fan_is_one(p) ? stream_port_poll_fd(p) : f->epoll_fd;
}

/* After sock_attach_listening().  0 or -errno with a sentence. */
static inline int fan_attach(struct port *p)
{
	struct stream_fan *f = p->local;
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = FAN_MAX};

	if (fan_is_one(p))
		return 0;
	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (f->epoll_fd < 0)
		return link_fail(p->link, -errno, "epoll_create1");
	if (epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, f->end.listen_fd, &ev) != 0)
		return link_fail(p->link, -errno, "epoll_ctl");
	return 0;
}

static inline void fan_detach(struct port *p)
{
	struct stream_fan *f = p->local;

	for (uint32_t i = 0; i < f->accepted; i++)
		stream_close_fd(&f->fd[i]);
	if (f->epoll_fd > 0)
		stream_close_fd(&f->epoll_fd);
	f->epoll_fd = 0;
	stream_detach(&f->end);
}

/* Somebody wants to connect. */
COLD static enum result fan_accept(struct port *p, struct stream_fan *f)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = f->accepted};
	int fd = accept4(f->end.listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return errno == EINTR || errno == EAGAIN ? OP_DONE : stream_error(p, errno);
	f->fd[f->accepted++] = fd;
	if (epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		return stream_error(p, errno);
	return OP_DONE;
}

/* A sender has closed; OP_CLOSED when it was the last. */
COLD static enum result fan_end(struct port *p, struct stream_fan *f, uint32_t i)
{
	stream_close_fd(&f->fd[i]); /* epoll forgets it */
	return ++f->ended == p->link->senders ? OP_CLOSED : OP_DONE;
}

/* Milliseconds until the deadline, rounded up: a timed wait is never early. */
COLD static int fan_patience(const struct port *p, enum mode mode)
{
	uint64_t now = monotonic_ns();

	if (mode == MODE_BLOCK)
		return -1;
	if (mode == MODE_TRY || p->deadline_ns <= now)
		return 0;
	return (int)((p->deadline_ns - now) / 1000000 % INT_MAX) + 1;
}

/* OP_DONE: something is ready, or may be.  Spinners ask and do not sleep. */
ALWAYS_INLINE enum result fan_wait(
	struct port *p, struct stream_fan *f, uint32_t *spins, struct how how)
{
	int patience = how.mode == MODE_BLOCK ? -1 : fan_patience(p, how.mode), n;

	if (wait_spins(how, spins))
		patience = 0;

	POINT(p, how, BLOCKED);
	n = epoll_wait(f->epoll_fd, f->ready, FAN_BATCH, patience);
	f->next = 0;
	f->n_ready = n > 0 ? (uint32_t)n : 0;
	if (LIKELY(n > 0) || (n < 0 && errno == EINTR))
		return OP_DONE;
	if (n < 0)
		return stream_error(p, errno);
	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	return how.mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns ? OP_TIMED_OUT : OP_DONE;
}

/*
 * One message of connection i: OP_DONE with *got, or *got = false and the next
 * connection's turn.
 */
ALWAYS_INLINE enum result fan_read(
	struct port *p, struct stream_fan *f, uint32_t i, uint8_t *msg, bool *got, struct how how)
{
	uint32_t want = p->link->msg_bytes;
	ssize_t n = recv(f->fd[i], msg, want, MSG_DONTWAIT);

	*got = n > 0;
	if (LIKELY(n == (ssize_t)want))
		return OP_DONE;
	if (n > 0)
		return stream_finish_read(p, f->fd[i], msg, want, (uint32_t)n, how);
	if (n == 0 || errno == ECONNRESET)
		return fan_end(p, f, i);
	return errno == EAGAIN || errno == EINTR ? OP_DONE : stream_error(p, errno);
}

ALWAYS_INLINE enum result fan_recv_many(struct port *p, uint8_t *msg, struct how how)
{
	struct stream_fan *f = p->local;
	enum result r = f->ended == p->link->senders ? OP_CLOSED : OP_DONE;
	uint32_t spins = 0;
	bool got = false;

	while (r == OP_DONE) {
		uint32_t i;

		if (f->next == f->n_ready) {
			r = fan_wait(p, f, &spins, how);
			continue;
		}
		i = f->ready[f->next++].data.u32;
		if (UNLIKELY(i == FAN_MAX)) {
			r = fan_accept(p, f);
			continue;
		}
		r = fan_read(p, f, i, msg, &got, how);
		POINT(p, how, MID_READ);
		if (LIKELY(got))
			return r;
	}
	return r;
}

/* Out of line, as stream_recv_by_tries(). */
COLD static enum result fan_recv_by_tries(struct port *p, uint8_t *msg, struct how how)
{
	return fan_recv_many(p, msg, how);
}

ALWAYS_INLINE enum result fan_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	if (LIKELY(fan_is_one(p)))
		return sock_recv(p, msg, room, len, how);
	if (UNLIKELY(room < p->link->msg_bytes)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	*len = p->link->msg_bytes;
	return how.wait == WAIT_BLOCK ? fan_recv_many(p, msg, how) : fan_recv_by_tries(p, msg, how);
}

#endif
