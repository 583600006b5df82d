/*
 * channel/sem-slots - the textbook pair of semaphores around one slot: `consumed`
 * lets the producer in, `produced` the consumer.
 *
 * One op waits for its semaphore, copies, and posts the other; no lock, one worker a
 * side.  A side that closes posts a token too many: who finds nothing (or no room)
 * behind it puts it back and knows the end.
 */
#include <errno.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/slots.h"
#include "primitives/channel/parts/tokens.h"

struct sem_slots {
	OWN_LINE sem_t consumed;
	OWN_LINE sem_t produced;
	OWN_LINE atomic_u32
		full; /* the semaphores order the slot; this tells a token from an end */
	OWN_LINE uint8_t slot[];
};

static size_t slot_bytes(const struct link *l)
{
	return sizeof(struct sem_slots) + slots_stride(l);
}

static int slot_setup(struct link *l)
{
	struct sem_slots *q = l->shared;
	int err = sync_sem_init(l, &q->consumed, 1);

	if (!err)
		err = sync_sem_init(l, &q->produced, 0);
	return err ? link_fail(l, err, "sem_init") : 0;
}

ALWAYS_INLINE enum result slot_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct sem_slots *q = l->shared;
	enum result r;

	if (!slots_fits(p, len))
		return OP_ERROR;
	r = tokens_take(p, &q->consumed, &p->full_waits, how);
	if (UNLIKELY(r != OP_DONE))
		return r;
	if (UNLIKELY(load_acquire(&q->full))) { /* the token of a receiver that left */
		sem_post(&q->consumed);
		return OP_CLOSED;
	}
	POINT(p, how, MID_WRITE);
	slots_put(slots_at(q->slot, l, 0), msg, len);
	store_release(&q->full, 1u);
	POINT(p, how, BEFORE_PUBLISH);
	return sync_sem_post(p, &q->produced);
}

ALWAYS_INLINE enum result slot_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct sem_slots *q = p->link->shared;
	struct slot *s = slots_at(q->slot, p->link, 0);
	enum result r = tokens_take(p, &q->produced, &p->empty_waits, how);

	if (UNLIKELY(r != OP_DONE))
		return r;
	if (UNLIKELY(!load_acquire(&q->full)))
		r = OP_CLOSED; /* the token of a sender that left */
	else if (!slots_room(p, s, room))
		r = OP_ERROR;
	if (UNLIKELY(r != OP_DONE)) {
		sem_post(&q->produced);
		return r;
	}
	POINT(p, how, MID_READ);
	*len = slots_take(s, msg);
	store_release(&q->full, 0u);
	POINT(p, how, BEFORE_RELEASE);
	return sync_sem_post(p, &q->consumed);
}

static void slot_close(struct port *p)
{
	struct sem_slots *q = p->link->shared;

	sem_post(p->role == ROLE_SENDER ? &q->produced : &q->consumed);
}

static uint32_t slot_length(struct port *p)
{
	const struct sem_slots *q = p->link->shared;

	return load_acquire(&q->full);
}

static const struct channel_ops slot_ops = {
	.send = slot_send,
	.recv = slot_recv,
	.close = slot_close,
	.length = slot_length,
};
CHANNEL_STAMP(channel_sem_slots, slot_ops, WAITS_USER);

const struct mech mech_channel_sem_slots = {
	CHANNEL_COMMON(channel_sem_slots, slot_ops, WAITS_USER),
	.name = "channel/sem-slots",
	.summary = "one slot between two semaphores, produced and consumed",
	.flags = MECH_COUNTS_WAITS,
	.max_senders = 1,
	.max_receivers = 1,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS_IN,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.limits = "one slot",
			.order = ORDER_FIFO,
			.path = PATH_ATOMICS_EACH(2), /* one semaphore down, one up */
		},
	.shared_bytes = slot_bytes,
	.setup = slot_setup,
};
