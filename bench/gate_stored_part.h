/*
 * gate_stored_part.h - what the files of gate_stored share, and nobody else.
 */
#ifndef BENCH_GATE_STORED_PART_H
#define BENCH_GATE_STORED_PART_H

#include <math.h>

#include "bench/gate_stored.h"

static const double stored_confidence = 0.95;
static const double stored_least_s2 = 1e-10; /* a standard deviation of 0.001 %: 6 digits */

static inline const double *costs_of(const struct stored_input *in, size_t i)
{
	return in->cost + i * (in->base + in->fresh);
}

struct group {
	size_t n;
	double mean, squares; /* sum of squared distances from it */
};

static inline struct group group_of(const double *x, size_t n)
{
	struct group g = {0};

	for (size_t i = 0; i < n; i++) {
		if (!isnan(x[i])) {
			g.n++;
			g.mean += x[i];
		}
	}
	g.mean = g.n ? g.mean / (double)g.n : NAN;
	for (size_t i = 0; i < n; i++) {
		if (!isnan(x[i]))
			g.squares += (x[i] - g.mean) * (x[i] - g.mean);
	}
	return g;
}

static inline double one_each(const struct group *a, const struct group *b)
{
	return 1 / (double)a->n + 1 / (double)b->n;
}

#endif
