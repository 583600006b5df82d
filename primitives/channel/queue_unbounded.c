/*
 * channel/queue-unbounded - channel/queue-fifo without a bound: never full, it grows.
 *
 * One op copies a message in (or out) while holding the mutex.  No allocation per
 * message: the ring starts with 1024 slots (as many as 8 MiB hold, if that is less,
 * but 16) that are there before the first one, and doubles under the mutex when they
 * are all in use; everybody waits for that copy.  It grows up to a quarter of the
 * memory that was to be had at setup; then a send is an error (ENOMEM).
 */
#include <stdlib.h>

#include "harness/family/channel.h"
#include "harness/room.h"
#include "primitives/channel/parts/queue.h"

enum { START_SLOTS = 1024, LEAST_SLOTS = 16, START_BYTES = 8 << 20, MEMORY_SHARE = 4 };

/* The link's own: its workers are threads of one process. */
struct growing {
	uint8_t *slots;
	uint32_t size; /* slots; a power of two */
	uint64_t most_bytes;
};

static size_t growing_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct queue);
}

ALWAYS_INLINE struct slot *growing_at(const struct growing *g, const struct link *l, uint32_t pos)
{
	return (struct slot *)(void *)(g->slots + slots_stride(l) * (pos & (g->size - 1)));
}

static int growing_setup(struct link *l)
{
	struct growing *g = calloc(1, sizeof(*g));

	l->own = g;
	if (!g)
		return link_fail(l, -ENOMEM, "calloc");
	g->most_bytes = room_bytes() / MEMORY_SHARE;
	for (g->size = START_SLOTS; g->size > LEAST_SLOTS;) {
		if (slots_stride(l) * g->size <= START_BYTES)
			break;
		g->size /= 2;
	}
	g->slots = aligned_alloc(CACHE_LINE, ROUND_UP(slots_stride(l) * g->size, CACHE_LINE));
	if (!g->slots)
		return link_fail(l, -ENOMEM, "%u slots", g->size);
	memset(g->slots, 0, slots_stride(l) * g->size);
	return queue_setup(l);
}

/* Twice as many slots, the oldest message first.  0 or -ENOMEM. */
COLD static int growing_grow(struct growing *g, const struct link *l, struct queue *q)
{
	size_t stride = slots_stride(l), bytes = stride * g->size;
	uint32_t first = q->head & (g->size - 1);
	uint8_t *slots = NULL;

	if (3 * bytes <= g->most_bytes && g->size <= UINT32_MAX / 4)
		slots = aligned_alloc(CACHE_LINE, ROUND_UP(2 * bytes, CACHE_LINE));
	if (!slots)
		return -ENOMEM;
	memcpy(slots, g->slots + stride * first, stride * (g->size - first));
	memcpy(slots + stride * (g->size - first), g->slots, stride * first);
	free(g->slots);
	g->slots = slots;
	q->head = 0;
	q->tail = g->size;
	g->size *= 2;
	return 0;
}

ALWAYS_INLINE enum result growing_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct growing *g = l->own;
	struct queue *q = l->shared;
	int err = 0;

	if (!slots_fits(p, len))
		return OP_ERROR;
	if (UNLIKELY(link_open_ports(l, ROLE_RECEIVER) == 0))
		return OP_CLOSED;
	sync_mutex_enter(p, &q->lock, how);
	if (UNLIKELY(q->count == g->size))
		err = growing_grow(g, l, q);
	if (UNLIKELY(err)) {
		pthread_mutex_unlock(&q->lock);
		p->err = err;
		return OP_ERROR;
	}
	POINT(p, how, MID_WRITE);
	slots_put(growing_at(g, l, q->tail++), msg, len);
	queue_leave_put(p, q, how);
	return OP_DONE;
}

ALWAYS_INLINE enum result growing_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	struct queue *q = l->shared;
	enum result r = queue_enter_take(p, q, how);
	const struct slot *s;

	if (r != OP_DONE)
		return r;
	s = growing_at(l->own, l, q->head);
	if (queue_refuses_room(p, q, s, room))
		return OP_ERROR;
	POINT(p, how, MID_READ);
	*len = slots_take(s, msg);
	q->head++;
	q->count--;
	POINT(p, how, BEFORE_RELEASE);
	pthread_mutex_unlock(&q->lock); /* nobody waits for room */
	return OP_DONE;
}

static void growing_teardown(struct link *l)
{
	struct growing *g = l->own;

	queue_teardown(l);
	if (g)
		free(g->slots);
	free(g);
	l->own = NULL;
}

static const struct channel_ops growing_ops = {
	.send = growing_send,
	.recv = growing_recv,
	.close = queue_close,
	.length = queue_length,
};
CHANNEL_STAMP(channel_queue_unbounded, growing_ops, WAITS_USER);

const struct mech mech_channel_queue_unbounded = {
	CHANNEL_COMMON_IN(channel_queue_unbounded, growing_ops, WAITS_USER, BIT(DOMAIN_THREAD)),
	.name = "channel/queue-unbounded",
	.summary = "queue without a bound: one mutex, a ring that doubles",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_THREAD,
			CONTRACT_SLOTS_IN,
			.not_in = {[DOMAIN_PROCESS] =
					   "it grows in one process: see channel/queue-fifo",
				[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async"},
			.limits = "memory: all that waits, up to a quarter of what is free",
			.order = ORDER_FIFO,
			.needs = "memory for all that waits: up to a quarter of what is free",
			.path = QUEUE_PATH,
		},
	.shared_bytes = growing_bytes,
	.setup = growing_setup,
	.teardown = growing_teardown,
};
