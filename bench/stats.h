/*
 * Rank statistics on arrays of double: robust, distribution-free, exact for small samples.
 *
 * Pure functions: same input, same bytes. Nothing is allocated or kept; whatever room a function
 * needs is passed as work, whose least number of elements stands at the function. Input is never
 * changed and must not overlap work. Values must be finite; n counts elements. Any thread.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STATS_EXACT_SIGNED_RANK = 300, /* up to this n the signed-rank distribution is exact */
	STATS_EXACT_RANK_SUM = 20,     /* up to this n and m the rank-sum distribution is exact */
};

/* An estimate with its interval. coverage is that of the interval (at least what was asked for). */
struct stats_interval {
	double estimate, lo, hi;
	double coverage;
};

/* Median; the mean of the middle two for even n. work: n. NAN for n = 0. */
double stats_median(const double *x, size_t n, double *work);

/* Median absolute deviation from the median, not scaled. work: n. NAN for n = 0. */
double stats_mad(const double *x, size_t n, double *work);

/*
 * Median with its distribution-free interval: the k-th values from both ends, k as large as the
 * confidence (0.95) allows, with the exact binomial coverage. work: n.
 *
 * Returns false where not even the whole range has that confidence (n < 6 at 0.95) or n = 0: lo and
 * hi are then the range and coverage is what it does have.
 */
bool stats_median_interval(
	const double *x, size_t n, double confidence, struct stats_interval *out, double *work);

/* Elements of work for the Walsh averages and the signed-rank distribution of n differences. */
static inline size_t stats_signed_rank_work(size_t n)
{
	return n * (n + 1) + n + 1;
}

/* Elements of the table below. */
static inline size_t stats_signs_len(size_t n)
{
	return n * (n + 1) / 4 + 1;
}

/*
 * The signed-rank distribution of n differences without ties, n up to STATS_EXACT_SIGNED_RANK:
 * below[i] is the probability of a rank sum of at most i, up to half of the largest.  For who asks
 * about n differences again and again: the two functions that end in _by() say the same as those
 * without, and NULL makes them the same.
 */
void stats_signs(size_t n, double *below);

/*
 * Hodges-Lehmann estimate of paired differences d (the median of the n(n+1)/2 Walsh averages, each
 * difference with itself included) with its interval: the k-th averages from both ends, k by the
 * exact signed-rank distribution up to STATS_EXACT_SIGNED_RANK and by the normal one above.
 * Where differences are tied the coverage is a lower bound. work: stats_signed_rank_work(n).
 * Returns false as stats_median_interval() does.
 */
bool stats_hodges_lehmann(
	const double *d, size_t n, double confidence, struct stats_interval *out, double *work);
bool stats_hodges_lehmann_by(const double *below, const double *d, size_t n, double confidence,
	struct stats_interval *out, double *work);

/*
 * Wilcoxon's signed-rank test, one-sided: the probability of a sum of positive ranks at least as
 * large as that of d[i] - shift, were every difference as likely above shift as below. A small p
 * says that the differences are greater than shift. Ties have mid-ranks; a difference equal to
 * shift keeps its (lowest) rank and counts as not greater, which errs towards a large p. Exact,
 * ties included, up to STATS_EXACT_SIGNED_RANK; above, normal with continuity correction. work:
 * stats_signed_rank_work(n). 1 for n = 0.
 */
double stats_signed_rank_greater(const double *d, size_t n, double shift, double *work);
double stats_signed_rank_greater_by(
	const double *below, const double *d, size_t n, double shift, double *work);

/*
 * The two-sided test: differences equal to shift are dropped (Wilcoxon's rule) and *n_used (may be
 * NULL) tells how many were not. work: stats_signed_rank_work(n). 1 where none is left.
 */
double stats_signed_rank_two_sided(
	const double *d, size_t n, double shift, size_t *n_used, double *work);

/* P(Z > z) of a standard normal Z. */
double stats_normal_above(double z);

/* Elements of work for stats_rank_sum_two_sided(). */
static inline size_t stats_rank_sum_work(size_t n, size_t m)
{
	size_t all = n + m;

	return 2 * all + (n + 1) * (all * (all + 1) + 1);
}

/*
 * Mann-Whitney U (Wilcoxon's rank sum), two-sided: the probability that a random choice of n of the
 * n + m values has a rank sum at least as far from its mean as x has. Ties have mid-ranks. Exact,
 * ties included, where neither n nor m is above STATS_EXACT_RANK_SUM; else normal with tie and
 * continuity correction. work: stats_rank_sum_work(n, m). 1 where n or m is 0.
 */
double stats_rank_sum_two_sided(const double *x, size_t n, const double *y, size_t m, double *work);

/* The indices 0 .. n-1 by ascending p; of equal ones the lower first. */
void stats_order(const double *p, size_t n, size_t *order);

/*
 * Holm's adjusted p-values: adjusted[i] belongs to p[i], is at most 1, and the hypotheses with
 * adjusted[i] <= alpha are those rejected at family-wise level alpha. adjusted must not overlap p.
 * order: n elements of work; holds the indices by ascending p afterwards.
 */
void stats_holm(const double *p, size_t n, double *adjusted, size_t *order);

/*
 * Jain's fairness index, (sum x)^2 / (n sum x^2): 1 = all equal, 1/n = one has everything. NAN
 * where n is 0 or all are 0.
 */
double stats_jain(const uint64_t *x, size_t n);

#endif
