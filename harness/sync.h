/*
 * sync.h - synchronisation objects in a link's shared state, and one wait on
 * each kind as a struct how says.
 *
 * The waits are the library's own calls; what a mechanism is spared is the
 * choice between them and the translation of their answers.
 */
#ifndef HARNESS_SYNC_H
#define HARNESS_SYNC_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "harness/eventcount.h"
#include "harness/mech.h"

/*
 * Private or process-shared as the link needs; set l->maps_apart first where
 * workers map the object themselves.  Conditions use CLOCK_MONOTONIC.  0 or
 * -errno.
 */
int sync_mutex_init(const struct link *l, pthread_mutex_t *m);
int sync_cond_init(const struct link *l, pthread_cond_t *c);
int sync_sem_init(const struct link *l, sem_t *s, unsigned value);
int sync_barrier_init(const struct link *l, pthread_barrier_t *b, unsigned workers);
void sync_eventcount_init(const struct link *l, struct eventcount *e);

/* An absolute CLOCK_MONOTONIC time as the library wants it. */
struct timespec link_timespec(uint64_t deadline_ns);

/* OP_DONE: the mutex is held. */
ALWAYS_INLINE enum result sync_mutex_lock(struct port *p, pthread_mutex_t *m, struct how how)
{
	struct timespec until;
	int err;

	if (how.mode == MODE_BLOCK) {
		err = pthread_mutex_lock(m);
	} else if (how.mode == MODE_TRY) {
		err = pthread_mutex_trylock(m);
	} else {
		until = link_timespec(p->deadline_ns);
		err = pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &until);
	}
	if (LIKELY(err == 0))
		return OP_DONE;
	if (err == EBUSY)
		return OP_WOULD_BLOCK;
	if (err == ETIMEDOUT)
		return OP_TIMED_OUT;
	p->err = -err;
	return OP_ERROR;
}

/* The mutex is held, before and after.  OP_DONE: look at the condition again. */
ALWAYS_INLINE enum result sync_cond_wait(
	struct port *p, pthread_cond_t *c, pthread_mutex_t *m, struct how how)
{
	struct timespec until;

	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	POINT(p, how, BLOCKED);
	if (how.mode == MODE_BLOCK) {
		pthread_cond_wait(c, m);
		return OP_DONE;
	}
	until = link_timespec(p->deadline_ns);
	return pthread_cond_timedwait(c, m, &until) == ETIMEDOUT ? OP_TIMED_OUT : OP_DONE;
}

/* OP_DONE: one permit less. */
ALWAYS_INLINE enum result sync_sem_wait(struct port *p, sem_t *s, struct how how)
{
	struct timespec until;
	int err;

	do {
		if (how.mode == MODE_BLOCK) {
			err = sem_wait(s);
		} else if (how.mode == MODE_TRY) {
			err = sem_trywait(s);
		} else {
			until = link_timespec(p->deadline_ns);
			err = sem_clockwait(s, CLOCK_MONOTONIC, &until);
		}
	} while (UNLIKELY(err != 0) && errno == EINTR);
	if (LIKELY(err == 0))
		return OP_DONE;
	if (errno == EAGAIN)
		return OP_WOULD_BLOCK;
	if (errno == ETIMEDOUT)
		return OP_TIMED_OUT;
	p->err = -errno;
	return OP_ERROR;
}

/* One permit more, whoever gives it. */
ALWAYS_INLINE enum result sync_sem_post(struct port *p, sem_t *s)
{
	if (LIKELY(sem_post(s) == 0))
		return OP_DONE;
	p->err = -errno;
	return OP_ERROR;
}

#endif
