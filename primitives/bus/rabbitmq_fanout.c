/*
 * bus/rabbitmq-fanout - a fanout exchange of a RabbitMQ server, and a queue of its own
 * for each subscriber.
 *
 * To publish is a message and the server's confirmation, whatever the mode: it is then in
 * every queue that is bound.  Subscribers acknowledge nothing: the server sends as fast
 * as their connections take it.  Who has not bound a queue gets nothing.
 */
#include "harness/family/bus.h"
#include "primitives/channel/parts/rabbitmq.h"

#ifdef RABBIT_HERE

/* The subscriber's queue goes with its connection. */
static int fanout_bind(struct rabbit_end *e, const char *exchange)
{
	amqp_queue_declare_ok_t *made = e->api.amqp_queue_declare(
		e->c, RABBIT_CHANNEL, rabbit_no_text, 0, 0, 1, 1, rabbit_no_table);
	int err = made ? 0 : rabbit_answer(e);
	char name[2 * RABBIT_NAME];
	amqp_bytes_t queue = {.bytes = name};

	if (!made)
		return err ? err : -EPROTO;
	if (made->queue.len > sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, made->queue.bytes, made->queue.len);
	queue.len = made->queue.len;
	e->api.amqp_queue_bind(e->c, RABBIT_CHANNEL, queue, rabbit_text(exchange), rabbit_no_text,
		rabbit_no_table);
	err = rabbit_answer(e);
	if (err)
		return err;
	e->api.amqp_basic_consume(
		e->c, RABBIT_CHANNEL, queue, rabbit_no_text, 0, 1, 1, rabbit_no_table);
	return rabbit_answer(e);
}

static int fanout_attach(struct port *p)
{
	const struct rabbit_names *n = p->link->shared;
	struct rabbit_end *e = p->local;
	int err = rabbit_attach(p);

	if (err)
		return err;
	e->api.amqp_exchange_declare(e->c, RABBIT_CHANNEL, rabbit_text(n->name),
		rabbit_text("fanout"), 0, 0, 0, 0, rabbit_no_table);
	err = rabbit_answer(e);
	if (!err && p->role == ROLE_RECEIVER)
		err = fanout_bind(e, n->name);
	return err ? link_fail(p->link, err, "exchange.declare, queue.bind") : 0;
}

COLD static enum result fanout_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	struct rabbit_end *e = p->local;
	amqp_envelope_t got = e->kept;
	enum result r = OP_DONE;

	if (e->ended)
		return OP_CLOSED;
	if (!e->has_kept)
		r = rabbit_next(p, &got, mode);
	return r == OP_DONE ? rabbit_hand_out(p, &got, msg, room, len) : r;
}

COLD static enum result fanout_give(struct port *p, const uint8_t *msg, uint32_t len)
{
	const struct rabbit_names *n = p->link->shared;

	return rabbit_give(p, n->name, "", msg, len);
}

static void fanout_close(struct port *p)
{
	const struct rabbit_names *n = p->link->shared;

	rabbit_close(p, n->name, "", 1);
}

static void fanout_teardown(struct link *l)
{
	struct rabbit_names *n = l->shared;
	struct rabbit_end e = {.c = NULL};
	struct port p = {.link = l, .local = &e};

	if (!n || !n->name[0])
		return;
	if (rabbit_connect(&e) == 0)
		e.api.amqp_exchange_delete(e.c, RABBIT_CHANNEL, rabbit_text(n->name), 0);
	rabbit_detach(&p);
	n->name[0] = '\0';
}

#else

COLD static enum result fanout_give(struct port *p, const uint8_t *msg, uint32_t len)
{
	(void)p;
	(void)msg;
	(void)len;
	return OP_ERROR;
}

COLD static enum result fanout_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	(void)room;
	(void)len;
	(void)mode;
	return fanout_give(p, msg, 0);
}

#define fanout_attach   rabbit_attach
#define fanout_close    NULL
#define fanout_teardown NULL

#endif

ALWAYS_INLINE enum result fanout_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	POINT(p, how, MID_WRITE);
	return fanout_give(p, msg, len);
}

ALWAYS_INLINE enum result fanout_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	enum result r;

	POINT(p, how, BLOCKED);
	r = fanout_take(p, msg, room, len, how.mode);
	POINT(p, how, MID_READ);
	return r;
}

static const struct bus_ops fanout_ops = {
	.channel = {.send = fanout_send, .recv = fanout_recv, .close = fanout_close},
};
BUS_STAMP(bus_rabbitmq_fanout, fanout_ops, BIT(WAIT_BLOCK));

const struct mech mech_bus_rabbitmq_fanout = {
	BUS_COMMON(bus_rabbitmq_fanout, fanout_ops, BIT(WAIT_BLOCK)),
	.name = "bus/rabbitmq-fanout",
	.summary = "a fanout exchange of a RabbitMQ server",
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.contract =
		{
			.reach = REACH_HOST,
			.unit = UNIT_MESSAGE,
			.order = ORDER_FIFO,
			.end_seen = "a message that says so, after the last one",
			.on_oversize = OVERSIZE_REFUSED,
			.survives = SURVIVE_YES,
			.peer_dies = "nothing: the server drops its queue, the others get "
				     "their messages",
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see bus/callback",
			.max_bytes = 128u << 20,
			.limits = "RabbitMQ: 128 MiB are the largest message",
			.copies = 4, /* at least into and out of the kernel, twice */
			.needs = "librabbitmq, rabbitmq-server",
			.path = {.syscalls_send =
					 2}, /* message, confirmation; a read may bring many */
		},
	.broker = BROKER_RABBITMQ,
	.local_bytes = sizeof(struct rabbit_end),
	.shared_bytes = rabbit_bytes,
	.probe = rabbit_probe,
	.setup = rabbit_setup,
	.attach = fanout_attach,
	.detach = rabbit_detach,
	.teardown = fanout_teardown,
};
