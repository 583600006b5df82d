/* trend.c - see trend.h. */
#include "bench/trend.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static long rising_pairs(const double *x, size_t n)
{
	long s = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++)
			s += (x[j] > x[i]) - (x[j] < x[i]);
	}
	return s;
}

/* Sum over groups of equal values of t (t - 1) (2 t + 5); 0: no ties. */
static double tie_term(const double *x, size_t n, double *sorted)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = x[i];
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t first = 0, i = 1; i <= n; i++) {
		double t = (double)(i - first);

		if (i < n && sorted[i] == sorted[first])
			continue;
		sum += t * (t - 1) * (2 * t + 5);
		first = i;
	}
	return sum;
}

/*
 * P(falling pairs of a random order <= most).  The k-th value falls behind 0 .. k - 1 of
 * those before it, each as likely: k = 1 .. n are added up one after the other.
 */
static double exact_tail(size_t n, size_t most, double *work)
{
	size_t pairs = n * (n - 1) / 2, top = 0;
	double *p = work, *next = work + pairs + 1, tail = 0;

	p[0] = 1;
	for (size_t k = 2; k <= n; k++) {
		double window = 0, *swap = p;

		for (size_t s = 0; s <= top + k - 1; s++) {
			window += s <= top ? p[s] : 0;
			window -= s >= k ? p[s - k] : 0;
			next[s] = window / (double)k;
		}
		top += k - 1;
		p = next;
		next = swap;
	}
	for (size_t s = 0; s <= most && s <= pairs; s++)
		tail += p[s];
	return tail;
}

static double normal_tail(size_t n, double distance, double ties)
{
	double m = (double)n, variance = (m * (m - 1) * (2 * m + 5) - ties) / 18;

	if (variance <= 0 || distance <= 1)
		return 0.5;
	return 0.5 * erfc((distance - 1) / sqrt(2 * variance));
}

double trend_mann_kendall(const double *x, size_t n, long *rising, double *work)
{
	double ties, p;
	size_t pairs = n < 2 ? 0 : n * (n - 1) / 2, distance;

	*rising = rising_pairs(x, n);
	if (n < 2 || *rising == 0)
		return 1;
	distance = (size_t)labs(*rising);
	ties = tie_term(x, n, work);
	if (n <= TREND_EXACT && ties == 0)
		p = exact_tail(n, (pairs - distance) / 2, work);
	else
		p = normal_tail(n, (double)distance, ties);
	return p < 0.5 ? 2 * p : 1;
}

double trend_slope(const double *x, size_t n, double *work)
{
	size_t pairs = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++)
			work[pairs++] = (x[j] - x[i]) / (double)(j - i);
	}
	if (pairs == 0)
		return 0;
	qsort(work, pairs, sizeof(*work), by_value);
	return (work[(pairs - 1) / 2] + work[pairs / 2]) / 2;
}
