/*
 * faulty.h - a bounded queue and the moment at which a self-test mechanism does
 * wrong: at every SELFTEST_FAULT_EVERY-th message of each sender.
 */
#ifndef PRIMITIVES_SELFTEST_PARTS_FAULTY_H
#define PRIMITIVES_SELFTEST_PARTS_FAULTY_H

#include "primitives/channel/parts/queue.h"
#include "primitives/selftest.h"

struct faulty {
	uint64_t calls;
	uint32_t kept_len, behind;    /* selftest/swap: what waits, and for how many others */
	uint8_t kept[SELFTEST_BYTES]; /* a copy of a message */
};

static int faulty_setup(struct link *l)
{
	return queue_init(l, l->shared);
}

static const char *faulty_fits(const struct link *l)
{
	return l->msg_bytes <= SELFTEST_BYTES
		       ? NULL
		       : "messages of the self-test have at most 64 bytes (SELFTEST_BYTES)";
}

static void faulty_teardown(struct link *l)
{
	queue_destroy(l->shared);
}

static void faulty_close(struct port *p)
{
	queue_wake_all(p->link->shared);
}

/* Is it this message that goes wrong? */
ALWAYS_INLINE bool faulty_now(struct port *p)
{
	struct faulty *f = p->local;

	return f->calls++ % SELFTEST_FAULT_EVERY == SELFTEST_FAULT_AT;
}

/* fits() has seen to it that there is room. */
ALWAYS_INLINE void faulty_keep(struct faulty *f, const uint8_t *msg, uint32_t len)
{
	f->kept_len = len < SELFTEST_BYTES ? len : SELFTEST_BYTES;
	memcpy(f->kept, msg, f->kept_len);
}

ALWAYS_INLINE enum result faulty_put(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	return queue_put(p, p->link->shared, msg, len, how);
}

ALWAYS_INLINE enum result faulty_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	return queue_take(p, p->link->shared, msg, room, len, how);
}

/* What these promise, and do not keep. */
#define FAULTY_DESCRIPTOR                                                                          \
	.flags = MECH_COUNTS_WAITS, .contract = {.reach = REACH_ANY, CONTRACT_SLOTS},              \
	.local_bytes = sizeof(struct faulty), .shared_bytes = queue_bytes, .fits = faulty_fits,    \
	.setup = faulty_setup, .teardown = faulty_teardown

#endif
