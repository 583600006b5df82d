/*
 * udp.h - datagrams over the loopback interface, for both kinds of addresses.
 *
 * The receiver binds, each sender connects its socket to it.  One op is one
 * datagram.  Nobody is told when the receiver's buffer is full or when there
 * are no more senders: the word for the latter is the count of open ports,
 * which an idle receiver looks at now and then.  Only receivers wait as the wait
 * strategy says: a sender hardly ever has to.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_UDP_H
#define PRIMITIVES_CHANNEL_PARTS_UDP_H

#include <sys/time.h>

#include "harness/coroutine.h"
#include "primitives/channel/parts/fd_wait.h"
#include "primitives/channel/parts/inet.h"

enum {
	UDP_MAX_BYTES = 65507,
	UDP_LOOK_UP_US = 5000, /* an idle receive wakes so often */
};

struct udp_end {
	int fd;
	bool open;
	bool refused; /* the receiver has left; the kernel says so only now and then */
	struct fd_wait edge;
};

#define UDP_PEER                                                                                   \
	"nothing: a receiver waits until its own deadline; a sender may be refused (ECONNREFUSED)"
#define UDP_LIMITS                                                                                 \
	"UDP: 65507 bytes are the largest datagram; what finds the receiver's buffer full is lost"

#define CONTRACT_UDP                                                                               \
	.reach = REACH_HOST, .unit = UNIT_MESSAGE, .order = ORDER_FIFO, .lossy = true,             \
	.end_seen = "never; a word beside it", .on_oversize = OVERSIZE_REFUSED,                    \
	.survives = SURVIVE_NO, .peer_dies = UDP_PEER, .limits = UDP_LIMITS,                       \
	.max_bytes = UDP_MAX_BYTES, .copies = 2, .path = PATH_SYSCALL_EACH

#define UDP_PORT                                                                                   \
	.max_receivers = 1, .local_bytes = sizeof(struct udp_end), .shared_bytes = inet_bytes,     \
	.fits = udp_fits, .detach = udp_detach

_Static_assert(UDP_MAX_BYTES == 65507, "as this sentence says");

static inline const char *udp_fits(const struct link *l)
{
	return l->msg_bytes > UDP_MAX_BYTES ? "UDP: a datagram holds at most 65507 bytes" : NULL;
}

static inline void udp_detach(struct port *p)
{
	struct udp_end *e = p->local;

	if (e->open) {
		coro_forget_fd(e->fd);
		close(e->fd);
	}
	fd_wait_end(&e->edge);
	*e = (struct udp_end){.fd = -1};
}

static inline int udp_attach(struct port *p, int family)
{
	const struct timeval look_up = {.tv_usec = UDP_LOOK_UP_US};
	struct udp_end *e = p->local;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return link_fail(p->link, -errno, "socket");
	*e = (struct udp_end){.fd = fd, .open = true};
	if (p->role == ROLE_SENDER)
		return inet_connect(p, fd, family);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look_up, sizeof(look_up)) != 0)
		return link_fail(p->link, -errno, "SO_RCVTIMEO");
	return inet_bind(p, fd, family, false);
}

static inline int udp_poll_fd(const struct port *p)
{
	const struct udp_end *e = p->local;

	return e->fd;
}

/* A full buffer of the sender (timed and try look at it, block waits). */
COLD static enum result udp_send_failed(struct port *p, int err, enum mode mode)
{
	struct udp_end *e = p->local;

	if (err == ECONNREFUSED) {
		e->refused = true;
		return OP_CLOSED;
	}
	if (err == EINTR || ((err == EAGAIN || err == ENOBUFS) && mode == MODE_BLOCK))
		return OP_DONE;
	if (err == EAGAIN || err == ENOBUFS) {
		if (mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		return monotonic_ns() >= p->deadline_ns ? OP_TIMED_OUT : OP_DONE;
	}
	p->err = -err;
	return OP_ERROR;
}

ALWAYS_INLINE enum result udp_send(struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct udp_end *e = p->local;
	enum result r;

	if (UNLIKELY(len > p->link->msg_bytes)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	if (UNLIKELY(e->refused))
		return OP_CLOSED;
	POINT(p, how, MID_WRITE);
	for (;;) {
		if (LIKELY(send(e->fd, msg, len, how.mode == MODE_BLOCK ? 0 : MSG_DONTWAIT) >= 0))
			return OP_DONE;
		r = udp_send_failed(p, errno, how.mode);
		if (r != OP_DONE)
			return r;
	}
}

/* Nothing came for a while.  OP_DONE: wait on. */
COLD static enum result udp_nothing(struct port *p, int err, enum mode mode, bool *alone)
{
	bool was_alone = *alone;

	if (err != EAGAIN && err != EINTR) {
		p->err = -err;
		return OP_ERROR;
	}
	*alone = link_open_ports(p->link, ROLE_SENDER) == 0;
	if (was_alone) /* looked again after the last sender had left */
		return OP_CLOSED;
	if (mode == MODE_TRY)
		return *alone ? OP_DONE : OP_WOULD_BLOCK;
	return mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns ? OP_TIMED_OUT : OP_DONE;
}

/* A datagram that is too large for the room would be cut: it is looked at first, and stays. */
COLD static bool udp_too_large(struct port *p, uint32_t room)
{
	const struct udp_end *e = p->local;
	uint8_t byte;

	if (recv(e->fd, &byte, 1, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT) <= (ssize_t)room)
		return false;
	p->err = -EMSGSIZE;
	return true;
}

/*
 * After a try that found nothing, for all but wait=block, which waits inside recv().
 * OP_DONE: try again.
 */
ALWAYS_INLINE enum result udp_wait(
	struct port *p, struct udp_end *e, uint32_t *spins, struct how how)
{
	if (how.wait == WAIT_BLOCK || how.mode == MODE_TRY || wait_spins(how, spins))
		return OP_DONE;
	p->err = fd_wait_edge(&e->edge, e->fd, UDP_LOOK_UP_US / 1000);
	return LIKELY(p->err == 0) ? OP_DONE : OP_ERROR;
}

ALWAYS_INLINE enum result udp_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct udp_end *e = p->local;
	bool alone = false, tries = how.mode == MODE_TRY || how.wait != WAIT_BLOCK;
	uint32_t spins = 0;
	enum result r;
	ssize_t n;

	if (UNLIKELY(room < p->link->msg_bytes) && udp_too_large(p, room))
		return OP_ERROR;
	for (;;) {
		POINT(p, how, BLOCKED);
		n = recv(e->fd, msg, room, tries || alone ? MSG_DONTWAIT : 0);
		POINT(p, how, MID_READ);
		if (LIKELY(n >= 0)) {
			*len = (uint32_t)n;
			return OP_DONE;
		}
		r = udp_nothing(p, errno, how.mode, &alone);
		if (r == OP_DONE)
			r = udp_wait(p, e, &spins, how);
		if (UNLIKELY(r != OP_DONE))
			return r;
	}
}

#endif
