/*
 * floor_part.h - what the files of floor.h share, and nobody else.
 *
 * A series is the batches of one part: begun with a share of the time, fed with
 * nanoseconds for each operation, and at its end a figure.
 */
#ifndef HARNESS_FLOOR_PART_H
#define HARNESS_FLOOR_PART_H

#include "harness/floor.h"

enum { FLOOR_BATCHES = 512, FLOOR_LEAST_BATCHES = 5 };

struct floor_series {
	double ns[FLOOR_BATCHES];
	unsigned n;
	uint64_t until_ns, give_up_ns; /* CLOCK_MONOTONIC */
};

/* After until: when the least number of batches is there; after give_up: whatever there is. */
void floor_series_begin(struct floor_series *s, uint64_t time_ns);
bool floor_series_goes_on(const struct floor_series *s);
void floor_series_add(struct floor_series *s, double ns);

/* `why`: what stands in an empty one's figure. */
struct floor_figure floor_series_end(struct floor_series *s, const char *why);

struct floor_figure floor_none(const char *why);

/* Ticks of a batch of n operations, as nanoseconds for each. */
static inline double floor_each(const struct clock *c, uint64_t ticks, unsigned n)
{
	return (double)ticks * (double)c->ns_per_tick_q32 / 4294967296.0 / n;
}

/* What one thread measures on its PU; floor_alone.c. */
struct floor_figure floor_syscall(const struct clock *c, uint64_t time_ns);
struct floor_figure floor_atomic(const struct clock *c, uint64_t time_ns);
struct floor_figure floor_clock(const struct clock *c, uint64_t time_ns);

/* to, from: `bytes` each, written to before. */
struct floor_figure floor_copy(
	const struct clock *c, uint8_t *to, uint8_t *from, uint32_t bytes, uint64_t time_ns);

/*
 * What two threads measure, this one and one that they start on pu_b; floor_pair.c.
 * 0 or -errno with a sentence.
 */
int floor_line(const struct floor_ask *ask, enum floor_part part, uint64_t time_ns,
	struct floor_figure *out, char *err, size_t err_len);
int floor_switch(const struct floor_ask *ask, uint64_t time_ns, struct floor_figure *out, char *err,
	size_t err_len);
int floor_wake(const struct floor_ask *ask, uint64_t time_ns, struct floor_figure *out, char *err,
	size_t err_len);

#endif
