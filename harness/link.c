/* link.c - see link.h. */
#include "harness/link.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/coroutine.h"
#include "harness/futex.h"
#include "harness/names.h"

enum { WHAT = 400 }; /* bytes of what a mechanism says */

/*
 * Two workers that cannot attach have one place for their sentences, and threads come there at once:
 * each puts a whole one there, the last one stays.
 */
static void put_sentence(const struct link *l, const char *sentence)
{
	if (!l->err || l->err_len == 0)
		return;
	while (l->err_busy && swap_acq_rel(l->err_busy, 1u))
		sched_yield();
	snprintf(l->err, l->err_len, "%s: %s", l->mech->name, sentence);
	if (l->err_busy)
		store_release(l->err_busy, 0u);
}

int link_fail(const struct link *l, int err, const char *fmt, ...)
{
	char what[WHAT], sentence[WHAT + 128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(sentence, sizeof(sentence), "%s: %s", what, strerror(-err));
	put_sentence(l, sentence);
	return err;
}

int link_new_path(struct link *l, const char *kind, char *path, size_t path_len)
{
	char why[NAMES_PATH_MAX];
	int err;

	for (unsigned i = 0; i < LINK_PATHS; i++) {
		if (l->path[i])
			continue;
		l->path[i] = path;
		path[0] = '\0';
		err = names_path_new(kind, path, path_len, why, sizeof(why));
		if (err)
			put_sentence(l, why);
		return err;
	}
	return link_fail(l, -ENOSPC, "more than %d names", LINK_PATHS);
}

void link_unlink_paths(struct link *l)
{
	for (unsigned i = 0; i < LINK_PATHS; i++) {
		if (l->path[i] && l->path[i][0])
			unlink(l->path[i]);
	}
}

void link_own_fd(struct link *l, unsigned slot, int fd, enum role role)
{
	l->fd[slot] = fd;
	l->fd_role[slot] = (uint8_t)role;
}

static void close_slot(struct link *l, unsigned slot)
{
	if (l->fd[slot] >= 0) {
		coro_forget_fd(l->fd[slot]);
		close(l->fd[slot]);
	}
	l->fd[slot] = -1;
}

void link_close_others(struct link *l, enum role role)
{
	for (unsigned i = 0; i < LINK_FDS; i++) {
		if (l->fd_role[i] != role)
			close_slot(l, i);
	}
}

int *link_own_many(struct link *l, uint32_t n)
{
	l->many = calloc(n, sizeof(*l->many));
	return l->many;
}

void link_close_all(struct link *l)
{
	for (uint32_t i = 0; i < l->n_many; i++)
		close(l->many[i]);
	free(l->many);
	l->many = NULL;
	l->n_many = 0;
	for (unsigned i = 0; i < LINK_FDS; i++)
		close_slot(l, i);
}

bool link_port_leaves(struct port *p)
{
	struct link *l = p->link;
	bool last, closes;

	if (p->closed)
		return false;
	p->closed = true;
	last = sub_seq(&l->open_ports[p->role], 1u) == 1;
	closes = last || domain_has_processes(l->domain);
	if (l->own_ports) /* several of this process share its table */
		closes = sub_seq(&l->own_ports[p->role], 1u) == 1;
	/* In one process there is one table of fds: only the last may close. */
	if (closes) {
		for (unsigned i = 0; i < LINK_FDS; i++) {
			if (l->fd_role[i] == p->role)
				close_slot(l, i);
		}
	}
	return last;
}

/* A private futex is known by its address: two mappings of it never meet. */
static bool link_is_shared(const struct link *l)
{
	return domain_has_processes(l->domain) || l->maps_apart;
}

static int process_shared(const struct link *l)
{
	return link_is_shared(l) ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
}

static int init_mutex(const struct link *l, pthread_mutex_t *m, int kind)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err)
		return -err;
	err = pthread_mutexattr_setpshared(&attr, process_shared(l));
	if (!err)
		err = pthread_mutexattr_settype(&attr, kind);
	if (!err)
		err = pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

int sync_mutex_init(const struct link *l, pthread_mutex_t *m)
{
	return init_mutex(l, m, PTHREAD_MUTEX_DEFAULT);
}

int sync_mutex_init_recursive(const struct link *l, pthread_mutex_t *m)
{
	return init_mutex(l, m, PTHREAD_MUTEX_RECURSIVE);
}

int sync_rwlock_init(const struct link *l, pthread_rwlock_t *rw)
{
	pthread_rwlockattr_t attr;
	int err = pthread_rwlockattr_init(&attr);

	if (err)
		return -err;
	err = pthread_rwlockattr_setpshared(&attr, process_shared(l));
	if (!err)
		err = pthread_rwlock_init(rw, &attr);
	pthread_rwlockattr_destroy(&attr);
	return -err;
}

int sync_cond_init(const struct link *l, pthread_cond_t *c)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return -err;
	err = pthread_condattr_setpshared(&attr, process_shared(l));
	if (!err)
		err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!err)
		err = pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

int sync_sem_init(const struct link *l, sem_t *s, unsigned value)
{
	return sem_init(s, link_is_shared(l), value) == 0 ? 0 : -errno;
}

int sync_barrier_init(const struct link *l, pthread_barrier_t *b, unsigned workers)
{
	pthread_barrierattr_t attr;
	int err = pthread_barrierattr_init(&attr);

	if (err)
		return -err;
	pthread_barrierattr_setpshared(&attr, process_shared(l));
	err = pthread_barrier_init(b, &attr, workers);
	pthread_barrierattr_destroy(&attr);
	return -err;
}

void sync_eventcount_init(const struct link *l, struct eventcount *e)
{
	*e = (struct eventcount){.shared = link_is_shared(l)};
}

void sync_mutex_blocks(struct port *p, pthread_mutex_t *m)
{
	int err = pthread_mutex_trylock(m);

	if (err == 0)
		pthread_mutex_unlock(m);
	else if (err == EBUSY)
		probe_hit(&p->probe, POINT_BLOCKED);
}

void sync_sem_blocks(struct port *p, sem_t *s)
{
	int left = 0;

	if (sem_getvalue(s, &left) == 0 && left <= 0)
		probe_hit(&p->probe, POINT_BLOCKED);
}

uint32_t sync_mutex_holder(const pthread_mutex_t *m)
{
#ifdef __GLIBC__
	return (uint32_t)load_relaxed((_Atomic int *)(uintptr_t)&m->__data.__owner);
#else
	(void)m;
	return 0;
#endif
}

uint32_t sync_rwlock_writer(const pthread_rwlock_t *rw)
{
#ifdef __GLIBC__
	return (uint32_t)load_relaxed((_Atomic int *)(uintptr_t)&rw->__data.__cur_writer);
#else
	(void)rw;
	return 0;
#endif
}

struct timespec link_timespec(uint64_t deadline_ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(deadline_ns / 1000000000u),
		.tv_nsec = (long)(deadline_ns % 1000000000u),
	};
}

enum { NAP_NS = 200000 };

void link_nap(void)
{
	struct timespec ts = {.tv_nsec = NAP_NS};

	if (coro_self())
		coro_park(monotonic_ns() + NAP_NS);
	else
		nanosleep(&ts, NULL);
}

void link_await_peer(const struct port *p)
{
	if (p->awaits)
		store_relaxed(p->awaits, 1);
	link_nap();
}

void wait_yield(void)
{
	if (coro_self())
		coro_yield();
	else
		sched_yield();
}
