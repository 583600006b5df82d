/*
 * The gate's arithmetic against brute force and published figures.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gate_stats.h"
#include "bench/stats.h"
#include "tests/support.h"

enum { MOST_N = 12, ROUNDS = 40, WORK = 100000 };

static double work[WORK];

static unsigned draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33);
}

static void check_near(double a, double b, double within)
{
	if (!(fabs(a - b) <= within))
		fail_msg("%.12g is not within %g of %.12g", a, within, b);
}

/* ---- the exact test ------------------------------------------------------- */

/* Twice the rank of |x[i]| among all: mid-ranks of ties are then whole. */
static int doubled_rank(const double *x, size_t n, size_t i)
{
	int below = 0, same = 0;

	for (size_t j = 0; j < n; j++) {
		below += fabs(x[j]) < fabs(x[i]);
		same += fabs(x[j]) == fabs(x[i]);
	}
	return 2 * below + same + 1;
}

/* All 2^n ways to give out signs. */
static double brute_force(const double *d, size_t n, double shift)
{
	double x[MOST_N];
	int rank[MOST_N], seen = 0;
	unsigned as_far = 0;

	for (size_t i = 0; i < n; i++)
		x[i] = d[i] - shift;
	for (size_t i = 0; i < n; i++) {
		rank[i] = doubled_rank(x, n, i);
		seen += x[i] > 0 ? rank[i] : 0;
	}
	for (unsigned signs = 0; signs < 1u << n; signs++) {
		int sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += (signs >> i & 1) ? rank[i] : 0;
		as_far += sum >= seen;
	}
	return (double)as_far / (double)(1u << n);
}

static void the_exact_test_agrees_with_all_sign_patterns_ties_included(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (size_t n = 1; n <= MOST_N; n++) {
		for (int round = 0; round < ROUNDS; round++) {
			double d[MOST_N];

			for (size_t i = 0; i < n; i++) /* half of the rounds full of ties */
				d[i] = round % 2 ? (double)(draw(&seed) % 5) - 1.0
						 : (double)draw(&seed) / 1e9 - 0.9;
			check_near(stats_signed_rank_greater(d, n, 0.25 * (round % 3), work),
				brute_force(d, n, 0.25 * (round % 3)), 1e-12);
		}
	}
}

/* P(V >= v) as R has it: 1 - psignrank(v - 1, n). */
static void the_exact_test_agrees_with_published_tails(void **state)
{
	static const struct {
		size_t n, v;
		double p;
	} table[] = {
		{5, 15, 0.03125},
		{8, 36, 0.00390625},
		{8, 31, 0.0390625},
		{10, 45, 0.0419921875},
		{12, 61, 0.046142578125},
		{20, 150, 0.048653602600097656},
	};
	double d[20];

	(void)state;
	for (size_t t = 0; t < sizeof(table) / sizeof(*table); t++) {
		size_t left = table[t].v;

		for (size_t i = table[t].n; i > 0; i--) { /* the largest ranks that fit are above */
			bool above = i <= left;

			d[i - 1] = above ? (double)i : -(double)i;
			left -= above ? i : 0;
		}
		check_near(stats_signed_rank_greater(d, table[t].n, 0, work), table[t].p, 1e-9);
	}
}

static void the_exact_test_of_many_pairs_is_close_to_the_normal_one(void **state)
{
	static double d[220];
	uint64_t seed = 3;

	(void)state;
	for (int shift = -2; shift <= 2; shift++) {
		double w = 0, mean = 220.0 * 221 / 4, sd = sqrt(220.0 * 221 * 441 / 24);

		for (size_t i = 0; i < 220; i++)
			d[i] = (double)draw(&seed) / 2147483648.0 - 0.5 + 0.03 * shift;
		for (size_t i = 0; i < 220; i++)
			w += d[i] > 0 ? doubled_rank(d, 220, i) / 2.0 : 0;
		check_near(stats_signed_rank_greater(d, 220, 0, work),
			gate_normal_below(-(w - 0.5 - mean) / sd), 0.003);
	}
}

/* ---- all cells together --------------------------------------------------- */

static void the_trimmed_mean_and_its_error_are_those_of_the_textbook(void **state)
{
	/* Wilcox, Introduction to Robust Estimation, self-awareness data */
	static const double x[] = {77, 87, 88, 114, 151, 210, 219, 246, 253, 262, 296, 299, 306,
		376, 428, 515, 666, 1310, 2611};
	double se, mean = gate_trimmed_mean(x, 19, 0.2, &se, work);

	(void)state;
	check_near(mean, 282.7, 0.05);
	check_near(se * sqrt(13.0 * 12 / 18) / (0.6 * sqrt(19)), 56.1, 0.15); /* his divisor */
	assert_true(isnan(gate_trimmed_mean(x, 1, 0.2, &se, work)) && isnan(se));
}

static void one_wild_cell_does_not_move_the_trimmed_mean(void **state)
{
	double x[40], se, calm, wild;

	(void)state;
	for (int i = 0; i < 40; i++)
		x[i] = 0.001 * (i % 7);
	calm = gate_trimmed_mean(x, 40, 0.05, &se, work);
	x[39] = 5;
	wild = gate_trimmed_mean(x, 40, 0.05, &se, work);
	check_near(wild, calm, 0.0005);
	assert_true(se < 0.001);
}

static void the_false_discovery_rate_is_that_of_the_paper(void **state)
{
	/* Benjamini and Hochberg 1995, 15 p-values of a myocardial infarction study: 4 at 0.05 */
	static const double p[] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
		0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
	double q[15];
	size_t order[15], found = 0;

	(void)state;
	gate_false_discovery(p, 15, q, order);
	for (int i = 0; i < 15; i++)
		found += q[i] <= 0.05;
	assert_int_equal(found, 4);
	check_near(q[0], 0.0015, 1e-12);
	check_near(q[3], 0.0095 * 15 / 4, 1e-12);
	check_near(q[6], 0.0298 * 15 / 7, 1e-12);
	check_near(q[5], 0.0298 * 15 / 7, 1e-12); /* never above that of a larger p */
}

/* ---- what could be seen ---------------------------------------------------- */

static void quantiles_of_the_normal_distribution_are_exact(void **state)
{
	(void)state;
	check_near(gate_normal_quantile(0.975), 1.959963984540054, 1e-12);
	check_near(gate_normal_quantile(0.99), 2.326347874040841, 1e-12);
	check_near(gate_normal_quantile(0.2), -0.8416212335729143, 1e-12);
}

static void what_is_detectable_is_found_as_often_as_it_says(void **state)
{
	struct gate_steps s = {.screen_se = 0.01,
		.screen_z = gate_normal_quantile(0.8),
		.interim_se = 0.0063,
		.interim_z = gate_normal_quantile(0.7),
		.test_se = 0.002,
		.test_z = gate_normal_quantile(1 - 0.01 / 30),
		.margin = 0.03};
	double found = gate_detectable(&s, 0.8);

	(void)state;
	check_near(gate_power(&s, found), 0.8, 1e-6);
	assert_true(found > s.margin && found < 0.05);
	s.screen_se = s.interim_se = s.test_se = 0;
	check_near(gate_detectable(&s, 0.8), s.margin, 1e-6);
	s.test_se = 1e6;
	assert_true(isnan(gate_detectable(&s, 0.8)));
}

static void the_pairs_that_are_needed_grow_with_the_square_of_the_width(void **state)
{
	(void)state;
	/* twice too wide: four times as many */
	assert_int_equal(gate_pairs_needed(10, 0.0, 0.2, 0.1, 0.03), 40);
	assert_int_equal(gate_pairs_needed(10, 0.05, 0.15, 0.1, 0.03), 40);
	/* beyond the tolerance: until the test sees it beyond the margin */
	assert_in_range(gate_pairs_needed(10, 0.13, 0.23, 0.1, 0.03), 24, 30);
	/* nothing would, or nobody has the time */
	assert_int_equal(gate_pairs_needed(10, 0.03, 0.04, 0.03, 0.03), 0);
	assert_int_equal(gate_pairs_needed(10, 0.0999999, 0.2, 0.1, 0.03), 0);
}

static void bounds_of_a_count_are_clopper_and_pearsons(void **state)
{
	double lo, hi;

	(void)state;
	gate_binomial_interval(0, 300, 0.95, &lo, &hi);
	check_near(lo, 0, 0);
	check_near(hi, 1 - pow(0.025, 1.0 / 300), 1e-9);
	gate_binomial_interval(10, 10, 0.95, &lo, &hi);
	check_near(lo, pow(0.025, 0.1), 1e-9);
	check_near(hi, 1, 0);
	gate_binomial_interval(3, 20, 0.95, &lo, &hi); /* a table's */
	check_near(lo, 0.03207, 1e-5);
	check_near(hi, 0.37893, 1e-5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exact_test_agrees_with_all_sign_patterns_ties_included),
		cmocka_unit_test(the_exact_test_agrees_with_published_tails),
		cmocka_unit_test(the_exact_test_of_many_pairs_is_close_to_the_normal_one),
		cmocka_unit_test(the_trimmed_mean_and_its_error_are_those_of_the_textbook),
		cmocka_unit_test(one_wild_cell_does_not_move_the_trimmed_mean),
		cmocka_unit_test(the_false_discovery_rate_is_that_of_the_paper),
		cmocka_unit_test(quantiles_of_the_normal_distribution_are_exact),
		cmocka_unit_test(what_is_detectable_is_found_as_often_as_it_says),
		cmocka_unit_test(the_pairs_that_are_needed_grow_with_the_square_of_the_width),
		cmocka_unit_test(bounds_of_a_count_are_clopper_and_pearsons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
