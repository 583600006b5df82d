/*
 * channel.h - the channel family: each message to exactly one receiver.
 *
 * Ops (struct channel_ops), the role loops that are timed, and the macro that
 * stamps the loops into a mechanism's file.  The loops are written once; every
 * mechanism gets its own copy with its ops inlined, in a plain twin (no trace
 * of the probes) and a probed one.
 *
 * Rules for an op: no allocation, no log, no clock; `how` decides how to wait
 * and whether to wait at all; a message is moved whole or not at all.
 */
#ifndef HARNESS_FAMILY_CHANNEL_H
#define HARNESS_FAMILY_CHANNEL_H

#include <poll.h>

#include "harness/coroutine.h"
#include "harness/evidence.h"
#include "harness/fill.h"
#include "harness/hist.h"
#include "harness/link.h"
#include "harness/mech.h"
#include "harness/family/stamp.h"

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
	LOSSY_LOOK_NS = 5 * 1000 * 1000,     /* a coroutine that waits looks up so often */
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

/* ---- how coroutines wait -------------------------------------------------- */

/* The others go on until the descriptor may be ready.  OP_DONE: try again. */
CALLED static enum result channel_await(
	const struct channel_ops *o, const struct port *p, short events, struct how how)
{
	uint64_t until = how.mode == MODE_TIMED ? p->deadline_ns : CORO_FOREVER;
	uint64_t look = o->lossy ? monotonic_ns() + LOSSY_LOOK_NS : CORO_FOREVER;

	if (coro_await_fd(o->poll_fd(p), events, look < until ? look : until))
		return OP_DONE;
	return monotonic_ns() >= until ? OP_TIMED_OUT : OP_DONE;
}

/*
 * The ops, as everybody calls them.  A coroutine tries, and awaits the descriptor when
 * the try would block; a mechanism without one never blocks, or awaits by itself.
 */
ALWAYS_INLINE enum result channel_op_send(const struct channel_ops *o, struct port *p,
	const uint8_t *msg, uint32_t len, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	enum result r;

	if (how.wait != WAIT_AWAIT || how.mode == MODE_TRY || !o->poll_fd)
		return o->send(p, msg, len, how);
	do {
		r = o->send(p, msg, len, try);
		if (LIKELY(r != OP_WOULD_BLOCK))
			return r;
		r = channel_await(o, p, POLLOUT, how);
	} while (r == OP_DONE);
	return r;
}

ALWAYS_INLINE enum result channel_op_recv(const struct channel_ops *o, struct port *p, uint8_t *msg,
	uint32_t room, uint32_t *len, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	enum result r;

	if (how.wait != WAIT_AWAIT || how.mode == MODE_TRY || !o->poll_fd)
		return o->recv(p, msg, room, len, how);
	do {
		r = o->recv(p, msg, room, len, try);
		if (LIKELY(r != OP_WOULD_BLOCK))
			return r;
		r = channel_await(o, p, POLLIN, how);
	} while (r == OP_DONE);
	return r;
}

/* ---- sabotage: the probed twin's way to spoil the nth message ----------- */

COLD static enum result channel_sabotage(
	const struct channel_ops *o, struct port *p, uint8_t *msg, uint32_t len, struct how how)
{
	struct probe *b = &p->probe;
	enum result r;

	switch (b->act) {
	case PROBE_DROP:
		return OP_DONE;
	case PROBE_DUPLICATE:
		r = channel_op_send(o, p, msg, len, how);
		return r == OP_DONE ? channel_op_send(o, p, msg, len, how) : r;
	case PROBE_FLIP:
		msg[len > 1] ^= 0x10; /* the producer's high byte: never a valid head */
		r = channel_op_send(o, p, msg, len, how);
		msg[len > 1] ^= 0x10;
		return r;
	case PROBE_FLIP_MIDDLE: /* the stamps stay as they are, where there is anything between */
		msg[len > 16 ? len / 2 : len - 1] ^= 0x10;
		r = channel_op_send(o, p, msg, len, how);
		msg[len > 16 ? len / 2 : len - 1] ^= 0x10;
		return r;
	case PROBE_TRUNCATE:
		return channel_op_send(o, p, msg, len - 1, how);
	case PROBE_MIX: /* the head of one stream, the tail of another */
		memset(msg, 0x5a, len < 8 ? len : 8);
		return channel_op_send(o, p, msg, len, how);
	case PROBE_SWAP: /* held back; the next message goes first */
		memcpy(b->kept, msg, len);
		b->kept_len = len;
		return OP_DONE;
	case PROBE_REPLAY: /* an old message once more */
		r = channel_op_send(o, p, b->kept, b->kept_len, how);
		b->kept_len = 0;
		return r == OP_DONE ? channel_op_send(o, p, msg, len, how) : r;
	default:
		return channel_op_send(o, p, msg, len, how);
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
	r = channel_op_send(o, p, msg, len, how);
	if (r == OP_DONE && b->act == PROBE_SWAP && b->kept_len) {
		r = channel_op_send(o, p, b->kept, b->kept_len, how);
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

ALWAYS_INLINE enum result channel_put(
	const struct channel_ops *o, struct port *p, uint8_t *msg, uint32_t len, struct how how)
{
	enum result r;

	POINT(p, how, BEFORE_SEND);
	if (how.probed)
		channel_fill(p, msg, len);
	if (how.probed && probe_act_on_message(p->probe.act))
		r = channel_send_probed(o, p, msg, len, how);
	else
		r = channel_op_send(o, p, msg, len, how);
	POINT(p, how, AFTER_SEND);
	return r;
}

ALWAYS_INLINE enum result channel_take(const struct channel_ops *o, struct port *p, uint8_t *msg,
	uint32_t room, uint32_t *len, struct how how)
{
	enum result r;

	if (how.probed)
		channel_scrub(p, msg, room);
	r = channel_op_recv(o, p, msg, room, len, how);
	if (how.probed && r == OP_DONE)
		channel_inspect(p, msg, *len);
	POINT(p, how, AFTER_RECV);
	return r;
}

/*
 * Lossy channels: as channel_take, but not for ever.  OP_CLOSED: everybody has
 * sent everything, and then nothing came for a while; what is missing is lost.
 */
ALWAYS_INLINE enum result channel_take_lossy(
	const struct channel_ops *o, struct worker *w, uint32_t *len, bool polls, struct how how)
{
	const struct how once = {how.wait, polls ? MODE_TRY : MODE_TIMED, how.probed};
	struct port *in = w->in;

	for (;;) {
		bool over = load_acquire(w->finished) >= w->senders;
		enum result r = channel_take(o, in, w->msg, w->msg_bytes, len, once);

		if (LIKELY(r != OP_TIMED_OUT && r != OP_WOULD_BLOCK)) {
			w->last_ticks = clock_read(w->clock);
			return r;
		}
		if (polls && monotonic_ns() < in->deadline_ns) {
			if (how.wait == WAIT_AWAIT)
				wait_yield();
			continue;
		}
		if (over)
			return OP_CLOSED;
		in->deadline_ns = monotonic_ns() + LOSSY_SILENCE_NS;
	}
}

/*
 * The reply to the request that went last; older ones, that were thought lost,
 * are booked on the way.  OP_TIMED_OUT: it, or the request, is lost.
 */
ALWAYS_INLINE enum result channel_take_reply(const struct channel_ops *o, struct worker *w,
	struct port *in, uint8_t *msg, uint32_t bytes, uint32_t *len, struct how how)
{
	const struct how timed = {how.wait, MODE_TIMED, how.probed};
	uint64_t head;

	if (!o->lossy)
		return channel_take(o, in, msg, bytes, len, how);
	in->deadline_ns = monotonic_ns() + LOSSY_REPLY_NS;
	for (;;) {
		enum result r = channel_take(o, in, msg, bytes, len, timed);

		if (r != OP_DONE)
			return r;
		memcpy(&head, msg, sizeof(head));
		if (LIKELY(head >> 16 >= w->seq - 1))
			return OP_DONE;
		ledger_check(w->ledger, msg, *len, bytes);
	}
}

/*
 * ---- role loops ---------------------------------------------------------
 *
 * What a worker does not change is copied into locals first: the compiler must
 * assume that a store into the message changes anything it was not told about.
 */

/* Send until the side's n is claimed; one send in STAMP_EVERY is timed. */
ALWAYS_INLINE void channel_produce(const struct channel_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *out = w->out;
	uint32_t bytes = w->msg_bytes;
	uint8_t *msg = w->msg;
	struct hist *hist = w->hist;
	uint64_t i, end, t = 0, ops = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		/* who is never told to wait would lose all that its own receiver cannot take */
		if (o->lossy && how.wait == WAIT_AWAIT)
			wait_yield();
		for (; i < end; i++) {
			bool timed = i % STAMP_EVERY == 0;

			stamp_write(msg, bytes, w->seq, w->id);
			if (timed)
				t = clock_read(clock);
			r = channel_put(o, out, msg, bytes, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			if (timed)
				hist_record(hist, clock_ns(clock, clock_read(clock) - t));
			w->seq++;
			ops++;
		}
	}
	w->ops = ops;
	w->result = r;
}

/* One receive: by sleeping, by tries, or not for ever. */
ALWAYS_INLINE enum result channel_take_by(const struct channel_ops *o, struct worker *w,
	struct port *in, uint8_t *msg, uint32_t bytes, uint32_t *len, bool polls, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	const struct how pause = wait_pause(how);
	uint32_t spins = 0;
	enum result r;

	if (o->lossy)
		return channel_take_lossy(o, w, len, polls, how);
	if (!polls)
		return channel_take(o, in, msg, bytes, len, how);
	while ((r = channel_take(o, in, msg, bytes, len, try)) == OP_WOULD_BLOCK)
		wait_spins(pause, &spins);
	return r;
}

ALWAYS_INLINE void channel_consume_by(
	const struct channel_ops *o, struct worker *w, bool polls, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes;
	uint8_t *msg = w->msg;
	struct ledger *ledger = w->ledger;
	struct hist *hist = w->hist;
	uint64_t i, end, t = 0, ops = 0;
	uint32_t len = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			bool timed = i % STAMP_EVERY == 0;

			if (timed)
				t = clock_read(clock);
			r = channel_take_by(o, w, in, msg, bytes, &len, polls, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			if (timed)
				hist_record(hist, clock_ns(clock, clock_read(clock) - t));
			ledger_check(ledger, msg, len, bytes);
			ops++;
		}
	}
	w->ops = ops;
	w->result = o->lossy && r == OP_CLOSED ? OP_DONE : r;
}

/* Receive until the side's n is claimed, checking each; one in STAMP_EVERY is timed. */
ALWAYS_INLINE void channel_consume(const struct channel_ops *o, struct worker *w, struct how how)
{
	channel_consume_by(o, w, false, how);
}

/* The same without ever sleeping: tries, with a pause between them. */
ALWAYS_INLINE void channel_poll(const struct channel_ops *o, struct worker *w, struct how how)
{
	channel_consume_by(o, w, true, how);
}

/*
 * Receive to the end, not knowing how much there is: a sentinel from each sender
 * where this is the only receiver, else one for each receiver; or the mechanism
 * says that it is closed.
 */
ALWAYS_INLINE void channel_drain(const struct channel_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes, len = 0;
	uint32_t ends = in->link->receivers == 1 ? w->senders : 1;
	uint8_t *msg = w->msg;
	struct ledger *ledger = w->ledger;
	struct hist *hist = w->hist;
	uint64_t head, t = 0, ops = 0;
	enum result r = OP_DONE;

	while (ends > 0) {
		bool timed = ops % STAMP_EVERY == 0;

		if (timed)
			t = clock_read(clock);
		r = channel_take(o, in, msg, bytes, &len, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		memcpy(&head, msg, sizeof(head));
		if (UNLIKELY(head >> 16 == CHANNEL_END)) {
			ends--;
			continue;
		}
		if (timed)
			hist_record(hist, clock_ns(clock, clock_read(clock) - t));
		ledger_check(ledger, msg, len, bytes);
		ops++;
	}
	w->ops = ops;
	w->result = r == OP_CLOSED ? OP_DONE : r;
}

/* Send this sender's sentinels; `last`: everybody else has sent everything. */
COLD static enum result channel_send_ends(
	const struct channel_ops *o, struct worker *w, bool last, struct how how)
{
	uint32_t receivers = w->out->link->receivers;
	uint32_t n = receivers == 1 ? 1 : last ? receivers : 0;
	enum result r = OP_DONE;

	stamp_write(w->msg, w->msg_bytes, CHANNEL_END, w->id);
	channel_fill(w->out, w->msg, w->msg_bytes);
	while (n-- > 0 && r == OP_DONE)
		r = channel_op_send(o, w->out, w->msg, w->msg_bytes, how);
	return r;
}

/* Send and await the reply; every round trip is timed, its end is the next one's start. */
ALWAYS_INLINE void channel_ask(const struct channel_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *out = w->out;
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes;
	uint8_t *msg = w->msg;
	struct ledger *ledger = w->ledger;
	struct hist *hist = w->hist;
	uint64_t i, end, ops = 0, t, now;
	uint32_t len = 0;
	enum result r = OP_DONE;

	t = clock_read(clock);
	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			stamp_write(msg, bytes, w->seq, w->id);
			r = channel_put(o, out, msg, bytes, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			w->seq++;
			r = channel_take_reply(o, w, in, msg, bytes, &len, how);
			if (o->lossy && r == OP_TIMED_OUT) {
				t = clock_read(clock);
				r = OP_DONE;
				continue;
			}
			if (UNLIKELY(r != OP_DONE))
				break;
			now = clock_read(clock);
			hist_record(hist, clock_ns(clock, now - t));
			t = now;
			ledger_check(ledger, msg, len, bytes);
			ops++;
		}
	}
	w->ops = ops;
	w->result = r;
}

/* Receive, check, send the same bytes back. */
ALWAYS_INLINE void channel_serve(const struct channel_ops *o, struct worker *w, struct how how)
{
	struct port *out = w->out;
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes;
	uint8_t *msg = w->msg;
	struct ledger *ledger = w->ledger;
	uint64_t i, end, ops = 0;
	uint32_t len = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = channel_take_by(o, w, in, msg, bytes, &len, false, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			ledger_check(ledger, msg, len, bytes);
			r = channel_put(o, out, msg, len, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			w->seq++;
			ops++;
		}
	}
	w->ops = ops;
	w->result = o->lossy && r == OP_CLOSED ? OP_DONE : r;
}

/* Try to receive from an empty channel. */
ALWAYS_INLINE void channel_vain(const struct channel_ops *o, struct worker *w, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes, len;
	uint8_t *msg = w->msg;
	uint64_t i, end, ops = 0;
	enum result r = OP_WOULD_BLOCK;

	while (r == OP_WOULD_BLOCK && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = o->recv(in, msg, bytes, &len, try);
			if (UNLIKELY(r != OP_WOULD_BLOCK))
				break;
			ops++;
		}
	}
	w->ops = ops;
	w->result = r == OP_WOULD_BLOCK ? OP_DONE : OP_ERROR;
}

/* Send to oneself: the operation without the hand-over.  Nothing is stamped. */
ALWAYS_INLINE void channel_self(const struct channel_ops *o, struct worker *w, struct how how)
{
	struct port *out = w->out;
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes;
	uint8_t *msg = w->msg;
	struct ledger *ledger = w->ledger;
	uint64_t i, end, ops = 0;
	uint32_t len = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			stamp_write(msg, bytes, w->seq, w->id);
			r = channel_put(o, out, msg, bytes, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			w->seq++;
			r = channel_take(o, in, msg, bytes, &len, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			ledger_check(ledger, msg, len, bytes);
			ops++;
		}
	}
	w->ops = ops;
	w->result = r;
}

/* ---- stamping ----------------------------------------------------------- */

/*
 * In the mechanism's file, after its `static const struct channel_ops opstab`:
 * stamps every role loop for the wait strategies `offered` (BIT(WAIT_...)) and
 * defines id##_loops for the descriptor.
 */
#define CHANNEL_STAMP(id, opstab, offered)                                                         \
	STAMP_TWINS(channel, id, produce, opstab, offered)                                         \
	STAMP_TWINS(channel, id, consume, opstab, offered)                                         \
	STAMP_TWINS(channel, id, ask, opstab, offered)                                             \
	STAMP_TWINS(channel, id, serve, opstab, offered)                                           \
	STAMP_TWINS(channel, id, self, opstab, offered)                                            \
	STAMP_TWINS(channel, id, poll, opstab, offered)                                            \
	STAMP_TWINS(channel, id, vain, opstab, offered)                                            \
	STAMP_TWINS(channel, id, drain, opstab, offered)                                           \
	static const loop_table id##_loops = {                                                     \
		[LOOP_PRODUCE] = {id##__produce__plain, id##__produce__probed},                    \
		[LOOP_CONSUME] = {id##__consume__plain, id##__consume__probed},                    \
		[LOOP_ASK] = {id##__ask__plain, id##__ask__probed},                                \
		[LOOP_SERVE] = {id##__serve__plain, id##__serve__probed},                          \
		[LOOP_SELF] = {id##__self__plain, id##__self__probed},                             \
		[LOOP_POLL] = {id##__poll__plain, id##__poll__probed},                             \
		[LOOP_VAIN] = {id##__vain__plain, id##__vain__probed},                             \
		[LOOP_DRAIN] = {id##__drain__plain, id##__drain__probed},                          \
	}

/* What every channel's descriptor says alike. */
#define CHANNEL_COMMON(id, opstab, offered)                                                        \
	.family = FAMILY_CHANNEL, .domains = MECH_DOMAINS(offered), .waits = (offered),            \
	.ops = &(opstab), .loops = &id##_loops

#endif
