/*
 * channel/rabbitmq-queue - a queue of a RabbitMQ server: publish, consume, acknowledge.
 *
 * To send is a message and the server's confirmation, whatever the mode.  A receiver
 * that waits is a consumer with a prefetch of one: it acknowledges the message before and
 * waits for the next, so that no message lies with a receiver that does not want it.
 * A receiver that tries asks by basic.get, which is a round trip; who has waited before
 * stops consuming first, which is another one.
 *
 * A message that its receiver has not acknowledged when it dies goes to another one.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/rabbitmq.h"

#ifdef RABBIT_HERE

#define QUEUE_CONSUMER "handoff"

static int queue_attach(struct port *p)
{
	const struct rabbit_names *n = p->link->shared;
	struct rabbit_end *e = p->local;
	int err = rabbit_attach(p);

	if (err)
		return err;
	e->api.amqp_queue_declare(
		e->c, RABBIT_CHANNEL, rabbit_text(n->name), 0, 0, 0, 0, rabbit_no_table);
	err = rabbit_answer(e);
	if (!err && p->role == ROLE_RECEIVER) {
		e->api.amqp_basic_qos(e->c, RABBIT_CHANNEL, 0, 1, 0);
		err = rabbit_answer(e);
	}
	return err ? link_fail(p->link, err, "queue.declare, basic.qos") : 0;
}

/* The message before is done with. */
COLD static int queue_acknowledge(struct rabbit_end *e)
{
	if (!e->owes)
		return 0;
	e->owes = false;
	return e->api.amqp_basic_ack(e->c, RABBIT_CHANNEL, e->owed, 0) == AMQP_STATUS_OK
		       ? 0
		       : -ECONNRESET;
}

COLD static int queue_consume(struct port *p)
{
	const struct rabbit_names *n = p->link->shared;
	struct rabbit_end *e = p->local;

	if (e->consumes)
		return 0;
	e->consumes = true;
	e->api.amqp_basic_consume(e->c, RABBIT_CHANNEL, rabbit_text(n->name),
		rabbit_text(QUEUE_CONSUMER), 0, 0, 0, rabbit_no_table);
	return rabbit_answer(e);
}

/* What the server had sent before it knew, is here when this has returned. */
COLD static int queue_stop_consuming(struct rabbit_end *e)
{
	if (!e->consumes)
		return 0;
	e->consumes = false;
	e->api.amqp_basic_cancel(e->c, RABBIT_CHANNEL, rabbit_text(QUEUE_CONSUMER));
	return rabbit_answer(e);
}

/* OP_WOULD_BLOCK: there is none. */
COLD static enum result queue_get(struct port *p, amqp_envelope_t *got)
{
	const struct rabbit_names *n = p->link->shared;
	struct rabbit_end *e = p->local;
	amqp_rpc_reply_t reply;

	e->api.amqp_maybe_release_buffers(e->c);
	reply = e->api.amqp_basic_get(e->c, RABBIT_CHANNEL, rabbit_text(n->name), 0);
	p->err = rabbit_error(reply);
	if (p->err)
		return OP_ERROR;
	if (reply.reply.id != AMQP_BASIC_GET_OK_METHOD)
		return OP_WOULD_BLOCK;
	*got = (amqp_envelope_t){
		.delivery_tag = ((amqp_basic_get_ok_t *)reply.reply.decoded)->delivery_tag};
	p->err = rabbit_error(e->api.amqp_read_message(e->c, RABBIT_CHANNEL, &got->message, 0));
	return p->err ? OP_ERROR : OP_DONE;
}

COLD static enum result queue_try(struct port *p, amqp_envelope_t *got)
{
	struct rabbit_end *e = p->local;
	bool consumed = e->consumes;
	enum result r = OP_WOULD_BLOCK;

	p->err = queue_stop_consuming(e);
	if (p->err)
		return OP_ERROR;
	if (consumed)
		r = rabbit_next(p, got, MODE_TRY);
	return r == OP_WOULD_BLOCK ? queue_get(p, got) : r;
}

COLD static enum result queue_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	struct rabbit_end *e = p->local;
	amqp_envelope_t got = e->kept;
	enum result r = OP_DONE;

	if (e->ended)
		return OP_CLOSED;
	if (e->has_kept)
		return rabbit_hand_out(p, &got, msg, room, len);
	p->err = queue_acknowledge(e);
	if (!p->err && mode != MODE_TRY)
		p->err = queue_consume(p);
	if (p->err)
		return OP_ERROR;
	r = mode == MODE_TRY ? queue_try(p, &got) : rabbit_next(p, &got, mode);
	if (r != OP_DONE)
		return r;
	e->owes = true;
	e->owed = got.delivery_tag;
	return rabbit_hand_out(p, &got, msg, room, len);
}

COLD static enum result queue_give(struct port *p, const uint8_t *msg, uint32_t len)
{
	const struct rabbit_names *n = p->link->shared;

	return rabbit_give(p, "", n->name, msg, len);
}

/* An end for each receiver; who receives, acknowledges what it had last. */
static void queue_close(struct port *p)
{
	const struct rabbit_names *n = p->link->shared;

	if (p->role == ROLE_RECEIVER)
		queue_acknowledge(p->local);
	rabbit_close(p, "", n->name, p->link->receivers);
}

static void queue_teardown(struct link *l)
{
	struct rabbit_names *n = l->shared;
	struct rabbit_end e = {.c = NULL};
	struct port p = {.link = l, .local = &e};

	if (!n || !n->name[0])
		return;
	if (rabbit_connect(&e) == 0)
		e.api.amqp_queue_delete(e.c, RABBIT_CHANNEL, rabbit_text(n->name), 0, 0);
	rabbit_detach(&p);
	n->name[0] = '\0';
}

#else

COLD static enum result queue_give(struct port *p, const uint8_t *msg, uint32_t len)
{
	(void)p;
	(void)msg;
	(void)len;
	return OP_ERROR;
}

COLD static enum result queue_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	(void)room;
	(void)len;
	(void)mode;
	return queue_give(p, msg, 0);
}

#define queue_attach   rabbit_attach
#define queue_close    NULL
#define queue_teardown NULL

#endif

ALWAYS_INLINE enum result queue_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	POINT(p, how, MID_WRITE);
	return queue_give(p, msg, len);
}

ALWAYS_INLINE enum result queue_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	enum result r;

	POINT(p, how, BLOCKED);
	r = queue_take(p, msg, room, len, how.mode);
	POINT(p, how, MID_READ);
	return r;
}

static const struct channel_ops queue_ops = {
	.send = queue_send,
	.recv = queue_recv,
	.close = queue_close,
};
CHANNEL_STAMP(channel_rabbitmq_queue, queue_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_rabbitmq_queue = {
	CHANNEL_COMMON(channel_rabbitmq_queue, queue_ops, BIT(WAIT_BLOCK)),
	.name = "channel/rabbitmq-queue",
	.summary = "a queue of a RabbitMQ server: confirmed, acknowledged",
	.contract =
		{
			.reach = REACH_HOST,
			.unit = UNIT_MESSAGE,
			.order = ORDER_FIFO,
			.end_seen = "an end for each receiver, after the last message",
			.on_oversize = OVERSIZE_REFUSED,
			.survives = SURVIVE_YES,
			.peer_dies = "nothing: the server gives what it had not "
				     "acknowledged to another",
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.max_bytes = 128u << 20,
			.limits = "RabbitMQ: 128 MiB are the largest message",
			.copies = 4, /* at least into and out of the kernel, twice */
			.needs = "librabbitmq, rabbitmq-server",
			.path = {.syscalls_send = 2, .syscalls_recv = 1, .syscalls_vain = 1},
		},
	.broker = BROKER_RABBITMQ,
	.local_bytes = sizeof(struct rabbit_end),
	.shared_bytes = rabbit_bytes,
	.probe = rabbit_probe,
	.setup = rabbit_setup,
	.attach = queue_attach,
	.detach = rabbit_detach,
	.teardown = queue_teardown,
};
