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
#include "harness/wait.h"

/*
 * Private or process-shared as the link needs; set l->maps_apart first where
 * workers map the object themselves.  Conditions use CLOCK_MONOTONIC.  0 or
 * -errno.
 */
int sync_mutex_init(const struct link *l, pthread_mutex_t *m);
int sync_mutex_init_recursive(const struct link *l, pthread_mutex_t *m);
int sync_rwlock_init(const struct link *l, pthread_rwlock_t *rw);
int sync_cond_init(const struct link *l, pthread_cond_t *c);
int sync_sem_init(const struct link *l, sem_t *s, unsigned value);
int sync_barrier_init(const struct link *l, pthread_barrier_t *b, unsigned workers);
void sync_eventcount_init(const struct link *l, struct eventcount *e);

/*
 * Who holds it alone: a thread's number in the kernel; 0: nobody does, or just then nobody
 * can tell, or it is another C library than glibc.  For who asks after a death: in a trial
 * that goes on it is out of date at once.
 */
uint32_t sync_mutex_holder(const pthread_mutex_t *m);
uint32_t sync_rwlock_writer(const pthread_rwlock_t *rw);

/* An absolute CLOCK_MONOTONIC time as the library wants it. */
CALLED struct timespec link_timespec(uint64_t deadline_ns);

/*
 * The probed twins, before a wait: POINT_BLOCKED if it would be one.  What is free now may be
 * taken a moment later; then this wait is none of those that are counted.
 */
COLD void sync_mutex_blocks(struct port *p, pthread_mutex_t *m);
COLD void sync_sem_blocks(struct port *p, sem_t *s);

/* A timed wait that spins is over. */
ALWAYS_INLINE bool sync_too_late(const struct port *p, struct how how)
{
	return how.mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns;
}

/* Tries, as the wait strategy says.  EBUSY: go to sleep now; ETIMEDOUT: the deadline. */
ALWAYS_INLINE int sync_mutex_spin(const struct port *p, pthread_mutex_t *m, struct how how)
{
	uint32_t spins = 0;
	int err;

	while ((err = pthread_mutex_trylock(m)) == EBUSY) {
		if (sync_too_late(p, how))
			return ETIMEDOUT;
		if (!wait_spins(how, &spins))
			return EBUSY;
	}
	return err;
}

/* OP_DONE: the mutex is held. */
ALWAYS_INLINE enum result sync_mutex_lock(struct port *p, pthread_mutex_t *m, struct how how)
{
	struct timespec until;
	int err = EBUSY;

	if (how.probed && how.mode != MODE_TRY)
		sync_mutex_blocks(p, m);
	if (how.wait != WAIT_BLOCK && how.mode != MODE_TRY)
		err = sync_mutex_spin(p, m, how);
	if (err != EBUSY) {
		/* a spinner has it, or has failed */
	} else if (how.mode == MODE_BLOCK) {
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

/* Whatever the mode: a mutex that is held for moments only.  Spinners do not sleep for it. */
ALWAYS_INLINE void sync_mutex_enter(struct port *p, pthread_mutex_t *m, struct how how)
{
	const struct how enter = {how.wait, MODE_BLOCK, how.probed};

	sync_mutex_lock(p, m, enter);
}

/*
 * The mutex is held, before and after.  OP_DONE: look at the condition again.
 * *spins starts at 0 and belongs to the wait.
 */
ALWAYS_INLINE enum result sync_cond_wait(
	struct port *p, pthread_cond_t *c, pthread_mutex_t *m, uint32_t *spins, struct how how)
{
	struct timespec until;

	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	POINT(p, how, BLOCKED);
	/* Who goes to sleep has not let go of the mutex since it looked. */
	if (how.wait != WAIT_BLOCK && (how.wait != WAIT_SPIN_BLOCK || *spins < SPIN_THEN_BLOCK)) {
		pthread_mutex_unlock(m);
		wait_spins(how, spins);
		sync_mutex_enter(p, m, how);
		return sync_too_late(p, how) ? OP_TIMED_OUT : OP_DONE;
	}
	if (how.mode == MODE_BLOCK) {
		pthread_cond_wait(c, m);
		return OP_DONE;
	}
	until = link_timespec(p->deadline_ns);
	return pthread_cond_timedwait(c, m, &until) == ETIMEDOUT ? OP_TIMED_OUT : OP_DONE;
}

/* Tries, as the wait strategy says.  OP_WOULD_BLOCK: go to sleep now. */
ALWAYS_INLINE enum result sync_sem_spin(struct port *p, sem_t *s, struct how how)
{
	uint32_t spins = 0;

	while (sem_trywait(s) != 0) {
		if (UNLIKELY(errno != EAGAIN && errno != EINTR)) {
			p->err = -errno;
			return OP_ERROR;
		}
		if (sync_too_late(p, how))
			return OP_TIMED_OUT;
		if (!wait_spins(how, &spins))
			return OP_WOULD_BLOCK;
	}
	return OP_DONE;
}

/* OP_DONE: one permit less. */
ALWAYS_INLINE enum result sync_sem_wait(struct port *p, sem_t *s, struct how how)
{
	struct timespec until;
	enum result r;
	int err;

	if (how.probed && how.mode != MODE_TRY)
		sync_sem_blocks(p, s);
	if (how.wait != WAIT_BLOCK && how.mode != MODE_TRY) {
		r = sync_sem_spin(p, s, how);
		if (r != OP_WOULD_BLOCK)
			return r;
	}
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
