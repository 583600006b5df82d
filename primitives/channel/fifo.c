/*
 * channel/fifo - a named pipe.
 *
 * As channel/pipe, found by name: unrelated processes may open it.  A sender waits
 * until a receiver has it open; the name is gone once all have.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/pipe_size.h"
#include "primitives/channel/parts/stream_fd.h"

enum { FIFO_PATH = 256 };

struct fifo {
	char path[FIFO_PATH];
};

static size_t fifo_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct fifo);
}

static int fifo_setup(struct link *l)
{
	struct fifo *f = l->shared;
	int err = link_new_path(l, "fifo", f->path, sizeof(f->path));

	if (err)
		return err;
	return mkfifo(f->path, 0600) == 0 ? 0 : link_fail(l, -errno, "mkfifo %s", f->path);
}

/*
 * No open waits: the end that it waits for may belong to somebody who waits for another
 * one, or who needs this thread.  A sender is refused until there is a receiver.
 */
static int fifo_attach(struct port *p)
{
	const struct fifo *f = p->link->shared;
	int flags = (p->role == ROLE_RECEIVER ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_CLOEXEC, fd;

	while ((fd = open(f->path, flags)) < 0) {
		if (errno != ENXIO && errno != EINTR)
			return link_fail(p->link, -errno, "open %s", f->path);
		link_await_peer(p);
	}
	stream_attach_own(p->local, fd);
	if (fcntl(fd, F_SETFL, 0) != 0)
		return link_fail(p->link, -errno, "fcntl F_SETFL");
	return pipe_size_check(p->link, fd);
}

/* An end of file before any sender came is not the end: wait for the first one. */
COLD static enum result fifo_meet(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct stream_end *e = p->local;
	enum result r;

	if (how.mode == MODE_TRY && link_open_ports(p->link, ROLE_SENDER) > 0)
		return OP_WOULD_BLOCK;
	r = how.mode == MODE_TRY ? OP_CLOSED : stream_poll(p, e->fd, POLLIN, how.mode);
	e->met = r == OP_DONE;
	return r == OP_DONE ? stream_recv(p, msg, room, len, how) : r;
}

ALWAYS_INLINE enum result fifo_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct stream_end *e = p->local;
	enum result r = stream_recv(p, msg, room, len, how);

	if (UNLIKELY(r == OP_CLOSED && !e->met))
		return fifo_meet(p, msg, room, len, how);
	e->met = true;
	return r;
}

static const struct channel_ops fifo_ops = {
	.send = stream_send,
	.recv = fifo_recv,
	.close = stream_port_detach,
	.poll_fd = stream_port_poll_fd,
};
CHANNEL_STAMP(channel_fifo, fifo_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_fifo = {
	CHANNEL_COMMON(channel_fifo, fifo_ops, WAITS_FD | AWAITS),
	.name = "channel/fifo",
	.summary = "named pipe",
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_STREAM,
			.limits = PIPE_LIMITS,
		},
	STREAM_PORT,
	.shared_bytes = fifo_bytes,
	.fits = stream_pipe_fits,
	.setup = fifo_setup,
	.attach = fifo_attach,
};
