/*
 * rabbitmq.h - a connection to a RabbitMQ server by librabbitmq.
 *
 * Loaded as the Redis client is (redis.h), for its list of libraries holds all of
 * OpenSSL.  Each worker has a connection of its own; the address is in
 * $HANDOFF_RABBITMQ (bench/broker.h), the user is guest.  Nothing is durable.
 *
 * Senders have every message confirmed: to send is done when the server has routed it.
 * The last of them says the end by messages whose type is "end".
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_RABBITMQ_H
#define PRIMITIVES_CHANNEL_PARTS_RABBITMQ_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "primitives/channel/parts/library.h"

#if __has_include(<amqp.h>) && !defined(HANDOFF_WITHOUT_RABBITMQ)
#define RABBIT_HERE 1
/* clang-format off */
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
/* clang-format on */
#define RABBIT_LIBRARY "librabbitmq.so.4"

struct rabbit_api {
	void *library;
/* clang-format off */
#define RABBIT_CALLS(call) \
	call(amqp_new_connection) call(amqp_tcp_socket_new) call(amqp_socket_open_noblock) \
	call(amqp_login) call(amqp_channel_open) call(amqp_get_rpc_reply) \
	call(amqp_queue_declare) call(amqp_queue_bind) call(amqp_exchange_declare) \
	call(amqp_basic_qos) call(amqp_basic_consume) call(amqp_basic_cancel) \
	call(amqp_basic_publish) call(amqp_basic_get) call(amqp_basic_ack) \
	call(amqp_read_message) call(amqp_consume_message) call(amqp_confirm_select) \
	call(amqp_simple_wait_frame) call(amqp_maybe_release_buffers) call(amqp_destroy_envelope) \
	call(amqp_queue_delete) call(amqp_exchange_delete) call(amqp_destroy_connection)
/* clang-format on */
#define RABBIT_MEMBER(name) __typeof__(name) *name;
	RABBIT_CALLS(RABBIT_MEMBER)
};

struct rabbit_end {
	struct rabbit_api api;
	amqp_connection_state_t c;
	amqp_envelope_t kept; /* it was too large for the receiver's room: it is next */
	bool has_kept;
	bool consumes; /* the server sends messages by itself */
	bool owes;     /* the message before has not been acknowledged */
	uint64_t owed; /* ... its number */
	bool ended;    /* the end has been seen */
};
#else
#define RABBIT_LIBRARY NULL
struct rabbit_end {
	bool ended;
};
#endif

enum { RABBIT_NAME = 64, RABBIT_PATIENCE_S = 1, RABBIT_CHANNEL = 1, RABBIT_FRAME = 131072 };

struct rabbit_names {
	char name[RABBIT_NAME]; /* of the link's queue, or exchange */
	atomic_u32 left;        /* senders that have said all that they had to say */
};

static inline size_t rabbit_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct rabbit_names);
}

static inline const char *rabbit_probe(void)
{
	return library_missing(RABBIT_LIBRARY, "librabbitmq", "librabbitmq-dev");
}

static inline int rabbit_setup(struct link *l)
{
	struct rabbit_names *n = l->shared;
	uint64_t id;

	if (!getenv("HANDOFF_RABBITMQ"))
		return link_fail(l, -ENOTSUP, "no server: $HANDOFF_RABBITMQ");
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return link_fail(l, -errno, "getrandom");
	snprintf(n->name, sizeof(n->name), "handoff.%016llx", (unsigned long long)id);
	return 0;
}

#ifdef RABBIT_HERE

static inline amqp_bytes_t rabbit_text(const char *text)
{
	return (amqp_bytes_t){.len = strlen(text), .bytes = (void *)(uintptr_t)text};
}

static const amqp_bytes_t rabbit_no_text = {.len = 0};
static const amqp_table_t rabbit_no_table = {.num_entries = 0};

static inline void rabbit_detach(struct port *p)
{
	struct rabbit_end *e = p->local;

	if (e->has_kept)
		e->api.amqp_destroy_envelope(&e->kept);
	if (e->c)
		e->api.amqp_destroy_connection(e->c);
	library_close(&e->api.library);
	e->c = NULL;
	e->has_kept = false;
}

static inline int rabbit_load(struct rabbit_api *a)
{
#define RABBIT_SYMBOL(name) {#name, &a->name},
	const struct library_symbol symbols[] = {RABBIT_CALLS(RABBIT_SYMBOL)};

	return library_open(&a->library, RABBIT_LIBRARY, symbols, ARRAY_LEN(symbols));
}

/* 0; -ECONNRESET: the server has gone; -EPROTO: it says no. */
static inline int rabbit_error(amqp_rpc_reply_t reply)
{
	if (reply.reply_type == AMQP_RESPONSE_NORMAL)
		return 0;
	if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
		reply.library_error == AMQP_STATUS_TIMEOUT)
		return -ETIMEDOUT;
	return reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION ? -ECONNRESET : -EPROTO;
}

static inline int rabbit_answer(struct rabbit_end *e)
{
	return rabbit_error(e->api.amqp_get_rpc_reply(e->c));
}

/* Connected and logged in. */
static inline int rabbit_connect(struct rabbit_end *e)
{
	const char *address = getenv("HANDOFF_RABBITMQ"), *colon;
	const struct timeval patience = {.tv_sec = RABBIT_PATIENCE_S};
	amqp_socket_t *socket;
	char host[256];
	int err = rabbit_load(&e->api);

	if (err)
		return err;
	colon = address ? strrchr(address, ':') : NULL;
	if (!colon)
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	e->c = e->api.amqp_new_connection();
	socket = e->c ? e->api.amqp_tcp_socket_new(e->c) : NULL;
	if (!socket)
		return -ENOMEM;
	if (e->api.amqp_socket_open_noblock(socket, host, atoi(colon + 1), &patience) !=
		AMQP_STATUS_OK)
		return -ECONNREFUSED;
	err = rabbit_error(e->api.amqp_login(
		e->c, "/", 0, RABBIT_FRAME, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"));
	if (err)
		return err;
	e->api.amqp_channel_open(e->c, RABBIT_CHANNEL);
	return rabbit_answer(e);
}

static inline int rabbit_attach(struct port *p)
{
	struct rabbit_end *e = p->local;
	int err = rabbit_connect(e);

	if (!err && p->role == ROLE_SENDER) {
		e->api.amqp_confirm_select(e->c, RABBIT_CHANNEL);
		err = rabbit_answer(e);
	}
	return err ? link_fail(p->link, err, "RabbitMQ at %s", getenv("HANDOFF_RABBITMQ")) : 0;
}

/* Wait until the server has what was published last. */
COLD static int rabbit_confirmed(struct rabbit_end *e)
{
	amqp_frame_t frame;

	e->api.amqp_maybe_release_buffers(e->c);
	for (;;) {
		if (e->api.amqp_simple_wait_frame(e->c, &frame) != AMQP_STATUS_OK)
			return -ECONNRESET;
		if (frame.frame_type != AMQP_FRAME_METHOD)
			continue;
		if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD)
			return 0;
		if (frame.payload.method.id == AMQP_BASIC_NACK_METHOD ||
			frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD ||
			frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD)
			return -EPROTO;
	}
}

COLD static int rabbit_publish(struct port *p, const char *exchange, const char *key,
	const uint8_t *msg, uint32_t len, bool end)
{
	const amqp_basic_properties_t is_end = {
		._flags = AMQP_BASIC_TYPE_FLAG, .type = rabbit_text("end")};
	const amqp_bytes_t body = {.len = len, .bytes = (void *)(uintptr_t)msg};
	struct rabbit_end *e = p->local;

	if (e->api.amqp_basic_publish(e->c, RABBIT_CHANNEL, rabbit_text(exchange), rabbit_text(key),
		    0, 0, end ? &is_end : NULL, body) != AMQP_STATUS_OK)
		return -ECONNRESET;
	return rabbit_confirmed(e);
}

COLD static enum result rabbit_give(
	struct port *p, const char *exchange, const char *key, const uint8_t *msg, uint32_t len)
{
	if (link_open_ports(p->link, ROLE_RECEIVER) == 0)
		return OP_CLOSED;
	p->err = len > p->link->msg_bytes ? -EMSGSIZE
					  : rabbit_publish(p, exchange, key, msg, len, false);
	return p->err ? OP_ERROR : OP_DONE;
}

/* The last sender leaves so many ends. */
static inline void rabbit_close(struct port *p, const char *exchange, const char *key, uint32_t n)
{
	struct rabbit_names *names = p->link->shared;

	if (p->role != ROLE_SENDER || add_acq_rel(&names->left, 1u) + 1 != p->link->senders)
		return;
	while (n-- > 0 && rabbit_publish(p, exchange, key, (const uint8_t *)"end", 3, true) == 0)
		;
}

/* What the server has sent by itself. */
COLD static enum result rabbit_next(struct port *p, amqp_envelope_t *got, enum mode mode)
{
	struct rabbit_end *e = p->local;
	struct timeval left = {0};
	uint64_t now, us;
	int err;

	e->api.amqp_maybe_release_buffers(e->c);
	for (;;) {
		now = monotonic_ns();
		us = p->deadline_ns > now ? (p->deadline_ns - now) / 1000 + 1 : 0;
		us = us > 1000000000 ? 1000000000 : us;
		if (mode == MODE_TIMED)
			left = (struct timeval){
				.tv_sec = (time_t)(us / 1000000), .tv_usec = (long)(us % 1000000)};
		err = rabbit_error(e->api.amqp_consume_message(
			e->c, got, mode == MODE_BLOCK ? NULL : &left, 0));
		if (!err)
			return OP_DONE;
		if (err != -ETIMEDOUT) {
			p->err = err;
			return OP_ERROR;
		}
		if (mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		if (monotonic_ns() >= p->deadline_ns)
			return OP_TIMED_OUT;
	}
}

/* An envelope's bytes into the room; one that does not fit is kept. */
COLD static enum result rabbit_hand_out(
	struct port *p, amqp_envelope_t *got, uint8_t *msg, uint32_t room, uint32_t *len)
{
	struct rabbit_end *e = p->local;

	e->ended = (got->message.properties._flags & AMQP_BASIC_TYPE_FLAG) != 0;
	if (!e->ended && got->message.body.len > room) {
		e->kept = *got;
		e->has_kept = true;
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	e->has_kept = false;
	*len = (uint32_t)got->message.body.len;
	if (!e->ended)
		memcpy(msg, got->message.body.bytes, *len);
	e->api.amqp_destroy_envelope(got);
	return e->ended ? OP_CLOSED : OP_DONE;
}

#else

static inline int rabbit_attach(struct port *p)
{
	return link_fail(p->link, -ENOTSUP, "built without librabbitmq");
}

#define rabbit_detach NULL

#endif

#endif
