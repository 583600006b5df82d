/*
 * selftest/drop - a queue that says it has sent a message, and has not.
 */
#include "harness/family/channel.h"
#include "primitives/selftest/parts/faulty.h"

ALWAYS_INLINE enum result drop_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	if (UNLIKELY(faulty_now(p)))
		return OP_DONE;
	return faulty_put(p, msg, len, how);
}

static const struct channel_ops drop_ops = {
	.send = drop_send,
	.recv = faulty_recv,
	.close = faulty_close,
};
CHANNEL_STAMP(selftest_drop, drop_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_drop = {
	CHANNEL_COMMON(selftest_drop, drop_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/drop",
	.summary = "a queue that drops every 256th message of a sender",
	FAULTY_DESCRIPTOR,
};
