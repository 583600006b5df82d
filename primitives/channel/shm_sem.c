/*
 * channel/shm-sem - slots in shared memory and counting semaphores: free slots,
 * used slots, and one semaphore a side as its lock.
 *
 * One op waits for a slot, takes its side's lock, copies, and posts to the other
 * side.  A closing side posts one token too many; who finds it with nothing
 * behind it passes it on and knows the end.
 */
#include <errno.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/slots.h"
#include "primitives/channel/parts/tokens.h"

struct shm_sem {
	OWN_LINE sem_t free, used;
	OWN_LINE sem_t put_lock, take_lock;
	OWN_LINE uint32_t tail; /* under put_lock: next free slot */
	OWN_LINE uint32_t head; /* under take_lock: oldest message */
	OWN_LINE atomic_u64 sent, taken;
	OWN_LINE uint8_t slots[];
};

static size_t shm_bytes(const struct link *l)
{
	return sizeof(struct shm_sem) + slots_bytes(l);
}

static int shm_setup(struct link *l)
{
	struct shm_sem *q = l->shared;
	int err = sync_sem_init(l, &q->free, l->capacity);

	if (!err)
		err = sync_sem_init(l, &q->used, 0);
	if (!err)
		err = sync_sem_init(l, &q->put_lock, 1);
	if (!err)
		err = sync_sem_init(l, &q->take_lock, 1);
	return err ? link_fail(l, err, "sem_init") : 0;
}

/* A side's lock is held for a copy only: taken whatever the mode. */
ALWAYS_INLINE void shm_lock(struct port *p, sem_t *lock, struct how how)
{
	const struct how enter = {how.wait, MODE_BLOCK, how.probed};

	sync_sem_wait(p, lock, enter);
}

ALWAYS_INLINE enum result shm_send(struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct shm_sem *q = l->shared;
	enum result r;

	if (!slots_fits(p, len))
		return OP_ERROR;
	r = tokens_take(p, &q->free, &p->full_waits, how);
	if (UNLIKELY(r != OP_DONE)) {
		bool gone = r == OP_WOULD_BLOCK && link_open_ports(l, ROLE_RECEIVER) == 0;

		return gone ? OP_CLOSED : r;
	}
	shm_lock(p, &q->put_lock, how);
	if (UNLIKELY(load_relaxed(&q->sent) - load_acquire(&q->taken) == l->capacity)) {
		sem_post(&q->put_lock); /* the token of a receiver that left */
		sem_post(&q->free);
		return OP_CLOSED;
	}
	POINT(p, how, MID_WRITE);
	slots_put(slots_at(q->slots, l, q->tail), msg, len);
	q->tail = slots_after(l, q->tail);
	store_release(&q->sent, load_relaxed(&q->sent) + 1);
	POINT(p, how, BEFORE_PUBLISH);
	sem_post(&q->put_lock);
	sem_post(&q->used);
	return OP_DONE;
}

ALWAYS_INLINE enum result shm_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	const struct link *l = p->link;
	struct shm_sem *q = l->shared;
	enum result r = tokens_take(p, &q->used, &p->empty_waits, how);
	struct slot *s;

	if (UNLIKELY(r != OP_DONE))
		return r;
	shm_lock(p, &q->take_lock, how);
	s = slots_at(q->slots, l, q->head);
	if (UNLIKELY(load_acquire(&q->sent) == load_relaxed(&q->taken)))
		r = OP_CLOSED; /* the token of the last sender that left */
	else if (!slots_room(p, s, room))
		r = OP_ERROR;
	if (UNLIKELY(r != OP_DONE)) {
		sem_post(&q->take_lock);
		sem_post(&q->used);
		return r;
	}
	POINT(p, how, MID_READ);
	*len = slots_take(s, msg);
	q->head = slots_after(l, q->head);
	store_release(&q->taken, load_relaxed(&q->taken) + 1);
	POINT(p, how, BEFORE_RELEASE);
	sem_post(&q->take_lock);
	sem_post(&q->free);
	return OP_DONE;
}

/* The last of a role leaves a token that stands for the end. */
static void shm_close(struct port *p)
{
	struct shm_sem *q = p->link->shared;

	if (link_open_ports(p->link, p->role) == 0)
		sem_post(p->role == ROLE_SENDER ? &q->used : &q->free);
}

static const struct channel_ops shm_ops = {
	.send = shm_send,
	.recv = shm_recv,
	.close = shm_close,
};
CHANNEL_STAMP(channel_shm_sem, shm_ops, WAITS_USER);

const struct mech mech_channel_shm_sem = {
	CHANNEL_COMMON(channel_shm_sem, shm_ops, WAITS_USER),
	.name = "channel/shm-sem",
	.summary = "slots in shared memory under counting semaphores",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.limits = "SEM_VALUE_MAX: its capacity",
			.path = PATH_ATOMICS_EACH(4), /* two semaphores down, two up */
		},
	.shared_bytes = shm_bytes,
	.setup = shm_setup,
};
