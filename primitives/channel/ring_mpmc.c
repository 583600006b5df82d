/*
 * channel/ring-mpmc - a bounded ring for any number of senders and receivers,
 * after Dmitry Vyukov's bounded MPMC queue.
 *
 * Each cell has a sequence number that says whose turn it is: equal to the
 * position, it is a sender's; one more, a receiver's.  A side claims a position
 * by compare and swap on its index, copies, and hands the cell on by a release
 * store of the sequence, which pairs with the acquire load of the next owner.
 * A sender that stops between the two keeps the receivers of that cell waiting:
 * nobody locks, but it is not lock-free in the strict sense.
 */
#include <errno.h>

#define STAMP_FOLDS 1 /* who stays awake needs no wake-up */
#include "harness/family/channel.h"
#include "primitives/channel/parts/slots.h"

struct cell {
	atomic_u64 turn;
	uint64_t len;
	uint8_t msg[];
};

struct mpmc {
	OWN_STRIDE atomic_u64 tail; /* next position to send into */
	OWN_STRIDE atomic_u64 head; /* next position to receive from */
	OWN_STRIDE struct eventcount not_empty;
	OWN_STRIDE struct eventcount not_full;
	OWN_STRIDE uint8_t cells[];
};

ALWAYS_INLINE size_t mpmc_stride(const struct link *l)
{
	return ROUND_UP(sizeof(struct cell) + (size_t)l->msg_bytes, 8);
}

static size_t mpmc_bytes(const struct link *l)
{
	return sizeof(struct mpmc) + mpmc_stride(l) * l->capacity;
}

static const char *mpmc_fits(const struct link *l)
{
	if (l->capacity < 2 || (l->capacity & (l->capacity - 1)) != 0)
		return "capacity: must be a power of two, two or more";
	return NULL;
}

ALWAYS_INLINE struct cell *mpmc_cell(const struct link *l, struct mpmc *q, uint64_t position)
{
	size_t i = (size_t)(position & (l->capacity - 1));

	return (struct cell *)(void *)(q->cells + i * mpmc_stride(l));
}

static int mpmc_setup(struct link *l)
{
	struct mpmc *q = l->shared;

	sync_eventcount_init(l, &q->not_empty);
	sync_eventcount_init(l, &q->not_full);
	for (uint32_t i = 0; i < l->capacity; i++)
		store_relaxed(&mpmc_cell(l, q, i)->turn, i);
	return 0;
}

ALWAYS_INLINE bool mpmc_sleeps(struct how how)
{
	return how.wait == WAIT_BLOCK || how.wait == WAIT_SPIN_BLOCK;
}

/*
 * Claim a position on *index whose cell has its turn at position + lead.  NULL:
 * full, or empty.
 */
ALWAYS_INLINE struct cell *mpmc_claim(
	const struct link *l, struct mpmc *q, atomic_u64 *index, uint64_t lead, uint64_t *position)
{
	uint64_t at = load_relaxed(index);

	for (;;) {
		struct cell *c = mpmc_cell(l, q, at);
		int64_t ahead = (int64_t)(load_seq(&c->turn) - (at + lead));

		if (ahead < 0)
			return NULL;
		if (ahead > 0)
			at = load_relaxed(index); /* somebody was faster */
		else if (cas_acq_rel(index, &at, at + 1)) {
			*position = at;
			return c;
		}
	}
}

/*
 * Cells become ready out of order.  Who was woken for a later one found the
 * first not ready, and sleeps again: who makes the first one ready wakes for all
 * that follow it without a gap.  `turn` is that of the cell at `at`.
 */
COLD static void mpmc_wake(
	const struct link *l, struct mpmc *q, struct eventcount *e, uint64_t at, uint64_t turn)
{
	uint32_t ready = 1;

	while (ready < l->capacity && load_seq(&mpmc_cell(l, q, at + ready)->turn) == turn + ready)
		ready++;
	eventcount_notify(e, ready);
}

/* Hand the cell at a position to the other side. */
ALWAYS_INLINE void mpmc_pass(const struct link *l, struct mpmc *q, uint64_t at, uint64_t turn,
	struct eventcount *e, struct how how)
{
	struct cell *c = mpmc_cell(l, q, at);

	if (mpmc_sleeps(how)) {
		store_seq(&c->turn, turn);
		if (UNLIKELY(load_seq(&e->waiters) != 0))
			mpmc_wake(l, q, e, at, turn);
	} else {
		store_release(&c->turn, turn);
	}
}

/* Claim, waiting as `how` says.  The result is OP_DONE with *c set, or why not. */
ALWAYS_INLINE enum result mpmc_await(struct port *p, struct mpmc *q, atomic_u64 *index,
	uint64_t lead, struct eventcount *ec, enum role peer, struct how how, struct cell **c,
	uint64_t *position)
{
	const struct link *l = p->link;
	uint32_t spins = 0, key;
	enum result r;

	while (!(*c = mpmc_claim(l, q, index, lead, position))) {
		if (link_open_ports(l, peer) == 0) { /* it published before it left */
			*c = mpmc_claim(l, q, index, lead, position);
			return *c ? OP_DONE : OP_CLOSED;
		}
		if (wait_gives_up(p, how, &r))
			return r;
		if (wait_spins(how, &spins))
			continue;
		POINT(p, how, BLOCKED);
		key = eventcount_prepare(ec);
		*c = mpmc_claim(l, q, index, lead, position);
		if (*c || link_open_ports(l, peer) == 0)
			eventcount_cancel(ec);
		else
			eventcount_wait(ec, key, wait_deadline(p, how));
		if (*c)
			return OP_DONE;
	}
	return OP_DONE;
}

ALWAYS_INLINE enum result mpmc_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct mpmc *q = l->shared;
	struct cell *c;
	uint64_t position;

	if (!slots_fits(p, len))
		return OP_ERROR;
	c = mpmc_claim(l, q, &q->tail, 0, &position);
	if (UNLIKELY(!c)) {
		enum result r;

		p->full_waits++;
		r = mpmc_await(p, q, &q->tail, 0, &q->not_full, ROLE_RECEIVER, how, &c, &position);
		if (r != OP_DONE)
			return r;
	}
	POINT(p, how, MID_WRITE);
	c->len = len;
	copy_message(c->msg, msg, len);
	POINT(p, how, BEFORE_PUBLISH);
	mpmc_pass(l, q, position, position + 1, &q->not_empty, how);
	return OP_DONE;
}

/*
 * Whether a message fits the receiver's room must be known before it is
 * claimed: all messages are at most msg_bytes, a smaller room is looked at twice.
 */
ALWAYS_INLINE bool mpmc_too_large(struct port *p, struct mpmc *q, uint32_t room)
{
	uint64_t at = load_relaxed(&q->head);
	struct cell *c = mpmc_cell(p->link, q, at);

	if (load_acquire(&c->turn) != at + 1 || c->len <= room)
		return false;
	p->err = -EMSGSIZE;
	return true;
}

ALWAYS_INLINE enum result mpmc_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	struct mpmc *q = l->shared;
	struct cell *c;
	uint64_t position;

	if (UNLIKELY(room < l->msg_bytes) && mpmc_too_large(p, q, room))
		return OP_ERROR;
	c = mpmc_claim(l, q, &q->head, 1, &position);
	if (UNLIKELY(!c)) {
		enum result r;

		p->empty_waits++;
		r = mpmc_await(p, q, &q->head, 1, &q->not_empty, ROLE_SENDER, how, &c, &position);
		if (r != OP_DONE)
			return r;
	}
	POINT(p, how, MID_READ);
	*len = (uint32_t)c->len;
	copy_message(msg, c->msg, *len);
	POINT(p, how, BEFORE_RELEASE);
	mpmc_pass(l, q, position, position + l->capacity, &q->not_full, how);
	return OP_DONE;
}

static void mpmc_close(struct port *p)
{
	struct mpmc *q = p->link->shared;

	eventcount_notify(&q->not_empty, UINT32_MAX);
	eventcount_notify(&q->not_full, UINT32_MAX);
}

static const struct channel_ops mpmc_ops = {
	.send = mpmc_send,
	.recv = mpmc_recv,
	.close = mpmc_close,
};
CHANNEL_STAMP(channel_ring_mpmc, mpmc_ops, WAITS_USER);

const struct mech mech_channel_ring_mpmc = {
	CHANNEL_COMMON(channel_ring_mpmc, mpmc_ops, WAITS_USER),
	.name = "channel/ring-mpmc",
	.summary = "bounded ring for many senders and receivers, without locks",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.limits = "capacity: a power of two, two or more",
			.path = PATH_ATOMICS_EACH(1), /* claims a position */
			.cost_of_wait =
				"block: one sequentially consistent store and one load per message",
		},
	.shared_bytes = mpmc_bytes,
	.fits = mpmc_fits,
	.setup = mpmc_setup,
};
