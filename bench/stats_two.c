/* stats_two.c - see stats_two.h. */
#include "bench/stats_two.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * Counts the choices of `few` out of few + many ranks by U, the number of pairs that the choice
 * wins: ways[k * stride + u], k chosen.  All counts are positive: nothing cancels.
 */
static const double *count_ways(size_t few, size_t many, double *ways)
{
	size_t top = few * many, stride = top + 1;

	memset(ways, 0, (few + 1) * stride * sizeof(*ways));
	ways[0] = 1.0;
	for (size_t i = 0; i < few + many; i++) {
		for (size_t k = i + 1 < few ? i + 1 : few; k > 0; k--) {
			size_t beaten = i - (k - 1); /* not chosen and below the i-th */

			for (size_t u = top; beaten <= many && u + 1 > beaten; u--)
				ways[k * stride + u] += ways[(k - 1) * stride + u - beaten];
		}
	}
	return &ways[few * stride];
}

/* Largest k, at least 1, with 1 - 2 P(U < k) >= confidence; *coverage is what k has. */
static size_t shift_k_exact(size_t n, size_t m, double confidence, double *coverage, double *work)
{
	const double *ways = count_ways(n < m ? n : m, n < m ? m : n, work);
	double all = 0.0, tail = 0.0;
	size_t k = 0;

	for (size_t u = 0; u <= n * m; u++)
		all += ways[u];
	while (k < (n * m + 1) / 2) {
		if (k > 0 && 1.0 - 2.0 * (tail + ways[k]) / all < confidence)
			break;
		tail += ways[k++];
	}
	*coverage = 1.0 - 2.0 * tail / all;
	return k;
}

static size_t shift_k_normal(size_t n, size_t m, double confidence, double *coverage)
{
	double pairs = (double)n * (double)m, low = 0.0, high = 40.0, k;

	for (int i = 0; i < 100; i++) { /* z with P(|Z| < z) = confidence */
		double mid = (low + high) / 2.0;

		if (erf(mid / sqrt(2.0)) < confidence)
			low = mid;
		else
			high = mid;
	}
	k = floor(pairs / 2.0 - high * sqrt(pairs * (double)(n + m + 1) / 12.0));
	*coverage = confidence;
	return k < 1.0 ? 1 : (size_t)k;
}

bool stats_shift(const double *x, size_t n, const double *y, size_t m, double confidence,
	struct stats_interval *out, double *work)
{
	size_t pairs = n * m, k, at = 0;

	*out = (struct stats_interval){NAN, NAN, NAN, 0.0};
	if (pairs == 0)
		return false;
	if (n > STATS_EXACT_SHIFT || m > STATS_EXACT_SHIFT)
		k = shift_k_normal(n, m, confidence, &out->coverage);
	else
		k = shift_k_exact(n, m, confidence, &out->coverage, work + pairs);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			work[at++] = y[j] - x[i];
	qsort(work, pairs, sizeof(*work), ascending);
	out->estimate = (work[(pairs - 1) / 2] + work[pairs / 2]) / 2.0;
	out->lo = work[k - 1];
	out->hi = work[pairs - k];
	return out->coverage >= confidence;
}

static int sign(double v)
{
	return (v > 0) - (v < 0);
}

void stats_order_pair(struct stats_order *o, double dx, double dy)
{
	int product = sign(dx) * sign(dy);

	o->pairs++;
	o->concordant += product > 0;
	o->discordant += product < 0;
	o->tied_x += sign(dx) == 0;
	o->tied_y += sign(dy) == 0;
}

void stats_order_add(
	struct stats_order *o, const double *x, const double *y, size_t n, double apart)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (stats_apart(x[i] - x[j], y[i] - y[j], apart))
				stats_order_pair(o, x[i] - x[j], y[i] - y[j]);
		}
	}
}

double stats_kendall_tau_b(const struct stats_order *o)
{
	double differ_x = (double)(o->pairs - o->tied_x), differ_y = (double)(o->pairs - o->tied_y);
	double net = (double)o->concordant - (double)o->discordant;

	return differ_x > 0 && differ_y > 0 ? net / sqrt(differ_x * differ_y) : NAN;
}
