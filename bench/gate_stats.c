/* gate_stats.c - see gate_stats.h. */
#include "bench/gate_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats.h"

enum { BISECTIONS = 100, MOST_PAIRS = 1000000 };

double gate_normal_below(double z)
{
	return 0.5 * erfc(-z / sqrt(2.0));
}

double gate_normal_quantile(double p)
{
	double lo = -40.0, hi = 40.0;

	for (int i = 0; i < BISECTIONS; i++) {
		double mid = (lo + hi) / 2.0;

		if (gate_normal_below(mid) < p)
			lo = mid;
		else
			hi = mid;
	}
	return (lo + hi) / 2.0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double gate_trimmed_mean(const double *x, size_t n, double trim, double *se, double *work)
{
	size_t cut = (size_t)floor(trim * (double)n), kept = n - 2 * cut;
	double sum = 0.0, all = 0.0, squares = 0.0;

	*se = (double)NAN;
	if (n < 2 || 2 * cut + 2 > n)
		return (double)NAN;
	memcpy(work, x, n * sizeof(*x));
	qsort(work, n, sizeof(*work), ascending);
	for (size_t i = cut; i < n - cut; i++)
		sum += work[i];
	for (size_t i = 0; i < cut; i++) { /* winsorised: the ends become what is next to them */
		work[i] = work[cut];
		work[n - 1 - i] = work[n - 1 - cut];
	}
	for (size_t i = 0; i < n; i++)
		all += work[i];
	for (size_t i = 0; i < n; i++)
		squares += (work[i] - all / (double)n) * (work[i] - all / (double)n);
	*se = sqrt(squares / ((double)kept * (double)(kept - 1)));
	return sum / (double)kept;
}

void gate_false_discovery(const double *p, size_t n, double *q, size_t *order)
{
	double least = 1.0;

	stats_order(p, n, order);
	for (size_t i = n; i > 0; i--) {
		double scaled = p[order[i - 1]] * (double)n / (double)i;

		least = scaled < least ? scaled : least;
		q[order[i - 1]] = least;
	}
}

/* An estimate with this error is above `beyond` by z of them. */
static double passes(double effect, double beyond, double se, double z)
{
	if (!(se > 0))
		return effect > beyond ? 1.0 : 0.0;
	return gate_normal_below((effect - beyond) / se - z);
}

double gate_power(const struct gate_steps *s, double effect)
{
	return passes(effect, 0.0, s->screen_se, s->screen_z) *
	       passes(effect, s->margin, s->interim_se, s->interim_z) *
	       passes(effect, s->margin, s->test_se, s->test_z);
}

/* gate_power(s, effect) >= power, which no further step undoes: the likeliest to fail first. */
static bool has_power(const struct gate_steps *s, double effect, double power)
{
	double p = passes(effect, s->margin, s->test_se, s->test_z);

	return p >= power && gate_power(s, effect) >= power;
}

double gate_detectable(const struct gate_steps *s, double power)
{
	double lo = 0.0, hi = 20.0; /* e^20 times slower */

	if (!(gate_power(s, hi) >= power))
		return (double)NAN;
	for (int i = 0; i < 30; i++) {
		double mid = (lo + hi) / 2.0;

		if (has_power(s, mid, power))
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

uint32_t gate_pairs_needed(size_t n, double estimate, double upper, double tolerance, double margin)
{
	double half = upper - estimate, room = tolerance - estimate, times;

	if (room <= 0) { /* as an error of 1 % (2.33) and a power of 80 % (0.84) want it */
		room = estimate - margin;
		half *= (2.33 + 0.84) / 1.96;
	}
	if (!(room > 0) || !(half >= 0))
		return 0;
	times = ceil((double)n * (half / room) * (half / room));
	return times > MOST_PAIRS ? 0 : (uint32_t)times;
}

/* P(X <= k) for X of n with probability p each. */
static double binomial_below(uint64_t k, uint64_t n, double p)
{
	double sum = 0.0;

	if (p <= 0)
		return 1.0;
	if (p >= 1)
		return k >= n ? 1.0 : 0.0;
	for (uint64_t i = 0; i <= k; i++)
		sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) -
			   lgamma((double)(n - i) + 1) + (double)i * log(p) +
			   (double)(n - i) * log1p(-p));
	return sum;
}

/* p with P(X <= k) = level. */
static double binomial_solve(uint64_t k, uint64_t n, double level)
{
	double lo = 0.0, hi = 1.0;

	for (int i = 0; i < 60; i++) {
		double mid = (lo + hi) / 2.0;

		if (binomial_below(k, n, mid) > level)
			lo = mid;
		else
			hi = mid;
	}
	return (lo + hi) / 2.0;
}

void gate_binomial_interval(uint64_t k, uint64_t n, double confidence, double *lo, double *hi)
{
	double tail = (1.0 - confidence) / 2.0;

	*lo = k == 0 ? 0.0 : binomial_solve(k - 1, n, 1.0 - tail);
	*hi = k >= n ? 1.0 : binomial_solve(k, n, tail);
}
