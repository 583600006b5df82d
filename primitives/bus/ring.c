/*
 * bus/ring - one ring that all subscribers read, each at a cursor of its own.
 *
 * A publisher claims a position by compare and swap on the tail, as long as the slowest
 * subscriber is less than a ring behind it; writes the slot; and publishes it by a
 * release store of the slot's number, which pairs with the acquire load of each
 * subscriber.  A subscriber copies, then moves its cursor by a release store, which pairs
 * with the acquire load of a publisher that looks for the slowest one.  Publishers keep
 * the last answer to that and look again only when it says full.
 *
 * A subscriber that leaves no longer holds anybody back.  wait=block and
 * spin-then-block sleep on event counts: sequentially consistent stores instead of
 * release, and one load per message on either side.
 */
#include <errno.h>

#define STAMP_FOLDS 1 /* who stays awake needs no wake-up */
#include "harness/family/bus.h"

struct ring_slot {
	atomic_u64 number; /* of the message in it, plus one */
	uint64_t len;
	uint8_t msg[];
};

struct ring_cursor {
	OWN_STRIDE atomic_u64 next; /* message that this subscriber reads next */
};

enum { LEFT = -1 }; /* as a cursor: never behind */

struct bus_ring {
	OWN_STRIDE atomic_u64 tail; /* positions ever claimed */
	OWN_STRIDE struct eventcount not_empty;
	OWN_STRIDE struct eventcount not_full;
	OWN_STRIDE struct ring_cursor cursor[];
};

/* A port's own view. */
struct ring_end {
	uint64_t next;            /* subscriber: what it reads next */
	uint64_t slowest;         /* publisher: where the slowest subscriber was, at least */
	uint64_t position, index; /* slot used last */
	uint8_t *slots;
	size_t stride;
};

static size_t ring_stride(const struct link *l)
{
	return ROUND_UP(sizeof(struct ring_slot) + (size_t)l->msg_bytes, 8);
}

static size_t ring_bytes(const struct link *l)
{
	return sizeof(struct bus_ring) + l->receivers * sizeof(struct ring_cursor) +
	       ring_stride(l) * l->capacity;
}

static int ring_setup(struct link *l)
{
	struct bus_ring *ring = l->shared;

	sync_eventcount_init(l, &ring->not_empty);
	sync_eventcount_init(l, &ring->not_full);
	return 0;
}

static int ring_attach(struct port *p)
{
	const struct link *l = p->link;
	struct bus_ring *ring = l->shared;
	struct ring_end *e = p->local;

	e->slots = (uint8_t *)&ring->cursor[l->receivers];
	e->stride = ring_stride(l);
	return 0;
}

ALWAYS_INLINE bool ring_sleeps(struct how how)
{
	return how.wait == WAIT_BLOCK || how.wait == WAIT_SPIN_BLOCK;
}

/* This port's positions only ever grow, mostly by one: it divides once a lap. */
ALWAYS_INLINE struct ring_slot *ring_slot(const struct port *p, uint64_t position)
{
	struct ring_end *e = p->local;

	e->index += position - e->position;
	e->position = position;
	if (UNLIKELY(e->index >= p->link->capacity))
		e->index %= p->link->capacity;
	return (struct ring_slot *)(void *)(e->slots + e->stride * (size_t)e->index);
}

ALWAYS_INLINE void ring_move(atomic_u64 *to, uint64_t v, struct eventcount *e, struct how how)
{
	if (ring_sleeps(how)) {
		store_seq(to, v);
		eventcount_notify(e, UINT32_MAX);
	} else {
		store_release(to, v);
	}
}

/* Look at all cursors.  True: there is room for this position. */
ALWAYS_INLINE bool ring_has_room(struct port *p, uint64_t position)
{
	struct bus_ring *ring = p->link->shared;
	struct ring_end *e = p->local;
	uint64_t least = (uint64_t)LEFT, next;

	if (LIKELY(position - e->slowest < p->link->capacity))
		return true;
	for (uint32_t i = 0; i < p->link->receivers; i++) {
		next = load_seq(&ring->cursor[i].next);
		least = next < least ? next : least;
	}
	if (least == (uint64_t)LEFT) /* nobody: link_open_ports() tells */
		return false;
	e->slowest = least;
	return position < least || position - least < p->link->capacity;
}

/* OP_DONE: look again. */
ALWAYS_INLINE enum result ring_wait_for_room(
	struct port *p, uint64_t position, uint32_t *spins, struct how how)
{
	struct bus_ring *ring = p->link->shared;
	enum result r;
	uint32_t key;

	if (wait_gives_up(p, how, &r))
		return r;
	if (wait_spins(how, spins))
		return OP_DONE;
	POINT(p, how, BLOCKED);
	key = eventcount_prepare(&ring->not_full);
	if (ring_has_room(p, position) || link_open_ports(p->link, ROLE_RECEIVER) == 0)
		eventcount_cancel(&ring->not_full);
	else
		eventcount_wait(&ring->not_full, key, wait_deadline(p, how));
	return OP_DONE;
}

/* A position that is this publisher's to fill. */
ALWAYS_INLINE enum result ring_claim(struct port *p, uint64_t *position, struct how how)
{
	struct bus_ring *ring = p->link->shared;
	uint64_t at = load_relaxed(&ring->tail);
	uint32_t spins = 0;
	bool full = false;
	enum result r;

	for (;;) {
		if (UNLIKELY(link_open_ports(p->link, ROLE_RECEIVER) == 0))
			return OP_CLOSED;
		if (LIKELY(ring_has_room(p, at))) {
			if (cas_acq_rel(&ring->tail, &at, at + 1))
				break;
			continue;
		}
		p->full_waits += !full;
		full = true;
		r = ring_wait_for_room(p, at, &spins, how);
		if (r != OP_DONE)
			return r;
		at = load_relaxed(&ring->tail);
	}
	*position = at;
	return OP_DONE;
}

ALWAYS_INLINE enum result ring_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct bus_ring *ring = p->link->shared;
	struct ring_slot *s;
	uint64_t position;
	enum result r;

	if (UNLIKELY(len > p->link->msg_bytes)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	r = ring_claim(p, &position, how);
	if (UNLIKELY(r != OP_DONE))
		return r;
	POINT(p, how, MID_WRITE);
	s = ring_slot(p, position);
	s->len = len;
	copy_message(s->msg, msg, len);
	POINT(p, how, BEFORE_PUBLISH);
	ring_move(&s->number, position + 1, &ring->not_empty, how);
	return OP_DONE;
}

/* Wait until the slot holds the message that is next. */
ALWAYS_INLINE enum result ring_await(
	struct port *p, const struct ring_slot *s, uint64_t number, struct how how)
{
	struct bus_ring *ring = p->link->shared;
	uint32_t spins = 0, key;
	enum result r;

	while (load_seq(&s->number) != number) {
		if (link_open_ports(p->link, ROLE_SENDER) ==
			0) /* they published before they left */
			return load_seq(&s->number) == number ? OP_DONE : OP_CLOSED;
		if (wait_gives_up(p, how, &r))
			return r;
		if (wait_spins(how, &spins))
			continue;
		POINT(p, how, BLOCKED);
		key = eventcount_prepare(&ring->not_empty);
		if (load_seq(&s->number) == number || link_open_ports(p->link, ROLE_SENDER) == 0)
			eventcount_cancel(&ring->not_empty);
		else
			eventcount_wait(&ring->not_empty, key, wait_deadline(p, how));
	}
	return OP_DONE;
}

ALWAYS_INLINE enum result ring_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct bus_ring *ring = p->link->shared;
	struct ring_end *e = p->local;
	const struct ring_slot *s = ring_slot(p, e->next);

	if (UNLIKELY(load_acquire(&s->number) != e->next + 1)) {
		enum result r;

		p->empty_waits++;
		r = ring_await(p, s, e->next + 1, how);
		if (r != OP_DONE)
			return r;
	}
	if (UNLIKELY(s->len > room)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	POINT(p, how, MID_READ);
	*len = (uint32_t)s->len;
	copy_message(msg, s->msg, *len);
	e->next++;
	POINT(p, how, BEFORE_RELEASE);
	ring_move(&ring->cursor[p->index].next, e->next, &ring->not_full, how);
	return OP_DONE;
}

/* Who leaves is never the slowest again; sleepers look again. */
static void ring_close(struct port *p)
{
	struct bus_ring *ring = p->link->shared;

	if (p->role == ROLE_RECEIVER)
		store_seq(&ring->cursor[p->index].next, (uint64_t)LEFT);
	eventcount_notify(&ring->not_empty, UINT32_MAX);
	eventcount_notify(&ring->not_full, UINT32_MAX);
}

static const struct bus_ops ring_ops = {
	.channel = {.send = ring_send, .recv = ring_recv, .close = ring_close},
};
BUS_STAMP(bus_ring, ring_ops, WAITS_USER);

const struct mech mech_bus_ring = {
	BUS_COMMON(bus_ring, ring_ops, WAITS_USER),
	.name = "bus/ring",
	.summary = "one ring, a cursor for each subscriber; the slowest holds back",
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			.unit = UNIT_MESSAGE,
			.bounded = true,
			.order = ORDER_FIFO,
			.end_seen = "close, after the last message",
			.on_oversize = OVERSIZE_REFUSED,
			.survives = SURVIVE_NO,
			.peer_dies =
				"nothing: publishers wait for the dead subscriber's cursor, "
				"subscribers for the dead publisher's messages, until their own "
				"deadline",
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see bus/callback",
			.copies = 2,
			.cost_of_wait =
				"block: one sequentially consistent store and one load per message",
			.path = {.atomics_send = 1},
		},
	.local_bytes = sizeof(struct ring_end),
	.shared_bytes = ring_bytes,
	.setup = ring_setup,
	.attach = ring_attach,
};
