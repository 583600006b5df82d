/* Holm's adjustment of p-values for how many there are. */
#include "bench/stats.h"

#include <stdlib.h>

static int by_p(const void *a, const void *b, void *p_values)
{
	const double *p = p_values;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (p[i] != p[j])
		return p[i] < p[j] ? -1 : 1;
	return (i > j) - (i < j);
}

void stats_order(const double *p, size_t n, size_t *order)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_p, (void *)(uintptr_t)p);
}

void stats_holm(const double *p, size_t n, double *adjusted, size_t *order)
{
	double floor_p = 0.0;

	stats_order(p, n, order);
	for (size_t i = 0; i < n; i++) {
		double scaled = (double)(n - i) * p[order[i]];
		if (scaled > floor_p)
			floor_p = scaled;
		adjusted[order[i]] = floor_p < 1.0 ? floor_p : 1.0;
	}
}
