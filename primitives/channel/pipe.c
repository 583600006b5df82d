/*
 * channel/pipe - an anonymous pipe.
 *
 * One op is one write or one read of a whole message; large messages take
 * several system calls, as the pipe's buffer (64 KiB, or as the kernel has it)
 * fills.  The kernel keeps writes up to PIPE_BUF whole among several writers,
 * not larger ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/stream_fd.h"

enum { PIPE_DEFAULT_BYTES = 65536 };

static const char *pipe_fits(const struct link *l)
{
	if (l->msg_bytes > PIPE_BUF && (l->senders > 1 || l->receivers > 1))
		return "PIPE_BUF (4096): larger messages of several workers mix in a pipe";
	if (l->msg_bytes > PIPE_DEFAULT_BYTES && l->self)
		return "pipe buffer (65536): its only worker would wait for itself";
	return NULL;
}

static int pipe_setup(struct link *l)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return link_fail(l, -errno, "pipe2");
	link_own_fd(l, ROLE_SENDER, fd[1], ROLE_SENDER);
	link_own_fd(l, ROLE_RECEIVER, fd[0], ROLE_RECEIVER);
	return 0;
}

static int pipe_attach(struct port *p)
{
	stream_attach(p->local, p->link->fd[p->role]);
	return 0;
}

static void pipe_detach(struct port *p)
{
	stream_detach(p->local);
}

static int pipe_poll_fd(const struct port *p)
{
	return p->link->fd[p->role];
}

static void pipe_close(struct port *p)
{
	stream_detach(p->local);
}

static const struct channel_ops pipe_ops = {
	.send = stream_send,
	.recv = stream_recv,
	.close = pipe_close,
	.poll_fd = pipe_poll_fd,
};
CHANNEL_STAMP(channel_pipe, pipe_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_pipe = {
	.name = "channel/pipe",
	.summary = "anonymous pipe",
	.family = FAMILY_CHANNEL,
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.waits = BIT(WAIT_BLOCK),
	.contract =
		{
			.reach = REACH_RELATED,
			.unit = UNIT_BYTES,
			.order = ORDER_FIFO,
			.end_seen = "end of file",
			.on_oversize = OVERSIZE_SPLIT,
			.survives = SURVIVE_SEEN,
			.copies = 2,
		},
	.local_bytes = sizeof(struct stream_end),
	.fits = pipe_fits,
	.setup = pipe_setup,
	.attach = pipe_attach,
	.detach = pipe_detach,
	.ops = &pipe_ops,
	.loops = &channel_pipe_loops,
};
