/*
 * channel/pipe-duplex - a connected pair of unix sockets: the two-way
 * connection that textbooks call a duplex pipe.
 *
 * One op is one write or one read of a whole message; both ways go over the one
 * pair.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/stream_sock.h"

static int duplex_setup(struct link *l)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return link_fail(l, -errno, "socketpair");
	link_own_fd(l, ROLE_SENDER, fd[0], ROLE_SENDER);
	link_own_fd(l, ROLE_RECEIVER, fd[1], ROLE_RECEIVER);
	return 0;
}

static int duplex_attach(struct port *p)
{
	struct stream_end *e = p->local;

	stream_attach(e, p->link->fd[p->role]);
	e->sock = true;
	return 0;
}

static const struct channel_ops duplex_ops = {
	.send = stream_send,
	.recv = stream_recv,
	.close = stream_port_detach,
	.poll_fd = stream_port_poll_fd,
};
CHANNEL_STAMP(channel_pipe_duplex, duplex_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_pipe_duplex = {
	CHANNEL_COMMON(channel_pipe_duplex, duplex_ops, WAITS_FD | AWAITS),
	.name = "channel/pipe-duplex",
	.summary = "two-way connection: a pair of unix stream sockets",
	.max_senders = 1,
	.max_receivers = 1,
	.contract =
		{
			.reach = REACH_RELATED,
			CONTRACT_STREAM,
			.limits = SOCK_LIMITS,
			.duplex = true,
		},
	STREAM_PORT,
	.fits = sock_fits,
	.setup = duplex_setup,
	.attach = duplex_attach,
};
