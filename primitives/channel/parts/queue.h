/*
 * queue.h - a bounded queue under one mutex and two condition variables, in
 * memory that the mechanism provides.
 *
 * The slots are a ring that can be used from both ends: first in first out, or
 * last in first out.  What keeps its messages elsewhere, or in another order,
 * takes queue_enter_*() and queue_leave_*() and does its own in between.
 *
 * A signal goes out with each message, also when nobody sleeps: glibc then
 * makes no system call.  Workers that spin let go of the mutex between two looks.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_QUEUE_H
#define PRIMITIVES_CHANNEL_PARTS_QUEUE_H

#include "harness/family/channel.h"
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

/*
 * OP_DONE: the mutex is held and there is room; finish by queue_leave_put().
 * Else it is not held.
 */
ALWAYS_INLINE enum result queue_enter_put(struct port *p, struct queue *q, struct how how)
{
	const uint32_t capacity = p->link->capacity;
	enum result r = OP_DONE;
	uint32_t spins = 0;

	sync_mutex_enter(p, &q->lock, how);
	while (q->count >= capacity && r == OP_DONE) {
		p->full_waits++;
		r = queue_wait(p, q, &q->not_full, ROLE_RECEIVER, &spins, how);
	}
	if (q->count < capacity)
		return OP_DONE;
	pthread_mutex_unlock(&q->lock);
	return r;
}

/* A message more. */
ALWAYS_INLINE void queue_leave_put(struct port *p, struct queue *q, struct how how)
{
	q->count++;
	POINT(p, how, BEFORE_PUBLISH);
	pthread_cond_signal(&q->not_empty);
	pthread_mutex_unlock(&q->lock);
}

/* As queue_enter_put(): there is a message; finish by queue_leave_take(). */
ALWAYS_INLINE enum result queue_enter_take(struct port *p, struct queue *q, struct how how)
{
	enum result r = OP_DONE;
	uint32_t spins = 0;

	sync_mutex_enter(p, &q->lock, how);
	while (q->count == 0 && r == OP_DONE) {
		p->empty_waits++;
		r = queue_wait(p, q, &q->not_empty, ROLE_SENDER, &spins, how);
	}
	if (q->count > 0)
		return OP_DONE;
	pthread_mutex_unlock(&q->lock);
	return r;
}

/* A message less. */
ALWAYS_INLINE void queue_leave_take(struct port *p, struct queue *q, struct how how)
{
	q->count--;
	POINT(p, how, BEFORE_RELEASE);
	pthread_cond_signal(&q->not_full);
	pthread_mutex_unlock(&q->lock);
}

/* The message found is too large for the room: it stays, and the mutex is released. */
ALWAYS_INLINE bool queue_refuses_room(
	struct port *p, struct queue *q, const struct slot *s, uint32_t room)
{
	if (slots_room(p, s, room))
		return false;
	pthread_mutex_unlock(&q->lock);
	return true;
}

/* Where the next message goes: on top; a sentinel of a LIFO queue below all others. */
ALWAYS_INLINE uint32_t queue_place(
	struct queue *q, const struct link *l, enum order order, const uint8_t *msg, uint32_t len)
{
	uint32_t at = q->tail;

	if (order == ORDER_LIFO && UNLIKELY(channel_is_end(msg, len)))
		return q->head = slots_before(l, q->head);
	q->tail = slots_after(l, at);
	return at;
}

/* Which message is next: the oldest, or the one on top. */
ALWAYS_INLINE uint32_t queue_next(const struct queue *q, const struct link *l, enum order order)
{
	return order == ORDER_LIFO ? slots_before(l, q->tail) : q->head;
}

/* It has been taken. */
ALWAYS_INLINE void queue_advance(struct queue *q, const struct link *l, enum order order)
{
	if (order == ORDER_LIFO)
		q->tail = slots_before(l, q->tail);
	else
		q->head = slots_after(l, q->head);
}

/* `order`, ORDER_FIFO or ORDER_LIFO, is a literal: it folds. */
ALWAYS_INLINE enum result queue_put_in(struct port *p, struct queue *q, enum order order,
	const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	enum result r;

	if (!slots_fits(p, len))
		return OP_ERROR;
	r = queue_enter_put(p, q, how);
	if (r != OP_DONE)
		return r;
	POINT(p, how, MID_WRITE);
	slots_put(slots_at(q->slots, l, queue_place(q, l, order, msg, len)), msg, len);
	queue_leave_put(p, q, how);
	return OP_DONE;
}

ALWAYS_INLINE enum result queue_take_from(struct port *p, struct queue *q, enum order order,
	uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	enum result r = queue_enter_take(p, q, how);
	const struct slot *s;

	if (r != OP_DONE)
		return r;
	s = slots_at(q->slots, l, queue_next(q, l, order));
	if (queue_refuses_room(p, q, s, room))
		return OP_ERROR;
	POINT(p, how, MID_READ);
	*len = slots_take(s, msg);
	queue_advance(q, l, order);
	queue_leave_take(p, q, how);
	return OP_DONE;
}

ALWAYS_INLINE enum result queue_put(
	struct port *p, struct queue *q, const uint8_t *msg, uint32_t len, struct how how)
{
	return queue_put_in(p, q, ORDER_FIFO, msg, len, how);
}

ALWAYS_INLINE enum result queue_take(
	struct port *p, struct queue *q, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	return queue_take_from(p, q, ORDER_FIFO, msg, room, len, how);
}

/* Messages in it now: struct channel_ops' length. */
static inline uint32_t queue_count(struct queue *q)
{
	uint32_t n;

	pthread_mutex_lock(&q->lock);
	n = q->count;
	pthread_mutex_unlock(&q->lock);
	return n;
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

/* ---- of a mechanism whose shared state begins with its queue --------------- */

static inline int queue_setup(struct link *l)
{
	return queue_init(l, l->shared);
}

static inline void queue_close(struct port *p)
{
	queue_wake_all(p->link->shared);
}

static inline uint32_t queue_length(struct port *p)
{
	return queue_count(p->link->shared);
}

static inline void queue_teardown(struct link *l)
{
	queue_destroy(l->shared);
}

#define QUEUE_LINK .shared_bytes = queue_bytes, .setup = queue_setup, .teardown = queue_teardown

#endif
