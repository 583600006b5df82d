/*
 * pthread_mutex.h - a pthread mutex and the counter that it guards: what the
 * kinds of pthread mutex share.
 */
#ifndef PRIMITIVES_LOCK_PARTS_PTHREAD_MUTEX_H
#define PRIMITIVES_LOCK_PARTS_PTHREAD_MUTEX_H

#include "harness/family/lock.h"

struct mutex {
	pthread_mutex_t lock;
	uint32_t ready; /* teardown has something to destroy */
	OWN_LINE atomic_u64 counter;
};

static inline size_t mutex_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct mutex);
}

static inline int mutex_is_ready(struct link *l, int err)
{
	struct mutex *m = l->shared;

	if (err)
		return link_fail(l, err, "pthread_mutex_init");
	m->ready = 1;
	return 0;
}

ALWAYS_INLINE enum result mutex_lock(struct port *p, struct how how)
{
	struct mutex *m = p->link->shared;

	return sync_mutex_lock(p, &m->lock, how);
}

ALWAYS_INLINE enum result mutex_unlock(struct port *p, struct how how)
{
	struct mutex *m = p->link->shared;

	(void)how;
	p->err = -pthread_mutex_unlock(&m->lock);
	return LIKELY(p->err == 0) ? OP_DONE : OP_ERROR;
}

ALWAYS_INLINE atomic_u64 *mutex_guarded(struct port *p)
{
	struct mutex *m = p->link->shared;

	return &m->counter;
}

/* glibc keeps it in all kinds of mutex, also where it checks nothing by it. */
static inline struct lock_holder mutex_holder(const struct link *l)
{
	const struct mutex *m = l->shared;

	return (struct lock_holder){.tid = sync_mutex_holder(&m->lock)};
}

static inline void mutex_teardown(struct link *l)
{
	struct mutex *m = l->shared;

	if (!m || !m->ready)
		return;
	m->ready = 0;
	pthread_mutex_destroy(&m->lock);
}

#endif
