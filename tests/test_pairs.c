/* How far pairs of one class lie apart: found among rows, and shown. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "bench/cmd.h"
#include "bench/pairs.h"
#include "tests/sample_rows.h"

enum { ROWS = 200, PAIRS = 4, TRIALS = 6 };

static const struct at fifo = {.mechanism = "channel/queue-fifo"};

/* TRIALS rows on one pair, whose median is the figure, spread by `noise` of it to either side. */
static size_t add_pair(struct sample *rows, size_t n, struct at at, unsigned pair, double figure,
	double noise, const char *after)
{
	for (int i = 0; i < TRIALS; i++) {
		double step = noise * (i - (TRIALS - 1) / 2.0) / ((TRIALS - 1) / 2.0);
		struct sample *s = &rows[n + (size_t)i];

		at.block = i;
		*s = row_with(at, figure * (1 + step));
		snprintf(s->params, sizeof(s->params), "class=smt");
		snprintf(s->cpus, sizeof(s->cpus), "%u %u", 10 * pair, 10 * pair + 1);
		if (pair)
			snprintf(s->axes, sizeof(s->axes), "pair=%u%s", pair, after);
		else
			snprintf(s->axes, sizeof(s->axes), "%s", after[0] ? after + 1 : "");
		if (s->axes[0])
			snprintf(s->cell + strlen(s->cell), sizeof(s->cell) - strlen(s->cell),
				"&%s", s->axes);
	}
	return n + TRIALS;
}

static bool any(const char *mechanism)
{
	return strcmp(mechanism, "channel/null") != 0;
}

static bool all(const char *mechanism)
{
	(void)mechanism;
	return true;
}

struct found {
	struct sample *rows;
	struct ranking ranking;
	struct pair_spread *spread;
	size_t n;
};

static void find(struct found *f, size_t n)
{
	assert_int_equal(rank_rows(&f->ranking, f->rows, n, all), 0);
	assert_int_equal(pairs_find(&f->ranking, any, &f->spread, &f->n), 0);
}

static void release(struct found *f)
{
	free(f->spread);
	rank_free(&f->ranking);
	free(f->rows);
}

static struct found new_found(void)
{
	struct found f = {.rows = calloc(ROWS, sizeof(*f.rows))};

	assert_non_null(f.rows);
	return f;
}

static char *put(const struct found *f, bool markdown)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	pairs_put(to, f->spread, f->n, markdown);
	fclose(to);
	return text;
}

static void pairs_of_a_cell_have_a_median_a_lowest_and_a_highest(void **state)
{
	static const double figure[PAIRS] = {1000, 1300, 900, 1100};
	struct found f = new_found();
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++)
		n = add_pair(f.rows, n, fifo, i, figure[i], 0.01, "");
	find(&f, n);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.spread[0].pairs, PAIRS);
	assert_true(fabs(f.spread[0].median - 1050) < 1e-6);
	assert_int_equal(f.spread[0].low.pair, 2);
	assert_int_equal(f.spread[0].high.pair, 1);
	assert_true(fabs(f.spread[0].spread_pct - 100.0 * 400 / 1050) < 1e-6);
	assert_false(f.spread[0].overlap);
	assert_null(strstr(f.spread[0].cell, "pair="));
	release(&f);
}

static void pairs_whose_trials_differ_as_much_are_said_to_overlap(void **state)
{
	struct found f = new_found();
	size_t n = add_pair(f.rows, 0, fifo, 0, 1000, 0.2, "");
	char *text;

	(void)state;
	n = add_pair(f.rows, n, fifo, 1, 1100, 0.2, "");
	find(&f, n);
	assert_int_equal(f.n, 1);
	assert_true(f.spread[0].overlap);
	text = put(&f, true);
	check_says(text, "9.5 %, intervals overlap |");
	free(text);
	release(&f);
}

/* Other axes keep cells apart; a cell on one pair, and a floor, have no spread. */
static void pairs_are_compared_within_one_cell_only(void **state)
{
	const struct at spin = {.mechanism = "channel/ring-spsc", .wait = "spin"};
	struct found f = new_found();
	size_t n = add_pair(f.rows, 0, fifo, 0, 1000, 0.01, "&touch=a");

	(void)state;
	n = add_pair(f.rows, n, fifo, 1, 1200, 0.01, "&touch=a");
	n = add_pair(f.rows, n, fifo, 1, 7000, 0.01, "");
	n = add_pair(f.rows, n, spin, 0, 100, 0.01, "");
	n = add_pair(f.rows, n, (struct at){.mechanism = "channel/null"}, 0, 10, 0.01, "");
	n = add_pair(f.rows, n, (struct at){.mechanism = "channel/null"}, 1, 20, 0.01, "");
	find(&f, n);
	assert_int_equal(f.n, 1);
	assert_non_null(strstr(f.spread[0].cell, "channel/queue-fifo/"));
	assert_non_null(strstr(f.spread[0].cell, "&touch=a"));
	assert_int_equal(f.spread[0].pairs, 2);
	release(&f);
}

static void pairs_are_shown_with_their_processors(void **state)
{
	struct found f = new_found();
	const struct at rate = {.mechanism = "channel/pipe", .workload = "stream"};
	size_t n = add_pair(f.rows, 0, rate, 0, 2e6, 0.01, "");
	char *text;

	(void)state;
	n = add_pair(f.rows, n, rate, 3, 1e6, 0.01, "");
	find(&f, n);
	text = put(&f, false);
	check_says(text, "smt");
	check_says(text, "median 1.50 M/s");
	check_says(text, "lowest 1.00 M/s (pair 3: P#30 P#31)");
	check_says(text, "highest 2.00 M/s (pair 0: P#0 P#1)");
	check_says(text, "spread 66.7 %\n");
	free(text);
	text = put(&f, true);
	check_says(text, "| smt | 2 | 1.50 M/s | 1.00 M/s (pair 3: P#30 P#31) | ");
	free(text);
	release(&f);
}

static void pairs_that_nobody_measured_are_not_known(void **state)
{
	struct found f = new_found();
	char *text;

	(void)state;
	find(&f, add_pair(f.rows, 0, fifo, 0, 1000, 0.01, ""));
	assert_int_equal(f.n, 0);
	text = put(&f, true);
	check_says(text, "one pair of processors for each placement");
	free(text);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_of_a_cell_have_a_median_a_lowest_and_a_highest),
		cmocka_unit_test(pairs_whose_trials_differ_as_much_are_said_to_overlap),
		cmocka_unit_test(pairs_are_compared_within_one_cell_only),
		cmocka_unit_test(pairs_are_shown_with_their_processors),
		cmocka_unit_test(pairs_that_nobody_measured_are_not_known),
	};

	return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
