/*
 * Rank statistics against brute force: every sign pattern, every choice, sorted arrays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/stats.h"

enum { ROUNDS = 200, MAX_N = 10, WORK = 40000 };

static double *work;

static int make_room(void **state)
{
	(void)state;
	work = malloc(WORK * sizeof(*work));
	return work ? 0 : -1;
}

static int free_room(void **state)
{
	(void)state;
	free(work);
	return 0;
}

static unsigned next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33);
}

/* Few distinct values, so that ties and zeros are common. */
static void fill_tied(double *x, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (double)(next_random(seed) % 7) - 3.0;
}

static void fill_distinct(double *x, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (double)next_random(seed) / 1e6 - 900.0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sorted_median(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), ascending);
	return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2.0;
}

static void check_near(double a, double b)
{
	assert_true(fabs(a - b) <= 1e-12 * (1.0 + fabs(b)));
}

static void stats_median_and_mad_agree_with_sorting(void **state)
{
	uint64_t seed = 1;
	double x[51], copy[51];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + (size_t)(round % 51);
		(round % 2 ? fill_tied : fill_distinct)(x, n, &seed);
		memcpy(copy, x, sizeof(copy));
		double median = sorted_median(copy, n);
		check_near(stats_median(x, n, work), median);
		for (size_t i = 0; i < n; i++)
			copy[i] = fabs(x[i] - median);
		check_near(stats_mad(x, n, work), sorted_median(copy, n));
	}
	assert_true(isnan(stats_median(x, 0, work)));
}

static void stats_median_interval_knows_the_published_ranks(void **state)
{
	/* n, k of the 95 % sign interval: standard tables. */
	static const size_t table[][2] = {{6, 1}, {8, 1}, {9, 2}, {10, 2}, {12, 3}, {15, 4},
		{20, 6}, {25, 8}, {30, 10}, {50, 18}};
	struct stats_interval got;
	double x[50];

	(void)state;
	for (size_t i = 0; i < 50; i++)
		x[i] = (double)((i * 7) % 50);
	for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
		size_t n = table[t][0], k = table[t][1];
		double sorted[50];
		memcpy(sorted, x, sizeof(sorted));
		qsort(sorted, n, sizeof(*sorted), ascending);
		assert_true(stats_median_interval(x, n, 0.95, &got, work));
		assert_true(got.lo == sorted[k - 1] && got.hi == sorted[n - k]);
		assert_true(got.coverage >= 0.95 && got.coverage < 1.0);
	}
	assert_true(stats_median_interval(x, 6, 0.95, &got, work));
	check_near(got.coverage, 0.96875);
	assert_true(stats_median_interval(x, 10, 0.95, &got, work));
	check_near(got.coverage, 1.0 - 2.0 * 11.0 / 1024.0);
}

static void stats_median_interval_gives_the_range_below_six(void **state)
{
	static const double x[] = {3, 1, 5, 2, 4};
	struct stats_interval got;

	(void)state;
	for (size_t n = 1; n <= 5; n++)
		assert_false(stats_median_interval(x, n, 0.95, &got, work));
	assert_true(got.estimate == 3.0 && got.lo == 1.0 && got.hi == 5.0);
	check_near(got.coverage, 1.0 - 2.0 / 32.0);
	assert_false(stats_median_interval(x, 0, 0.95, &got, work));
}

static void stats_median_interval_holds_for_thousands(void **state)
{
	struct stats_interval got;
	double *x = malloc(5000 * sizeof(*x));

	(void)state;
	assert_non_null(x);
	for (size_t i = 0; i < 5000; i++)
		x[i] = (double)((i * 1237) % 5000);
	assert_true(stats_median_interval(x, 5000, 0.95, &got, work));
	assert_true(fabs(got.lo - (2500.0 - 70.0)) < 2.0); /* 1.96 sqrt(n) / 2 = 69.3 */
	assert_true(got.coverage < 0.955);
	free(x);
}

/* Doubled mid-rank of |x[i]| among n. */
static int slow_rank(const double *x, size_t n, size_t i)
{
	int below = 0, equal = 0;

	for (size_t j = 0; j < n; j++) {
		below += fabs(x[j]) < fabs(x[i]);
		equal += fabs(x[j]) == fabs(x[i]);
	}
	return 2 * below + equal + 1;
}

/* P(sum of positive ranks >= w) and, mirrored, <= w over all 2^n sign patterns. */
static void slow_tails(const double *x, size_t n, double *above, double *below)
{
	int rank[MAX_N], seen = 0;
	unsigned n_above = 0, n_below = 0;

	for (size_t i = 0; i < n; i++) {
		rank[i] = slow_rank(x, n, i);
		seen += x[i] > 0.0 ? rank[i] : 0;
	}
	for (unsigned pattern = 0; pattern < 1u << n; pattern++) {
		int sum = 0;
		for (size_t i = 0; i < n; i++)
			sum += pattern >> i & 1 ? rank[i] : 0;
		n_above += sum >= seen;
		n_below += sum <= seen;
	}
	*above = (double)n_above / (double)(1u << n);
	*below = (double)n_below / (double)(1u << n);
}

static void stats_signed_rank_agrees_with_every_sign_pattern(void **state)
{
	uint64_t seed = 2;
	double x[MAX_N], kept[MAX_N], above, below;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + (size_t)(round % MAX_N), n_kept = 0, used;
		(round % 3 ? fill_tied : fill_distinct)(x, n, &seed);
		slow_tails(x, n, &above, &below);
		check_near(stats_signed_rank_greater(x, n, 0.0, work), above);
		for (size_t i = 0; i < n; i++)
			if (x[i] != 0.0)
				kept[n_kept++] = x[i];
		slow_tails(kept, n_kept, &above, &below);
		double p = 2.0 * (above < below ? above : below);
		check_near(stats_signed_rank_two_sided(x, n, 0.0, &used, work),
			n_kept && p < 1.0 ? p : 1.0);
		assert_int_equal(used, n_kept);
	}
}

static void stats_signed_rank_moves_with_its_shift(void **state)
{
	static const double x[] = {1.5, 2.5, 3.5, 4.5, 5.5};

	(void)state;
	check_near(stats_signed_rank_greater(x, 5, 1.0, work), 1.0 / 32.0);
	check_near(stats_signed_rank_greater(x, 5, 6.0, work), 1.0);
	check_near(stats_signed_rank_greater(x, 0, 0.0, work), 1.0);
}

/* Just above the exact limit, the normal tail must join on to the exact one. */
static void stats_signed_rank_normal_continues_the_exact_one(void **state)
{
	enum { N = STATS_EXACT_SIGNED_RANK + 1 };
	double *x = malloc(N * sizeof(*x)), *room = malloc(stats_signed_rank_work(N) * 8);
	uint64_t seed = 5;

	(void)state;
	assert_true(x && room);
	fill_distinct(x, N, &seed);
	double shift = stats_median(x, N, room) - 50.0;
	double normal = stats_signed_rank_greater(x, N, shift, room);
	double exact = stats_signed_rank_greater(x, N - 1, shift, room);
	assert_true(exact > 1e-4 && exact < 0.2);
	assert_true(normal / exact > 0.7 && normal / exact < 1.4);
	free(x);
	free(room);
}

/* The interval as its definition says: the shifts which the two-sided test does not reject. */
static void stats_hodges_lehmann_interval_inverts_the_test(void **state)
{
	uint64_t seed = 3;
	double d[MAX_N];
	struct stats_interval got;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 6 + (size_t)(round % 5);
		fill_distinct(d, n, &seed);
		assert_true(stats_hodges_lehmann(d, n, 0.9, &got, work));
		double alpha = 1.0 - got.coverage, eps = 1e-9 * (got.hi - got.lo);
		assert_true(stats_signed_rank_two_sided(d, n, got.lo - eps, NULL, work) <=
			    alpha + 1e-12);
		assert_true(stats_signed_rank_two_sided(d, n, got.lo + eps, NULL, work) > alpha);
		assert_true(stats_signed_rank_two_sided(d, n, got.hi + eps, NULL, work) <=
			    alpha + 1e-12);
		assert_true(got.lo < got.estimate && got.estimate < got.hi);
	}
}

static void stats_hodges_lehmann_is_the_median_of_pair_means(void **state)
{
	static const double d[] = {1, 2, 4, 8};
	struct stats_interval got;

	(void)state;
	/* 1 1.5 2 2.5 3 4 4.5 5 6 8: below the confidence, hence the range. */
	assert_false(stats_hodges_lehmann(d, 4, 0.95, &got, work));
	check_near(got.estimate, 3.5);
	check_near(got.lo, 1.0);
	check_near(got.hi, 8.0);
	check_near(got.coverage, 1.0 - 2.0 / 16.0);
	assert_false(stats_hodges_lehmann(d, 0, 0.95, &got, work));
}

static void stats_hodges_lehmann_normal_k_continues_the_exact_one(void **state)
{
	enum { N = STATS_EXACT_SIGNED_RANK + 1 };
	double *d = malloc(N * sizeof(*d)), *room = malloc(stats_signed_rank_work(N) * 8);
	struct stats_interval exact, normal;
	uint64_t seed = 4;

	(void)state;
	assert_true(d && room);
	fill_distinct(d, N, &seed);
	assert_true(stats_hodges_lehmann(d, N - 1, 0.9, &exact, room));
	assert_true(stats_hodges_lehmann(d, N, 0.9, &normal, room));
	double width = exact.hi - exact.lo;
	assert_true(fabs(exact.lo - normal.lo) < 0.1 * width);
	assert_true(fabs(exact.hi - normal.hi) < 0.1 * width);
	free(d);
	free(room);
}

static void same_bits(double a, double b)
{
	assert_memory_equal(&a, &b, sizeof(a));
}

static void stats_by_a_table_are_the_same_bits(void **state)
{
	enum { N = 130 };
	double d[N], *below = malloc(stats_signs_len(N) * sizeof(*below));
	double *room = malloc(stats_signed_rank_work(N) * sizeof(*room));
	struct stats_interval a, b;
	uint64_t seed = 6;

	(void)state;
	assert_true(below && room);
	for (size_t n = 1; n <= N; n++) {
		(n % 3 ? fill_distinct : fill_tied)(d, n, &seed);
		stats_signs(n, below);
		for (double shift = -60.0; shift < 60.0; shift += 7.5)
			same_bits(stats_signed_rank_greater(d, n, shift, room),
				stats_signed_rank_greater_by(below, d, n, shift, room));
		assert_true(stats_hodges_lehmann(d, n, 0.95, &a, room) ==
			    stats_hodges_lehmann_by(below, d, n, 0.95, &b, room));
		same_bits(a.lo, b.lo);
		same_bits(a.hi, b.hi);
		same_bits(a.coverage, b.coverage);
	}
	free(below);
	free(room);
}

/* All choices of n of the n + m pooled values. */
static double slow_rank_sum(const double *x, size_t n, const double *y, size_t m)
{
	double all[MAX_N];
	int rank[MAX_N], seen = 0;
	size_t n_all = n + m;
	unsigned far = 0, total = 0;

	memcpy(all, x, n * sizeof(*x));
	memcpy(all + n, y, m * sizeof(*y));
	for (size_t i = 0; i < n_all; i++) {
		all[i] += 100.0; /* magnitudes in the order of the values */
		rank[i] = 0;
	}
	for (size_t i = 0; i < n_all; i++) {
		rank[i] = slow_rank(all, n_all, i);
		seen += i < n ? rank[i] : 0;
	}
	int mean = (int)(n * (n_all + 1));
	for (unsigned pattern = 0; pattern < 1u << n_all; pattern++) {
		int sum = 0;
		if ((size_t)__builtin_popcount(pattern) != n)
			continue;
		for (size_t i = 0; i < n_all; i++)
			sum += pattern >> i & 1 ? rank[i] : 0;
		far += abs(sum - mean) >= abs(seen - mean);
		total++;
	}
	return (double)far / total;
}

static void stats_rank_sum_agrees_with_every_choice(void **state)
{
	uint64_t seed = 6;
	double x[MAX_N], y[MAX_N];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + (size_t)(round % 5), m = 1 + (size_t)(round / 5 % 5);
		fill_tied(x, n, &seed);
		fill_tied(y, m, &seed);
		check_near(stats_rank_sum_two_sided(x, n, y, m, work), slow_rank_sum(x, n, y, m));
	}
	assert_true(stats_rank_sum_two_sided(x, 0, y, 3, work) == 1.0);
}

static void stats_rank_sum_normal_continues_the_exact_one(void **state)
{
	uint64_t seed = 8;
	double x[21], y[21];

	(void)state;
	fill_tied(x, 21, &seed);
	fill_tied(y, 21, &seed);
	for (size_t i = 0; i < 21; i++)
		y[i] += 1.0;
	double exact = stats_rank_sum_two_sided(x, 20, y, 20, work);
	double normal = stats_rank_sum_two_sided(x, 21, y, 21, work);
	assert_true(exact > 1e-5 && exact < 0.5);
	assert_true(normal / exact > 0.5 && normal / exact < 2.0);
	for (size_t i = 0; i < 21; i++)
		x[i] = y[i] = 1.0;
	assert_true(stats_rank_sum_two_sided(x, 21, y, 21, work) == 1.0);
}

static void stats_holm_adjusts_step_down(void **state)
{
	static const double p[] = {0.04, 0.01, 0.03, 0.005, 0.9};
	double adjusted[5];
	size_t order[5];

	(void)state;
	stats_holm(p, 5, adjusted, order);
	check_near(adjusted[3], 0.025);
	check_near(adjusted[1], 0.04);
	check_near(adjusted[2], 0.09);
	check_near(adjusted[0], 0.09); /* 0.08 may not fall below its predecessor */
	check_near(adjusted[4], 0.9);
	assert_int_equal(order[0], 3);
	stats_holm((const double[]){0.7, 0.8}, 2, adjusted, order);
	check_near(adjusted[0], 1.0);
}

static void stats_jain_spans_from_one_share_to_equal_shares(void **state)
{
	(void)state;
	check_near(stats_jain((const uint64_t[]){5, 5, 5, 5}, 4), 1.0);
	check_near(stats_jain((const uint64_t[]){9, 0, 0, 0}, 4), 0.25);
	check_near(stats_jain((const uint64_t[]){1, 2, 3}, 3), 36.0 / 42.0);
	check_near(stats_jain((const uint64_t[]){UINT64_MAX, UINT64_MAX}, 2), 1.0);
	assert_true(isnan(stats_jain((const uint64_t[]){0, 0}, 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_median_and_mad_agree_with_sorting),
		cmocka_unit_test(stats_median_interval_knows_the_published_ranks),
		cmocka_unit_test(stats_median_interval_gives_the_range_below_six),
		cmocka_unit_test(stats_median_interval_holds_for_thousands),
		cmocka_unit_test(stats_signed_rank_agrees_with_every_sign_pattern),
		cmocka_unit_test(stats_signed_rank_moves_with_its_shift),
		cmocka_unit_test(stats_signed_rank_normal_continues_the_exact_one),
		cmocka_unit_test(stats_hodges_lehmann_interval_inverts_the_test),
		cmocka_unit_test(stats_hodges_lehmann_is_the_median_of_pair_means),
		cmocka_unit_test(stats_hodges_lehmann_normal_k_continues_the_exact_one),
		cmocka_unit_test(stats_by_a_table_are_the_same_bits),
		cmocka_unit_test(stats_rank_sum_agrees_with_every_choice),
		cmocka_unit_test(stats_rank_sum_normal_continues_the_exact_one),
		cmocka_unit_test(stats_holm_adjusts_step_down),
		cmocka_unit_test(stats_jain_spans_from_one_share_to_equal_shares),
	};

	return cmocka_run_group_tests_name("stats", tests, make_room, free_room);
}
