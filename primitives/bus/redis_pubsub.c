/*
 * bus/redis-pubsub - a channel of a Redis server: PUBLISH and SUBSCRIBE.
 *
 * To publish is a command and its answer, whatever the mode: the server has then put the
 * message into every subscriber's output buffer.  A subscriber reads what its connection
 * brings, several messages at a time where it lags; its buffer in the server has no limit
 * here (handoff's own server; with one, who is slow is cut off).  Who is not subscribed
 * gets nothing: the server keeps nothing.  The last publisher says the end on a second
 * channel, which all have subscribed to.
 */
#include "harness/family/bus.h"
#include "primitives/channel/parts/redis.h"

#ifdef HIREDIS_SONAME

enum { PUBSUB_KIND, PUBSUB_CHANNEL, PUBSUB_TEXT, PUBSUB_PARTS };

/* SUBSCRIBE and its two confirmations: from then on nothing is missed. */
static int pubsub_attach(struct port *p)
{
	const struct redis_names *n = p->link->shared;
	struct redis_end *e = p->local;
	redisReply *second = NULL;
	int err = redis_attach(p);

	if (err || p->role == ROLE_SENDER)
		return err;
	if (redis_say(p, "SUBSCRIBE", n->data, n->end) != OP_DONE ||
		e->api.get_reply(e->c, (void **)&second) != REDIS_OK)
		return link_fail(p->link, p->err ? p->err : -EPROTO, "SUBSCRIBE");
	e->api.free_reply(second);
	return 0;
}

/* Until the deadline, in the milliseconds of poll(); never less. */
COLD static int pubsub_patience_ms(const struct port *p, enum mode mode)
{
	uint64_t now = monotonic_ns(), ms = 0;

	if (mode != MODE_TIMED)
		return mode == MODE_TRY ? 0 : -1;
	if (p->deadline_ns > now)
		ms = (p->deadline_ns - now) / 1000000 + 1;
	return ms > 1000000 ? 1000000 : (int)ms;
}

/* Something to read, as far as the mode allows to wait for it. */
COLD static enum result pubsub_wait(struct port *p, enum mode mode)
{
	const struct redis_end *e = p->local;
	struct pollfd fd = {.fd = e->c->fd, .events = POLLIN};

	while (poll(&fd, 1, pubsub_patience_ms(p, mode)) <= 0) {
		if (mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		if (mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns)
			return OP_TIMED_OUT;
	}
	return OP_DONE;
}

COLD static enum result pubsub_next(struct port *p, redisReply **reply, enum mode mode)
{
	struct redis_end *e = p->local;
	enum result r;

	for (;;) {
		if (e->api.reader_get(e->c->reader, (void **)reply) != REDIS_OK) {
			p->err = -EPROTO;
			return OP_ERROR;
		}
		if (*reply)
			return OP_DONE;
		r = mode == MODE_BLOCK ? OP_DONE : pubsub_wait(p, mode);
		if (r != OP_DONE)
			return r;
		if (e->api.read(e->c) != REDIS_OK)
			return redis_broken(p);
	}
}

COLD static enum result pubsub_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	const struct redis_names *n = p->link->shared;
	struct redis_end *e = p->local;
	redisReply *reply = e->kept;
	enum result r = OP_DONE;

	if (e->ended)
		return OP_CLOSED;
	if (!reply)
		r = pubsub_next(p, &reply, mode);
	if (r != OP_DONE)
		return r;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == PUBSUB_PARTS &&
		strcmp(reply->element[PUBSUB_CHANNEL]->str, n->end) == 0) {
		e->api.free_reply(reply);
		e->ended = true;
		return OP_CLOSED;
	}
	return redis_hand_out(p, reply, msg, room, len);
}

COLD static enum result pubsub_give(
	struct port *p, const uint8_t *msg, uint32_t len, enum mode mode)
{
	return redis_give(p, "PUBLISH", msg, len, mode);
}

static void pubsub_close(struct port *p)
{
	struct redis_names *n = p->link->shared;

	if (p->role == ROLE_SENDER && add_acq_rel(&n->left, 1u) + 1 == p->link->senders)
		redis_say(p, "PUBLISH", n->end, "end");
}

#else

COLD static enum result pubsub_give(
	struct port *p, const uint8_t *msg, uint32_t len, enum mode mode)
{
	(void)p;
	(void)msg;
	(void)len;
	(void)mode;
	return OP_ERROR;
}

COLD static enum result pubsub_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	(void)room;
	(void)len;
	return pubsub_give(p, msg, 0, mode);
}

#define pubsub_attach redis_attach
#define pubsub_close  NULL

#endif

ALWAYS_INLINE enum result pubsub_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	POINT(p, how, MID_WRITE);
	return pubsub_give(p, msg, len, how.mode);
}

ALWAYS_INLINE enum result pubsub_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	enum result r;

	POINT(p, how, BLOCKED);
	r = pubsub_take(p, msg, room, len, how.mode);
	POINT(p, how, MID_READ);
	return r;
}

static const struct bus_ops pubsub_ops = {
	.channel = {.send = pubsub_send, .recv = pubsub_recv, .close = pubsub_close},
};
BUS_STAMP(bus_redis_pubsub, pubsub_ops, BIT(WAIT_BLOCK));

const struct mech mech_bus_redis_pubsub = {
	BUS_COMMON(bus_redis_pubsub, pubsub_ops, BIT(WAIT_BLOCK)),
	.name = "bus/redis-pubsub",
	.summary = "a channel of a Redis server: PUBLISH, SUBSCRIBE",
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.contract =
		{
			.reach = REACH_HOST,
			.unit = UNIT_MESSAGE,
			.order = ORDER_FIFO,
			.end_seen = "a channel of ends, after the last message",
			.on_oversize = OVERSIZE_REFUSED,
			.survives = SURVIVE_YES,
			.peer_dies = "nothing: the server drops its subscriptions, the "
				     "others get their messages",
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see bus/callback",
			.max_bytes = 512u << 20,
			.limits = "Redis: 512 MiB are the largest message",
			.copies = 4, /* at least into and out of the kernel, twice */
			.needs = "libhiredis, redis-server",
			.path = {.syscalls_send = 2}, /* command, answer; a read may bring many */
		},
	.broker = BROKER_REDIS,
	.local_bytes = sizeof(struct redis_end),
	.shared_bytes = redis_bytes,
	.probe = redis_probe,
	.setup = redis_setup,
	.attach = pubsub_attach,
	.detach = redis_detach,
	.teardown = redis_teardown,
};
