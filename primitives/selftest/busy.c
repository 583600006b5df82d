/*
 * selftest/busy - a send that takes SELFTEST_BUSY_NS of work; nothing is handed
 * over.
 *
 * One op spins on the second clock.  full_waits: nanoseconds from the first send
 * of the stretch to the last one's end.  empty_waits: the thread's CPU time over
 * the same, read at every CPU_EVERY-th send, as that is a system call; not at
 * one that the loops stamp, where they stamp one in STAMP_EVERY.
 */
#include "harness/family/channel.h"
#include "primitives/selftest/parts/second.h"

enum { CPU_EVERY = 16 };

_Static_assert(STAMP_EVERY % CPU_EVERY == 0, "sends 0, 64 ... are stamped, 15, 31 ... are not");

struct busy {
	uint64_t calls, began_ns, began_cpu_ns;
};

ALWAYS_INLINE enum result busy_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct busy *b = p->local;
	uint64_t begin = second_ns();

	(void)how;
	(void)len;
	__asm__ volatile("" ::"r"(msg) : "memory");
	if (p->role != ROLE_SENDER) /* the other side of a round trip does nothing */
		return OP_DONE;
	if (p->full_waits == 0)
		*b = (struct busy){.began_ns = begin, .began_cpu_ns = second_cpu_ns()};
	p->full_waits = second_spin(begin, SELFTEST_BUSY_NS) - b->began_ns;
	if (++b->calls % CPU_EVERY == 0)
		p->empty_waits = second_cpu_ns() - b->began_cpu_ns;
	return OP_DONE;
}

ALWAYS_INLINE enum result busy_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	(void)how;
	(void)p;
	__asm__ volatile("" ::"r"(msg) : "memory");
	*len = room;
	return OP_DONE;
}

static const struct channel_ops busy_ops = {
	.send = busy_send,
	.recv = busy_recv,
};
CHANNEL_STAMP(selftest_busy, busy_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_busy = {
	CHANNEL_COMMON(selftest_busy, busy_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/busy",
	.summary = "a send works for 10 us; nothing is handed over",
	.flags = MECH_NO_EVIDENCE | MECH_COUNTS_WAITS,
	.max_senders = 1,
	.max_receivers = 1,
	.contract =
		{
			.reach = REACH_ANY,
			.unit = UNIT_MESSAGE,
			.duplex = true,
			.end_seen = "never",
			.survives = SURVIVE_YES,
			.peer_dies = PEER_UNNEEDED,
		},
	.local_bytes = sizeof(struct busy),
};
