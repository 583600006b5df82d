/*
 * inet.h - loopback addresses of both kinds, and where a receiver can be found.
 *
 * The receiver binds to a port that the kernel chooses and publishes it in
 * shared state; senders wait for it.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_INET_H
#define PRIMITIVES_CHANNEL_PARTS_INET_H

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/link.h"

struct inet_shared {
	atomic_u32 port; /* 0 until there is a receiver */
};

union inet_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline size_t inet_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct inet_shared);
}

static inline socklen_t inet_loopback(union inet_address *a, int family, uint16_t port)
{
	*a = (union inet_address){.v6 = {0}};
	if (family == AF_INET) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(a->v4);
	}
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(port);
	a->v6.sin6_addr = in6addr_loopback;
	return sizeof(a->v6);
}

/* Binding to the loopback address tells whether it is there. */
static inline const char *inet_probe(int family)
{
	union inet_address a;
	socklen_t len = inet_loopback(&a, family, 0);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *why = NULL;

	if (fd < 0)
		return family == AF_INET ? "IPv4 sockets are not to be had"
					 : "IPv6 sockets are not to be had";
	if (bind(fd, &a.any, len) != 0)
		why = family == AF_INET ? "127.0.0.1 cannot be bound"
					: "::1 cannot be bound: no IPv6 on the loopback interface";
	inet_loopback(&a, family, 9);
	if (!why && connect(fd, &a.any, len) != 0)
		why = "the loopback interface is down";
	close(fd);
	return why;
}

/* Bind to a fresh port and publish it.  0 or -errno with a sentence. */
static inline int inet_bind(struct port *p, int fd, int family, bool listens)
{
	struct inet_shared *s = p->link->shared;
	union inet_address a;
	socklen_t len = inet_loopback(&a, family, 0);

	if (bind(fd, &a.any, len) != 0)
		return link_fail(p->link, -errno, "bind to the loopback address");
	if (listens && listen(fd, (int)p->link->senders) != 0)
		return link_fail(p->link, -errno, "listen");
	if (getsockname(fd, &a.any, &len) != 0)
		return link_fail(p->link, -errno, "getsockname");
	store_release(&s->port, ntohs(family == AF_INET ? a.v4.sin_port : a.v6.sin6_port));
	return 0;
}

/* Connect to the receiver, once there is one; the trial's deadline bounds the wait. */
static inline int inet_connect(struct port *p, int fd, int family)
{
	struct inet_shared *s = p->link->shared;
	union inet_address a;
	socklen_t len;

	while (load_acquire(&s->port) == 0)
		link_await_peer(p);
	len = inet_loopback(&a, family, (uint16_t)load_acquire(&s->port));
	while (connect(fd, &a.any, len) != 0) {
		if (errno != EINTR)
			return link_fail(p->link, -errno, "connect to the loopback address");
	}
	return 0;
}

#endif
