/*
 * tails.h - how far a percentile can be believed, and histograms of several trials
 * as one.
 *
 * The interval of a percentile is the distribution-free one of order statistics:
 * of n samples, the number B below the true p-quantile is binomial (n, p), so the
 * r-th and s-th smallest enclose it with probability P(r <= B < s), r the largest
 * with P(B < r) <= 2.5 %, s the smallest with P(B < s) >= 97.5 % (David and
 * Nagaraja, Order Statistics, 3rd ed., 7.1; Hahn and Meeker, Statistical
 * Intervals, 5.2).  That holds for independent samples.  Those of one trial come
 * one after the other from the same processes and are not: the interval is the
 * least doubt there is, trials differ by more.
 *
 * Pure but for tails_read(), which reads one file.  Any thread.
 */
#ifndef BENCH_TAILS_H
#define BENCH_TAILS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/samples.h"
#include "harness/hist.h"

/* Ranks from 1; r = 0 or s = n + 1: there is no such sample. */
struct tails_ranks {
	uint64_t r, s;
};

/* Of n > 0 samples, 0 < p < 1. */
struct tails_ranks tails_ranks(uint64_t n, double p);

/* P(Bin(n, p) <= k), good to nine digits up to n of 10^9; in time of the square root of n. */
double tails_binomial(uint64_t n, double p, uint64_t k);

/* NAN: too few samples lie beyond it. */
double tails_percentile(const struct hist *h, double p);

/* A percentile as rows and tables show it.  All but beyond NAN: too few lie beyond. */
struct tails_point {
	double ns, lo_ns, hi_ns; /* the bins' outer ends */
	double beyond;           /* samples above; NAN: there are none at all */
};

void tails_point(const struct hist *h, double p, struct tails_point *out);

/* The same into the four columns of a row. */
#define TAILS_PUT(s, column, h, p)                                                                 \
	do {                                                                                       \
		struct tails_point point_;                                                         \
                                                                                                   \
		tails_point((h), (p), &point_);                                                    \
		(s)->column##_ns = point_.ns;                                                      \
		(s)->column##_lo_ns = point_.lo_ns;                                                \
		(s)->column##_hi_ns = point_.hi_ns;                                                \
		(s)->column##_beyond = point_.beyond;                                              \
	} while (0)

/* Leave the figures out, not how many samples there are. */
#define TAILS_DROP(s, column) ((s)->column##_ns = (s)->column##_lo_ns = (s)->column##_hi_ns = NAN)

/* ---- several trials as one ---------------------------------------------------- */

struct tail {
	const struct sample *row; /* one of the cell's */
	char kind[8];
	struct hist *hist;
	uint64_t trials;
};

struct tails {
	struct tail *tail; /* by cell, then kind */
	size_t n, room;
	uint64_t without; /* rows that have no line in histograms.csv */
};

/*
 * The histograms of n rows (all of one run; order does not matter) from
 * RUN/histograms.csv, merged where cell and kind are the same.  Lines of other
 * rows are passed over.  0, or -errno with a sentence; tails_free() either way.
 */
int tails_read(struct tails *t, const char *run_dir, const struct sample *const *row, size_t n,
	char *err, size_t err_len);
void tails_free(struct tails *t);

/* NULL: there is none. */
const struct tail *tails_find(const struct tails *t, const char *cell, const char *kind);

#endif
