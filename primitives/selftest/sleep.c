/*
 * selftest/sleep - a send that first sleeps SELFTEST_SLEEP_NS, at either end.
 *
 * full_waits: nanoseconds of all round trips by the second clock; empty_waits:
 * the longest of them.
 */
#include "harness/family/channel.h"
#include "primitives/selftest/parts/pair.h"

struct sleeper {
	struct stopwatch watch;
	uint64_t longest_ns;
};

ALWAYS_INLINE enum result sleep_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct timespec ts = {.tv_nsec = SELFTEST_SLEEP_NS};
	struct sleeper *s = p->local;

	if (pair_asks(p) && p->full_waits == 0 && p->empty_waits == 0)
		s->longest_ns = 0;
	stopwatch_start(p, &s->watch);
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
	return pair_send(p, msg, len, how);
}

ALWAYS_INLINE enum result sleep_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	enum result r = pair_recv(p, msg, room, len, how);
	struct sleeper *s = p->local;
	uint64_t lap;

	if (r != OP_DONE)
		return r;
	lap = stopwatch_stop(&s->watch);
	s->longest_ns = lap > s->longest_ns ? lap : s->longest_ns;
	pair_tell(p, s->watch.sum_ns, s->longest_ns);
	return OP_DONE;
}

static const struct channel_ops sleep_ops = {
	.send = sleep_send,
	.recv = sleep_recv,
	.close = pair_close,
};
CHANNEL_STAMP(selftest_sleep, sleep_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_sleep = {
	CHANNEL_COMMON(selftest_sleep, sleep_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/sleep",
	.summary = "a queue whose senders sleep 500 us before each message",
	PAIR_DESCRIPTOR,
	.local_bytes = sizeof(struct sleeper),
};
