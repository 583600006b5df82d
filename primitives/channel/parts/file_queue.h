/*
 * file_queue.h - a bounded queue whose messages are records of a file: what the
 * mechanisms share that differ in when they synchronise it to the disk.
 *
 * file_records.h says what is in the file and what a restart finds.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_FILE_QUEUE_H
#define PRIMITIVES_CHANNEL_PARTS_FILE_QUEUE_H

#include "primitives/channel/parts/file_records.h"

/* When the file is synchronised to the disk; a literal in every op. */
enum file_sync { FILE_SYNC_NEVER, FILE_SYNC_BATCH, FILE_SYNC_EACH };

enum { FILE_BATCH = 64 };

/* A port's own. */
struct file_port {
	int fd;
	bool open;
	uint32_t held; /* place of the message that is being processed, plus one; 0: none */
};

#define CONTRACT_FILE_QUEUE                                                                        \
	CONTRACT_SLOTS, .reach = REACH_ANY,                                                        \
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",   \
			.limits = "ENOSPC: the room of the file system is taken before it starts", \
			.needs = "a file in the user's run-time directory, preallocated",          \
			.path = {.syscalls_send = 1,                                               \
				.syscalls_recv = 1,                                                \
				.atomics_send = 2,                                                 \
				.atomics_recv = 2}

#define FILE_QUEUE_PORT                                                                            \
	.local_bytes = sizeof(struct file_port), .shared_bytes = file_queue_bytes,                 \
	.setup = file_queue_setup, .attach = file_queue_attach, .detach = file_queue_detach,       \
	.teardown = file_queue_teardown

static inline int file_queue_attach(struct port *p)
{
	const struct file_shared *m = p->link->shared;
	struct file_port *own = p->local;

	own->fd = open(m->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (own->fd < 0)
		return link_fail(p->link, -errno, "open %s", m->path);
	own->open = true;
	return 0;
}

/* ---- operations ------------------------------------------------------------ */

COLD static enum result file_failed(struct port *p, ssize_t n)
{
	p->err = n < 0 ? -errno : -EIO;
	return OP_ERROR;
}

/* The whole record, and to the disk where it is time. */
ALWAYS_INLINE enum result file_append(
	struct port *p, enum file_sync sync, uint32_t place, const uint8_t *msg, uint32_t len)
{
	struct file_shared *m = p->link->shared;
	const struct file_port *own = p->local;
	struct file_record r = {.number = m->numbers + 1, .len = len};
	struct iovec io[2] = {
		{&r, sizeof(r)}, {.iov_base = (void *)(uintptr_t)msg, .iov_len = len}};
	ssize_t n;

	r.check = file_check(&r, msg);
	n = pwritev(own->fd, io, 2, file_at(p->link, place));
	if (UNLIKELY(n != (ssize_t)(sizeof(r) + len)))
		return file_failed(p, n);
	if (sync == FILE_SYNC_NEVER)
		return OP_DONE;
	if (sync == FILE_SYNC_BATCH && ++m->unsynced < FILE_BATCH)
		return OP_DONE;
	m->unsynced = 0;
	return LIKELY(fdatasync(own->fd) == 0) ? OP_DONE : file_failed(p, -1);
}

ALWAYS_INLINE enum result file_queue_put(
	struct port *p, enum file_sync sync, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct file_place *place = file_place_of(l);
	struct file_shared *m = l->shared;
	struct queue *q = file_queue_of(l);
	enum result r;
	uint32_t at;

	if (!slots_fits(p, len))
		return OP_ERROR;
	r = queue_enter_put(p, q, how);
	if (r != OP_DONE)
		return r;
	POINT(p, how, MID_WRITE);
	at = place[m->free_places - 1].free;
	r = file_append(p, sync, at, msg, len);
	if (UNLIKELY(r != OP_DONE)) {
		pthread_mutex_unlock(&q->lock);
		return r;
	}
	m->numbers++;
	m->free_places--;
	place[at].len = len;
	place[q->tail].next = at;
	q->tail = file_after(l, q->tail);
	queue_leave_put(p, q, how);
	return OP_DONE;
}

/* The message held so far has been processed: its place is free. */
ALWAYS_INLINE enum result file_release(struct port *p, struct queue *q, struct how how)
{
	struct file_shared *m = p->link->shared;
	struct file_port *own = p->local;
	const uint32_t done = 1;
	off_t at = file_at(p->link, own->held - 1) + (off_t)offsetof(struct file_record, done);
	ssize_t n = pwrite(own->fd, &done, sizeof(done), at);

	if (UNLIKELY(n != sizeof(done)))
		return file_failed(p, n);
	sync_mutex_enter(p, &q->lock, how);
	file_place_of(p->link)[m->free_places++].free = own->held - 1;
	pthread_mutex_unlock(&q->lock);
	own->held = 0;
	return OP_DONE;
}

/* The message at a place that this port holds. */
ALWAYS_INLINE enum result file_fetch(struct port *p, uint8_t *msg, uint32_t len)
{
	const struct file_port *own = p->local;
	struct file_record r;
	struct iovec io[2] = {{&r, sizeof(r)}, {msg, len}};
	ssize_t n = preadv(own->fd, io, 2, file_at(p->link, own->held - 1));

	if (UNLIKELY(n != (ssize_t)(sizeof(r) + len)))
		return file_failed(p, n);
	if (UNLIKELY(r.len != len || r.check != file_check(&r, msg)))
		return file_failed(p, 0); /* somebody else has written into the file */
	return OP_DONE;
}

ALWAYS_INLINE enum result file_queue_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	struct file_place *place = file_place_of(l);
	struct queue *q = file_queue_of(l);
	struct file_port *own = p->local;
	enum result r;

	if (own->held) {
		r = file_release(p, q, how);
		if (UNLIKELY(r != OP_DONE))
			return r;
	}
	r = queue_enter_take(p, q, how);
	if (r != OP_DONE)
		return r;
	*len = place[place[q->head].next].len;
	if (UNLIKELY(*len > room)) {
		pthread_mutex_unlock(&q->lock);
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	POINT(p, how, MID_READ);
	own->held = place[q->head].next + 1;
	q->head = file_after(l, q->head);
	queue_leave_take(p, q, how);
	return file_fetch(p, msg, *len);
}

/* ---- ends ------------------------------------------------------------------ */

static inline uint32_t file_queue_length(struct port *p)
{
	return queue_count(file_queue_of(p->link));
}

static inline void file_queue_close(struct port *p, enum file_sync sync)
{
	const struct how how = {WAIT_BLOCK, MODE_BLOCK, false};
	struct queue *q = file_queue_of(p->link);
	const struct file_port *own = p->local;

	if (own->held)
		file_release(p, q, how);
	if (own->open && sync == FILE_SYNC_BATCH && p->role == ROLE_SENDER)
		fdatasync(own->fd);
	queue_wake_all(q);
}

static inline void file_queue_detach(struct port *p)
{
	struct file_port *own = p->local;

	if (own->open)
		close(own->fd);
	own->open = false;
}

static inline void file_queue_teardown(struct link *l)
{
	if (l->shared)
		queue_destroy(file_queue_of(l));
}

#endif
