/*
 * bus.h - the bus family: each message to every subscriber.
 *
 * Ops, the timed role loops and the macro that stamps them.  An op is a channel's
 * (harness/family/channel.h): send publishes, recv gives a subscriber the next message
 * that it has not had.  What differs is who gets a message: every subscriber's ledger
 * must hold every message of every publisher once and in order, from the first on:
 * who is attached has missed nothing.
 *
 * A bus may also deliver in the publisher: the subscriber leaves a callback at attach,
 * which books the message in the subscriber's ledger (bus_deliver()) while send runs.
 * Its recv finds nothing, and its workers sleep until the publishers have done.
 */
#ifndef HARNESS_FAMILY_BUS_H
#define HARNESS_FAMILY_BUS_H

#include "harness/board.h"
#include "harness/family/channel.h"

struct bus_ops {
	struct channel_ops channel; /* first: the harness takes a bus for a channel */
	bool delivers;              /* send runs the subscribers' callbacks, as a constant */
};

/*
 * In a callback: book the message for the subscriber whose port this is.  Publishers
 * must not run it at the same time for the same port.
 */
static inline void bus_deliver(struct port *p, const uint8_t *msg, uint32_t len)
{
	if (p->probe.verify)
		channel_inspect(p, msg, len);
	if (p->probe.ledger)
		ledger_check(p->probe.ledger, msg, len, p->link->msg_bytes);
}

/* Publish until the side's n is claimed; one in STAMP_EVERY is timed. */
ALWAYS_INLINE void bus_produce(const struct bus_ops *o, struct worker *w, struct how how)
{
	struct board *board = w->out->link->board;

	channel_produce(&o->channel, w, how);
	if (o->delivers) {
		add_acq_rel(&board->round, 1u);
		futex_wake(&board->round, UINT32_MAX, true);
	}
}

/* Callbacks have received for this subscriber: sleep until all publishers are through. */
ALWAYS_INLINE void bus_await(struct worker *w, struct how how)
{
	struct port *in = w->in;
	atomic_u32 *done = &in->link->board->round;
	uint32_t seen;

	while ((seen = load_acquire(done)) < w->senders) {
		if (how.wait == WAIT_AWAIT)
			coro_await_word(done, seen);
		else
			futex_wait(done, seen, FUTEX_FOREVER, true);
	}
	for (uint64_t i = 0; how.probed && i < w->n; i++)
		POINT(in, how, AFTER_RECV);
	w->ops = w->n;
	w->result = OP_DONE;
}

/* Receive n messages, all that the publishers send together; one in STAMP_EVERY is timed. */
ALWAYS_INLINE void bus_receive(const struct channel_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes, len = 0;
	uint8_t *msg = w->msg;
	struct ledger *ledger = w->ledger;
	struct hist *hist = w->hist;
	uint64_t i, n = w->n, t = 0;
	enum result r = OP_DONE;

	for (i = 0; i < n; i++) {
		bool timed = i % STAMP_EVERY == 0;

		if (timed)
			t = clock_read(clock);
		r = channel_take(o, in, msg, bytes, &len, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		if (timed)
			hist_record(hist, clock_ns(clock, clock_read(clock) - t));
		ledger_check(ledger, msg, len, bytes);
	}
	w->ops = i;
	w->result = r;
}

ALWAYS_INLINE void bus_subscribe(const struct bus_ops *o, struct worker *w, struct how how)
{
	if (o->delivers)
		bus_await(w, how);
	else
		bus_receive(&o->channel, w, how);
}

/* Publish to oneself: what is not hand-over. */
ALWAYS_INLINE void bus_self(const struct bus_ops *o, struct worker *w, struct how how)
{
	if (o->delivers)
		channel_produce(&o->channel, w, how);
	else
		channel_self(&o->channel, w, how);
}

/* ---- stamping ------------------------------------------------------------- */

/* As CHANNEL_STAMP, for buses: defines id##_loops. */
#define BUS_STAMP(id, opstab, offered)                                                             \
	STAMP_TWINS(bus, id, produce, opstab, offered)                                             \
	STAMP_TWINS(bus, id, subscribe, opstab, offered)                                           \
	STAMP_TWINS(bus, id, self, opstab, offered)                                                \
	static const loop_table id##_loops = {                                                     \
		[LOOP_PRODUCE] = {id##__produce__plain, id##__produce__probed},                    \
		[LOOP_SUBSCRIBE] = {id##__subscribe__plain, id##__subscribe__probed},              \
		[LOOP_SELF] = {id##__self__plain, id##__self__probed},                             \
	}

/* What every bus's descriptor says alike, but for its domains. */
#define BUS_COMMON(id, opstab, offered)                                                            \
	.family = FAMILY_BUS, .waits = (offered), .ops = &(opstab), .loops = &id##_loops

#endif
