/*
 * selftest/duplicate - a queue that sends a message twice.
 */
#include "harness/family/channel.h"
#include "primitives/selftest/parts/faulty.h"

ALWAYS_INLINE enum result duplicate_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	bool twice = faulty_now(p);
	enum result r = faulty_put(p, msg, len, how);

	if (UNLIKELY(twice && r == OP_DONE))
		r = faulty_put(p, msg, len, how);
	return r;
}

static const struct channel_ops duplicate_ops = {
	.send = duplicate_send,
	.recv = faulty_recv,
	.close = faulty_close,
};
CHANNEL_STAMP(selftest_duplicate, duplicate_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_duplicate = {
	CHANNEL_COMMON(selftest_duplicate, duplicate_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/duplicate",
	.summary = "a queue that sends every 256th message of a sender twice",
	FAULTY_DESCRIPTOR,
};
