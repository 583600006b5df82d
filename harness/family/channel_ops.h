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
};

enum {
	LOSSY_SILENCE_NS = 20 * 1000 * 1000, /* after the last send: then the rest is lost */
	LOSSY_REPLY_NS = 100 * 1000 * 1000,  /* then the request, or its reply, is lost */
};

/* The sequence of a sentinel: no message has it. */
#define CHANNEL_END ((UINT64_C(1) << STAMP_SEQ_BITS) - 1)

/* Close a port as its worker leaves: the mechanism's own signal, then the fds. */
static inline void channel_close(const struct channel_ops *o, struct port *p)
{
	bool was_open = !p->closed;

	link_port_leaves(p);
	if (was_open && o->close)
		o->close(p);
}

#endif
