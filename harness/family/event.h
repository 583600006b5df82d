/*
 * event.h - the event family: one worker tells others that something happened.
 *
 * Ops (struct event_ops), the timed role loops and the macro that stamps them.
 * No bytes are handed over.  The proof that a wake-up is the one that was meant
 * is a token: the signaller writes a stamp (evidence.h) on the link's board, by
 * a relaxed store, and gives the signal; who comes back from a wait reads it and
 * books it as a message.  The mechanism alone makes that safe: a waiter that
 * comes back too early, twice, never, or without what was written before the
 * signal, has the wrong token.
 */
#ifndef HARNESS_FAMILY_EVENT_H
#define HARNESS_FAMILY_EVENT_H

#include "harness/board.h"
#include "harness/evidence.h"
#include "harness/futex.h"
#include "harness/hist.h"
#include "harness/link.h"
#include "harness/mech.h"
#include "harness/family/stamp.h"

/*
 * signal:     let one waiter go, or the next one to come if contract.remembers;
 *             everybody if contract.wakes is WAKES_ALL.
 * signal_all: let link->receivers waiters go.
 * signal_n:   let n waiters go, neither more nor fewer: of conditions, all n under one hold of
 *             the lock; NULL: not offered.  Not on a timed path.
 * wait:       OP_DONE: a signal was given.  try: OP_WOULD_BLOCK; timed:
 *             OP_TIMED_OUT, never early.
 * clear:      back to "nothing happened", for kinds whose signal stays after a
 *             wait; NULL: a wait uses its signal up.
 */
typedef enum result event_signal_fn(struct port *p, struct how how);
typedef enum result event_signal_n_fn(struct port *p, uint32_t n, struct how how);
typedef enum result event_wait_fn(struct port *p, struct how how);
typedef void event_clear_fn(struct port *p);

struct event_ops {
	event_signal_fn *signal;
	event_signal_fn *signal_all;
	event_wait_fn *wait;
	event_clear_fn *clear;
	event_signal_n_fn *signal_n;
};

enum {
	EVENT_SETTLE_NS = 30000, /* from "about to wait" until it is surely asleep */
	EVENT_SPINS = 256,
	EVENT_TOKEN_BYTES = sizeof(uint64_t),
};

/* ---- sabotage: the probed twin's way to spoil the nth signal -------------- */

COLD static enum result event_sabotage(const struct event_ops *o, struct port *p, struct how how)
{
	atomic_u64 *token = &p->link->board->token;
	struct probe *b = &p->probe;
	enum result r;

	switch (b->act) {
	case PROBE_DROP: /* the happening is forgotten, the next signal stands for it */
		return OP_DONE;
	case PROBE_DUPLICATE:
		r = o->signal(p, how);
		return r == OP_DONE ? o->signal(p, how) : r;
	case PROBE_FLIP: /* what was written before the signal is not what is seen after it */
		store_relaxed(token, load_relaxed(token) ^ 0x1000);
		return o->signal(p, how);
	case PROBE_REPLAY: /* the one before last once more */
		store_relaxed(token, load_relaxed(token) - (1u << 16));
		return o->signal(p, how);
	default:
		return o->signal(p, how);
	}
}

ALWAYS_INLINE enum result event_give(
	const struct event_ops *o, struct port *p, bool all, struct how how)
{
	enum result r;

	POINT(p, how, BEFORE_SEND);
	if (how.probed && probe_message(&p->probe))
		r = event_sabotage(o, p, how);
	else
		r = all ? o->signal_all(p, how) : o->signal(p, how);
	POINT(p, how, AFTER_SEND);
	return r;
}

ALWAYS_INLINE enum result event_take(const struct event_ops *o, struct port *p, struct how how)
{
	enum result r = o->wait(p, how);

	POINT(p, how, AFTER_RECV);
	return r;
}

/* ---- what the loops share ------------------------------------------------- */

/* Write this worker's next token: before the signal that is to carry it. */
ALWAYS_INLINE void event_write_token(struct worker *w, struct port *out)
{
	store_relaxed(&out->link->board->token, w->seq << 16 | w->id);
	w->seq++;
}

/* Book the token as a message of eight bytes. */
ALWAYS_INLINE void event_check_token(struct ledger *ledger, const struct port *in)
{
	uint64_t token = load_relaxed(&in->link->board->token);
	uint8_t msg[EVENT_TOKEN_BYTES];

	memcpy(msg, &token, sizeof(msg));
	ledger_check(ledger, msg, sizeof(msg), sizeof(msg));
}

/* Spin until a count is reached; where the others need this CPU, yield at once. */
ALWAYS_INLINE void event_await_count(const atomic_u64 *count, uint64_t want, bool own_pu)
{
	for (uint32_t spins = 0; load_acquire(count) < want;) {
		if (own_pu && ++spins % EVENT_SPINS)
			cpu_pause();
		else
			wait_yield();
	}
}

/* All sleepers are about to wait; give them the time to fall asleep. */
ALWAYS_INLINE void event_settle(const struct clock *clock)
{
	uint64_t begin = clock_read(clock);

	while (clock_ns(clock, clock_read(clock) - begin) < EVENT_SETTLE_NS)
		wait_yield();
}

/* ---- role loops ----------------------------------------------------------- */

/* Signal and await the answer; every round trip is timed, its end is the next one's start. */
ALWAYS_INLINE void event_ask(const struct event_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *out = w->out;
	struct port *in = w->in;
	struct ledger *ledger = w->ledger;
	struct hist *hist = w->hist;
	uint64_t i, end, ops = 0, t, now;
	enum result r = OP_DONE;

	t = clock_read(clock);
	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			event_write_token(w, out);
			r = event_give(o, out, false, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			r = event_take(o, in, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			now = clock_read(clock);
			hist_record(hist, clock_ns(clock, now - t));
			t = now;
			event_check_token(ledger, in);
			if (o->clear)
				o->clear(in);
			ops++;
		}
	}
	w->ops = ops;
	w->result = r;
}

/* One wait, by sleeping or by tries. */
ALWAYS_INLINE enum result event_take_by(
	const struct event_ops *o, struct port *in, bool polls, struct how how)
{
	const struct how try = wait_pause(how);
	uint32_t spins = 0;
	enum result r;

	if (!polls)
		return event_take(o, in, how);
	while ((r = event_take(o, in, try)) == OP_WOULD_BLOCK) {
		in->empty_waits++;
		wait_spins(try, &spins);
	}
	return r;
}

ALWAYS_INLINE void event_serve_by(
	const struct event_ops *o, struct worker *w, bool polls, struct how how)
{
	struct port *out = w->out;
	struct port *in = w->in;
	struct ledger *ledger = w->ledger;
	uint64_t i, end, ops = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = event_take_by(o, in, polls, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			event_check_token(ledger, in);
			if (o->clear)
				o->clear(in);
			event_write_token(w, out);
			r = event_give(o, out, false, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			ops++;
		}
	}
	w->ops = ops;
	w->result = r;
}

/* Wait, book, answer. */
ALWAYS_INLINE void event_serve(const struct event_ops *o, struct worker *w, struct how how)
{
	event_serve_by(o, w, false, how);
}

/* The same without ever sleeping: tries, with a pause between them. */
ALWAYS_INLINE void event_poll(const struct event_ops *o, struct worker *w, struct how how)
{
	event_serve_by(o, w, true, how);
}

/* Signal and wait by one worker: what is not hand-over.  Nothing is stamped. */
ALWAYS_INLINE void event_self(const struct event_ops *o, struct worker *w, struct how how)
{
	struct port *out = w->out;
	struct port *in = w->in;
	struct ledger *ledger = w->ledger;
	uint64_t i, end, ops = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			event_write_token(w, out);
			r = event_give(o, out, false, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			r = event_take(o, in, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			event_check_token(ledger, in);
			if (o->clear)
				o->clear(in);
			ops++;
		}
	}
	w->ops = ops;
	w->result = r;
}

/* Try to wait for what nobody has signalled. */
ALWAYS_INLINE void event_vain(const struct event_ops *o, struct worker *w, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	uint64_t i, end, ops = 0;
	enum result r = OP_WOULD_BLOCK;

	while (r == OP_WOULD_BLOCK && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = o->wait(w->in, try);
			if (UNLIKELY(r != OP_WOULD_BLOCK))
				break;
			ops++;
		}
	}
	w->ops = ops;
	w->result = r == OP_WOULD_BLOCK ? OP_DONE : OP_ERROR;
}

/*
 * The signaller of wake-one and wake-all.  Each time is from before the signal
 * until the mark of the woken one (all: of the last one) is seen here: one
 * clock, so that no offset between two of them enters; it contains the way of
 * one cache line back.  Between two signals everybody falls asleep again, so
 * the rate of this loop says nothing.
 */
ALWAYS_INLINE void event_ring_by(
	const struct event_ops *o, struct worker *w, bool all, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *out = w->out;
	struct board *board = out->link->board;
	uint64_t sleepers = out->link->receivers, each = all ? sleepers : 1;
	uint64_t i, end, ops = 0, t;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			event_await_count(&board->ready, sleepers + each * i, w->own_pu);
			event_settle(clock);
			event_write_token(w, out);
			t = clock_read(clock);
			r = event_give(o, out, all, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			event_await_count(&board->woken, each * (i + 1), w->own_pu);
			hist_record(w->hist, clock_ns(clock, clock_read(clock) - t));
			if (all && o->clear)
				o->clear(out);
			if (all) {
				add_acq_rel(&board->round, 1u);
				futex_wake(&board->round, UINT32_MAX, true);
			}
			ops++;
		}
	}
	w->ops = ops;
	w->result = r;
}

ALWAYS_INLINE void event_ring(const struct event_ops *o, struct worker *w, struct how how)
{
	event_ring_by(o, w, false, how);
}

ALWAYS_INLINE void event_ring_all(const struct event_ops *o, struct worker *w, struct how how)
{
	event_ring_by(o, w, true, how);
}

/* Wait once, say so, book it. */
ALWAYS_INLINE enum result event_sleep_once(
	const struct event_ops *o, struct port *in, struct ledger *ledger, struct how how)
{
	enum result r = event_take(o, in, how);

	if (UNLIKELY(r != OP_DONE))
		return r;
	add_acq_rel(&in->link->board->woken, 1u);
	event_check_token(ledger, in);
	return OP_DONE;
}

/*
 * Sleep until woken; who is woken claims the next turn like everybody else.
 * "Ready" is said after booking, also by those that then leave: the signaller
 * overwrites the token only when all have.
 */
ALWAYS_INLINE void event_awake(const struct event_ops *o, struct worker *w, struct how how)
{
	struct port *in = w->in;
	struct board *board = in->link->board;
	struct ledger *ledger = w->ledger;
	uint64_t ops = 0;
	enum result r = OP_DONE;

	add_acq_rel(&board->ready, 1u);
	while (r == OP_DONE && add_relaxed(w->claim, 1u) < w->n) {
		r = event_sleep_once(o, in, ledger, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		if (o->clear)
			o->clear(in);
		ops++;
		add_acq_rel(&board->ready, 1u);
	}
	w->ops = ops;
	w->result = r;
}

/* Sleep until woken with all the others; nobody waits again before all are up. */
ALWAYS_INLINE void event_awake_all(const struct event_ops *o, struct worker *w, struct how how)
{
	struct port *in = w->in;
	struct board *board = in->link->board;
	struct ledger *ledger = w->ledger;
	uint64_t i;
	enum result r = OP_DONE;

	for (i = 0; i < w->n; i++) {
		add_acq_rel(&board->ready, 1u);
		r = event_sleep_once(o, in, ledger, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		while (load_acquire(&board->round) == (uint32_t)i) {
			if (how.wait == WAIT_AWAIT)
				wait_yield();
			else
				futex_wait(&board->round, (uint32_t)i, FUTEX_FOREVER, true);
		}
	}
	w->ops = i;
	w->result = r;
}

/* ---- stamping ------------------------------------------------------------- */

/* As CHANNEL_STAMP, for events: defines id##_loops. */
#define EVENT_STAMP(id, opstab, offered)                                                           \
	STAMP_TWINS(event, id, ask, opstab, offered)                                               \
	STAMP_TWINS(event, id, serve, opstab, offered)                                             \
	STAMP_ONCE(event, id, poll, opstab)                                                        \
	STAMP_TWINS(event, id, self, opstab, offered)                                              \
	STAMP_ONCE(event, id, vain, opstab)                                                        \
	STAMP_TWINS(event, id, ring, opstab, offered)                                              \
	STAMP_TWINS(event, id, ring_all, opstab, offered)                                          \
	STAMP_TWINS(event, id, awake, opstab, offered)                                             \
	STAMP_TWINS(event, id, awake_all, opstab, offered)                                         \
	static const loop_table id##_loops = {                                                     \
		[LOOP_ASK] = {id##__ask__plain, id##__ask__probed},                                \
		[LOOP_SERVE] = {id##__serve__plain, id##__serve__probed},                          \
		[LOOP_POLL] = {id##__poll__plain, id##__poll__probed},                             \
		[LOOP_SELF] = {id##__self__plain, id##__self__probed},                             \
		[LOOP_VAIN] = {id##__vain__plain, id##__vain__probed},                             \
		[LOOP_RING] = {id##__ring__plain, id##__ring__probed},                             \
		[LOOP_RING_ALL] = {id##__ring_all__plain, id##__ring_all__probed},                 \
		[LOOP_AWAKE] = {id##__awake__plain, id##__awake__probed},                          \
		[LOOP_AWAKE_ALL] = {id##__awake_all__plain, id##__awake_all__probed},              \
	}

/* What every event's descriptor says alike. */
#define EVENT_COMMON(id, opstab, offered)                                                          \
	.family = FAMILY_EVENT, .domains = MECH_DOMAINS(offered), .waits = (offered),              \
	.ops = &(opstab), .loops = &id##_loops

#endif
