/*
 * monitor.h - a mutex, a condition variable and a count of signals that nobody
 * has used yet: the predicate that a condition needs.
 *
 * A bare pthread condition forgets a signal that finds no waiter, and may wake
 * for nothing; with the count under the same mutex it does neither.
 */
#ifndef PRIMITIVES_EVENT_PARTS_MONITOR_H
#define PRIMITIVES_EVENT_PARTS_MONITOR_H

#include "harness/link.h"

/* The mutex, taken and released. */
#define MONITOR_PATH PATH_ATOMICS_EACH(2)

struct monitor {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t signals; /* given and not used */
	uint32_t ready;   /* teardown has something to destroy */
};

static size_t monitor_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct monitor);
}

/* The mutex is made already, or could not be. */
static int monitor_setup_with(struct link *l, int err)
{
	struct monitor *m = l->shared;

	if (!err)
		err = sync_cond_init(l, &m->changed);
	if (err)
		return link_fail(l, err, "mutex or condition variable");
	m->ready = 1;
	return 0;
}

static inline int monitor_setup(struct link *l)
{
	struct monitor *m = l->shared;

	return monitor_setup_with(l, sync_mutex_init(l, &m->lock));
}

static void monitor_teardown(struct link *l)
{
	struct monitor *m = l->shared;

	if (!m || !m->ready)
		return;
	m->ready = 0;
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
}

/* With the mutex held: until there is a signal.  OP_DONE: there is one. */
ALWAYS_INLINE enum result monitor_await(struct port *p, struct monitor *m, struct how how)
{
	enum result r = OP_DONE;
	uint32_t spins = 0;

	while (m->signals == 0 && r == OP_DONE)
		r = sync_cond_wait(p, &m->changed, &m->lock, &spins, how);
	return m->signals ? OP_DONE : r;
}

#endif
