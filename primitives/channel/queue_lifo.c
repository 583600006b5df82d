/*
 * channel/queue-lifo - a bounded stack: last in, first out, under one mutex and two
 * condition variables.
 *
 * As channel/queue-fifo, but put and taken at the same end.  A sentinel goes below
 * everything that is there: it cannot overtake what it ends.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/queue.h"

ALWAYS_INLINE enum result lifo_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	return queue_put_in(p, p->link->shared, ORDER_LIFO, msg, len, how);
}

ALWAYS_INLINE enum result lifo_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	return queue_take_from(p, p->link->shared, ORDER_LIFO, msg, room, len, how);
}

static const struct channel_ops lifo_ops = {
	.send = lifo_send,
	.recv = lifo_recv,
	.close = queue_close,
	.length = queue_length,
};
CHANNEL_STAMP(channel_queue_lifo, lifo_ops, WAITS_USER);

const struct mech mech_channel_queue_lifo = {
	CHANNEL_COMMON(channel_queue_lifo, lifo_ops, WAITS_USER),
	.name = "channel/queue-lifo",
	.summary = "bounded stack, last in first out: one mutex, two condition variables",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS_IN,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.bounded = true,
			.order = ORDER_LIFO,
			.path = QUEUE_PATH,
		},
	QUEUE_LINK,
};
