/*
 * trend.h - does a series go up or down: for the pieces of a long trial.
 *
 * Pure functions, as in stats.h: nothing is kept or allocated, work has the room
 * that stands at the function, values are finite.  Any thread.
 */
#ifndef BENCH_TREND_H
#define BENCH_TREND_H

#include <stddef.h>

enum {
	TREND_EXACT = 100, /* up to this n, and without ties, the distribution is exact */
};

/* Elements of work for trend_mann_kendall(). */
static inline size_t trend_work(size_t n)
{
	return 2 * (n * (n + 1) / 2 + 1);
}

/*
 * Mann and Kendall's test, two-sided: the probability that a random order of the
 * n values has as many more rising than falling pairs, or falling than rising
 * ones, as this one (Mann 1945; Kendall 1975, Rank Correlation Methods, ch. 4
 * and 5).  Exact up to TREND_EXACT without ties; else normal, with the correction
 * for ties and half a step for continuity.  *rising: rising less falling pairs.  work:
 * trend_work(n).  1 for n < 2.
 *
 * Values in a row are taken to be independent: where neighbours are alike for
 * other reasons, p is too small.
 */
double trend_mann_kendall(const double *x, size_t n, long *rising, double *work);

/* Theil and Sen's slope: the median rise from one value to the next. work: n (n - 1) / 2. */
double trend_slope(const double *x, size_t n, double *work);

#endif
