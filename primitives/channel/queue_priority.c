/*
 * channel/queue-priority - a bounded priority queue: a binary heap in shared memory
 * under one mutex and two condition variables; lowest first, in order of arrival
 * among equals.
 *
 * A message's level is the low three bits of the sequence in its stamp: eight
 * levels, all of them in use in every stream.  A sentinel comes behind them all.
 * One op moves log2(messages) entries of 16 bytes beside the message itself.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/heap.h"
#include "primitives/channel/parts/queue.h"

static size_t priority_bytes(const struct link *l)
{
	return queue_bytes(l) + heap_bytes(l->capacity);
}

/* Behind the slots. */
ALWAYS_INLINE struct heap *priority_heap(const struct link *l, struct queue *q)
{
	return (struct heap *)(void *)slots_at(q->slots, l, l->capacity);
}

static int priority_setup(struct link *l)
{
	heap_init(priority_heap(l, l->shared), l->capacity);
	return queue_setup(l);
}

ALWAYS_INLINE enum result priority_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct queue *q = l->shared;
	enum result r;
	uint32_t at;

	if (!slots_fits(p, len))
		return OP_ERROR;
	r = queue_enter_put(p, q, how);
	if (r != OP_DONE)
		return r;
	POINT(p, how, MID_WRITE);
	at = heap_push(priority_heap(l, q), q->count, heap_level(msg, len));
	slots_put(slots_at(q->slots, l, at), msg, len);
	queue_leave_put(p, q, how);
	return OP_DONE;
}

ALWAYS_INLINE enum result priority_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	struct queue *q = l->shared;
	enum result r = queue_enter_take(p, q, how);
	struct heap *heap = priority_heap(l, q);
	const struct slot *s;

	if (r != OP_DONE)
		return r;
	s = slots_at(q->slots, l, (uint32_t)heap->entry[0].slot);
	if (queue_refuses_room(p, q, s, room))
		return OP_ERROR;
	POINT(p, how, MID_READ);
	*len = slots_take(s, msg);
	heap_pop(heap, q->count);
	queue_leave_take(p, q, how);
	return OP_DONE;
}

static const struct channel_ops priority_ops = {
	.send = priority_send,
	.recv = priority_recv,
	.close = queue_close,
	.length = queue_length,
};
CHANNEL_STAMP(channel_queue_priority, priority_ops, WAITS_USER);

const struct mech mech_channel_queue_priority = {
	CHANNEL_COMMON(channel_queue_priority, priority_ops, WAITS_USER),
	.name = "channel/queue-priority",
	.summary = "bounded binary heap, lowest first: one mutex, two condition variables",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS_IN,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.bounded = true,
			.order = ORDER_PRIORITY,
			.path = QUEUE_PATH,
		},
	.shared_bytes = priority_bytes,
	.setup = priority_setup,
	.teardown = queue_teardown,
};
