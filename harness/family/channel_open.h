/*
 * channel_open.h - the open loop: send on a schedule, and see how late things
 * arrive.
 *
 * Each message carries, behind its head, when it was due and when it was really
 * sent.  The receiver takes one reading as it arrives and books two times:
 *
 *	response  from when it was due: what a user of a service would wait
 *	service   from when it was sent: what the hand-over took
 *
 * They are apart by what messages wait for a sender that is late.  Times of two
 * CPUs are compared, so that they hold within clock->offset_bound_ns only; what
 * comes out negative is counted, not booked.
 *
 * Until a message is due the sender spins on the clock: a sleep would be late by
 * a wake-up, and that would be booked as the mechanism's.  Where it shares its
 * PU it yields between two looks; a coroutine to the others of its thread.
 *
 * A part of channel.h, which is what to include.
 */
#ifndef HARNESS_FAMILY_CHANNEL_OPEN_H
#define HARNESS_FAMILY_CHANNEL_OPEN_H

#include "harness/family/channel.h"
#include "harness/schedule.h"

enum {
	OPEN_TIMES_AT = 8,                    /* behind the head */
	OPEN_PATIENCE_NS = 100 * 1000 * 1000, /* for workers that do not start */
};

/* Under stress the bytes between the stamps are a pattern that is checked: no times then. */
ALWAYS_INLINE bool channel_carries_times(const struct port *p, uint32_t bytes, struct how how)
{
	return bytes >= SCHEDULE_MESSAGE_BYTES && !(how.probed && p->probe.verify);
}

ALWAYS_INLINE void channel_write_times(uint8_t *msg, uint64_t due, uint64_t sent)
{
	memcpy(msg + OPEN_TIMES_AT, &due, sizeof(due));
	memcpy(msg + OPEN_TIMES_AT + sizeof(due), &sent, sizeof(sent));
}

ALWAYS_INLINE void channel_book(
	struct hist *h, const struct clock *clock, uint64_t from, uint64_t to, uint64_t *negative)
{
	if (LIKELY((int64_t)(to - from) >= 0))
		hist_record(h, clock_ns(clock, to - from));
	else
		(*negative)++;
}

/* The first message is not to wait for a receiver that has not begun. */
ALWAYS_INLINE void channel_await_others(const struct worker *w, const struct clock *clock)
{
	uint64_t begin = clock_read(clock), most = clock_ticks(clock, OPEN_PATIENCE_NS);

	while (load_acquire(w->started) < w->workers && clock_read(clock) - begin < most) {
		if (w->schedule.yields)
			wait_yield();
		else
			cpu_pause();
	}
}

/* The reading that ended the wait: the message goes out now. */
ALWAYS_INLINE uint64_t channel_await_due(
	struct schedule *s, const struct clock *clock, uint64_t due)
{
	uint64_t now = clock_read(clock);

	if ((int64_t)(now - due) >= 0) {
		s->late++;
		return now;
	}
	do {
		if (s->yields)
			wait_yield();
		else
			cpu_pause();
		now = clock_read(clock);
	} while ((int64_t)(now - due) < 0);
	return now;
}

/* Send each message when it is due, or at once where that has passed. */
ALWAYS_INLINE void channel_offer(const struct channel_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *out = w->out;
	uint32_t bytes = w->msg_bytes;
	uint8_t *msg = w->msg;
	struct schedule s = w->schedule;
	uint64_t i, end, due, now, ops = 0;
	enum result r = OP_DONE;

	channel_await_others(w, clock);
	schedule_start(&s, clock_read(clock));
	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			due = schedule_next(&s);
			now = channel_await_due(&s, clock, due);
			stamp_write(msg, bytes, w->seq, w->id);
			if (LIKELY(channel_carries_times(out, bytes, how)))
				channel_write_times(msg, due, now);
			r = channel_put(o, out, msg, bytes, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			s.last_ticks = due;
			w->seq++;
			ops++;
		}
	}
	w->schedule = s;
	w->ops = ops;
	w->result = r;
}

/* Receive until the side's n is claimed, checking each and booking its two times. */
ALWAYS_INLINE void channel_arrive(const struct channel_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *in = w->in;
	uint32_t bytes = w->msg_bytes, len = 0;
	uint8_t *msg = w->msg;
	struct ledger *ledger = w->ledger;
	struct hist *response = w->hist, *service = w->service;
	uint64_t i, end, now, time[2], ignored = 0, negative = 0, ops = 0;
	enum result r = OP_DONE;

	while (r == OP_DONE && worker_claim(w, &i, &end)) {
		for (; i < end; i++) {
			r = channel_take_by(o, w, in, msg, bytes, &len, false, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			if (LIKELY(len == bytes && channel_carries_times(in, bytes, how))) {
				now = clock_read(clock);
				memcpy(time, msg + OPEN_TIMES_AT, sizeof(time));
				channel_book(response, clock, time[0], now, &ignored);
				channel_book(service, clock, time[1], now, &negative);
			}
			ledger_check(ledger, msg, len, bytes);
			ops++;
		}
	}
	w->negative = negative;
	w->ops = ops;
	w->result = o->lossy && r == OP_CLOSED ? OP_DONE : r;
}

#endif
