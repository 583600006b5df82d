/*
 * channel/memcpy - each message is copied once on each side, and nothing is
 * handed over: the floor of what a copying channel can reach.
 *
 * One op copies the message between the worker's buffer and a buffer of the
 * port's own.  The two sides never meet, so there is no evidence but the count
 * and it is never ranked.
 */
#define STAMP_FOLDS 1 /* an operation is a copy */
#include "harness/family/channel.h"

static size_t copy_bytes(const struct link *l)
{
	return (size_t)l->msg_bytes * (l->senders + l->receivers);
}

/* A buffer per port: senders first. */
ALWAYS_INLINE uint8_t *copy_buffer(const struct port *p)
{
	const struct link *l = p->link;
	uint32_t i = p->role == ROLE_SENDER ? p->index : l->senders + p->index;

	return (uint8_t *)l->shared + (size_t)i * l->msg_bytes;
}

ALWAYS_INLINE enum result copy_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	(void)how;
	copy_message(copy_buffer(p), msg, len);
	__asm__ volatile("" ::: "memory");
	return OP_DONE;
}

ALWAYS_INLINE enum result copy_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	(void)how;
	copy_message(msg, copy_buffer(p), room);
	__asm__ volatile("" ::: "memory");
	*len = room;
	return OP_DONE;
}

static const struct channel_ops copy_ops = {
	.send = copy_send,
	.recv = copy_recv,
};
CHANNEL_STAMP(channel_memcpy, copy_ops, BIT(WAIT_BLOCK) | AWAITS);

const struct mech mech_channel_memcpy = {
	CHANNEL_COMMON(channel_memcpy, copy_ops, BIT(WAIT_BLOCK) | AWAITS),
	.name = "channel/memcpy",
	.summary = "one copy a side, nothing handed over: what copying costs",
	.flags = MECH_FLOOR | MECH_NO_EVIDENCE,
	.contract =
		{
			.reach = REACH_ANY,
			.unit = UNIT_MESSAGE,
			.order = ORDER_NONE,
			.end_seen = "never",
			.survives = SURVIVE_YES,
			.peer_dies = PEER_UNNEEDED,
			.copies = 2,
		},
	.shared_bytes = copy_bytes,
};
