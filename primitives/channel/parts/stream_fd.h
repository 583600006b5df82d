/*
 * stream_fd.h - whole messages of a fixed size over a byte stream: what pipes,
 * FIFOs and stream sockets share.
 *
 * Both sides move exactly link->msg_bytes at a time.  A message whose first
 * byte has been accepted is finished, however long that takes: a try or a timed
 * operation gives up only before it.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_STREAM_FD_H
#define PRIMITIVES_CHANNEL_PARTS_STREAM_FD_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/link.h"

/* What every byte stream promises. */
#define CONTRACT_STREAM                                                                            \
	.unit = UNIT_BYTES, .order = ORDER_FIFO, .end_seen = "end of file",                        \
	.on_oversize = OVERSIZE_SPLIT, .survives = SURVIVE_SEEN, .copies = 2,                      \
	.path = PATH_SYSCALL_EACH

enum { STREAM_PIPE_BYTES = 65536 };

/* A port's private state. */
struct stream_end {
	int fd;
	int try_fd;    /* the same stream, never blocking; opened when first needed */
	int listen_fd; /* sockets: where fd will come from, while fd is -1 */
	bool tried;
	bool own;  /* this port's alone: closed with it */
	bool sock; /* a socket: non-blocking call by call */
	bool met;  /* the other side has been seen */
};

/* An fd of the link: the harness closes it. */
static inline void stream_attach(struct stream_end *e, int fd)
{
	*e = (struct stream_end){.fd = fd, .try_fd = -1, .listen_fd = -1};
}

/* An fd of this port. */
static inline void stream_attach_own(struct stream_end *e, int fd)
{
	stream_attach(e, fd);
	e->own = true;
}

static inline void stream_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* May run twice; also before attach (all zero: nothing is open). */
static inline void stream_detach(struct stream_end *e)
{
	if (e->tried)
		stream_close_fd(&e->try_fd);
	e->tried = false;
	if (!e->own)
		return;
	stream_close_fd(&e->fd);
	stream_close_fd(&e->listen_fd);
}

/* ---- a port of a pipe or a socket pair: detach, close, poll_fd ------------- */

static inline int stream_port_attach(struct port *p)
{
	stream_attach(p->local, p->link->fd[p->role]);
	return 0;
}

static inline void stream_port_detach(struct port *p)
{
	stream_detach(p->local);
}

static inline int stream_port_poll_fd(const struct port *p)
{
	const struct stream_end *e = p->local;

	return e->fd >= 0 ? e->fd : e->listen_fd;
}

/* Limits of a pipe, named or not. */
static inline const char *stream_pipe_fits(const struct link *l)
{
	if (l->msg_bytes > PIPE_BUF && (l->senders > 1 || l->receivers > 1))
		return "PIPE_BUF (4096): larger messages of several workers mix in a pipe";
	if (l->msg_bytes > STREAM_PIPE_BYTES && l->self)
		return "pipe buffer (65536): its only worker would wait for itself";
	return NULL;
}

#define STREAM_PORT .local_bytes = sizeof(struct stream_end), .detach = stream_port_detach

/*
 * O_NONBLOCK belongs to the open file, which the other workers share: a second
 * open of the same stream has its own.
 */
COLD static int stream_try_fd(struct stream_end *e, int flags)
{
	char path[40];

	if (!e->tried) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", e->fd);
		e->try_fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
		e->tried = true;
	}
	return e->try_fd;
}

/* Poll until ready, the deadline (timed) or for ever (block). */
COLD static enum result stream_poll(const struct port *p, int fd, short events, enum mode mode)
{
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = events};
		uint64_t now = monotonic_ns();
		uint64_t left = p->deadline_ns > now ? p->deadline_ns - now : 0;
		struct timespec ts = link_timespec(left);

		if (ppoll(&pfd, 1, mode == MODE_TIMED ? &ts : NULL, NULL) > 0)
			return OP_DONE;
		if (mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns)
			return OP_TIMED_OUT;
	}
}

COLD static enum result stream_error(struct port *p, int err)
{
	if (err == EPIPE || err == ECONNRESET)
		return OP_CLOSED;
	p->err = -err;
	return OP_ERROR;
}

/* The rest of a message after `done` bytes, blocking; `fd` may be non-blocking. */
COLD static enum result stream_finish_write(
	struct port *p, int fd, const uint8_t *msg, uint32_t len, uint32_t done)
{
	while (done < len) {
		ssize_t n = write(fd, msg + done, len - done);

		if (n >= 0)
			done += (uint32_t)n;
		else if (errno == EAGAIN)
			stream_poll(p, fd, POLLOUT, MODE_BLOCK);
		else if (errno != EINTR)
			return stream_error(p, errno);
	}
	return OP_DONE;
}

/* An end of stream inside a message is an error, between messages it is the end. */
COLD static enum result stream_finish_read(
	struct port *p, int fd, uint8_t *msg, uint32_t len, uint32_t done)
{
	while (done < len) {
		ssize_t n = read(fd, msg + done, len - done);

		if (n > 0)
			done += (uint32_t)n;
		else if (n == 0)
			return done ? stream_error(p, EIO) : OP_CLOSED;
		else if (errno == EAGAIN)
			stream_poll(p, fd, POLLIN, MODE_BLOCK);
		else if (errno != EINTR)
			return stream_error(p, errno);
	}
	return OP_DONE;
}

COLD static enum result stream_send_polite(
	struct port *p, struct stream_end *e, const uint8_t *msg, uint32_t len, enum mode mode)
{
	int fd = e->sock ? e->fd : stream_try_fd(e, O_WRONLY);
	enum result r;

	if (fd < 0)
		return stream_error(p, ENOTSUP);
	for (;;) {
		ssize_t n = e->sock ? send(fd, msg, len, MSG_DONTWAIT) : write(fd, msg, len);

		if (n >= 0)
			return stream_finish_write(p, fd, msg, len, (uint32_t)n);
		if (errno != EAGAIN && errno != EINTR)
			return stream_error(p, errno);
		if (mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		r = stream_poll(p, fd, POLLOUT, mode);
		if (r != OP_DONE)
			return r;
	}
}

COLD static enum result stream_recv_polite(
	struct port *p, struct stream_end *e, uint8_t *msg, uint32_t len, enum mode mode)
{
	int fd = e->sock ? e->fd : stream_try_fd(e, O_RDONLY);
	enum result r;

	if (fd < 0)
		return stream_error(p, ENOTSUP);
	for (;;) {
		ssize_t n = e->sock ? recv(fd, msg, len, MSG_DONTWAIT) : read(fd, msg, len);

		if (n == 0)
			return OP_CLOSED;
		if (n > 0)
			return stream_finish_read(p, fd, msg, len, (uint32_t)n);
		if (errno != EAGAIN && errno != EINTR)
			return stream_error(p, errno);
		if (mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		r = stream_poll(p, fd, POLLIN, mode);
		if (r != OP_DONE)
			return r;
	}
}

ALWAYS_INLINE enum result stream_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct stream_end *e = p->local;
	ssize_t n;

	if (UNLIKELY(len > p->link->msg_bytes)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	POINT(p, how, MID_WRITE);
	if (how.mode != MODE_BLOCK)
		return stream_send_polite(p, e, msg, len, how.mode);
	n = write(e->fd, msg, len);
	if (LIKELY(n == (ssize_t)len))
		return OP_DONE;
	if (n < 0 && errno != EINTR)
		return stream_error(p, errno);
	return stream_finish_write(p, e->fd, msg, len, n < 0 ? 0 : (uint32_t)n);
}

ALWAYS_INLINE enum result stream_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct stream_end *e = p->local;
	uint32_t want = p->link->msg_bytes;
	ssize_t n;

	if (UNLIKELY(room < want)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	*len = want;
	POINT(p, how, BLOCKED);
	if (how.mode != MODE_BLOCK)
		return stream_recv_polite(p, e, msg, want, how.mode);
	n = read(e->fd, msg, want);
	POINT(p, how, MID_READ);
	if (LIKELY(n == (ssize_t)want))
		return OP_DONE;
	if (n < 0 && errno != EINTR)
		return stream_error(p, errno);
	return n == 0 ? OP_CLOSED
		      : stream_finish_read(p, e->fd, msg, want, n < 0 ? 0 : (uint32_t)n);
}

#endif
