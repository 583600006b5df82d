/*
 * stats_two.h - two samples of the same things: how far one lies from the other,
 * and whether two lists put the same things in the same order.
 *
 * As in stats.h: pure functions, nothing allocated, room is passed as work,
 * values finite, input unchanged.  Any thread.
 */
#ifndef BENCH_STATS_TWO_H
#define BENCH_STATS_TWO_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/stats.h"

enum { STATS_EXACT_SHIFT = 50 }; /* up to this n and m the interval of a shift is exact */

/* Elements of work for stats_shift(). */
static inline size_t stats_shift_work(size_t n, size_t m)
{
	size_t few = n < m ? n : m;

	if (n > STATS_EXACT_SHIFT || m > STATS_EXACT_SHIFT)
		return n * m + 1;
	return n * m + (few + 1) * (n * m + 1);
}

/*
 * How far y lies above x, two independent samples: the Hodges-Lehmann estimate (the median of the
 * n m differences y[j] - x[i]) with the interval that inverts the Mann-Whitney test, the k-th
 * differences from both ends.  k by the exact distribution of U where neither n nor m is above
 * STATS_EXACT_SHIFT, else by the normal one.  Tied values make the coverage a lower bound.
 * work: stats_shift_work(n, m).
 *
 * Returns false where not even the whole range of differences has that confidence (at 0.95: 3 and
 * 4 values, or fewer) or n or m is 0: lo and hi are then that range, coverage is what it has.
 */
bool stats_shift(const double *x, size_t n, const double *y, size_t m, double confidence,
	struct stats_interval *out, double *work);

/* Pairs of things as two lists order them. */
struct stats_order {
	size_t pairs, concordant, discordant;
	size_t tied_x, tied_y; /* in that list; in both: counted in both */
};

/* Does a pair lie more than `apart` from each other, on the mean of both lists' distances? */
static inline bool stats_apart(double dx, double dy, double apart)
{
	return apart < 0 || (fabs(dx) + fabs(dy)) / 2.0 > apart;
}

/* Adds one pair, by how far its second lies from its first in either list. */
void stats_order_pair(struct stats_order *o, double dx, double dy);

/*
 * Adds the pairs of n things, whose values the two lists give.  Only pairs that lie more than
 * `apart` from each other count, by the mean of both lists' distances (not of the signed
 * differences, which would hide a pair that changed places); apart < 0: all pairs.
 */
void stats_order_add(
	struct stats_order *o, const double *x, const double *y, size_t n, double apart);

/* Kendall's tau-b: 1 the same order, -1 the opposite one. NAN where a list is all ties. */
double stats_kendall_tau_b(const struct stats_order *o);

#endif
