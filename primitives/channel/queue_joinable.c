/*
 * channel/queue-joinable - channel/queue-fifo that knows what has been processed: a
 * receiver says so (task_done), and join() returns once everything sent has been.
 *
 * One receive also says that the message before is done, which takes the mutex once
 * more; closing says it of the last one.  More such words than messages are an error.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/queue.h"

/* Behind the slots. */
struct joinable {
	pthread_cond_t all_done;
	uint64_t unfinished; /* sent, and not yet said to be done; under the queue's mutex */
	uint32_t ready;
};

/* A receiver's own. */
struct joinable_port {
	bool owes; /* has a message that it has not said to be done */
};

static size_t joinable_bytes(const struct link *l)
{
	return queue_bytes(l) + sizeof(struct joinable);
}

ALWAYS_INLINE struct joinable *joinable_of(const struct link *l)
{
	struct queue *q = l->shared;

	return (struct joinable *)(void *)slots_at(q->slots, l, l->capacity);
}

static int joinable_setup(struct link *l)
{
	struct joinable *j = joinable_of(l);
	int err = sync_cond_init(l, &j->all_done);

	if (err)
		return link_fail(l, err, "condition variable");
	j->ready = 1;
	return queue_setup(l);
}

ALWAYS_INLINE enum result joinable_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	const struct link *l = p->link;
	struct queue *q = l->shared;
	enum result r;

	if (!slots_fits(p, len))
		return OP_ERROR;
	r = queue_enter_put(p, q, how);
	if (r != OP_DONE)
		return r;
	POINT(p, how, MID_WRITE);
	joinable_of(l)->unfinished++;
	slots_put(slots_at(q->slots, l, queue_place(q, l, ORDER_FIFO, msg, len)), msg, len);
	queue_leave_put(p, q, how);
	return OP_DONE;
}

ALWAYS_INLINE enum result joinable_done(struct port *p, struct how how)
{
	struct queue *q = p->link->shared;
	struct joinable *j = joinable_of(p->link);
	struct joinable_port *own = p->local;
	enum result r = OP_DONE;

	own->owes = false;
	sync_mutex_enter(p, &q->lock, how);
	if (UNLIKELY(j->unfinished == 0)) {
		p->err = -ERANGE;
		r = OP_ERROR;
	} else if (--j->unfinished == 0) {
		pthread_cond_broadcast(&j->all_done);
	}
	pthread_mutex_unlock(&q->lock);
	return r;
}

ALWAYS_INLINE enum result joinable_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct joinable_port *own = p->local;
	enum result r;

	if (own->owes) {
		r = joinable_done(p, how);
		if (UNLIKELY(r != OP_DONE))
			return r;
	}
	r = queue_take(p, p->link->shared, msg, room, len, how);
	own->owes = r == OP_DONE;
	return r;
}

static enum result joinable_task_done(struct port *p)
{
	return joinable_done(p, (struct how){WAIT_BLOCK, MODE_BLOCK, false});
}

static enum result joinable_join(struct port *p, struct how how)
{
	struct queue *q = p->link->shared;
	struct joinable *j = joinable_of(p->link);
	enum result r = OP_DONE;
	uint32_t spins = 0;

	sync_mutex_enter(p, &q->lock, how);
	while (j->unfinished > 0 && r == OP_DONE)
		r = sync_cond_wait(p, &j->all_done, &q->lock, &spins, how);
	r = j->unfinished == 0 ? OP_DONE : r;
	pthread_mutex_unlock(&q->lock);
	return r;
}

static void joinable_close(struct port *p)
{
	const struct joinable_port *own = p->local;

	if (own->owes)
		joinable_task_done(p);
	queue_close(p);
}

static void joinable_teardown(struct link *l)
{
	struct joinable *j = l->shared ? joinable_of(l) : NULL;

	if (j && j->ready)
		pthread_cond_destroy(&j->all_done);
	if (j)
		j->ready = 0;
	queue_teardown(l);
}

static const struct channel_ops joinable_ops = {
	.send = joinable_send,
	.recv = joinable_recv,
	.close = joinable_close,
	.length = queue_length,
	.task_done = joinable_task_done,
	.join = joinable_join,
};
CHANNEL_STAMP(channel_queue_joinable, joinable_ops, WAITS_USER);

const struct mech mech_channel_queue_joinable = {
	CHANNEL_COMMON(channel_queue_joinable, joinable_ops, WAITS_USER),
	.name = "channel/queue-joinable",
	.summary = "queue-fifo whose receivers say when a message is done: task_done, join",
	.flags = MECH_COUNTS_WAITS | MECH_JOINS,
	.contract =
		{
			.reach = REACH_ANY,
			CONTRACT_SLOTS,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.path = QUEUE_PATH,
		},
	.local_bytes = sizeof(struct joinable_port),
	.shared_bytes = joinable_bytes,
	.setup = joinable_setup,
	.teardown = joinable_teardown,
};
