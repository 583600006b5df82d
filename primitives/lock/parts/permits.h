/*
 * permits.h - a POSIX semaphore with as many permits as the axis says, and the
 * counter inside: what the semaphores that are used as locks share.
 */
#ifndef PRIMITIVES_LOCK_PARTS_PERMITS_H
#define PRIMITIVES_LOCK_PARTS_PERMITS_H

#include "harness/family/lock.h"

struct permits {
	sem_t left;
	OWN_LINE atomic_u32 taken; /* bounded ones: permits that may be released */
	OWN_LINE atomic_u64 counter;
};

static inline size_t permits_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct permits);
}

static inline int permits_setup(struct link *l)
{
	struct permits *s = l->shared;
	int err = sync_sem_init(l, &s->left, link_permits(l));

	return err ? link_fail(l, err, "sem_init") : 0;
}

ALWAYS_INLINE enum result permits_take(struct port *p, struct how how)
{
	struct permits *s = p->link->shared;

	return sync_sem_wait(p, &s->left, how);
}

ALWAYS_INLINE enum result permits_release(struct port *p, struct how how)
{
	struct permits *s = p->link->shared;

	(void)how;
	return sync_sem_post(p, &s->left);
}

ALWAYS_INLINE atomic_u64 *permits_guarded(struct port *p)
{
	struct permits *s = p->link->shared;

	return &s->counter;
}

#endif
