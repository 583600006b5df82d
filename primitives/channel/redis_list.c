/*
 * channel/redis-list - a list on a Redis server as a queue: RPUSH and BLPOP.
 *
 * One op is a command and its answer: to send is done when the server has the message,
 * whatever the mode; only a server without memory (its limit, not a number of messages)
 * refuses.  A receiver waits inside the server: BLPOP names the list and, after it, a
 * list of ends, one for each receiver, that the last sender leaves; the server looks
 * through them in that order, so an end does not overtake a message.
 *
 * A receiver that dies between the server's answer and its own end loses the message
 * that it was given: popped is gone.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/redis.h"

#ifdef HIREDIS_SONAME

/* Seconds, as the server counts them; not earlier than the deadline. */
COLD static void list_seconds(const struct port *p, enum mode mode, char *out, size_t out_len)
{
	uint64_t now = monotonic_ns(), ms = 0;

	if (mode == MODE_TIMED) /* the server takes 0 for ever, and nothing too large */
		ms = p->deadline_ns <= now ? 1 : (p->deadline_ns - now) / 1000000 + 1;
	if (ms > 1000000000)
		ms = 1000000000;
	snprintf(out, out_len, "%llu.%03llu", (unsigned long long)(ms / 1000),
		(unsigned long long)(ms % 1000));
}

/* LPOP: what is there. */
COLD static enum result list_try(struct port *p, redisReply **reply)
{
	const struct redis_names *n = p->link->shared;
	const char *argv[] = {"LPOP", n->data};
	const size_t len[] = {4, strlen(n->data)};
	struct redis_end *e = p->local;
	bool alone;
	enum result r;

	for (;;) {
		alone = link_open_ports(p->link, ROLE_SENDER) == 0;
		r = redis_command(p, 2, argv, len, reply);
		if (r != OP_DONE || (*reply)->type != REDIS_REPLY_NIL)
			return r;
		e->api.free_reply(*reply);
		*reply = NULL;
		if (alone) /* looked again after the last sender had left */
			return OP_CLOSED;
		if (link_open_ports(p->link, ROLE_SENDER) > 0)
			return OP_WOULD_BLOCK;
	}
}

/* BLPOP: OP_TIMED_OUT is the server's word, which the clock may not confirm yet. */
COLD static enum result list_wait(struct port *p, redisReply **reply, enum mode mode)
{
	const struct redis_names *n = p->link->shared;
	char seconds[32];
	const char *argv[] = {"BLPOP", n->data, n->end, seconds};
	struct redis_end *e = p->local;
	enum result r;

	list_seconds(p, mode, seconds, sizeof(seconds));
	const size_t len[] = {5, strlen(n->data), strlen(n->end), strlen(seconds)};

	r = redis_command(p, 4, argv, len, reply);
	if (r != OP_DONE)
		return r;
	if ((*reply)->type == REDIS_REPLY_ARRAY && (*reply)->elements == 2 &&
		strcmp((*reply)->element[0]->str, n->end) != 0)
		return OP_DONE;
	r = (*reply)->type == REDIS_REPLY_ARRAY ? OP_CLOSED : OP_TIMED_OUT;
	e->api.free_reply(*reply);
	*reply = NULL;
	return r;
}

COLD static enum result list_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	struct redis_end *e = p->local;
	redisReply *reply = e->kept;
	enum result r = OP_DONE;

	if (e->ended)
		return OP_CLOSED;
	while (!reply) {
		r = mode == MODE_TRY ? list_try(p, &reply) : list_wait(p, &reply, mode);
		if (r == OP_TIMED_OUT && mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns)
			return r;
		if (r != OP_DONE && r != OP_TIMED_OUT)
			break;
	}
	e->ended = r == OP_CLOSED;
	return r == OP_DONE ? redis_hand_out(p, reply, msg, room, len) : r;
}

COLD static enum result list_give(struct port *p, const uint8_t *msg, uint32_t len, enum mode mode)
{
	return redis_give(p, "RPUSH", msg, len, mode);
}

/* The last sender leaves an end for each receiver. */
static void list_close(struct port *p)
{
	struct redis_names *n = p->link->shared;

	if (p->role != ROLE_SENDER || add_acq_rel(&n->left, 1u) + 1 != p->link->senders)
		return;
	for (uint32_t i = 0; i < p->link->receivers; i++)
		redis_say(p, "RPUSH", n->end, "end");
}

#else

COLD static enum result list_give(struct port *p, const uint8_t *msg, uint32_t len, enum mode mode)
{
	(void)p;
	(void)msg;
	(void)len;
	(void)mode;
	return OP_ERROR;
}

COLD static enum result list_take(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, enum mode mode)
{
	(void)room;
	(void)len;
	return list_give(p, msg, 0, mode);
}

#define list_close NULL

#endif

ALWAYS_INLINE enum result list_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	POINT(p, how, MID_WRITE);
	return list_give(p, msg, len, how.mode);
}

ALWAYS_INLINE enum result list_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	enum result r;

	POINT(p, how, BLOCKED);
	r = list_take(p, msg, room, len, how.mode);
	POINT(p, how, MID_READ);
	return r;
}

static const struct channel_ops list_ops = {
	.send = list_send,
	.recv = list_recv,
	.close = list_close,
};
CHANNEL_STAMP(channel_redis_list, list_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_redis_list = {
	CHANNEL_COMMON(channel_redis_list, list_ops, BIT(WAIT_BLOCK)),
	.name = "channel/redis-list",
	.summary = "a list on a Redis server: RPUSH, BLPOP",
	.contract =
		{
			.reach = REACH_HOST,
			.unit = UNIT_MESSAGE,
			.order = ORDER_FIFO,
			.end_seen = "a list of ends, after the last message",
			.on_oversize = OVERSIZE_REFUSED,
			.survives = SURVIVE_YES,
			.peer_dies = "nothing: what it had sent stays with the server, what "
				     "it had taken is lost",
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async",
			.max_bytes = 512u << 20,
			.limits = "Redis: 512 MiB are the largest message",
			.copies = 4, /* at least into and out of the kernel, twice */
			.needs = "libhiredis, redis-server",
			.path = {.syscalls_send = 2,
				.syscalls_recv = 2,
				.syscalls_vain = 2}, /* command, answer */
		},
	.broker = BROKER_REDIS,
	.local_bytes = sizeof(struct redis_end),
	.shared_bytes = redis_bytes,
	.probe = redis_probe,
	.setup = redis_setup,
	.attach = redis_attach,
	.detach = redis_detach,
	.teardown = redis_teardown,
};
