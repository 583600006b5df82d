/*
 * tcp.h - TCP over the loopback interface, Nagle off, for both kinds of
 * addresses.
 *
 * The receiver listens, each sender connects.  With one sender the connection
 * carries both ways; with several the receiver turns between them.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_TCP_H
#define PRIMITIVES_CHANNEL_PARTS_TCP_H

#include <netinet/tcp.h>

#include "primitives/channel/parts/inet.h"
#include "primitives/channel/parts/stream_fan.h"

/* TCP_NODELAY is inherited by the connections that the listener accepts. */
static inline int tcp_attach(struct port *p, int family)
{
	struct stream_fan *f = p->local;
	int on = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return link_fail(p->link, -errno, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (p->role == ROLE_SENDER) {
		sock_attach_connected(&f->end, fd);
		return inet_connect(p, fd, family);
	}
	sock_attach_listening(&f->end, fd);
	err = inet_bind(p, fd, family, true);
	return err ? err : fan_attach(p);
}

#define TCP_PORT                                                                                   \
	.max_receivers = 1, .local_bytes = sizeof(struct stream_fan), .shared_bytes = inet_bytes,  \
	.fits = sock_fits, .detach = fan_detach

#define CONTRACT_TCP CONTRACT_STREAM, .reach = REACH_HOST, .duplex = true, .limits = SOCK_LIMITS

#endif
