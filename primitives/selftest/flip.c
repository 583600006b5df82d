/*
 * selftest/flip - a queue that changes one bit of a message: in its first byte,
 * and the next time in its last.
 */
#include "harness/family/channel.h"
#include "primitives/selftest/parts/faulty.h"

ALWAYS_INLINE enum result flip_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct faulty *f = p->local;

	if (LIKELY(!faulty_now(p)))
		return faulty_put(p, msg, len, how);
	faulty_keep(f, msg, len);
	f->kept[f->calls / SELFTEST_FAULT_EVERY % 2 ? f->kept_len - 1 : 0] ^= 0x10;
	return faulty_put(p, f->kept, f->kept_len, how);
}

static const struct channel_ops flip_ops = {
	.send = flip_send,
	.recv = faulty_recv,
	.close = faulty_close,
};
CHANNEL_STAMP(selftest_flip, flip_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_flip = {
	CHANNEL_COMMON(selftest_flip, flip_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/flip",
	.summary = "a queue that flips a bit in every 256th message of a sender",
	FAULTY_DESCRIPTOR,
};
