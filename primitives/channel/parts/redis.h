/*
 * redis.h - a connection to a Redis server by hiredis, its synchronous client.
 *
 * The library is loaded by whoever attaches, and by the probe: linked, it would be
 * part of the start of every trial.  Each worker has a connection of its own; the
 * address is in $HANDOFF_REDIS (bench/broker.h).  Commands are round trips: the answer
 * is read before the operation ends.  The library allocates in every one; there is no
 * way around that.
 *
 * Names on the server are random, one set a link; teardown deletes them.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_REDIS_H
#define PRIMITIVES_CHANNEL_PARTS_REDIS_H

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "primitives/channel/parts/library.h"

#if __has_include(<hiredis/hiredis.h>) && !defined(HANDOFF_WITHOUT_HIREDIS)
#include <hiredis/hiredis.h>
#define REDIS_LIBRARY "libhiredis.so." LIBRARY_TEXT(HIREDIS_SONAME)

/* What the library offers, as its header has it. */
struct redis_api {
	void *library;
	__typeof__(redisConnectUnixWithTimeout) *connect_unix;
	__typeof__(redisConnectWithTimeout) *connect_port;
	__typeof__(redisSetTimeout) *set_timeout;
	__typeof__(redisFree) *free;
	__typeof__(freeReplyObject) *free_reply;
	__typeof__(redisAppendCommandArgv) *append;
	__typeof__(redisGetReply) *get_reply;
	__typeof__(redisReaderGetReply) *reader_get;
	__typeof__(redisBufferRead) *read;
};

struct redis_end {
	struct redis_api api;
	redisContext *c;
	redisReply *kept; /* it was too large for the receiver's room: it is next */
	bool ended;       /* the end has been seen */
};
#else
#define REDIS_LIBRARY NULL
struct redis_end {
	bool ended;
};
#endif

enum { REDIS_NAME = 64, REDIS_PATIENCE_S = 1, REDIS_FULL_NS = 100 * 1000 };

/* In the link's shared state: what the link's things on the server are called. */
struct redis_names {
	char data[REDIS_NAME], end[REDIS_NAME];
	atomic_u32 left; /* senders that have said all that they had to say */
};

static inline size_t redis_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct redis_names);
}

static inline const char *redis_probe(void)
{
	return library_missing(REDIS_LIBRARY, "libhiredis", "libhiredis-dev");
}

static inline int redis_setup(struct link *l)
{
	struct redis_names *n = l->shared;
	uint64_t id;

	if (!getenv("HANDOFF_REDIS"))
		return link_fail(l, -ENOTSUP, "no server: $HANDOFF_REDIS");
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return link_fail(l, -errno, "getrandom");
	snprintf(n->data, sizeof(n->data), "handoff:%016llx", (unsigned long long)id);
	snprintf(n->end, sizeof(n->end), "handoff:%016llx:end", (unsigned long long)id);
	return 0;
}

#ifdef HIREDIS_SONAME

static inline void redis_detach(struct port *p)
{
	struct redis_end *e = p->local;

	if (e->kept)
		e->api.free_reply(e->kept);
	if (e->c)
		e->api.free(e->c);
	library_close(&e->api.library);
	e->kept = NULL;
	e->c = NULL;
}

static inline int redis_load(struct redis_api *a)
{
	const struct library_symbol symbols[] = {
		{"redisConnectUnixWithTimeout", &a->connect_unix},
		{"redisConnectWithTimeout", &a->connect_port},
		{"redisSetTimeout", &a->set_timeout},
		{"redisFree", &a->free},
		{"freeReplyObject", &a->free_reply},
		{"redisAppendCommandArgv", &a->append},
		{"redisGetReply", &a->get_reply},
		{"redisReaderGetReply", &a->reader_get},
		{"redisBufferRead", &a->read},
	};

	return library_open(&a->library, REDIS_LIBRARY, symbols, ARRAY_LEN(symbols));
}

/* Connected within REDIS_PATIENCE_S; from then on waits are not limited. */
static inline int redis_connect(struct redis_end *e)
{
	const struct timeval patience = {.tv_sec = REDIS_PATIENCE_S}, ever = {0};
	const char *address = getenv("HANDOFF_REDIS"),
		   *colon = address ? strrchr(address, ':') : "";
	char host[256];
	int err = redis_load(&e->api);

	if (err)
		return err;
	if (!address || (address[0] != '/' && !colon))
		return -EINVAL;
	if (address[0] == '/') {
		e->c = e->api.connect_unix(address, patience);
	} else {
		snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
		e->c = e->api.connect_port(host, atoi(colon + 1), patience);
	}
	if (!e->c)
		return -ENOMEM;
	if (e->c->err)
		return e->c->err == REDIS_ERR_IO && errno ? -errno : -ECONNREFUSED;
	return e->api.set_timeout(e->c, ever) == REDIS_OK ? 0 : -EIO;
}

static inline int redis_attach(struct port *p)
{
	int err = redis_connect(p->local);

	return err ? link_fail(p->link, err, "Redis at %s", getenv("HANDOFF_REDIS")) : 0;
}

/* What broke; EOF is the server's death. */
COLD static enum result redis_broken(struct port *p)
{
	const struct redis_end *e = p->local;

	p->err = e->c->err == REDIS_ERR_EOF           ? -ECONNRESET
		 : e->c->err == REDIS_ERR_IO && errno ? -errno
						      : -EPROTO;
	return OP_ERROR;
}

/*
 * One command and its answer, which is the caller's to free.  OP_WOULD_BLOCK: the
 * server has no memory left for it.
 */
COLD static enum result redis_command(
	struct port *p, int argc, const char **argv, const size_t *len, redisReply **reply)
{
	struct redis_end *e = p->local;
	bool full;

	*reply = NULL;
	if (e->api.append(e->c, argc, argv, len) != REDIS_OK ||
		e->api.get_reply(e->c, (void **)reply) != REDIS_OK)
		return redis_broken(p);
	if ((*reply)->type != REDIS_REPLY_ERROR)
		return OP_DONE;
	full = strncmp((*reply)->str, "OOM", 3) == 0;
	e->api.free_reply(*reply);
	*reply = NULL;
	p->err = -EPROTO;
	return full ? OP_WOULD_BLOCK : OP_ERROR;
}

/* A command of words whose answer does not matter. */
COLD static enum result redis_say(struct port *p, const char *a, const char *b, const char *c)
{
	const char *argv[] = {a, b, c};
	const size_t len[] = {strlen(a), strlen(b), strlen(c)};
	struct redis_end *e = p->local;
	redisReply *reply;
	enum result r = redis_command(p, 3, argv, len, &reply);

	if (reply)
		e->api.free_reply(reply);
	return r;
}

/*
 * Give a message to the server by `verb` (RPUSH, PUBLISH).  A server that is full is
 * asked again and again, as far as the mode allows.
 */
COLD static enum result redis_give(
	struct port *p, const char *verb, const uint8_t *msg, uint32_t bytes, enum mode mode)
{
	const struct redis_names *n = p->link->shared;
	const char *argv[] = {verb, n->data, (const char *)msg};
	const size_t len[] = {strlen(verb), strlen(n->data), bytes};
	const struct timespec nap = {.tv_nsec = REDIS_FULL_NS};
	struct redis_end *e = p->local;
	redisReply *reply;
	enum result r;

	if (bytes > p->link->msg_bytes) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	for (;;) {
		if (link_open_ports(p->link, ROLE_RECEIVER) == 0)
			return OP_CLOSED;
		r = redis_command(p, 3, argv, len, &reply);
		if (reply)
			e->api.free_reply(reply);
		if (r != OP_WOULD_BLOCK || mode == MODE_TRY)
			return r;
		if (mode == MODE_TIMED && monotonic_ns() >= p->deadline_ns)
			return OP_TIMED_OUT;
		nanosleep(&nap, NULL);
	}
}

/* The text of a reply into the room; a reply that does not fit is kept. */
COLD static enum result redis_hand_out(
	struct port *p, redisReply *reply, uint8_t *msg, uint32_t room, uint32_t *len)
{
	struct redis_end *e = p->local;
	const redisReply *text = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0
					 ? reply->element[reply->elements - 1]
					 : reply;

	if (text->type != REDIS_REPLY_STRING || (size_t)text->len > room) {
		p->err = text->type == REDIS_REPLY_STRING ? -EMSGSIZE : -EPROTO;
		e->kept = reply;
		return OP_ERROR;
	}
	*len = (uint32_t)text->len;
	memcpy(msg, text->str, *len);
	e->api.free_reply(reply);
	e->kept = NULL;
	return OP_DONE;
}

/* Nobody needs what is still there. */
static inline void redis_teardown(struct link *l)
{
	struct redis_names *n = l->shared;
	struct redis_end e = {.c = NULL};
	struct port p = {.link = l, .local = &e};

	if (!n || !n->data[0])
		return;
	if (redis_connect(&e) == 0)
		redis_say(&p, "DEL", n->data, n->end);
	redis_detach(&p);
	n->data[0] = '\0';
}

#else

static inline int redis_attach(struct port *p)
{
	return link_fail(p->link, -ENOTSUP, "built without libhiredis");
}

#define redis_detach   NULL
#define redis_teardown NULL

#endif

#endif
