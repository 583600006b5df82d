/*
 * channel.h - the channel family: each message to exactly one receiver.
 *
 * The ops (channel_ops.h), the role loops that are timed, and the macro that
 * stamps the loops into a mechanism's file.  The loops are written once; every
 * mechanism gets its own copy with its ops inlined, in a plain twin (no trace
 * of the probes) and a probed one.  channel_probed.h has what only the probed
 * twin does, channel_open.h the loops on a schedule; this header has them all.
 */
#ifndef HARNESS_FAMILY_CHANNEL_H
#define HARNESS_FAMILY_CHANNEL_H

#include "harness/evidence.h"
#include "harness/hist.h"
#include "harness/rivals.h"
#include "harness/family/channel_await.h"
#include "harness/family/channel_ops.h"
#include "harness/family/channel_probed.h"
#include "harness/family/stamp.h"

ALWAYS_INLINE enum result channel_put(
	const struct channel_ops *o, struct port *p, uint8_t *msg, uint32_t len, struct how how)
{
	enum result r;

	POINT(p, how, BEFORE_SEND);
	if (how.probed)
		channel_fill(p, msg, len);
	if (how.probed && probe_act_on_message(p->probe.act))
		r = channel_send_probed(o, p, msg, len, how);
	else if (how.probed)
		r = channel_send_once(o, p, msg, len, how);
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
	if (how.probed)
		r = channel_recv_once(o, p, msg, room, len, how);
	else
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
 * OP_CLOSED: everybody has sent everything, and then nothing came for a while.  A silence
 * before that says only that the senders are slow.
 */
ALWAYS_INLINE enum result channel_take_until_silence(
	const struct channel_ops *o, struct worker *w, uint32_t *len, struct how how)
{
	const struct how timed = {how.wait, MODE_TIMED, how.probed};
	struct port *in = w->in;

	for (;;) {
		bool over = load_acquire(w->finished) >= w->senders;
		enum result r;

		in->deadline_ns = monotonic_ns() + DRAIN_SILENCE_NS;
		r = channel_take(o, in, w->msg, w->msg_bytes, len, timed);
		if (LIKELY(r != OP_TIMED_OUT)) {
			w->last_ticks = clock_read(w->clock);
			return r;
		}
		if (over)
			return OP_CLOSED;
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

			if (timed) {
				if (w->rivals)
					rivals_ask(w->rivals, clock_read(clock));
				t = clock_read(clock);
			}
			r = channel_take_by(o, w, in, msg, bytes, &len, polls, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			if (timed) {
				hist_record(hist, clock_ns(clock, clock_read(clock) - t));
				if (w->rivals)
					rivals_had(w->rivals, w);
			}
			ledger_check(ledger, msg, len, bytes);
			ops++;
		}
	}
	w->ops = ops;
	w->result = o->lossy && r == OP_CLOSED ? OP_DONE : r;
}

/*
 * Receive until the side's n is claimed, checking each; one in STAMP_EVERY is timed.  Of some
 * of these each of several receivers looks what the others had meanwhile (rivals.h).
 */
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
 * says that it is closed; or nothing comes any more.
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

	if (w->to_silence)
		w->last_ticks = clock_read(clock);
	while (ends > 0) {
		bool timed = ops % STAMP_EVERY == 0;

		if (timed)
			t = clock_read(clock);
		r = UNLIKELY(w->to_silence) ? channel_take_until_silence(o, w, &len, how)
					    : channel_take(o, in, msg, bytes, &len, how);
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

#include "harness/family/channel_open.h"

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
	STAMP_ONCE(channel, id, poll, opstab)                                                      \
	STAMP_ONCE(channel, id, vain, opstab)                                                      \
	STAMP_ONCE(channel, id, drain, opstab)                                                     \
	STAMP_ONCE(channel, id, offer, opstab)                                                     \
	STAMP_ONCE(channel, id, arrive, opstab)                                                    \
	static const loop_table id##_loops = {                                                     \
		[LOOP_PRODUCE] = {id##__produce__plain, id##__produce__probed},                    \
		[LOOP_CONSUME] = {id##__consume__plain, id##__consume__probed},                    \
		[LOOP_ASK] = {id##__ask__plain, id##__ask__probed},                                \
		[LOOP_SERVE] = {id##__serve__plain, id##__serve__probed},                          \
		[LOOP_SELF] = {id##__self__plain, id##__self__probed},                             \
		[LOOP_POLL] = {id##__poll__plain, id##__poll__probed},                             \
		[LOOP_VAIN] = {id##__vain__plain, id##__vain__probed},                             \
		[LOOP_DRAIN] = {id##__drain__plain, id##__drain__probed},                          \
		[LOOP_OFFER] = {id##__offer__plain, id##__offer__probed},                          \
		[LOOP_ARRIVE] = {id##__arrive__plain, id##__arrive__probed},                       \
	}

/* What every channel's descriptor says alike. */
#define CHANNEL_COMMON(id, opstab, offered)                                                        \
	CHANNEL_COMMON_IN(id, opstab, offered, MECH_DOMAINS(offered))

/* The same where only some domains can have it. */
#define CHANNEL_COMMON_IN(id, opstab, offered, where)                                              \
	.family = FAMILY_CHANNEL, .domains = (where), .waits = (offered), .ops = &(opstab),        \
	.loops = &id##_loops

#endif
