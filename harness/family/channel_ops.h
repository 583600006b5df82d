/*
 * channel_ops.h - what a channel's mechanism implements.
 *
 * Rules for an op: no allocation, no log, no clock; `how` decides how to wait
 * and whether to wait at all; a message is moved whole or not at all.
 *
 * A part of channel.h, which is what to include.
 */
#ifndef HARNESS_FAMILY_CHANNEL_OPS_H
#define HARNESS_FAMILY_CHANNEL_OPS_H

#include "harness/evidence.h"
#include "harness/link.h"
#include "harness/mech.h"

/*
 * send: one message of len <= link->msg_bytes; longer is OP_ERROR (-EMSGSIZE).
 *       OP_CLOSED: no receiver is left; room that is still there may be filled
 *       before that is noticed.
 * recv: one message into room bytes; *len is its size.  A message larger than
 *       room is OP_ERROR (-EMSGSIZE) and stays, where the unit is a message;
 *       where it is bytes, room must be link->msg_bytes.  OP_CLOSED: empty, and
 *       no sender is left.
 */
typedef enum result channel_send_fn(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how);
typedef enum result channel_recv_fn(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how);

struct channel_ops {
	channel_send_fn *send;
	channel_recv_fn *recv;
	/* This port is done; NULL: closing its fds (the harness does) says it all. */
	void (*close)(struct port *p);
	/* Readable (receiver) or writable (sender) when the op would not block;
	 * NULL: the mechanism has none. */
	int (*poll_fd)(const struct port *p);
	/* contract.lossy, as a constant for the loops: nobody waits for what may be lost. */
	bool lossy;
	/* The rest is not on a timed path; NULL: not offered. */
	/* Messages in it now: right when nobody is at work.  It is empty where that is 0, and full
	 * where it is link->capacity; those have no ops of their own. */
	uint32_t (*length)(struct port *p);
	/* Queues whose receivers say when a message has been processed. */
	enum result (*task_done)(struct port *p);            /* OP_ERROR (-ERANGE): one too many */
	enum result (*join)(struct port *p, struct how how); /* until all have been */
	/* Queues that send from a buffer of the sender's own. */
	void (*shut)(struct port *p);       /* no put any more; tells the receiver nothing */
	uint64_t (*cancel)(struct port *p); /* shut, and drop what is buffered: so many */
};

enum {
	LOSSY_SILENCE_NS = 20 * 1000 * 1000, /* after the last send: then the rest is lost */
	LOSSY_REPLY_NS = 100 * 1000 * 1000,  /* then the request, or its reply, is lost */
	DRAIN_SILENCE_NS = 50 * 1000 * 1000, /* after the last send: then there is no more */
};

/*
 * The sequence of a sentinel: no message has it.  It must not overtake a message:
 * a channel whose order is LIFO or PRIORITY gives it the lowest rank of all.
 */
#define CHANNEL_END ((UINT64_C(1) << STAMP_SEQ_BITS) - 1)

ALWAYS_INLINE bool channel_is_end(const uint8_t *msg, uint32_t len)
{
	uint64_t head = 0;

	if (LIKELY(len >= sizeof(head)))
		memcpy(&head, msg, sizeof(head));
	return head >> 16 == CHANNEL_END;
}

/* Close a port as its worker leaves: the mechanism's own signal, then the fds. */
static inline void channel_close(const struct channel_ops *o, struct port *p)
{
	bool was_open = !p->closed;

	link_port_leaves(p);
	if (was_open && o->close)
		o->close(p);
}

#endif
