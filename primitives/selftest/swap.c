/*
 * selftest/swap - a queue in which a message changes places with the next one of
 * its sender.
 *
 * With several receivers SELFTEST_SWAP_BEHIND others go first: neighbours that
 * two receivers take are in no order that anybody could see.
 */
#include "harness/family/channel.h"
#include "primitives/selftest/parts/faulty.h"

ALWAYS_INLINE enum result swap_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct faulty *f = p->local;
	enum result r;

	if (UNLIKELY(faulty_now(p))) {
		f->behind = p->link->receivers > 1 ? SELFTEST_SWAP_BEHIND : 1;
		faulty_keep(f, msg, len);
		return OP_DONE;
	}
	r = faulty_put(p, msg, len, how);
	if (LIKELY(f->behind == 0) || r != OP_DONE || --f->behind > 0)
		return r;
	return faulty_put(p, f->kept, f->kept_len, how);
}

static const struct channel_ops swap_ops = {
	.send = swap_send,
	.recv = faulty_recv,
	.close = faulty_close,
};
CHANNEL_STAMP(selftest_swap, swap_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_swap = {
	CHANNEL_COMMON(selftest_swap, swap_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/swap",
	.summary = "a queue that swaps every 256th message of a sender with the next",
	FAULTY_DESCRIPTOR,
};
