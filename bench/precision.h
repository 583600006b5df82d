/*
 * precision.h - when a cell has been measured often enough.
 *
 * A cell is precise when the 95 % order-statistic interval of the median lies within
 * +-want of the median, at two looks in a row: without its last trial and with it.
 * One look alone would stop whenever a few trials happen to agree; with two, the
 * interval that the run stops at still covers the true median in 95 % of series
 * (tests/test_precision.c simulates it).  Only the interval's width relative to the
 * median is looked at, never whether the value is a good one.
 *
 * Pure functions.
 */
#ifndef BENCH_PRECISION_H
#define BENCH_PRECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PRECISION_LEAST = 6,         /* trials: the fewest that have a 95 % interval */
	PRECISION_DEFAULT_REPS = 30, /* cap of trials a cell */
	PRECISION_MAX_REPS = 1000,
};

/* One trial's figure (rank_figure()) and whether it was clean. */
struct precision_figure {
	double value;
	bool clean;
};

struct precision {
	size_t n;              /* trials that count */
	double median;         /* NAN: none */
	double half_width_pct; /* the farther end of the interval from the median; NAN under six */
	bool met;
};

/*
 * Look at the figures of a cell's trials, in their order.  As in rankings only clean ones count
 * where there are at least three of them.  `work`: 2 * n elements.
 */
void precision_look(const struct precision_figure *f, size_t n, double want_pct,
	struct precision *out, double *work);

/* "2%", "0.5%" into 2, 0.5.  False: no percentage above 0 and below 100. */
bool precision_parse(const char *text, double *pct);

#endif
