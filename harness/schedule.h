/*
 * schedule.h - when messages are due: the open loop.
 *
 * A sender that waits for its last message before it sends the next one slows
 * down with what it measures and leaves out the worst of it (coordinated
 * omission).  Here a message is due at a time that is fixed beforehand, whatever
 * became of those before it; a sender that is late sends at once, and the
 * intended time stays what it was.
 *
 * Gaps are all alike, or exponential (Poisson arrivals).  Each sender has a
 * schedule of its own at its share of the rate: fixed ones are interleaved, and
 * Poisson ones add up to a Poisson process of the whole rate.  Rate 0: all is
 * due at the start.
 *
 * Nothing here takes a logarithm, allocates or asks the kernel while time runs:
 * exponential gaps come from a table of quantiles made by schedule_init(),
 * straight lines between them, and its last bin by drawing again (an exponential
 * has no memory).
 *
 * A schedule is its sender's alone.
 */
#ifndef HARNESS_SCHEDULE_H
#define HARNESS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/clock.h"
#include "harness/compiler.h"

enum {
	SCHEDULE_FRACTION_BITS = 20, /* of a tick, and of a mean gap */
	SCHEDULE_BIN_BITS = 10,
	SCHEDULE_BINS = 1 << SCHEDULE_BIN_BITS,
	SCHEDULE_MESSAGE_BYTES = 32, /* a message with both its stamps and two times */
};

/* Quantiles of the exponential distribution with mean 1, as fixed point. */
struct schedule_table {
	uint64_t edge[SCHEDULE_BINS + 1]; /* the last one: what the last bin begins anew at */
};

struct schedule {
	const struct schedule_table *table; /* NULL: gaps are all alike */
	uint64_t gap;    /* ticks between two messages of this sender, fixed point; 0: none */
	uint64_t offset; /* of a fixed schedule among those of the other senders */
	uint64_t random; /* state of the generator */
	uint64_t at;     /* the next message is due so long after the start; fixed point */
	uint64_t start_ticks;
	bool yields; /* the sender shares its PU: it gives way while nothing is due */
	/* results of one stretch */
	uint64_t last_ticks; /* when the last message that was sent was due; 0: none was */
	uint64_t late;       /* messages whose time had passed when the sender came to them */
};

/* Fill in a table.  Takes logarithms; before anything is timed. */
void schedule_table_init(struct schedule_table *t);

/*
 * The schedule of sender `index` of `senders` that offer rate_per_s together.
 * `table`: exponential gaps from it, drawn from `seed`; NULL: gaps all alike.
 */
void schedule_init(struct schedule *s, const struct clock *clock, uint64_t rate_per_s,
	uint32_t senders, uint32_t index, const struct schedule_table *table, uint64_t seed);

/* splitmix64 */
ALWAYS_INLINE uint64_t schedule_random(struct schedule *s)
{
	uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* An exponential number with mean 1, as fixed point. */
ALWAYS_INLINE uint64_t schedule_exponential(struct schedule *s)
{
	const uint64_t *edge = s->table->edge;
	uint64_t sum = 0, r = schedule_random(s);

	while (UNLIKELY(r >> (64 - SCHEDULE_BIN_BITS) == SCHEDULE_BINS - 1)) {
		sum += edge[SCHEDULE_BINS - 1];
		r = schedule_random(s);
	}
	edge += r >> (64 - SCHEDULE_BIN_BITS);
	return sum + edge[0] + ((edge[1] - edge[0]) * (r & UINT32_MAX) >> 32);
}

ALWAYS_INLINE uint64_t schedule_gap(struct schedule *s)
{
	if (!s->table)
		return s->gap;
	return (uint64_t)((clock_u128)s->gap * schedule_exponential(s) >> SCHEDULE_FRACTION_BITS);
}

/* The schedule starts now; its generator goes on where it stood. */
ALWAYS_INLINE void schedule_start(struct schedule *s, uint64_t now_ticks)
{
	s->start_ticks = now_ticks;
	s->at = s->table ? schedule_gap(s) : s->offset;
	s->last_ticks = 0;
	s->late = 0;
}

/* When the next message is due, in ticks; the one after it is then next. */
ALWAYS_INLINE uint64_t schedule_next(struct schedule *s)
{
	uint64_t due = s->start_ticks + (s->at >> SCHEDULE_FRACTION_BITS);

	s->at += schedule_gap(s);
	return due;
}

#endif
