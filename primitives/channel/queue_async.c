/*
 * channel/queue-async - the queue of coroutines: a ring of slots, and who waits for a
 * message or for room.
 *
 * Nobody else runs until somebody awaits, so there is no lock and nothing atomic.
 * Unbounded, it grows by doubling, inside the send that needs it.  Its memory belongs
 * to one thread: it holds addresses.
 */
#include <stdlib.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/slots.h"

enum { FIRST_SLOTS = 64 };

struct async_queue {
	struct coro_queue not_full, not_empty;
	uint32_t head, count, room; /* room: slots that there are */
	uint8_t *slots;             /* behind this, or malloc'd where unbounded */
	OWN_LINE uint8_t bounded[];
};

static size_t async_bytes(const struct link *l)
{
	return sizeof(struct async_queue) + slots_bytes(l);
}

static int async_setup(struct link *l)
{
	struct async_queue *q = l->shared;

	q->room = l->capacity ? l->capacity : FIRST_SLOTS;
	q->slots = l->capacity ? q->bounded : malloc(slots_stride(l) * FIRST_SLOTS);
	return q->slots ? 0 : link_fail(l, -ENOMEM, "queue");
}

static void async_teardown(struct link *l)
{
	struct async_queue *q = l->shared;

	if (!q)
		return;
	if (!l->capacity)
		free(q->slots);
	q->slots = NULL;
}

/* Twice the room; what lay before the head goes behind the rest. */
COLD static bool async_grow(struct port *p, struct async_queue *q)
{
	size_t stride = slots_stride(p->link);
	uint8_t *more = q->room <= UINT32_MAX / 2 ? realloc(q->slots, 2 * q->room * stride) : NULL;

	if (!more) {
		p->err = -ENOMEM;
		return false;
	}
	memcpy(more + q->room * stride, more, q->head * stride);
	q->slots = more;
	q->room *= 2;
	return true;
}

ALWAYS_INLINE struct slot *async_slot(const struct link *l, struct async_queue *q, uint64_t nth)
{
	uint64_t pos = q->head + nth;

	return slots_at(q->slots, l, (uint32_t)(pos < q->room ? pos : pos - q->room));
}

/* OP_DONE: look again. */
ALWAYS_INLINE enum result async_wait(
	struct port *p, struct coro_queue *with, enum role other, struct how how)
{
	if (link_open_ports(p->link, other) == 0)
		return OP_CLOSED;
	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	POINT(p, how, BLOCKED);
	return coro_queue_wait(with, wait_deadline(p, how)) ? OP_DONE : OP_TIMED_OUT;
}

ALWAYS_INLINE enum result async_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct async_queue *q = l->shared;
	enum result r;

	if (!slots_fits(p, len))
		return OP_ERROR;
	if (!l->capacity && link_open_ports(l, ROLE_RECEIVER) == 0)
		return OP_CLOSED;
	while (l->capacity && q->count == l->capacity) {
		p->full_waits++;
		r = async_wait(p, &q->not_full, ROLE_RECEIVER, how);
		if (r != OP_DONE)
			return r;
	}
	if (UNLIKELY(q->count == q->room) && !async_grow(p, q))
		return OP_ERROR;
	POINT(p, how, MID_WRITE);
	slots_put(async_slot(l, q, q->count), msg, len);
	POINT(p, how, BEFORE_PUBLISH);
	q->count++;
	coro_queue_wake(&q->not_empty);
	return OP_DONE;
}

ALWAYS_INLINE enum result async_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	struct async_queue *q = l->shared;
	const struct slot *s;
	enum result r;

	while (q->count == 0) {
		p->empty_waits++;
		r = async_wait(p, &q->not_empty, ROLE_SENDER, how);
		if (r != OP_DONE)
			return r;
	}
	s = async_slot(l, q, 0);
	if (!slots_room(p, s, room))
		return OP_ERROR;
	POINT(p, how, MID_READ);
	*len = slots_take(s, msg);
	POINT(p, how, BEFORE_RELEASE);
	q->head = q->head + 1 == q->room ? 0 : q->head + 1;
	q->count--;
	coro_queue_wake(&q->not_full);
	return OP_DONE;
}

/* The count of open ports has changed: let everybody look again. */
static void async_close(struct port *p)
{
	struct async_queue *q = p->link->shared;

	while (coro_queue_wake(&q->not_empty) || coro_queue_wake(&q->not_full))
		;
}

static uint32_t async_length(struct port *p)
{
	const struct async_queue *q = p->link->shared;

	return q->count;
}

static const struct channel_ops async_ops = {
	.send = async_send,
	.recv = async_recv,
	.close = async_close,
	.length = async_length,
};
CHANNEL_STAMP(channel_queue_async, async_ops, AWAITS);

const struct mech mech_channel_queue_async = {
	CHANNEL_COMMON(channel_queue_async, async_ops, AWAITS),
	.name = "channel/queue-async",
	.summary = "queue between coroutines of one thread, bounded or not",
	.flags = MECH_COUNTS_WAITS | MECH_GROWS,
	.contract =
		{
			.reach = REACH_THREAD,
			CONTRACT_SLOTS,
			.not_in = {[DOMAIN_THREAD] = NOT_ATOMIC ": see channel/queue-fifo",
				[DOMAIN_PROCESS] = NOT_ATOMIC ": see channel/queue-fifo"},
		},
	.shared_bytes = async_bytes,
	.setup = async_setup,
	.teardown = async_teardown,
};
