/*
 * file_records.h - records in a file, in which messages survive their sender and their
 * receiver, and what is known of them in memory.
 *
 * A record is {number, check, length, done} and the message, at a place of its own in
 * a file of capacity + receivers such places.  A send writes the whole record in one
 * call before it returns: sent is written.  A receiver reads its message, and writes
 * `done` into the record when it comes back for the next one or closes: until then the
 * message stays, and is there again after a restart.  So a message is delivered at
 * least once, and one that a receiver was at work on, perhaps twice.
 *
 * What coordinates the living lies in the link's memory: mutex, conditions, which
 * record is next, which places are free.  It is made anew from the file by a setup
 * whose link already has a path (link->path[0]): the restart.  A record counts when its
 * check is right, so one that was cut short by a death does not.  The queue then may
 * hold `receivers` messages more than its capacity: those that were being worked on.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_FILE_RECORDS_H
#define PRIMITIVES_CHANNEL_PARTS_FILE_RECORDS_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "primitives/channel/parts/queue.h"

enum { FILE_QUEUE_PATH = 256, FILE_HEAD_BYTES = 4096 };

#define FILE_MAGIC UINT64_C(0x31657565752d6668)

/* The file's first page. */
struct file_head {
	uint64_t magic, msg_bytes, places;
};

struct file_record {
	uint64_t number; /* from 1 on, in the order of sending; 0: never used */
	uint64_t check;  /* of number, length and message */
	uint32_t len;
	uint32_t done; /* 1: processed */
};

/* In the link's memory, before the queue itself. */
struct file_shared {
	char path[FILE_QUEUE_PATH];
	uint64_t numbers;  /* given so far; under the queue's mutex */
	uint32_t unsynced; /* records since the last fdatasync */
	uint32_t free_places;
};

/* What is known of a place without reading it. */
struct file_place {
	uint32_t len;
	uint32_t next; /* queue: the place of the nth message; free: a stack */
	uint32_t free;
	uint32_t pad;
};

/* ---- where things are ------------------------------------------------------ */

ALWAYS_INLINE uint32_t file_places(const struct link *l)
{
	return l->capacity + l->receivers;
}

static inline size_t file_queue_bytes(const struct link *l)
{
	return ROUND_UP(sizeof(struct file_shared), CACHE_LINE) + sizeof(struct queue) +
	       sizeof(struct file_place) * file_places(l);
}

ALWAYS_INLINE struct queue *file_queue_of(const struct link *l)
{
	char *at = l->shared;

	return (struct queue *)(void *)(at + ROUND_UP(sizeof(struct file_shared), CACHE_LINE));
}

ALWAYS_INLINE struct file_place *file_place_of(const struct link *l)
{
	return (struct file_place *)(void *)file_queue_of(l)->slots;
}

ALWAYS_INLINE uint32_t file_after(const struct link *l, uint32_t pos)
{
	return pos + 1 == file_places(l) ? 0 : pos + 1;
}

ALWAYS_INLINE off_t file_at(const struct link *l, uint32_t place)
{
	size_t stride = ROUND_UP(sizeof(struct file_record) + (size_t)l->msg_bytes, 8);

	return (off_t)(FILE_HEAD_BYTES + stride * place);
}

/* Not against an adversary: against a record that is half old, half new. */
COLD static uint64_t file_check(const struct file_record *r, const uint8_t *msg)
{
	uint64_t h = r->number * UINT64_C(0x9e3779b97f4a7c15) ^ r->len, word = 0;
	uint32_t i;

	for (i = 0; i + 8 <= r->len; i += 8) {
		memcpy(&word, msg + i, 8);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	word = 0;
	memcpy(&word, msg + i, r->len - i);
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* ---- setup, and restart ---------------------------------------------------- */

static inline int file_create(struct link *l, struct file_shared *m)
{
	const struct file_head head = {FILE_MAGIC, l->msg_bytes, file_places(l)};
	int err = link_new_path(l, "file", m->path, sizeof(m->path)), fd;

	if (err)
		return err;
	fd = open(m->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return link_fail(l, -errno, "open %s", m->path);
	err = -posix_fallocate(fd, 0, file_at(l, file_places(l)));
	if (!err && pwrite(fd, &head, sizeof(head), 0) != sizeof(head))
		err = -errno;
	if (!err && fsync(fd) != 0)
		err = -errno;
	close(fd);
	return err ? link_fail(l, err, "making %s", m->path) : 0;
}

/* What a place holds: its record's number, or 0 where it is free. */
static inline uint64_t file_look(const struct link *l, int fd, uint32_t place, uint8_t *msg)
{
	struct file_record r;
	struct iovec io[2] = {{&r, sizeof(r)}, {msg, l->msg_bytes}};
	ssize_t n = preadv(fd, io, 2, file_at(l, place));

	if (n < (ssize_t)sizeof(r) || r.number == 0 || r.done || r.len > l->msg_bytes)
		return 0;
	if ((size_t)n < sizeof(r) + r.len || file_check(&r, msg) != r.check)
		return 0;
	file_place_of(l)[place].len = r.len;
	return r.number;
}

struct file_found {
	uint64_t number;
	uint32_t place;
};

static inline int file_by_number(const void *a, const void *b)
{
	const struct file_found *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* What the file holds stands in the queue again, in the order of sending. */
static inline void file_take_over(struct link *l, int fd, struct file_found *found, uint8_t *msg)
{
	struct file_shared *m = l->shared;
	struct file_place *place = file_place_of(l);
	struct queue *q = file_queue_of(l);

	for (uint32_t i = 0; i < file_places(l); i++) {
		uint64_t number = file_look(l, fd, i, msg);

		if (number == 0)
			place[m->free_places++].free = i;
		else
			found[q->count++] = (struct file_found){number, i};
	}
	qsort(found, q->count, sizeof(*found), file_by_number);
	for (uint32_t i = 0; i < q->count; i++)
		place[i].next = found[i].place;
	m->numbers = q->count ? found[q->count - 1].number : 0;
	q->tail = q->count == file_places(l) ? 0 : q->count;
}

/* Numbers go on behind those of records that are done, too. */
static inline void file_highest_number(struct link *l, int fd)
{
	struct file_shared *m = l->shared;
	uint64_t number;

	for (uint32_t i = 0; i < file_places(l); i++) {
		if (pread(fd, &number, sizeof(number), file_at(l, i)) == sizeof(number) &&
			number > m->numbers)
			m->numbers = number;
	}
}

static inline int file_open_old(struct link *l, struct file_shared *m)
{
	struct file_found *found = calloc(file_places(l), sizeof(*found));
	uint8_t *msg = malloc(l->msg_bytes + 8u);
	int fd = open(m->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), err = fd < 0 ? -errno : 0;
	struct file_head head = {0};

	if (!err && (!found || !msg))
		err = -ENOMEM;
	if (!err &&
		(pread(fd, &head, sizeof(head), 0) != sizeof(head) || head.magic != FILE_MAGIC ||
			head.msg_bytes != l->msg_bytes || head.places != file_places(l)))
		err = -EINVAL;
	if (!err) {
		file_take_over(l, fd, found, msg);
		file_highest_number(l, fd);
	}
	if (fd >= 0)
		close(fd);
	free(found);
	free(msg);
	if (err == -EINVAL)
		return link_fail(l, err, "%s is no queue of this size", m->path);
	return err ? link_fail(l, err, "reading %s", m->path) : 0;
}

static inline int file_queue_setup(struct link *l)
{
	struct file_shared *m = l->shared;
	bool restart = l->path[0] != NULL;
	int err;

	if (restart)
		snprintf(m->path, sizeof(m->path), "%s", l->path[0]);
	else
		err = file_create(l, m);
	if (!restart && err)
		return err;
	err = file_open_old(l, m);
	return err ? err : queue_init(l, file_queue_of(l));
}

#endif
