/*
 * pair.h - there and back for the self-test: two queues in one link, and the
 * asker's stopwatch from its send to the reply.
 *
 * The port in the sender's role asks, the one in the receiver's role answers.
 */
#ifndef PRIMITIVES_SELFTEST_PARTS_PAIR_H
#define PRIMITIVES_SELFTEST_PARTS_PAIR_H

#include "primitives/channel/parts/queue.h"
#include "primitives/selftest/parts/second.h"

struct stopwatch {
	uint64_t began_ns;
	uint64_t sum_ns; /* of all round trips */
	uint64_t calls;  /* messages sent by this port */
};

static inline size_t pair_stride(const struct link *l)
{
	return ROUND_UP(queue_bytes(l), WORKER_STRIDE);
}

static inline size_t pair_bytes(const struct link *l)
{
	return 2 * pair_stride(l);
}

/* Way 0 leads from the asker to the other, way 1 back. */
ALWAYS_INLINE struct queue *pair_way(const struct link *l, unsigned way)
{
	return (struct queue *)(void *)((char *)l->shared + way * pair_stride(l));
}

static int pair_setup(struct link *l)
{
	int err = queue_init(l, pair_way(l, 0));

	return err ? err : queue_init(l, pair_way(l, 1));
}

static void pair_close(struct port *p)
{
	queue_wake_all(pair_way(p->link, 0));
	queue_wake_all(pair_way(p->link, 1));
}

static void pair_teardown(struct link *l)
{
	if (!l->shared)
		return;
	queue_destroy(pair_way(l, 0));
	queue_destroy(pair_way(l, 1));
}

ALWAYS_INLINE enum result pair_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	return queue_put(p, pair_way(p->link, p->role == ROLE_RECEIVER), msg, len, how);
}

ALWAYS_INLINE enum result pair_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	return queue_take(p, pair_way(p->link, p->role == ROLE_SENDER), msg, room, len, how);
}

ALWAYS_INLINE bool pair_asks(const struct port *p)
{
	return p->role == ROLE_SENDER;
}

/* The first send of a stretch finds both counters at 0. */
ALWAYS_INLINE void stopwatch_start(struct port *p, struct stopwatch *s)
{
	if (p->full_waits == 0 && p->empty_waits == 0)
		*s = (struct stopwatch){.calls = s->calls};
	s->began_ns = second_ns();
}

ALWAYS_INLINE uint64_t stopwatch_stop(struct stopwatch *s)
{
	uint64_t lap = second_ns() - s->began_ns;

	s->sum_ns += lap;
	return lap;
}

/* Instead of the waits, which the queue has counted. */
ALWAYS_INLINE void pair_tell(struct port *p, uint64_t full, uint64_t empty)
{
	p->full_waits = pair_asks(p) ? full : 0;
	p->empty_waits = pair_asks(p) ? empty : 0;
}

#define PAIR_DESCRIPTOR                                                                            \
	.flags = MECH_COUNTS_WAITS, .max_senders = 1, .max_receivers = 1,                          \
	.contract = {.reach = REACH_ANY, .duplex = true, CONTRACT_SLOTS},                          \
	.shared_bytes = pair_bytes, .setup = pair_setup, .teardown = pair_teardown

#endif
