/*
 * feeder.h - a sender's buffer, and the thread that writes it to a pipe.
 *
 * A record is the message's length, 32 bits, and the message.  What fits into
 * PIPE_BUF is written whole or not at all, without waiting; the feeder then waits for
 * room beside its own wake-up, so that it can be called off.  Once the first byte of a
 * larger record is in the pipe the rest follows, however long that takes.
 *
 * `lock` guards the buffer and the flags.  The record that is being written stays in
 * the buffer until the pipe has all of it: what `count` says has not been sent.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_FEEDER_H
#define PRIMITIVES_CHANNEL_PARTS_FEEDER_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "primitives/channel/parts/slots.h"

struct feeder {
	pthread_mutex_t lock;
	pthread_cond_t work;
	uint32_t head, tail, count;
	bool started, joined;
	bool shut;      /* no put any more */
	bool cancelled; /* what is buffered stays behind */
	int fd;         /* the pipe, never blocking: an open file of its own */
	int wake_fd;
	pthread_t thread;
	pthread_mutex_t *write_lock; /* the link's */
	const struct link *link;
	uint8_t *slots;
};

/* Until there is room in the pipe, or it is called off. */
COLD static void feeder_await_room(const struct feeder *f, bool may_stop)
{
	struct pollfd at[2] = {
		{.fd = f->fd, .events = POLLOUT}, {.fd = f->wake_fd, .events = POLLIN}};

	poll(at, may_stop ? 2 : 1, -1);
}

static inline bool feeder_is_cancelled(struct feeder *f)
{
	bool yes;

	pthread_mutex_lock(&f->lock);
	yes = f->cancelled;
	pthread_mutex_unlock(&f->lock);
	return yes;
}

/* One try of what is left of a record: bytes written, 0: no room, -1: nobody reads. */
static inline ssize_t feeder_try(const struct feeder *f, const struct slot *s, size_t done)
{
	uint32_t len = (uint32_t)s->len;
	struct iovec io[2] = {
		{.iov_base = &len, .iov_len = sizeof(len)},
		{.iov_base = (void *)(uintptr_t)s->msg, .iov_len = len},
	};
	ssize_t n;

	if (done == 0)
		n = writev(f->fd, io, 2);
	else
		n = write(f->fd, s->msg + (done - sizeof(len)), len - (done - sizeof(len)));
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* The record in whole, unless called off before its first byte.  False: it has not gone. */
static inline bool feeder_write(struct feeder *f, const struct slot *s)
{
	const size_t bytes = sizeof(uint32_t) + s->len;
	size_t done = 0;
	ssize_t n;

	while (done == 0) {
		if (feeder_is_cancelled(f))
			return false;
		pthread_mutex_lock(f->write_lock);
		n = feeder_try(f, s, 0);
		/* a part of the length alone cannot be: a pipe has room by the page */
		for (; n > 0 && (done += (size_t)n) < bytes;) {
			feeder_await_room(f, false);
			while ((n = feeder_try(f, s, done)) == 0)
				feeder_await_room(f, false);
		}
		pthread_mutex_unlock(f->write_lock);
		if (n < 0)
			return false;
		if (done == 0)
			feeder_await_room(f, true);
	}
	return true;
}

static void *feeder_main(void *arg)
{
	struct feeder *f = arg;
	bool gone = true;

	pthread_mutex_lock(&f->lock);
	while (gone && !f->cancelled) {
		const struct slot *s = slots_at(f->slots, f->link, f->head);

		if (f->count == 0 && f->shut)
			break;
		if (f->count == 0) {
			pthread_cond_wait(&f->work, &f->lock);
			continue;
		}
		pthread_mutex_unlock(&f->lock);
		gone = feeder_write(f, s);
		pthread_mutex_lock(&f->lock);
		f->head = gone ? slots_after(f->link, f->head) : f->head;
		f->count -= gone;
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* `fd`: the pipe's writing end, of the link.  0 or -errno; feeder_end() in any case. */
static inline int feeder_start(
	struct feeder *f, const struct link *l, int fd, pthread_mutex_t *write_lock)
{
	int err;

	*f = (struct feeder){.fd = -1, .wake_fd = -1, .link = l, .write_lock = write_lock};
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->work, NULL);
	f->started = true;
	f->joined = true;
	/* O_NONBLOCK is of all feeders: nobody else writes into this pipe */
	f->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (f->fd >= 0 && fcntl(f->fd, F_SETFL, O_NONBLOCK) == 0)
		f->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (f->wake_fd < 0)
		return -errno;
	f->slots = mmap(
		NULL, slots_bytes(l), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (f->slots == MAP_FAILED) {
		f->slots = NULL;
		return -errno;
	}
	memset(f->slots, 0, slots_bytes(l));
	err = pthread_create(&f->thread, NULL, feeder_main, f);
	f->joined = err != 0;
	return -err;
}

/* Only its own thread shuts it. */
ALWAYS_INLINE bool feeder_is_shut(const struct feeder *f)
{
	return f->shut;
}

/* No put any more; `cancel`: what is buffered stays behind. */
static inline void feeder_shut(struct feeder *f, bool cancel)
{
	const uint64_t one = 1;
	ssize_t n;

	pthread_mutex_lock(&f->lock);
	f->shut = true;
	f->cancelled |= cancel;
	pthread_cond_signal(&f->work);
	pthread_mutex_unlock(&f->lock);
	do /* an eventfd that nobody reads takes it at once */
		n = cancel ? write(f->wake_fd, &one, sizeof(one)) : 0;
	while (n < 0 && errno == EINTR);
}

/* Wait until the feeder is done: after a shut everything is in the pipe, or nobody reads it. */
static inline void feeder_finish(struct feeder *f)
{
	if (!f->joined)
		pthread_join(f->thread, NULL);
	f->joined = true;
	if (f->fd >= 0)
		close(f->fd); /* the receiver may see the end now */
	f->fd = -1;
}

/* May run twice, also on what was never started (all zero). */
static inline void feeder_end(struct feeder *f)
{
	if (!f->started)
		return;
	f->started = false;
	feeder_shut(f, true);
	feeder_finish(f);
	if (f->wake_fd >= 0)
		close(f->wake_fd);
	if (f->slots)
		munmap(f->slots, slots_bytes(f->link));
	pthread_cond_destroy(&f->work);
	pthread_mutex_destroy(&f->lock);
}

#endif
