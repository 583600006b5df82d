/*
 * channel/ring-spsc - a ring for one sender and one receiver, without locks.
 *
 * Each side owns one index and keeps a copy of the other's, re-read only when
 * the copy says full or empty: most operations touch one shared line.  The
 * release store of an index pairs with the acquire load of it on the other
 * side: who sees the index sees the slot.
 *
 * wait=block and spin-then-block sleep on an event count.  That costs the other
 * side a sequentially consistent store (instead of a release) and one load per
 * message.  wait=spin and yield cost it nothing.
 */
#include <errno.h>

#define STAMP_FOLDS 1 /* who stays awake needs no wake-up */
#include "harness/family/channel.h"
#include "primitives/channel/parts/slots.h"

struct ring {
	OWN_STRIDE atomic_u64 tail; /* messages ever published; the sender's */
	OWN_STRIDE atomic_u64 head; /* messages ever taken; the receiver's */
	OWN_STRIDE struct eventcount not_empty;
	OWN_STRIDE struct eventcount not_full;
	OWN_STRIDE uint8_t slots[];
};

/* One side's private view: everything that an operation needs, in one place. */
struct ring_end {
	struct ring *ring;
	uint64_t index; /* own index */
	uint64_t limit; /* index at which the copy of the other one says full or empty */
	uint32_t slack; /* limit minus the other index: capacity, or nothing */
	uint32_t msg_bytes;
	struct slots_cursor slot; /* of `index` */
};

static size_t ring_bytes(const struct link *l)
{
	return sizeof(struct ring) + slots_bytes(l);
}

static int ring_setup(struct link *l)
{
	struct ring *ring = l->shared;

	sync_eventcount_init(l, &ring->not_empty);
	sync_eventcount_init(l, &ring->not_full);
	return 0;
}

static int ring_attach(struct port *p)
{
	const struct link *l = p->link;
	struct ring_end *e = p->local;
	bool sender = p->role == ROLE_SENDER;

	e->ring = l->shared;
	e->slack = sender ? l->capacity : 0;
	e->msg_bytes = l->msg_bytes;
	e->index = load_acquire(sender ? &e->ring->tail : &e->ring->head);
	e->limit = load_acquire(sender ? &e->ring->head : &e->ring->tail) + e->slack;
	slots_start(&e->slot, e->ring->slots, l, (uint32_t)(e->index % l->capacity));
	return 0;
}

ALWAYS_INLINE bool ring_sleeps(struct how how)
{
	return how.wait == WAIT_BLOCK || how.wait == WAIT_SPIN_BLOCK;
}

ALWAYS_INLINE void ring_publish(atomic_u64 *index, uint64_t v, struct eventcount *e, struct how how)
{
	if (ring_sleeps(how)) {
		store_seq(index, v);
		eventcount_notify(e, 1);
	} else {
		store_release(index, v);
	}
}

/* Look at the other side's index.  True: there is room, or a message. */
ALWAYS_INLINE bool ring_look(struct ring_end *e, const atomic_u64 *other)
{
	e->limit = load_seq(other) + e->slack;
	return e->limit != e->index;
}

/* Wait until the other side has moved. */
ALWAYS_INLINE enum result ring_wait(struct port *p, struct ring_end *e, const atomic_u64 *other,
	struct eventcount *ec, enum role peer, struct how how)
{
	uint32_t spins = 0, key;
	enum result r;

	while (!ring_look(e, other)) {
		if (link_open_ports(p->link, peer) == 0) /* it published before it left */
			return ring_look(e, other) ? OP_DONE : OP_CLOSED;
		if (wait_gives_up(p, how, &r))
			return r;
		if (wait_spins(how, &spins))
			continue;
		POINT(p, how, BLOCKED);
		key = eventcount_prepare(ec);
		if (ring_look(e, other) || link_open_ports(p->link, peer) == 0)
			eventcount_cancel(ec);
		else
			eventcount_wait(ec, key, wait_deadline(p, how));
	}
	return OP_DONE;
}

ALWAYS_INLINE enum result ring_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct ring_end *e = p->local;
	struct ring *ring = e->ring;

	if (UNLIKELY(len > e->msg_bytes)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	if (UNLIKELY(e->index == e->limit) && !ring_look(e, &ring->head)) {
		enum result r;

		p->full_waits++;
		r = ring_wait(p, e, &ring->head, &ring->not_full, ROLE_RECEIVER, how);
		if (r != OP_DONE)
			return r;
	}
	POINT(p, how, MID_WRITE);
	slots_put(slots_here(&e->slot), msg, len);
	slots_step(&e->slot);
	e->index++;
	POINT(p, how, BEFORE_PUBLISH);
	ring_publish(&ring->tail, e->index, &ring->not_empty, how);
	return OP_DONE;
}

ALWAYS_INLINE enum result ring_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct ring_end *e = p->local;
	struct ring *ring = e->ring;
	struct slot *s;

	if (UNLIKELY(e->index == e->limit) && !ring_look(e, &ring->tail)) {
		enum result r;

		p->empty_waits++;
		r = ring_wait(p, e, &ring->tail, &ring->not_empty, ROLE_SENDER, how);
		if (r != OP_DONE)
			return r;
	}
	s = slots_here(&e->slot);
	if (!slots_room(p, s, room))
		return OP_ERROR;
	POINT(p, how, MID_READ);
	*len = slots_take(s, msg);
	slots_step(&e->slot);
	e->index++;
	POINT(p, how, BEFORE_RELEASE);
	ring_publish(&ring->head, e->index, &ring->not_full, how);
	return OP_DONE;
}

/* The count of open ports has changed: let a sleeper look again. */
static void ring_close(struct port *p)
{
	struct ring *ring = p->link->shared;

	eventcount_notify(&ring->not_empty, UINT32_MAX);
	eventcount_notify(&ring->not_full, UINT32_MAX);
}

static const struct channel_ops ring_ops = {
	.send = ring_send,
	.recv = ring_recv,
	.close = ring_close,
};
CHANNEL_STAMP(channel_ring_spsc, ring_ops, WAITS_USER);

const struct mech mech_channel_ring_spsc = {
	CHANNEL_COMMON(channel_ring_spsc, ring_ops, WAITS_USER),
	.name = "channel/ring-spsc",
	.summary = "lock-free ring for one sender and one receiver",
	.flags = MECH_COUNTS_WAITS,
	.max_senders = 1,
	.max_receivers = 1,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.cost_of_wait =
				"block: one sequentially consistent store and one load per message",
		},
	.local_bytes = sizeof(struct ring_end),
	.shared_bytes = ring_bytes,
	.setup = ring_setup,
	.attach = ring_attach,
};
