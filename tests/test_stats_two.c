/* Two samples against brute force: every choice of ranks, every pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "bench/stats_two.h"

enum { MOST = 7, MANY = 120, ROUNDS = 60 };

static unsigned next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33);
}

static void check_near(double have, double wanted, double within)
{
	if (!(fabs(have - wanted) <= within))
		fail_msg("%.17g, not %.17g", have, wanted);
}

static double *room(size_t n, size_t m)
{
	double *work = calloc(stats_shift_work(n, m), sizeof(*work));

	assert_non_null(work);
	return work;
}

/* P(U < k), by looking at every choice of n out of n + m ranks. */
static double tail_by_choices(size_t n, size_t m, size_t k)
{
	double below = 0, all = 0;

	for (unsigned choice = 0; choice < 1u << (n + m); choice++) {
		size_t u = 0, chosen = 0;

		for (size_t i = 0; i < n + m; i++) {
			if (choice & (1u << i)) {
				u += i - chosen;
				chosen++;
			}
		}
		all += chosen == n;
		below += chosen == n && u < k;
	}
	return below / all;
}

/* How many values of a are at most v. */
static size_t at_most(const double *a, size_t n, double v)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += a[i] <= v;
	return count;
}

/* The k that the ends stand at: how many differences lie at or below the lower end. */
static void check_interval(const double *x, size_t n, const double *y, size_t m)
{
	double difference[MOST * MOST], *work = room(n, m);
	struct stats_interval out;
	size_t pairs = 0, k;
	bool enough = stats_shift(x, n, y, m, 0.95, &out, work);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			difference[pairs++] = y[j] - x[i];
	k = at_most(difference, pairs, out.lo);
	check_near(out.coverage, 1 - 2 * tail_by_choices(n, m, k), 1e-12);
	assert_int_equal(pairs - at_most(difference, pairs, out.hi), k - 1);
	assert_int_equal(enough, 1 - 2 * tail_by_choices(n, m, 1) >= 0.95);
	if (enough) {
		assert_true(out.coverage >= 0.95);
		assert_true(1 - 2 * tail_by_choices(n, m, k + 1) < 0.95);
	}
	assert_true(2 * at_most(difference, pairs, out.estimate) >= pairs);
	assert_true(2 * (pairs - at_most(difference, pairs, out.estimate)) <= pairs);
	free(work);
}

static void shift_has_the_interval_that_every_choice_of_ranks_gives(void **state)
{
	uint64_t seed = 1;
	double x[MOST], y[MOST];

	(void)state;
	for (size_t n = 1; n <= MOST; n++) {
		for (size_t m = 1; m <= MOST; m++) {
			for (size_t i = 0; i < n; i++)
				x[i] = (double)next_random(&seed) / 1e6;
			for (size_t i = 0; i < m; i++)
				y[i] = (double)next_random(&seed) / 1e6;
			check_interval(x, n, y, m);
		}
	}
}

static void shift_of_a_moved_copy_is_how_far_it_was_moved(void **state)
{
	double x[6] = {1, 2, 3, 5, 8, 13}, y[6], work[500];
	struct stats_interval out;

	(void)state;
	for (int i = 0; i < 6; i++)
		y[i] = x[i] + 40;
	assert_true(stats_shift_work(6, 6) <= sizeof(work) / sizeof(*work));
	assert_true(stats_shift(x, 6, y, 6, 0.95, &out, work));
	check_near(out.estimate, 40, 1e-12);
	assert_true(out.lo > 0 && out.lo < 40 && out.hi > 40);
	assert_true(stats_shift(y, 6, x, 6, 0.95, &out, work));
	check_near(out.estimate, -40, 1e-12);
}

static void shift_says_when_there_are_too_few_values(void **state)
{
	double x[4] = {1, 2, 3, 4}, work[200];
	struct stats_interval out;

	(void)state;
	assert_false(stats_shift(x, 0, x, 4, 0.95, &out, work));
	assert_true(isnan(out.estimate));
	assert_false(stats_shift(x, 3, x, 4, 0.95, &out, work));
	check_near(out.coverage, 1 - 2.0 / 35, 1e-12);
	check_near(out.lo, -2, 0);
	check_near(out.hi, 3, 0);
	assert_true(stats_shift(x, 4, x, 4, 0.95, &out, work));
}

/* The normal interval of many values is nearly the exact one of as many as are exact. */
static void shift_of_many_values_holds_as_often_as_it_says(void **state)
{
	double x[MANY], y[MANY], *work = room(MANY, MANY);
	struct stats_interval out;
	uint64_t seed = 7;
	int held = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < MANY; i++) {
			x[i] = (double)(next_random(&seed) % 100000);
			y[i] = (double)(next_random(&seed) % 100000);
		}
		assert_true(stats_shift(x, MANY, y, MANY, 0.95, &out, work));
		held += out.lo <= 0 && out.hi >= 0;
		assert_true(out.hi - out.lo < 20000); /* sd 29k, 120 values: +- 7.5k */
	}
	assert_in_range(held, ROUNDS * 85 / 100, ROUNDS);
	free(work);
}

/* The correlation of the signs, as tau-b is defined. */
static double tau_by_signs(const double *x, const double *y, size_t n, double apart)
{
	double xy = 0, xx = 0, yy = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			double a = (x[i] > x[j]) - (x[i] < x[j]), b = (y[i] > y[j]) - (y[i] < y[j]);

			if (apart >= 0 && fabs(x[i] - x[j]) + fabs(y[i] - y[j]) <= 2 * apart)
				continue;
			xy += a * b;
			xx += a * a;
			yy += b * b;
		}
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

static void tau_is_the_correlation_of_the_signs(void **state)
{
	uint64_t seed = 3;
	double x[12], y[12];

	(void)state;
	for (int round = 0; round < 500; round++) {
		size_t n = 1 + next_random(&seed) % 12;
		double apart = (double)(next_random(&seed) % 4) - 1.5;
		struct stats_order o = {0};
		double tau, wanted;

		for (size_t i = 0; i < n; i++) {
			x[i] = (double)(next_random(&seed) % 6);
			y[i] = (double)(next_random(&seed) % 6);
		}
		stats_order_add(&o, x, y, n, apart);
		tau = stats_kendall_tau_b(&o);
		wanted = tau_by_signs(x, y, n, apart);
		assert_int_equal(isnan(tau), isnan(wanted));
		if (!isnan(tau))
			check_near(tau, wanted, 1e-12);
	}
}

static void tau_of_the_same_order_is_one_and_of_the_opposite_minus_one(void **state)
{
	double x[4] = {1, 2, 3, 4}, y[4] = {10, 20, 21, 90}, z[4] = {4, 3, 2, 1};
	struct stats_order same = {0}, opposite = {0};

	(void)state;
	stats_order_add(&same, x, y, 4, -1);
	stats_order_add(&opposite, x, z, 4, -1);
	check_near(stats_kendall_tau_b(&same), 1, 0);
	check_near(stats_kendall_tau_b(&opposite), -1, 0);
}

static void pairs_that_lie_close_do_not_count(void **state)
{
	double x[3] = {0, 0.05, 1}, y[3] = {0.05, 0, 1};
	struct stats_order o = {0};

	(void)state;
	stats_order_add(&o, x, y, 3, 0.1); /* the first two changed places, but lie close */
	assert_int_equal(o.pairs, 2);
	assert_int_equal(o.discordant, 0);
	check_near(stats_kendall_tau_b(&o), 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shift_has_the_interval_that_every_choice_of_ranks_gives),
		cmocka_unit_test(shift_of_a_moved_copy_is_how_far_it_was_moved),
		cmocka_unit_test(shift_says_when_there_are_too_few_values),
		cmocka_unit_test(shift_of_many_values_holds_as_often_as_it_says),
		cmocka_unit_test(tau_is_the_correlation_of_the_signs),
		cmocka_unit_test(tau_of_the_same_order_is_one_and_of_the_opposite_minus_one),
		cmocka_unit_test(pairs_that_lie_close_do_not_count),
	};

	return cmocka_run_group_tests_name("stats_two", tests, NULL, NULL);
}
