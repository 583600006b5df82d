/*
 * channel/pipe - an anonymous pipe.
 *
 * One op is one write or one read of a whole message; large messages take
 * several system calls, as the pipe's buffer (64 KiB, or more; pipe_size.h)
 * fills.  The kernel keeps writes up to PIPE_BUF whole among several writers,
 * not larger ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/pipe_size.h"
#include "primitives/channel/parts/stream_fd.h"

static int pipe_setup(struct link *l)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return link_fail(l, -errno, "pipe2");
	link_own_fd(l, ROLE_SENDER, fd[1], ROLE_SENDER);
	link_own_fd(l, ROLE_RECEIVER, fd[0], ROLE_RECEIVER);
	return pipe_size_check(l, fd[1]);
}

static const struct channel_ops pipe_ops = {
	.send = stream_send,
	.recv = stream_recv,
	.close = stream_port_detach,
	.poll_fd = stream_port_poll_fd,
};
CHANNEL_STAMP(channel_pipe, pipe_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_pipe = {
	CHANNEL_COMMON(channel_pipe, pipe_ops, WAITS_FD | AWAITS),
	.name = "channel/pipe",
	.summary = "anonymous pipe",
	.contract =
		{
			.reach = REACH_RELATED,
			CONTRACT_STREAM,
			.limits = PIPE_LIMITS,
		},
	STREAM_PORT,
	.fits = stream_pipe_fits,
	.setup = pipe_setup,
	.attach = stream_port_attach,
};
