/*
 * channel/queue-fifo - the textbook bounded queue: a ring of slots under one
 * mutex and two condition variables.
 *
 * One op copies a message into (or out of) the queue while holding the mutex,
 * and signals one sleeper of the other side.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/queue.h"

ALWAYS_INLINE enum result fifo_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	return queue_put(p, p->link->shared, msg, len, how);
}

ALWAYS_INLINE enum result fifo_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	return queue_take(p, p->link->shared, msg, room, len, how);
}

static const struct channel_ops fifo_ops = {
	.send = fifo_send,
	.recv = fifo_recv,
	.close = queue_close,
	.length = queue_length,
};
CHANNEL_STAMP(channel_queue_fifo, fifo_ops, WAITS_USER);

const struct mech mech_channel_queue_fifo = {
	CHANNEL_COMMON(channel_queue_fifo, fifo_ops, WAITS_USER),
	.name = "channel/queue-fifo",
	.summary = "bounded queue: one mutex, two condition variables",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.path = QUEUE_PATH,
		},
	QUEUE_LINK,
};
