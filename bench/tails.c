/* tails.c - the interval of a percentile; see tails.h. */
#include "bench/tails.h"

#include <math.h>

static const double out_each_side = 0.025;

static double log_choose(double n, double k)
{
	int sign;

	return lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign);
}

static double mass(uint64_t n, double p, uint64_t k)
{
	double m = (double)n, j = (double)k;

	return exp(log_choose(m, j) + j * log(p) + (m - j) * log1p(-p));
}

/* From k down, until what is left is nothing beside the sum. */
static double sum_down(uint64_t n, double p, uint64_t k)
{
	double odds = (1 - p) / p, term = mass(n, p, k), sum = term;

	for (; k > 0 && term > sum * 1e-17; k--) {
		term *= (double)k / (double)(n - k + 1) * odds;
		sum += term;
	}
	return sum;
}

double tails_binomial(uint64_t n, double p, uint64_t k)
{
	if (k >= n)
		return 1;
	/* the shorter tail: no difference of two numbers that are nearly 1 */
	if ((double)k <= (double)n * p)
		return sum_down(n, p, k);
	return 1 - sum_down(n, 1 - p, n - k - 1);
}

/* The smallest k with P(B <= k) > level (or >=), stepping from the normal estimate. */
static uint64_t quantile(uint64_t n, double p, double level, bool reach)
{
	double z = level < 0.5 ? -1.959964 : 1.959964;
	double guess = floor((double)n * p + z * sqrt((double)n * p * (1 - p)));
	uint64_t k = guess < 0 ? 0 : guess > (double)n ? n : (uint64_t)guess;
	double below = tails_binomial(n, p, k);

	while (k < n && (reach ? below < level : below <= level))
		below = tails_binomial(n, p, ++k);
	while (k > 0) {
		below = tails_binomial(n, p, k - 1);
		if (reach ? below < level : below <= level)
			break;
		k--;
	}
	return k;
}

struct tails_ranks tails_ranks(uint64_t n, double p)
{
	/* P(B < r) <= 2.5 %: r is the first k with P(B <= k) above it; P(B < s): s - 1 likewise */
	return (struct tails_ranks){
		.r = quantile(n, p, out_each_side, false),
		.s = quantile(n, p, 1 - out_each_side, true) + 1,
	};
}

double tails_percentile(const struct hist *h, double p)
{
	return hist_percentile_ok(h, p) ? (double)hist_value_at_percentile(h, p) : (double)NAN;
}

void tails_point(const struct hist *h, double p, struct tails_point *out)
{
	struct tails_ranks at;

	*out = (struct tails_point){NAN, NAN, NAN, NAN};
	if (h->count == 0)
		return;
	out->beyond = (double)hist_beyond(h, p);
	out->ns = tails_percentile(h, p);
	if (isnan(out->ns))
		return;
	at = tails_ranks(h->count, p);
	if (at.r >= 1)
		out->lo_ns = (double)hist_low_at_rank(h, at.r);
	if (at.s <= h->count)
		out->hi_ns = (double)hist_high_at_rank(h, at.s);
}
