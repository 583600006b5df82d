/*
 * stream_sock.h - what the stream sockets share: the receiver listens, the
 * sender connects, and the connection is taken at the receiver's first use.
 *
 * Taking it late keeps both attaches from waiting for each other when one
 * worker holds both ends; a connect succeeds as soon as somebody listens.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_STREAM_SOCK_H
#define PRIMITIVES_CHANNEL_PARTS_STREAM_SOCK_H

#include "primitives/channel/parts/stream_fd.h"

enum { SOCK_SELF_BYTES = 65536 };

#define SOCK_LIMITS "socket buffer: more than it holds waits for its receiver"

_Static_assert(SOCK_SELF_BYTES == 65536, "as this sentence says");

static inline const char *sock_fits(const struct link *l)
{
	if (l->msg_bytes > SOCK_SELF_BYTES && l->self)
		return "socket buffer: its only worker would wait for itself above 65536 bytes";
	return NULL;
}

/* The receiver's end before anybody has connected. */
static inline void sock_attach_listening(struct stream_end *e, int listen_fd)
{
	stream_attach_own(e, -1);
	e->listen_fd = listen_fd;
	e->sock = true;
}

static inline void sock_attach_connected(struct stream_end *e, int fd)
{
	stream_attach_own(e, fd);
	e->sock = true;
}

/* Take the connection.  Polite modes wait no longer than they may. */
COLD static enum result sock_accept(struct port *p, enum mode mode)
{
	struct stream_end *e = p->local;
	enum result r;

	if (mode == MODE_TRY) {
		struct pollfd pfd = {.fd = e->listen_fd, .events = POLLIN};

		if (poll(&pfd, 1, 0) <= 0)
			return OP_WOULD_BLOCK;
	} else {
		r = stream_poll(p, e->listen_fd, POLLIN, mode);
		if (r != OP_DONE)
			return r;
	}
	e->fd = accept4(e->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	return e->fd >= 0 ? OP_DONE : stream_error(p, errno);
}

ALWAYS_INLINE enum result sock_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct stream_end *e = p->local;

	if (UNLIKELY(e->fd < 0)) {
		enum result r = sock_accept(p, how.mode);

		if (r != OP_DONE)
			return r;
	}
	return stream_send(p, msg, len, how);
}

ALWAYS_INLINE enum result sock_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct stream_end *e = p->local;

	if (UNLIKELY(e->fd < 0)) {
		enum result r = sock_accept(p, how.mode);

		if (r != OP_DONE)
			return r;
	}
	return stream_recv(p, msg, room, len, how);
}

#endif
