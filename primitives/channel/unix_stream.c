/*
 * channel/unix-stream - a unix stream socket, found by its path.
 *
 * The receiver binds and listens, the sender connects, waiting for the listener
 * if it comes first.  One connection carries both ways.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/stream_sock.h"

struct unix_stream {
	struct sockaddr_un address;
};

static size_t unix_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct unix_stream);
}

static int unix_setup(struct link *l)
{
	struct unix_stream *u = l->shared;

	u->address.sun_family = AF_UNIX;
	return link_new_path(l, "socket", u->address.sun_path, sizeof(u->address.sun_path));
}

static int unix_listen(struct port *p, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return link_fail(p->link, -errno, "socket");
	sock_attach_listening(p->local, fd);
	if (bind(fd, address, len) != 0 || listen(fd, 1) != 0)
		return link_fail(p->link, -errno, "bind and listen");
	return 0;
}

/* Until there is a listener; the trial's deadline bounds it. */
static int unix_connect(struct port *p, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return link_fail(p->link, -errno, "socket");
	sock_attach_connected(p->local, fd);
	while (connect(fd, address, len) != 0) {
		if (errno != ENOENT && errno != ECONNREFUSED && errno != EINTR)
			return link_fail(p->link, -errno, "connect");
		link_await_peer(p);
	}
	return 0;
}

static int unix_attach(struct port *p)
{
	struct unix_stream *u = p->link->shared;
	const struct sockaddr *address = (const struct sockaddr *)(const void *)&u->address;

	if (p->role == ROLE_RECEIVER)
		return unix_listen(p, address, sizeof(u->address));
	return unix_connect(p, address, sizeof(u->address));
}

static const struct channel_ops unix_ops = {
	.send = sock_send,
	.recv = sock_recv,
	.close = stream_port_detach,
	.poll_fd = stream_port_poll_fd,
};
CHANNEL_STAMP(channel_unix_stream, unix_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_unix_stream = {
	CHANNEL_COMMON(channel_unix_stream, unix_ops, WAITS_FD | AWAITS),
	.name = "channel/unix-stream",
	.summary = "unix stream socket, found by its path",
	.max_senders = 1,
	.max_receivers = 1,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_STREAM,
			.limits = "sun_path (108 bytes): the length of its path; " SOCK_LIMITS,
			.duplex = true,
		},
	STREAM_PORT,
	.shared_bytes = unix_bytes,
	.fits = sock_fits,
	.setup = unix_setup,
	.attach = unix_attach,
};
