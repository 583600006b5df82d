/*
 * channel_probed.h - what the probed twin of a channel's loops does to messages:
 * it spoils the nth one, and it fills and checks every byte.
 *
 * A part of channel.h, which is what to include.  All COLD: nothing of it stands
 * in a plain twin.
 */
#ifndef HARNESS_FAMILY_CHANNEL_PROBED_H
#define HARNESS_FAMILY_CHANNEL_PROBED_H

#include <string.h>

#include "harness/evidence.h"
#include "harness/fill.h"
#include "harness/family/channel_await.h"
#include "harness/family/channel_ops.h"

/*
 * The ops of the probed twin, one copy of each per mechanism: it is not timed, and what is not
 * inlined a dozen times over compiles in half the time.
 */
COLD static enum result channel_send_once(const struct channel_ops *o, struct port *p,
	const uint8_t *msg, uint32_t len, struct how how)
{
	return channel_op_send(o, p, msg, len, how);
}

COLD static enum result channel_recv_once(const struct channel_ops *o, struct port *p, uint8_t *msg,
	uint32_t room, uint32_t *len, struct how how)
{
	return channel_op_recv(o, p, msg, room, len, how);
}

/* ---- sabotage of the nth message ----------------------------------------- */

COLD static enum result channel_sabotage(
	const struct channel_ops *o, struct port *p, uint8_t *msg, uint32_t len, struct how how)
{
	struct probe *b = &p->probe;
	enum result r;

	switch (b->act) {
	case PROBE_DROP:
		return OP_DONE;
	case PROBE_DUPLICATE:
		r = channel_send_once(o, p, msg, len, how);
		return r == OP_DONE ? channel_send_once(o, p, msg, len, how) : r;
	case PROBE_FLIP:
		msg[len > 1] ^= 0x10; /* the producer's high byte: never a valid head */
		r = channel_send_once(o, p, msg, len, how);
		msg[len > 1] ^= 0x10;
		return r;
	case PROBE_FLIP_MIDDLE: /* the stamps stay as they are, where there is anything between */
		msg[len > 16 ? len / 2 : len - 1] ^= 0x10;
		r = channel_send_once(o, p, msg, len, how);
		msg[len > 16 ? len / 2 : len - 1] ^= 0x10;
		return r;
	case PROBE_TRUNCATE:
		return channel_send_once(o, p, msg, len - 1, how);
	case PROBE_MIX: /* the head of one stream, the tail of another */
		memset(msg, 0x5a, len < 8 ? len : 8);
		return channel_send_once(o, p, msg, len, how);
	case PROBE_SWAP: /* held back; the next message goes first */
		memcpy(b->kept, msg, len);
		b->kept_len = len;
		return OP_DONE;
	case PROBE_REPLAY: /* an old message once more */
		r = channel_send_once(o, p, b->kept, b->kept_len, how);
		b->kept_len = 0;
		return r == OP_DONE ? channel_send_once(o, p, msg, len, how) : r;
	default:
		return channel_send_once(o, p, msg, len, how);
	}
}

COLD static enum result channel_send_probed(
	const struct channel_ops *o, struct port *p, uint8_t *msg, uint32_t len, struct how how)
{
	struct probe *b = &p->probe;
	enum result r;

	if (b->act == PROBE_REPLAY && b->hits == 0) {
		memcpy(b->kept, msg, len);
		b->kept_len = len;
	}
	if (probe_message(b))
		return channel_sabotage(o, p, msg, len, how);
	r = channel_send_once(o, p, msg, len, how);
	if (r == OP_DONE && b->act == PROBE_SWAP && b->kept_len) {
		r = channel_send_once(o, p, b->kept, b->kept_len, how);
		b->kept_len = 0;
	}
	return r;
}

/* ---- every byte: the probed twin's part of the evidence ------------------ */

/* A stamped message gets its pattern. */
COLD static void channel_fill(const struct port *p, uint8_t *msg, uint32_t len)
{
	if (p->probe.verify)
		fill_write(msg, len, p->probe.seed);
}

/* What stands where a message is to arrive shall not be taken for it. */
COLD static void channel_scrub(struct port *p, uint8_t *msg, uint32_t room)
{
	if (!p->probe.verify || p->probe.scrubbed)
		return;
	fill_scrub(msg, room);
	p->probe.scrubbed = true;
}

/* Of the right length, but not of the right bytes: the stamps are the ledger's to check. */
COLD static void channel_inspect(struct port *p, const uint8_t *msg, uint32_t len)
{
	uint32_t at;

	p->probe.scrubbed = false;
	if (!p->probe.verify || len != p->link->msg_bytes)
		return;
	at = fill_check(msg, len, p->probe.seed);
	if (at != FILL_WHOLE)
		ledger_spoiled(p->probe.ledger, msg, at);
}

#endif
