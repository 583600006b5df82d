/*
 * Mann-Whitney's test.  Ranks are doubled, so that mid-ranks of ties are whole numbers; the null
 * distribution comes from dynamic programming over sums of doubled ranks, hence is exact with ties.
 */
#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A value and its sample side by side, so that one sort orders both. */
struct tagged {
	double value;
	double of_x;
};

static int by_value(const void *a, const void *b)
{
	double x = ((const struct tagged *)a)->value, y = ((const struct tagged *)b)->value;

	return (x > y) - (x < y);
}

/* Doubled mid-ranks of x and y together into the values of all; returns the doubled sum for x. */
static double pooled_ranks(struct tagged *all, size_t n_all)
{
	double of_x = 0.0;

	qsort(all, n_all, sizeof(*all), by_value);
	for (size_t first = 0; first < n_all;) {
		size_t last = first;
		while (last + 1 < n_all && all[last + 1].value == all[first].value)
			last++;
		double rank = (double)(first + last + 2); /* doubled mid-rank of the run */
		for (; first <= last; first++) {
			of_x += rank * all[first].of_x;
			all[first].value = rank;
		}
	}
	return of_x;
}

/* Counts the choices of n of the ranks by their sum: ways[k * stride + s], k chosen, sum s. */
static double rank_sum_exact(
	const struct tagged *all, size_t n_all, size_t n, double distance, double *ways)
{
	size_t top = n_all * (n_all + 1), stride = top + 1;
	double mean = (double)n * (double)(n_all + 1), far = 0.0, total = 0.0;

	memset(ways, 0, (n + 1) * stride * sizeof(*ways));
	ways[0] = 1.0;
	for (size_t i = 0; i < n_all; i++) {
		size_t r = (size_t)all[i].value;
		for (size_t k = i + 1 < n ? i + 1 : n; k > 0; k--)
			for (size_t s = top; s >= r; s--)
				ways[k * stride + s] += ways[(k - 1) * stride + s - r];
	}
	for (size_t s = 0; s <= top; s++) {
		total += ways[n * stride + s];
		if (fabs((double)s - mean) >= distance)
			far += ways[n * stride + s];
	}
	return far / total;
}

/* Variance of the doubled sum: sampling n of the doubled ranks without replacement. */
static double rank_sum_normal(const struct tagged *all, size_t n_all, size_t n, double distance)
{
	double mean = (double)(n_all + 1), squares = 0.0, m = (double)(n_all - n);

	for (size_t i = 0; i < n_all; i++)
		squares += (all[i].value - mean) * (all[i].value - mean);
	double variance = (double)n * m / ((double)n_all * (double)(n_all - 1)) * squares;
	double beyond = distance - 1.0; /* half a rank, doubled */
	if (variance == 0.0 || beyond <= 0.0)
		return 1.0;
	return 2.0 * stats_normal_above(beyond / sqrt(variance));
}

double stats_rank_sum_two_sided(const double *x, size_t n, const double *y, size_t m, double *work)
{
	struct tagged *all = (struct tagged *)(void *)work;
	size_t n_all = n + m;

	if (n == 0 || m == 0)
		return 1.0;
	for (size_t i = 0; i < n_all; i++)
		all[i] = (struct tagged){i < n ? x[i] : y[i - n], i < n ? 1.0 : 0.0};
	double distance = fabs(pooled_ranks(all, n_all) - (double)n * (double)(n_all + 1));
	if (n > STATS_EXACT_RANK_SUM || m > STATS_EXACT_RANK_SUM)
		return rank_sum_normal(all, n_all, n, distance);
	return rank_sum_exact(all, n_all, n, distance, work + 2 * n_all);
}
