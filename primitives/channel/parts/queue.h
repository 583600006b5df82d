/*
 * queue.h - a bounded queue under one mutex and two condition variables, in
 * memory that the mechanism provides.
 *
 * A signal goes out with each message, also when nobody sleeps: glibc then
 * makes no system call.  Workers that spin let go of the mutex between two looks.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_QUEUE_H
#define PRIMITIVES_CHANNEL_PARTS_QUEUE_H

#include "primitives/channel/parts/slots.h"

/* The mutex, taken and released. */
#define QUEUE_PATH PATH_ATOMICS_EACH(2)

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t not_full, not_empty;
	uint32_t head, tail; /* positions of the oldest message, of the next free slot */
	uint32_t count;
	uint32_t ready; /* teardown has something to destroy */
	OWN_LINE uint8_t slots[];
};

static inline size_t queue_bytes(const struct link *l)
{
	return sizeof(struct queue) + slots_bytes(l);
}

static inline int queue_init(const struct link *l, struct queue *q)
{
	int err = sync_mutex_init(l, &q->lock);

	if (!err)
		err = sync_cond_init(l, &q->not_full);
	if (!err)
		err = sync_cond_init(l, &q->not_empty);
	if (err)
		return link_fail(l, err, "mutex or condition variable");
	q->ready = 1;
	return 0;
}

/*
 * Sleep on `cond` with the mutex held.  OP_DONE: look again.  OP_CLOSED: the
 * other side has left, nothing will change any more.
 */
ALWAYS_INLINE enum result queue_wait(struct port *p, struct queue *q, pthread_cond_t *cond,
	enum role other, uint32_t *spins, struct how how)
{
	if (link_open_ports(p->link, other) == 0)
		return OP_CLOSED;
	return sync_cond_wait(p, cond, &q->lock, spins, how);
}

ALWAYS_INLINE enum result queue_put(
	struct port *p, struct queue *q, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	enum result r = OP_DONE;
	uint32_t spins = 0;

	if (!slots_fits(p, len))
		return OP_ERROR;
	sync_mutex_enter(p, &q->lock, how);
	while (q->count == l->capacity && r == OP_DONE) {
		p->full_waits++;
		r = queue_wait(p, q, &q->not_full, ROLE_RECEIVER, &spins, how);
	}
	if (q->count < l->capacity) {
		POINT(p, how, MID_WRITE);
		slots_put(slots_at(q->slots, l, q->tail), msg, len);
		q->tail = slots_after(l, q->tail);
		q->count++;
		POINT(p, how, BEFORE_PUBLISH);
		pthread_cond_signal(&q->not_empty);
		r = OP_DONE;
	}
	pthread_mutex_unlock(&q->lock);
	return r;
}

ALWAYS_INLINE enum result queue_take(
	struct port *p, struct queue *q, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	enum result r = OP_DONE;
	uint32_t spins = 0;

	sync_mutex_enter(p, &q->lock, how);
	while (q->count == 0 && r == OP_DONE) {
		p->empty_waits++;
		r = queue_wait(p, q, &q->not_empty, ROLE_SENDER, &spins, how);
	}
	if (q->count > 0) {
		struct slot *s = slots_at(q->slots, l, q->head);

		r = slots_room(p, s, room) ? OP_DONE : OP_ERROR;
		if (r == OP_DONE) {
			POINT(p, how, MID_READ);
			*len = slots_take(s, msg);
			q->head = slots_after(l, q->head);
			q->count--;
			POINT(p, how, BEFORE_RELEASE);
			pthread_cond_signal(&q->not_full);
		}
	}
	pthread_mutex_unlock(&q->lock);
	return r;
}

/* The count of open ports has changed: let every sleeper look again. */
static inline void queue_wake_all(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	pthread_cond_broadcast(&q->not_empty);
	pthread_cond_broadcast(&q->not_full);
	pthread_mutex_unlock(&q->lock);
}

static inline void queue_destroy(struct queue *q)
{
	if (!q || !q->ready)
		return;
	q->ready = 0;
	pthread_cond_destroy(&q->not_empty);
	pthread_cond_destroy(&q->not_full);
	pthread_mutex_destroy(&q->lock);
}

#endif
