/*
 * The open loop as a user meets it: rates that are found, what a run keeps of the
 * search, and what is refused before anything is measured.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/knees.h"
#include "bench/openloop.h"
#include "tests/program.h"

enum { SEARCHES = 3 };

#define OPEN H "run --no-report --repeat-noisy no -w openloop -m channel/pipe -d thread "

/* A crowded machine may keep no rate within 50 ms: then once more. */
static void search(struct knees *k)
{
	char err[400] = "", path[SUPPORT_PATH + 16];

	for (int try = 0; try < SEARCHES; try++) {
		program_says(OPEN "--slo 50ms --reps 1 --trial-ms 5 -o run",
			"99th percentile of the response "
			"time under 50.0 ms");
		snprintf(path, sizeof(path), "%s/run/knees.csv", program.here);
		assert_int_equal(knees_read(k, path, err, sizeof(err)), 0);
		if (try == SEARCHES - 1 || (k->n == 1 && k->row[0].knee_per_s > 0))
			return;
		knees_free(k);
		program_ends("rm -r run", RC_FINE);
	}
}

static void search_ends_in_a_knee_and_rows_at_rates_around_it(void **state)
{
	struct sample *row;
	struct knees k;
	size_t n;

	(void)state;
	search(&k);
	assert_int_equal(k.n, 1);
	assert_string_equal(k.row[0].cell,
		"channel/pipe/openloop?domain=thread&fan=1x1&size=64&placement=nearest");
	assert_true(k.row[0].knee_per_s > 0 && k.row[0].trials > 1);
	assert_int_equal(k.row[0].slo_ns, 50000000);
	row = program_rows("run", &n);
	assert_int_equal(n, OPENLOOP_RATES);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(row[i].status, "ok");
		assert_string_equal(row[i].kind, "response");
		assert_non_null(strstr(row[i].cell, "&rate="));
		assert_true(row[i].rate_per_s >= 0.09 * (double)k.row[0].knee_per_s);
		assert_true(row[i].rate_per_s <= 1.31 * (double)k.row[0].knee_per_s);
		assert_true(isnan(row[i].ops_per_s) && row[i].cpu_ns_per_op > 0);
		assert_true(row[i].svc_count + row[i].oneway_negative == row[i].ops);
		assert_true((row[i].achieved_per_s < 0.98 * row[i].offered_per_s) ==
			    (row[i].missed[0] != '\0'));
	}
	free(row);
	knees_free(&k);
	program_says(
		H "run --no-report --resume run", "none noisy"); /* nothing is searched again */
}

static void rate_that_is_named_is_run_as_it_is(void **state)
{
	struct sample *row;
	size_t n;

	(void)state;
	program_ends(
		OPEN "--rate 100k,200k --arrivals poisson --reps 2 --trial-ms 5 -o run", RC_FINE);
	row = program_rows("run", &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_true(row[i].rate_per_s == 100000 || row[i].rate_per_s == 200000);
		assert_true(fabs(row[i].offered_per_s / row[i].rate_per_s - 1) < 0.06);
		assert_int_equal(row[i].lat_count + row[i].oneway_negative, row[i].ops);
		for (size_t j = 0; j < i; j++) /* another schedule in each trial */
			assert_true(row[i].offered_per_s != row[j].offered_per_s);
	}
	free(row);
	program_ends("test ! -e run/knees.csv", RC_FINE);
}

static void dry_run_says_that_a_rate_is_searched_for(void **state)
{
	(void)state;
	program_says(OPEN "-n", "placement=nearest  rate found by search");
	program_says(OPEN "-n --rate 10k", "rate=10000");
	program_says(H "run -n -m channel/pipe -d thread -w '*'", "rate found by search");
	program_ends(H "run -n -m channel/pipe | grep openloop", 1);
	program_says(H "run -n -m channel/pipe --rate 10k", "openloop");
	program_made_nothing();
}

static void budget_holds_with_a_search(void **state)
{
	size_t n = 0;

	(void)state;
	/* as above: without a rate, or the time to find one, there are no rows */
	for (int try = 0; try < SEARCHES && n < OPENLOOP_RATES; try++) {
		program_ends("rm -rf run", RC_FINE);
		program_ends(OPEN "--slo 50ms --reps 50 --trial-ms 5 --budget 2s -o run", RC_FINE);
		free(program_rows("run", &n));
	}
	assert_true(n >= OPENLOOP_RATES && n < 50 * OPENLOOP_RATES);
}

static void what_means_nothing_is_refused(void **state)
{
	(void)state;
	program_refuses(OPEN "--rate 0", "must be auto, or from 1 to 1G");
	program_refuses(OPEN "--rate fast", "neither auto nor a number");
	program_refuses(OPEN "--rate -5", "neither auto nor a number");
	program_refuses(OPEN "--rate 2G", "must be auto, or from 1 to 1G");
	program_refuses(OPEN "--arrivals uniform", "poisson");
	program_refuses(OPEN "--slo 0", "--slo");
	program_refuses(OPEN "--slo soon", "--slo");
	program_refuses(OPEN "--slo 11s", "--slo goes up to 10 s");
	program_refuses(OPEN "--slo 1ms --rate 10k", "--slo is for openloop with rate=auto");
	program_refuses(OPEN "-s 16", "32 bytes at least");
	program_refuses(OPEN "--slo 1ms --resume run", "--slo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(search_ends_in_a_knee_and_rows_at_rates_around_it),
		PROGRAM_TEST(rate_that_is_named_is_run_as_it_is),
		PROGRAM_TEST(dry_run_says_that_a_rate_is_searched_for),
		PROGRAM_TEST(budget_holds_with_a_search),
		PROGRAM_TEST(what_means_nothing_is_refused),
	};

	program_find();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
