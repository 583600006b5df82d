/*
 * selftest/late - a queue whose senders hold up one message in
 * SELFTEST_LATE_EVERY by SELFTEST_LATE_NS.
 *
 * The two ends do so half a period apart, so that twice as many round trips are
 * late, each once.  empty_waits: how many round trips took SELFTEST_LATE_SEEN_NS or
 * more by the second clock; full_waits: nanoseconds of those of them that took less
 * than SELFTEST_LATE_MORE_NS, which nothing but the mechanism held up.
 */
#include "harness/family/channel.h"
#include "primitives/selftest/parts/pair.h"

struct late {
	struct stopwatch watch;
	uint64_t seen, held_ns;
};

ALWAYS_INLINE bool late_now(struct port *p, struct late *s)
{
	uint64_t at = pair_asks(p) ? 0 : SELFTEST_LATE_EVERY / 2;

	return ++s->watch.calls % SELFTEST_LATE_EVERY == at;
}

ALWAYS_INLINE enum result late_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct late *s = p->local;

	if (pair_asks(p) && p->full_waits == 0 && p->empty_waits == 0)
		s->seen = s->held_ns = 0;
	stopwatch_start(p, &s->watch);
	if (UNLIKELY(late_now(p, s)))
		second_spin(s->watch.began_ns, SELFTEST_LATE_NS);
	return pair_send(p, msg, len, how);
}

ALWAYS_INLINE enum result late_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	enum result r = pair_recv(p, msg, room, len, how);
	struct late *s = p->local;
	uint64_t lap;

	if (r != OP_DONE)
		return r;
	lap = stopwatch_stop(&s->watch);
	s->seen += lap >= SELFTEST_LATE_SEEN_NS;
	s->held_ns += lap >= SELFTEST_LATE_SEEN_NS && lap < SELFTEST_LATE_MORE_NS ? lap : 0;
	pair_tell(p, s->held_ns, s->seen);
	return OP_DONE;
}

static const struct channel_ops late_ops = {
	.send = late_send,
	.recv = late_recv,
	.close = pair_close,
};
CHANNEL_STAMP(selftest_late, late_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_late = {
	CHANNEL_COMMON(selftest_late, late_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/late",
	.summary = "a queue that holds up every 1000th message of a sender by 1 ms",
	PAIR_DESCRIPTOR,
	.local_bytes = sizeof(struct late),
};
