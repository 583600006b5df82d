/*
 * Histogram: the layout of its bins, percentiles against a sorted array, merging and the text form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/hist.h"

enum { SAMPLES = 20000 };

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Log-uniform from 1 ns to 60 s: every octave is met. */
static uint64_t random_ns(uint64_t *seed)
{
	double unit = (double)(next_random(seed) >> 11) / 9007199254740992.0;

	return (uint64_t)exp(unit * log(60e9));
}

static struct hist *new_hist(void)
{
	struct hist *h = malloc(sizeof(*h));

	assert_non_null(h);
	hist_reset(h);
	return h;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void hist_bins_tile_the_range_without_gap(void **state)
{
	(void)state;
	assert_int_equal(hist_value_low(0), 0);
	for (size_t i = 0; i < HIST_BINS; i++) {
		uint64_t low = hist_value_low(i), high = hist_value_high(i);
		assert_true(low <= high);
		assert_true((high - low) * 1024 <= low);
		assert_int_equal(hist_index(low), i);
		assert_int_equal(hist_index(high), i);
		if (i + 1 < HIST_BINS)
			assert_int_equal(hist_value_low(i + 1), high + 1);
	}
	assert_true(hist_value_high(HIST_BINS - 1) == HIST_MAX_NS);
}

static void hist_reports_exact_value_below_resolution(void **state)
{
	struct hist *h = new_hist();

	(void)state;
	for (uint64_t ns = 0; ns < 2048; ns++)
		hist_record(h, ns);
	for (uint64_t ns = 0; ns < 2048; ns++)
		assert_int_equal(hist_value_at_percentile(h, (double)(ns + 1) / 2048.0), ns);
	free(h);
}

static void hist_percentiles_agree_with_a_sorted_array(void **state)
{
	static const double fractions[] = {
		0.0, 1e-9, 0.001, 0.07, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1.0};
	uint64_t *x = malloc(SAMPLES * sizeof(*x)), seed = 88172645463325252u;
	struct hist *h = new_hist();

	(void)state;
	assert_non_null(x);
	for (size_t i = 0; i < SAMPLES; i++) {
		x[i] = random_ns(&seed);
		hist_record(h, x[i]);
	}
	qsort(x, SAMPLES, sizeof(*x), by_size);
	for (size_t i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++) {
		double exact_rank = round(fractions[i] * SAMPLES * 1e6) / 1e6;
		size_t rank = exact_rank <= 1 ? 1 : (size_t)ceil(exact_rank);
		uint64_t oracle = x[rank - 1], got = hist_value_at_percentile(h, fractions[i]);
		assert_true(got >= oracle);
		assert_true((got - oracle) * 1024 <= oracle);
		assert_true(hist_index(got) == hist_index(oracle));
		assert_int_equal(hist_beyond(h, fractions[i]), SAMPLES - rank);
	}
	assert_int_equal(hist_value_at_percentile(h, 0.0), x[0]);
	assert_int_equal(hist_value_at_percentile(h, 1.0), x[SAMPLES - 1]);
	free(h);
	free(x);
}

static void hist_does_not_add_a_rank_for_a_rounded_fraction(void **state)
{
	struct hist *h = new_hist();

	(void)state;
	for (uint64_t ns = 1; ns <= 100; ns++)
		hist_record(h, ns);
	for (int percent = 1; percent <= 100; percent++)
		assert_int_equal(hist_value_at_percentile(h, percent / 100.0), percent);
	free(h);
}

static void hist_needs_a_hundred_samples_beyond_a_percentile(void **state)
{
	struct hist *h = new_hist();

	(void)state;
	for (uint64_t i = 0; i < 9999; i++)
		hist_record(h, 5);
	assert_false(hist_percentile_ok(h, 0.99));
	hist_record(h, 5);
	assert_true(hist_percentile_ok(h, 0.99));
	assert_false(hist_percentile_ok(h, 0.999));
	free(h);
}

static void hist_counts_overflow_apart_and_keeps_it_in_the_ranks(void **state)
{
	struct hist *h = new_hist();

	(void)state;
	hist_record(h, 10);
	hist_record(h, HIST_MAX_NS);
	hist_record(h, HIST_MAX_NS + 1);
	hist_record(h, UINT64_C(1) << 40);
	assert_int_equal(h->count, 4);
	assert_int_equal(h->overflow, 2);
	assert_true(hist_is_whole(h));
	assert_true(hist_value_at_percentile(h, 0.5) == HIST_MAX_NS);
	assert_true(hist_value_at_percentile(h, 0.75) == UINT64_C(1) << 40);
	assert_true(hist_value_at_percentile(h, 1.0) == UINT64_C(1) << 40);
	free(h);
}

static void hist_clips_the_highest_bin_to_the_exact_maximum(void **state)
{
	struct hist *h = new_hist();

	(void)state;
	for (int i = 0; i < 3; i++)
		hist_record(h, 1000001);
	assert_true(hist_value_high(hist_index(1000001)) > 1000001);
	assert_int_equal(hist_value_at_percentile(h, 0.5), 1000001);
	free(h);
}

static void hist_without_samples_reports_zero(void **state)
{
	struct hist *h = new_hist();

	(void)state;
	assert_int_equal(hist_value_at_percentile(h, 0.5), 0);
	assert_int_equal(hist_beyond(h, 0.5), 0);
	assert_false(hist_percentile_ok(h, 0.5));
	assert_true(hist_mean(h) == 0.0);
	free(h);
}

static void hist_mean_is_exact(void **state)
{
	struct hist *h = new_hist();

	(void)state;
	hist_record(h, 1000001);
	hist_record(h, 2000002);
	assert_true(hist_mean(h) == 1500001.5);
	free(h);
}

static void hist_merge_equals_recording_into_one(void **state)
{
	struct hist *a = new_hist(), *b = new_hist(), *both = new_hist();
	uint64_t seed = 42;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t ns = random_ns(&seed) * (i % 100 ? 1 : 3);
		hist_record(i % 3 ? a : b, ns);
		hist_record(both, ns);
	}
	assert_int_equal(hist_merge(a, b), 0);
	assert_memory_equal(a, both, sizeof(*a));
	free(a);
	free(b);
	free(both);
}

static void hist_merge_refuses_to_overflow_a_bin(void **state)
{
	struct hist *a = new_hist(), *b = new_hist(), *before = new_hist();

	(void)state;
	hist_record(a, 7);
	a->bin[7] = UINT32_MAX - 1;
	a->count = UINT32_MAX - 1;
	hist_record(b, 7);
	assert_int_equal(hist_merge(a, b), 0);
	*before = *a;
	assert_int_equal(hist_merge(a, b), -EOVERFLOW);
	assert_memory_equal(a, before, sizeof(*a));
	free(a);
	free(b);
	free(before);
}

static void hist_says_so_when_a_bin_was_full(void **state)
{
	struct hist *h = new_hist(), *other = new_hist();

	(void)state;
	h->bin[7] = UINT32_MAX;
	h->count = UINT32_MAX;
	assert_true(hist_is_whole(h));
	hist_record(h, 7);
	assert_int_equal(h->bin[7], UINT32_MAX);
	assert_false(hist_is_whole(h));
	assert_int_equal(hist_merge(other, h), -EOVERFLOW);
	free(h);
	free(other);
}

static void hist_text_brings_back_every_bin(void **state)
{
	struct hist *h = new_hist(), *back = new_hist();
	uint64_t seed = 7;
	char err[200];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		hist_record(h, random_ns(&seed) * (i % 100 ? 1 : 3));
	assert_true(h->overflow > 0);
	size_t len = hist_encode(h, NULL, 0);
	char *text = malloc(len + 1);
	assert_non_null(text);
	assert_int_equal(hist_encode(h, text, len + 1), len);
	assert_int_equal(strlen(text), len);
	assert_int_equal(hist_decode(back, text, err, sizeof(err)), 0);
	assert_memory_equal(back->bin, h->bin, sizeof(h->bin));
	assert_int_equal(back->count, h->count);
	assert_int_equal(back->overflow, h->overflow);
	assert_true(back->min <= h->min);
	assert_true(fabs(hist_mean(back) / hist_mean(h) - 1.0) < 0.05);
	free(text);
	free(back);
	free(h);
}

static void hist_encode_writes_what_fits_and_returns_what_is_needed(void **state)
{
	struct hist *h = new_hist();
	char text[32];

	(void)state;
	assert_int_equal(hist_encode(h, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	hist_record(h, 5);
	hist_record(h, 5);
	hist_record(h, 2049);
	assert_int_equal(hist_encode(h, text, sizeof(text)), 10);
	assert_string_equal(text, "5:2 2048:1");
	memset(text, 'x', sizeof(text));
	assert_int_equal(hist_encode(h, text, 7), 10);
	assert_string_equal(text, "5:2 20");
	assert_int_equal(text[7], 'x');
	free(h);
}

static void hist_decode_refuses_everything_else(void **state)
{
	static const char *const bad[] = {" ", "5", "5:", ":2", "5:0", "05:1", "5:01", "5:+1",
		"-5:1", " 5:1", "5:1 ", "5:1  6:1", "5:1,6:1", "6:1 5:1", "5:1 5:1", "27649:1",
		"5:4294967296", "5:1\n", "5:1x", "5 :1", "99999999999999999999999:1", "0x5:1"};
	struct hist *h = new_hist(), *empty = new_hist();
	char err[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		assert_int_equal(hist_decode(h, bad[i], err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "histogram: byte "));
		assert_memory_equal(h, empty, sizeof(*h));
	}
	assert_int_equal(hist_decode(h, "5:1 6:1 6:2", err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "byte 9 "));
	assert_int_equal(hist_decode(h, "0:1 27647:4294967295 27648:9", err, sizeof(err)), 0);
	assert_int_equal(h->overflow, 9);
	assert_int_equal(hist_decode(h, "", err, sizeof(err)), 0);
	assert_memory_equal(h, empty, sizeof(*h));
	free(h);
	free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hist_bins_tile_the_range_without_gap),
		cmocka_unit_test(hist_reports_exact_value_below_resolution),
		cmocka_unit_test(hist_percentiles_agree_with_a_sorted_array),
		cmocka_unit_test(hist_does_not_add_a_rank_for_a_rounded_fraction),
		cmocka_unit_test(hist_needs_a_hundred_samples_beyond_a_percentile),
		cmocka_unit_test(hist_counts_overflow_apart_and_keeps_it_in_the_ranks),
		cmocka_unit_test(hist_clips_the_highest_bin_to_the_exact_maximum),
		cmocka_unit_test(hist_without_samples_reports_zero),
		cmocka_unit_test(hist_mean_is_exact),
		cmocka_unit_test(hist_merge_equals_recording_into_one),
		cmocka_unit_test(hist_merge_refuses_to_overflow_a_bin),
		cmocka_unit_test(hist_says_so_when_a_bin_was_full),
		cmocka_unit_test(hist_text_brings_back_every_bin),
		cmocka_unit_test(hist_encode_writes_what_fits_and_returns_what_is_needed),
		cmocka_unit_test(hist_decode_refuses_everything_else),
	};

	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
