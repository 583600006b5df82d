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

static void duplex_close(struct port *p)
{
	stream_detach(p->local);
}

static const struct channel_ops duplex_ops = {
	.send = stream_send,
	.recv = stream_recv,
	.close = duplex_close,
	.poll_fd = sock_poll_fd,
};
CHANNEL_STAMP(channel_pipe_duplex, duplex_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_pipe_duplex = {
	.name = "channel/pipe-duplex",
	.summary = "two-way connection: a pair of unix stream sockets",
	.family = FAMILY_CHANNEL,
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.waits = BIT(WAIT_BLOCK),
	.max_senders = 1,
	.max_receivers = 1,
	.contract =
		{
			.reach = REACH_RELATED,
			.unit = UNIT_BYTES,
			.duplex = true,
			.order = ORDER_FIFO,
			.end_seen = "end of file",
			.on_oversize = OVERSIZE_SPLIT,
			.survives = SURVIVE_SEEN,
			.copies = 2,
		},
	.local_bytes = sizeof(struct stream_end),
	.fits = sock_fits,
	.setup = duplex_setup,
	.attach = duplex_attach,
	.detach = duplex_close,
	.ops = &duplex_ops,
	.loops = &channel_pipe_duplex_loops,
};
