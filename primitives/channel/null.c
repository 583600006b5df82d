/*
 * channel/null - nothing is handed over: the floor of the channel loops.
 *
 * One op is a compiler barrier.  What a row shows is the price of the loop
 * itself: stamping the message, claiming, reading the clock.  There is no
 * evidence but the count, so it is never ranked.  It is also the shortest
 * example of a mechanism.
 */
#define STAMP_FOLDS 1 /* an operation is nothing */
#include "harness/family/channel.h"

ALWAYS_INLINE enum result null_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	(void)how;
	(void)p;
	(void)len;
	__asm__ volatile("" ::"r"(msg) : "memory");
	return OP_DONE;
}

ALWAYS_INLINE enum result null_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	(void)how;
	(void)p;
	__asm__ volatile("" ::"r"(msg) : "memory");
	*len = room;
	return OP_DONE;
}

static const struct channel_ops null_ops = {
	.send = null_send,
	.recv = null_recv,
};
CHANNEL_STAMP(channel_null, null_ops, BIT(WAIT_BLOCK) | AWAITS);

const struct mech mech_channel_null = {
	CHANNEL_COMMON(channel_null, null_ops, BIT(WAIT_BLOCK) | AWAITS),
	.name = "channel/null",
	.summary = "nothing is handed over: what the loops themselves cost",
	.flags = MECH_FLOOR | MECH_NO_EVIDENCE,
	.contract =
		{
			.reach = REACH_ANY,
			.unit = UNIT_MESSAGE,
			.order = ORDER_NONE,
			.end_seen = "never",
			.survives = SURVIVE_YES,
			.peer_dies = PEER_UNNEEDED,
		},
};
