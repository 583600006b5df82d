/*
 * stream_fd.h - whole messages of a fixed size over a byte stream: what pipes,
 * FIFOs and stream sockets share.
 *
 * Both sides move exactly link->msg_bytes at a time.  A message whose first
 * byte has been accepted is finished, however long that takes: a try or a timed
 * operation gives up only before it.
 *
 * wait=block sleeps in read() and write() themselves.  All others try without
 * blocking first and then wait as they say: by trying again, or in epoll_wait()
 * on a descriptor that is registered once, edge-triggered.  Coroutines try only; the
 * loops wait for poll_fd() between two tries.
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

#include "harness/coroutine.h"
#include "harness/link.h"
#include "primitives/channel/parts/fd_wait.h"

#define STREAM_PEER                                                                                \
	"of a process end of file, or EPIPE or ECONNRESET when it sends, once nobody else holds "  \
	"that end; of a thread or a coroutine nothing: its descriptors stay open"

/* What every byte stream promises. */
#define CONTRACT_STREAM                                                                            \
	.unit = UNIT_BYTES, .order = ORDER_FIFO, .end_seen = "end of file",                        \
	.on_oversize = OVERSIZE_SPLIT, .survives = SURVIVE_SEEN, .peer_dies = STREAM_PEER,         \
	.copies = 2, .path = PATH_SYSCALL_EACH

enum { STREAM_PIPE_BYTES = 65536 };

/* A port's private state. */
struct stream_end {
	int fd;
	int try_fd;    /* the same stream, never blocking; opened when first needed */
	int listen_fd; /* sockets: where fd will come from, while fd is -1 */
	struct fd_wait edge;
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
	if (*fd >= 0) {
		coro_forget_fd(*fd);
		close(*fd);
	}
	*fd = -1;
}

/* May run twice; also before attach (all zero: nothing is open). */
static inline void stream_detach(struct stream_end *e)
{
	if (e->tried)
		stream_close_fd(&e->try_fd);
	fd_wait_end(&e->edge);
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

#define PIPE_LIMITS                                                                                \
	"PIPE_BUF (4096): larger messages go from one sender to one receiver only; pipe buffer "   \
	"(65536): more waits for its receiver"

_Static_assert(PIPE_BUF == 4096 && STREAM_PIPE_BYTES == 65536, "as these sentences say");

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
COLD static int stream_open_again(struct stream_end *e, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", e->fd);
	e->try_fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	e->tried = true;
	return e->try_fd;
}

ALWAYS_INLINE int stream_try_fd(struct stream_end *e, int flags)
{
	if (e->sock)
		return e->fd;
	return LIKELY(e->tried) ? e->try_fd : stream_open_again(e, flags);
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

/* Until an edge, the deadline (timed) or for ever (block). */
COLD static enum result stream_epoll(struct port *p, struct stream_end *e, int fd, enum mode mode)
{
	uint64_t now = monotonic_ns(), left = p->deadline_ns > now ? p->deadline_ns - now : 0;
	int patience_ms = mode == MODE_TIMED ? (int)(left / 1000000 % INT_MAX) + 1 : -1;
	int err = fd_wait_edge(&e->edge, fd, patience_ms);

	if (err)
		return stream_error(p, -err);
	return mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns ? OP_TIMED_OUT : OP_DONE;
}

/* Between two tries, in a mode that may wait.  *spins starts at 0.  OP_DONE: try again. */
ALWAYS_INLINE enum result stream_wait(
	struct port *p, struct stream_end *e, int fd, short events, uint32_t *spins, struct how how)
{
	if (how.wait == WAIT_EPOLL)
		return stream_epoll(p, e, fd, how.mode);
	if (how.wait == WAIT_AWAIT) { /* the rest of a message: there is no deadline */
		coro_await_fd(fd, events, CORO_FOREVER);
		return OP_DONE;
	}
	if (how.wait == WAIT_BLOCK || !wait_spins(how, spins))
		return stream_poll(p, fd, events, how.mode);
	return sync_too_late(p, how) ? OP_TIMED_OUT : OP_DONE;
}

/*
 * Must this call say that it may not block?  A coroutine never blocks its thread: it tries
 * on a descriptor that does not block either, or on a socket, which is told call by call.
 */
static inline bool stream_says_so(const struct port *p, int fd, struct how how)
{
	const struct stream_end *e = p->local;

	return how.wait == WAIT_AWAIT && fd != e->try_fd;
}

static inline ssize_t stream_write_some(
	const struct port *p, int fd, const uint8_t *from, size_t bytes, struct how how)
{
	return stream_says_so(p, fd, how) ? send(fd, from, bytes, MSG_DONTWAIT)
					  : write(fd, from, bytes);
}

static inline ssize_t stream_read_some(
	const struct port *p, int fd, uint8_t *to, size_t bytes, struct how how)
{
	return stream_says_so(p, fd, how) ? recv(fd, to, bytes, MSG_DONTWAIT) : read(fd, to, bytes);
}

/* The rest of a message after `done` bytes, whatever the mode; `fd` may be non-blocking. */
COLD static enum result stream_finish_write(
	struct port *p, int fd, const uint8_t *msg, uint32_t len, uint32_t done, struct how how)
{
	const struct how finish = {how.wait, MODE_BLOCK, false};
	uint32_t spins = 0;

	while (done < len) {
		ssize_t n = stream_write_some(p, fd, msg + done, len - done, how);

		if (n >= 0)
			done += (uint32_t)n;
		else if (errno == EAGAIN)
			stream_wait(p, p->local, fd, POLLOUT, &spins, finish);
		else if (errno != EINTR)
			return stream_error(p, errno);
	}
	return OP_DONE;
}

/* An end of stream inside a message is an error, between messages it is the end. */
COLD static enum result stream_finish_read(
	struct port *p, int fd, uint8_t *msg, uint32_t len, uint32_t done, struct how how)
{
	const struct how finish = {how.wait, MODE_BLOCK, false};
	uint32_t spins = 0;

	while (done < len) {
		ssize_t n = stream_read_some(p, fd, msg + done, len - done, how);

		if (n > 0)
			done += (uint32_t)n;
		else if (n == 0)
			return done ? stream_error(p, EIO) : OP_CLOSED;
		else if (errno == EAGAIN)
			stream_wait(p, p->local, fd, POLLIN, &spins, finish);
		else if (errno != EINTR)
			return stream_error(p, errno);
	}
	return OP_DONE;
}

/*
 * Try, wait, try again: all but wait=block in a mode that blocks.  Out of line:
 * the call is nothing beside the system call, and a copy in each loop for each
 * strategy would be most of the program.
 */
COLD static enum result stream_send_by_tries(
	struct port *p, struct stream_end *e, const uint8_t *msg, uint32_t len, struct how how)
{
	int fd = stream_try_fd(e, O_WRONLY);
	uint32_t spins = 0;
	enum result r;

	if (UNLIKELY(fd < 0))
		return stream_error(p, ENOTSUP);
	for (;;) {
		ssize_t n = e->sock ? send(fd, msg, len, MSG_DONTWAIT) : write(fd, msg, len);

		if (LIKELY(n == (ssize_t)len))
			return OP_DONE;
		if (n >= 0)
			return stream_finish_write(p, fd, msg, len, (uint32_t)n, how);
		if (UNLIKELY(errno != EAGAIN && errno != EINTR))
			return stream_error(p, errno);
		if (how.mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		r = stream_wait(p, e, fd, POLLOUT, &spins, how);
		if (UNLIKELY(r != OP_DONE))
			return r;
	}
}

COLD static enum result stream_recv_by_tries(
	struct port *p, struct stream_end *e, uint8_t *msg, uint32_t len, struct how how)
{
	int fd = stream_try_fd(e, O_RDONLY);
	uint32_t spins = 0;
	enum result r;

	if (UNLIKELY(fd < 0))
		return stream_error(p, ENOTSUP);
	for (;;) {
		ssize_t n = e->sock ? recv(fd, msg, len, MSG_DONTWAIT) : read(fd, msg, len);

		if (LIKELY(n == (ssize_t)len))
			return OP_DONE;
		if (n == 0)
			return OP_CLOSED;
		if (n > 0)
			return stream_finish_read(p, fd, msg, len, (uint32_t)n, how);
		if (UNLIKELY(errno != EAGAIN && errno != EINTR))
			return stream_error(p, errno);
		if (how.mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		r = stream_wait(p, e, fd, POLLIN, &spins, how);
		if (UNLIKELY(r != OP_DONE))
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
	if (how.mode != MODE_BLOCK || how.wait != WAIT_BLOCK)
		return stream_send_by_tries(p, e, msg, len, how);
	n = write(e->fd, msg, len);
	if (LIKELY(n == (ssize_t)len))
		return OP_DONE;
	if (n < 0 && errno != EINTR)
		return stream_error(p, errno);
	return stream_finish_write(p, e->fd, msg, len, n < 0 ? 0 : (uint32_t)n, how);
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
	if (how.mode != MODE_BLOCK || how.wait != WAIT_BLOCK)
		return stream_recv_by_tries(p, e, msg, want, how);
	n = read(e->fd, msg, want);
	POINT(p, how, MID_READ);
	if (LIKELY(n == (ssize_t)want))
		return OP_DONE;
	if (n < 0 && errno != EINTR)
		return stream_error(p, errno);
	return n == 0 ? OP_CLOSED
		      : stream_finish_read(p, e->fd, msg, want, n < 0 ? 0 : (uint32_t)n, how);
}

#endif
