/*
 * coherence.h - what it takes to move one cache line from a processor to another: two threads,
 * each pinned, take turns to change a word by compare-and-swap.
 *
 * A line has a home slice, and its memory a node: several lines are tried, each on a page that the
 * first processor has touched first.  A sample is the time of one way on one line: that of a number
 * of round trips by half of it and by that number.  Both sides try to swap all the time, so each
 * way is one transfer of the line with the right to write.
 */
#ifndef HARNESS_COHERENCE_H
#define HARNESS_COHERENCE_H

#include <stddef.h>

#include "harness/clock.h"
#include "harness/topo.h"

enum { COHERENCE_LINES = 8, COHERENCE_TRIPS = 128 };

struct coherence_how {
	const struct clock *clock;
	unsigned lines;       /* samples: one a line */
	unsigned trips;       /* of a sample, there and back */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC: give up */
};

struct coherence {
	double min_ns, median_ns; /* one way */
	unsigned n;               /* samples */
};

/*
 * how->lines samples, in ns, from processor pu_a (who begins, measures, and has touched the memory)
 * to pu_b and back (OS numbers).  Starts one thread; the caller's affinity is as before.  0, or
 * with a sentence in err: what place_pin() gave for one of them, -ETIMEDOUT, -ENOMEM, -EAGAIN (no
 * thread), -EINVAL (one and the same processor).
 */
int coherence_samples(const struct topo *t, unsigned pu_a, unsigned pu_b,
	const struct coherence_how *how, double *ns, char *err, size_t err_len);

/* One way of so many round trips that took so many ticks, in ns. */
static inline double coherence_one_way_ns(const struct clock *clock, uint64_t ticks, unsigned trips)
{
	return (double)clock_ns(clock, ticks) / 2 / trips;
}

/* Least and median of n samples, which it sorts; n > 0. */
struct coherence coherence_of(double *ns, unsigned n);

/* Both in one: COHERENCE_LINES lines of COHERENCE_TRIPS round trips, within a second. */
int coherence_pair(const struct topo *t, const struct clock *clock, unsigned pu_a, unsigned pu_b,
	struct coherence *out, char *err, size_t err_len);

#endif
