/*
 * Precision: when a cell has been measured often enough; that stopping early does not
 * spoil the interval; and the run that does it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/precision.h"
#include "bench/random.h"
#include "bench/rank.h"
#include "bench/stats.h"
#include "harness/compiler.h"
#include "tests/program.h"

enum { CAP = 30, SERIES = 1000 };

static struct precision look(const struct precision_figure *f, size_t n, double want)
{
	double work[2 * CAP + 2];
	struct precision p;

	assert_true(n <= CAP);
	precision_look(f, n, want, &p, work);
	return p;
}

static struct precision look_at(const double *v, size_t n, double want)
{
	struct precision_figure f[CAP];

	for (size_t i = 0; i < n; i++)
		f[i] = (struct precision_figure){v[i], true};
	return look(f, n, want);
}

/* ---- the decision -------------------------------------------------------------------- */

static void precision_needs_six_trials_and_one_more_that_agrees(void **state)
{
	static const double v[] = {100, 101, 99, 100, 101, 99, 100, 100};

	(void)state;
	assert_true(look_at(v, 0, 2).n == 0 && isnan(look_at(v, 0, 2).median));
	for (size_t n = 1; n < PRECISION_LEAST; n++) {
		assert_false(look_at(v, n, 50).met);
		assert_true(isnan(look_at(v, n, 50).half_width_pct));
	}
	assert_false(look_at(v, 6, 2).met);
	assert_true(look_at(v, 6, 2).half_width_pct == 1);
	assert_true(look_at(v, 7, 2).met);
	assert_false(look_at(v, 7, 0.9).met);
	assert_true(look_at(v, 7, 1).met);
}

static void precision_is_undone_by_a_trial_that_lies_far_off(void **state)
{
	static const double v[] = {100, 101, 99, 100, 101, 99, 150, 100, 100};

	(void)state;
	assert_false(look_at(v, 7, 2).met);
	assert_false(look_at(v, 8, 2).met);
	assert_false(look_at(v, 9, 2).met); /* the interval is narrow again, at one look */
	assert_true(look_at(v, 9, 2).half_width_pct <= 2);
}

static void precision_looks_at_the_farther_end_of_the_interval(void **state)
{
	static const double v[] = {100, 100, 100, 100, 100, 100, 100, 104};

	(void)state;
	assert_true(look_at(v, 8, 4).half_width_pct == 4);
	assert_false(look_at(v, 8, 3.9).met);
}

static void precision_counts_clean_trials_where_there_are_three(void **state)
{
	struct precision_figure f[CAP];
	size_t n = 0;

	(void)state;
	for (; n < 8; n++)
		f[n] = (struct precision_figure){n % 2 ? 300 : 100, n % 2 == 0};
	assert_int_equal(look(f, 8, 2).n, 4);
	assert_true(look(f, 8, 2).median == 100);
	for (; n < 11; n++)
		f[n] = (struct precision_figure){100, true};
	assert_true(look(f, n, 2).met);
	for (size_t i = 0; i < n; i++)
		f[i].clean = i < 2;
	assert_int_equal(look(f, n, 2).n, n);
	assert_false(look(f, n, 2).met);
}

/* The same series, a thousand times as slow: the same decision. */
static void precision_never_looks_at_the_value(void **state)
{
	uint64_t seed = 7;
	unsigned met = 0;

	(void)state;
	for (int s = 0; s < 100; s++) {
		double v[CAP], slow[CAP];

		for (size_t n = 0; n < CAP; n++) {
			v[n] = 1000 + (double)random_below(&seed, 50);
			slow[n] = 1024 * v[n];
			assert_int_equal(look_at(v, n + 1, 2).met, look_at(slow, n + 1, 2).met);
			met += look_at(v, n + 1, 2).met;
		}
	}
	assert_in_range(met, 100, 100 * CAP - 1000); /* it was neither never nor always so */
}

static void precision_is_a_percentage(void **state)
{
	static const char *const bad[] = {
		"", "%", "2", "0%", "100%", "-1%", "2%%", "2 %", "1e1%", "nan%", "1.2.3%"};
	double pct;

	(void)state;
	assert_true(precision_parse("2%", &pct) && pct == 2);
	assert_true(precision_parse("0.5%", &pct) && pct == 0.5);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (precision_parse(bad[i], &pct))
			fail_msg("taken: \"%s\"", bad[i]);
	}
}

/* ---- what stopping does to the interval ------------------------------------------------ */

static double uniform(uint64_t *seed)
{
	return ((double)random_below(seed, 1u << 30) + 0.5) / (1u << 30);
}

static double normal(uint64_t *seed)
{
	return sqrt(-2 * log(uniform(seed))) * cos(2 * M_PI * uniform(seed));
}

/* Figures as trials have them, and their true median. */
struct shape {
	const char *name;
	double (*draw)(uint64_t *seed);
	double median;
};

static double narrow(uint64_t *seed)
{
	return exp(0.015 * normal(seed));
}

static double wide(uint64_t *seed)
{
	return exp(0.04 * normal(seed));
}

static double skewed(uint64_t *seed)
{
	return 1 - 0.05 * log(uniform(seed));
}

/* Three in ten trials have another layout, 10 % slower. */
static double two_modes(uint64_t *seed)
{
	bool slow = uniform(seed) < 0.3;

	return exp(0.01 * normal(seed)) * (slow ? 1.1 : 1);
}

/* Measures until it is precise, CAP trials at most.  True: the interval holds the median. */
static bool covers(const struct shape *shape, uint64_t *seed, size_t *trials, bool *met)
{
	struct stats_interval in = {0};
	double v[CAP], work[CAP];
	size_t n = 0;

	do
		v[n++] = shape->draw(seed);
	while (n < CAP && !(*met = look_at(v, n, 2).met));
	*met = look_at(v, n, 2).met;
	*trials += n;
	stats_median_interval(v, n, 0.95, &in, work);
	return in.lo <= shape->median && shape->median <= in.hi;
}

static void check_coverage(const struct shape *shape)
{
	uint64_t seed = 42;
	size_t covered = 0, stopped = 0, right = 0, trials = 0;

	for (int s = 0; s < SERIES; s++) {
		bool met, holds = covers(shape, &seed, &trials, &met);

		covered += holds;
		stopped += met;
		right += met && holds;
	}
	print_message("%-9s %4zu of %d intervals hold the median; %zu of the %zu that stopped "
		      "early; %.1f trials\n",
		shape->name, covered, SERIES, right, stopped, (double)trials / SERIES);
	if (covered * 10 < SERIES * 9 || right * 10 < stopped * 9)
		fail_msg("%s: stopping spoils the interval", shape->name);
}

static void precision_leaves_the_interval_what_it_is(void **state)
{
	const struct shape shapes[] = {
		{"narrow", narrow, 1},
		{"wide", wide, 1},
		{"skewed", skewed, 1 + 0.05 * log(2)},
		/* 5/7 of the fast mode lie below; the slow one is out of reach */
		{"two modes", two_modes, exp(0.01 * 0.565949)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		check_coverage(&shapes[i]);
}

/* ---- runs ------------------------------------------------------------------------------ */

#define RUN                                                                                        \
	H "run -m channel/pipe -w stream -d thread,process -p unpinned --trial-ms 1 --no-report "

struct verdict {
	char cell[320];
	double n;
	bool met;
	char why[200];
};

/* precision.csv's lines; how many. */
static size_t read_verdicts(const char *run, struct verdict *v, size_t max)
{
	char path[96], *text, *save = NULL;
	size_t n = 0;

	snprintf(path, sizeof(path), "here/%s/precision.csv", run);
	text = support_read(support_path(&program.dir, path));
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char met[8] = "";

		if (strncmp(l, "cell,", 5) == 0)
			continue;
		assert_true(n < max);
		v[n] = (struct verdict){.met = false};
		/* a median without an interval leaves fields empty */
		for (size_t field = 0; l != NULL && field < 7; field++) {
			const char *word = strsep(&l, field == 6 ? "\n" : ",");

			if (field == 0)
				snprintf(v[n].cell, sizeof(v[n].cell), "%s", word);
			else if (field == 1)
				v[n].n = strtod(word, NULL);
			else if (field == 5)
				snprintf(met, sizeof(met), "%s", word);
			else if (field == 6)
				snprintf(v[n].why, sizeof(v[n].why), "%s", word);
		}
		v[n++].met = strcmp(met, "yes") == 0;
	}
	free(text);
	return n;
}

/* Figures of a cell's rows, in their order. */
static size_t figures_of(
	const struct sample *row, size_t n, const char *cell, struct precision_figure *f)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i].cell, cell) != 0 || strcmp(row[i].status, "ok") != 0)
			continue;
		assert_true(used < CAP);
		f[used++] = (struct precision_figure){
			rank_figure(&row[i]), strcmp(row[i].quality, "clean") == 0};
	}
	return used;
}

/*
 * However the machine behaved: who met it did so with his last row and not before, who did not has
 * all the trials there are.
 */
static void check_verdicts(const char *run, double want, size_t cap)
{
	struct verdict v[4];
	struct sample *row;
	size_t rows = 0, n = read_verdicts(run, v, ARRAY_LEN(v));

	assert_int_equal(n, 2);
	row = program_rows(run, &rows);
	for (size_t i = 0; i < n; i++) {
		struct precision_figure f[CAP];
		size_t used = figures_of(row, rows, v[i].cell, f);

		assert_int_equal(look(f, used, want).met, v[i].met);
		assert_int_equal(look(f, used, want).n, v[i].n);
		assert_int_equal(v[i].why[0] == '\0', v[i].met);
		if (v[i].met)
			assert_false(look(f, used - 1, want).met);
		else
			assert_true(used >= cap);
	}
	free(row);
}

static void run_goes_on_until_its_medians_are_precise(void **state)
{
	(void)state;
	program_need_processes();
	program_ends(RUN "--precision 60% --max-reps 14 --repeat-noisy no -o run", RC_FINE);
	check_verdicts("run", 60, 14);
	assert_non_null(strstr(program.out, "precision +-60 %: met by "));
}

static void run_says_which_medians_are_not_precise_and_why(void **state)
{
	struct verdict v[4];

	(void)state;
	program_need_processes();
	program_ends(RUN "--precision 0.0001% --max-reps 8 --repeat-noisy no -o run", RC_FINE);
	check_verdicts("run", 0.0001, 8);
	assert_int_equal(read_verdicts("run", v, 4), 2);
	assert_true(strstr(v[0].why, "--max-reps") || strstr(v[0].why, "usable trials"));
	assert_non_null(strstr(program.out, "not precise: channel/pipe/stream?domain=process"));
	assert_non_null(strstr(program.out, "met by 0 of 2 cells"));
}

/* Six blocks come first, however long they take. */
static void run_with_a_budget_stops_when_it_is_used_up(void **state)
{
	struct verdict v[4];
	size_t n;

	(void)state;
	program_need_processes();
	program_ends(RUN "--precision 0.0001% --max-reps 1000 --budget 1s -o run", RC_FINE);
	n = read_verdicts("run", v, 4);
	for (size_t i = 0; i < n; i++) {
		assert_false(v[i].met);
		assert_true(v[i].n < 900);
	}
	assert_int_equal(n, 2);
	if (!strstr(program.out, "budget"))
		fail_msg("does not say that it was the budget:\n%s", program.out);
	/* one that calibration has used up leaves room for fewer trials than an interval takes */
	program_ends(RUN "--precision 0.0001% --max-reps 1000 --budget 10ms -o short", RC_FINE);
	if (!strstr(program.out, "or --budget leave room for "))
		fail_msg("does not say that it was the budget:\n%s", program.out);
}

/* The plan knows the precision; what has been measured counts. */
static void run_resumed_goes_on_until_it_is_precise(void **state)
{
	char *plan;

	(void)state;
	program_need_processes();
	program_ends(RUN "--precision 60% --max-reps 14 --repeat-noisy no -o run", RC_FINE);
	plan = support_read(support_path(&program.dir, "here/run/plan.csv"));
	assert_non_null(strstr(plan, ",60\n"));
	free(plan);
	program_ends("sed -i '6,$d' run/samples.csv", RC_FINE);
	program_ends(H "run --no-report --repeat-noisy no --resume run", RC_FINE);
	check_verdicts("run", 60, 14);
	program_says(H "run --no-report --resume run", "2 cells, 0 rows"); /* nothing is left */
}

static void run_refuses_lengths_that_make_no_sense(void **state)
{
	(void)state;
	program_refuses(RUN "--precision 2 -o run", "--precision takes a percentage");
	program_refuses(RUN "--precision 0% -o run", "--precision takes a percentage");
	program_refuses(RUN "--precision 2% --reps 4 -o run", "leave out --reps");
	program_refuses(RUN "--max-reps 9 -o run", "without it say --reps");
	program_refuses(RUN "--precision 2% --max-reps 5 -o run", "from 6");
	program_refuses(RUN "--precision 2% --max-reps 1001 -o run", "to 1000");
	program_refuses(RUN "--repeat-noisy maybe -o run", "--repeat-noisy takes a number");
	program_refuses(H "run --resume run --precision 2%", "leave out");
	program_made_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(precision_needs_six_trials_and_one_more_that_agrees),
		cmocka_unit_test(precision_is_undone_by_a_trial_that_lies_far_off),
		cmocka_unit_test(precision_looks_at_the_farther_end_of_the_interval),
		cmocka_unit_test(precision_counts_clean_trials_where_there_are_three),
		cmocka_unit_test(precision_never_looks_at_the_value),
		cmocka_unit_test(precision_is_a_percentage),
		cmocka_unit_test(precision_leaves_the_interval_what_it_is),
		PROGRAM_TEST(run_goes_on_until_its_medians_are_precise),
		PROGRAM_TEST(run_says_which_medians_are_not_precise_and_why),
		PROGRAM_TEST(run_with_a_budget_stops_when_it_is_used_up),
		PROGRAM_TEST(run_resumed_goes_on_until_it_is_precise),
		PROGRAM_TEST(run_refuses_lengths_that_make_no_sense),
	};

	program_find();
	return cmocka_run_group_tests_name("precision", tests, NULL, NULL);
}
