/*
 * channel/mmap-file - a bounded queue in a mapped file: process-shared mutex and
 * condition variables, a ring of slots.
 *
 * As channel/queue-fifo, but every worker maps the file by its name.  The file
 * is never synchronised to the disk; whether its pages are written back at all
 * depends on the file system that holds the user's run-time directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/queue.h"

enum { FILE_PATH = 256 };

struct mapped {
	char path[FILE_PATH];
};

/* A port's own mapping. */
struct mapping {
	struct queue *queue;
	size_t bytes;
};

static size_t file_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct mapped);
}

/* -errno, or 0 with the file mapped; the fd is not needed any longer. */
static int file_map(const char *path, int flags, size_t bytes, struct queue **out)
{
	int fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600), err = 0;
	void *mem = MAP_FAILED;

	if (fd < 0)
		return -errno;
	if (flags & O_CREAT)
		err = -posix_fallocate(fd, 0, (off_t)bytes);
	if (!err) {
		mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
		err = mem == MAP_FAILED ? -errno : 0;
	}
	close(fd);
	*out = err ? NULL : mem;
	return err;
}

static int file_setup(struct link *l)
{
	struct mapped *m = l->shared;
	struct queue *q;
	int err = link_new_path(l, "file", m->path, sizeof(m->path));

	if (err)
		return err;
	err = file_map(m->path, O_CREAT | O_EXCL, queue_bytes(l), &q);
	if (err)
		return link_fail(l, err, "mapping %s", m->path);
	l->own = q;
	l->maps_apart = true;
	return queue_init(l, q);
}

static int file_attach(struct port *p)
{
	const struct mapped *m = p->link->shared;
	struct mapping *map = p->local;
	int err;

	map->bytes = queue_bytes(p->link);
	err = file_map(m->path, 0, map->bytes, &map->queue);
	return err ? link_fail(p->link, err, "mapping %s", m->path) : 0;
}

static void file_detach(struct port *p)
{
	struct mapping *map = p->local;

	if (map->queue)
		munmap(map->queue, map->bytes);
	map->queue = NULL;
}

ALWAYS_INLINE enum result file_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct mapping *map = p->local;

	return queue_put(p, map->queue, msg, len, how);
}

ALWAYS_INLINE enum result file_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct mapping *map = p->local;

	return queue_take(p, map->queue, msg, room, len, how);
}

static void file_close(struct port *p)
{
	const struct mapping *map = p->local;

	if (map->queue)
		queue_wake_all(map->queue);
}

static void file_teardown(struct link *l)
{
	if (!l->own)
		return;
	queue_destroy(l->own);
	munmap(l->own, queue_bytes(l));
	l->own = NULL;
}

static const struct channel_ops file_ops = {
	.send = file_send,
	.recv = file_recv,
	.close = file_close,
};
CHANNEL_STAMP(channel_mmap_file, file_ops, WAITS_USER);

const struct mech mech_channel_mmap_file = {
	CHANNEL_COMMON(channel_mmap_file, file_ops, WAITS_USER),
	.name = "channel/mmap-file",
	.summary = "bounded queue in a mapped file, process-shared mutex and conditions",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.limits = "ENOSPC: the room of its file system",
			.path = QUEUE_PATH,
		},
	.local_bytes = sizeof(struct mapping),
	.shared_bytes = file_bytes,
	.setup = file_setup,
	.attach = file_attach,
	.detach = file_detach,
	.teardown = file_teardown,
};
