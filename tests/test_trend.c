/* Trends: as likely as brute force over all orders of the values says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/intervals.h"
#include "bench/trend.h"

enum { MOST_N = 7, SERIES = 2000, SERIES_N = 12 };

static double work[20000];

static long rising(const double *x, size_t n)
{
	long s = 0;

	for (size_t j = 1; j < n; j++) {
		for (size_t i = 0; i < j; i++)
			s += (x[j] > x[i]) - (x[j] < x[i]);
	}
	return s;
}

struct orders {
	double x[MOST_N];
	size_t n;
	long at_least;
	uint64_t far, all;
};

/* Every order of the values, by exchanges. */
static void try_orders(struct orders *o, size_t from)
{
	if (from == o->n) {
		o->all++;
		o->far += labs(rising(o->x, o->n)) >= o->at_least;
		return;
	}
	for (size_t i = from; i < o->n; i++) {
		double keep = o->x[from];

		o->x[from] = o->x[i];
		o->x[i] = keep;
		try_orders(o, from + 1);
		o->x[i] = o->x[from];
		o->x[from] = keep;
	}
}

static double brute_force(const double *x, size_t n)
{
	struct orders o = {.n = n, .at_least = labs(rising(x, n))};

	memcpy(o.x, x, n * sizeof(*x));
	try_orders(&o, 0);
	return (double)o.far / (double)o.all;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void trend_is_as_likely_as_all_orders_of_the_values_say(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 60; round++) {
		size_t n = 1 + (size_t)round % MOST_N;
		double x[MOST_N], p, want;
		long up;

		for (size_t i = 0; i < n; i++)
			x[i] = (double)next_random(&seed);
		p = trend_mann_kendall(x, n, &up, work);
		want = brute_force(x, n);
		assert_true(up == rising(x, n));
		if (fabs(p - want) > 1e-12)
			fail_msg("n %zu, S %ld: p %.15g, not %.15g", n, up, p, want);
	}
}

/* Kendall's own rule for ties is an approximation: near, and never far below. */
static void trend_with_ties_is_near_what_all_orders_say(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 40; round++) {
		double x[MOST_N], p, want;
		long up;

		for (size_t i = 0; i < MOST_N; i++)
			x[i] = (double)(next_random(&seed) % 4);
		p = trend_mann_kendall(x, MOST_N, &up, work);
		want = brute_force(x, MOST_N);
		if (fabs(p - want) > 0.08)
			fail_msg("S %ld: p %g, not %g", up, p, want);
	}
}

/* What is exact and what is normal must not disagree where one takes over from the other. */
static void trend_of_many_values_is_nearly_normal(void **state)
{
	double x[TREND_EXACT],
		variance = TREND_EXACT * (TREND_EXACT - 1.0) * (2.0 * TREND_EXACT + 5) / 18;

	(void)state;
	for (int rise = 1; rise < TREND_EXACT; rise += 2) { /* the first ones rise, the rest turn */
		long up;
		double p, normal;

		for (int i = 0; i < TREND_EXACT; i++)
			x[i] = i < rise ? i : (i % 2 ? 1000 - i : -1000 + i);
		p = trend_mann_kendall(x, TREND_EXACT, &up, work);
		normal = erfc((double)(labs(up) - 1) / sqrt(2 * variance));
		if (fabs(p - normal) > 0.005)
			fail_msg("S %ld: p %g, normally %g", up, p, normal);
	}
}

static void trend_is_seen_in_a_hundredth_of_random_series_and_no_more(void **state)
{
	uint64_t seed = 11;
	unsigned seen = 0;

	(void)state;
	for (int k = 0; k < SERIES; k++) {
		double x[SERIES_N];
		long up;

		for (size_t i = 0; i < SERIES_N; i++)
			x[i] = (double)next_random(&seed);
		seen += trend_mann_kendall(x, SERIES_N, &up, work) <= DRIFT_ALPHA_PERMILLE / 1000.0;
	}
	/* expected: at most 20, with a deviation of 4.5 */
	assert_true(seen <= 40);
	assert_true(seen >= 4);
}

static void trend_slope_is_the_median_of_all_slopes(void **state)
{
	double line[] = {5, 7, 9, 11, 13, 15}, one_off[] = {1, 2, 3, 400, 5, 6, 7};

	(void)state;
	assert_true(trend_slope(line, ARRAY_LEN(line), work) == 2);
	assert_true(trend_slope(one_off, ARRAY_LEN(one_off), work) == 1);
	assert_true(trend_slope(line, 1, work) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trend_is_as_likely_as_all_orders_of_the_values_say),
		cmocka_unit_test(trend_with_ties_is_near_what_all_orders_say),
		cmocka_unit_test(trend_of_many_values_is_nearly_normal),
		cmocka_unit_test(trend_is_seen_in_a_hundredth_of_random_series_and_no_more),
		cmocka_unit_test(trend_slope_is_the_median_of_all_slopes),
	};

	return cmocka_run_group_tests_name("trend", tests, NULL, NULL);
}
