/*
 * `handoff ab` on pairs whose figures are made up: what was measured is replaced in pairs.csv, and
 * --resume judges what stands there.  So what is said of it does not depend on the machine.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/ab.h"
#include "bench/csv.h"
#include "tests/ab_scene.h"

enum { CELLS = 4, SCREEN = 8, ROWS = 2 * CELLS * SCREEN, LATE = CELLS * (SCREEN - 1) };

#define MECHANISMS "lock/mutex,lock/semaphore,lock/mutex-recursive,lock/semaphore-bounded"
#define OPTIONS                                                                                    \
	"-m " MECHANISMS " -w uncontended -d thread -p same-pu --trial-ms 1 --pairs 8 --seed 7 "
#define SAME       "\"$H\" \"$H\""
#define RESUME(of) H "ab " of OPTIONS "--resume d " SAME

/* ---- rows ------------------------------------------------------------------------------- */

static void set_figures(struct sample *s, double cost)
{
	s->ops_per_s = 1e6 / cost;
	s->lat_p50_ns = s->lat_p99_ns = s->cpu_ns_per_op = 1000 * cost;
	s->ctx_voluntary_per_op = cost;
	s->ctx_involuntary_per_op = 0;
	s->steal_pct = s->steal_used_pct = 0;
}

/* Slower and faster in turn, and by about as much: no screen chooses it. */
static double wavering(const struct sample *s, double by)
{
	static const int sign[SCREEN] = {1, -1, -1, 1, 1, -1, -1, 1};
	int rep = (int)s->rep;

	if (strcmp(s->side, "old") == 0)
		return 1;
	return exp(sign[rep] * by * (1 + rep / 20.0));
}

/* What one comparison left, taken up by all tests. */
static struct {
	struct sample row[ROWS]; /* the first pairs of every cell, as they were due */
	char *environment, *plan;
} left;

static int compare_once(void **state)
{
	struct sample *row;
	size_t all, kept = 0;

	if (!program.path[0]) /* each test says so */
		return 0;
	program_setup(state);
	program_finish(program_start(H "ab --advisory " OPTIONS "-o d " SAME));
	row = ab_pairs_of("d", &all);
	for (size_t i = 0; i < all && kept < ROWS; i++) {
		if (row[i].rep < SCREEN && row[i].attempt == 1)
			left.row[kept++] = row[i];
	}
	assert_int_equal(kept, ROWS);
	left.environment = ab_text_of("d", "environment.csv");
	left.plan = ab_text_of("d", "plan.csv");
	free(row);
	return program_teardown(state);
}

static int forget_it(void **state)
{
	(void)state;
	free(left.environment);
	free(left.plan);
	return 0;
}

/* Its directory without pairs; the pairs, alike on both sides. */
static struct sample *alike(size_t *n)
{
	struct sample *row = malloc(sizeof(left.row));
	char path[SUPPORT_PATH + 64];

	assert_non_null(row);
	memcpy(row, left.row, sizeof(left.row));
	for (size_t i = 0; i < ROWS; i++)
		set_figures(&row[i], wavering(&row[i], 0.001));
	snprintf(path, sizeof(path), "%s/d", program.here);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/d/environment.csv", program.here);
	support_text(path, left.environment);
	snprintf(path, sizeof(path), "%s/d/plan.csv", program.here);
	support_text(path, left.plan);
	*n = ROWS;
	return row;
}

static void put(const struct sample *row, size_t n)
{
	char path[SUPPORT_PATH + 64];
	struct csv_row text = {0};
	FILE *f;

	snprintf(path, sizeof(path), "%s/d/pairs.csv", program.here);
	f = fopen(path, "we");
	assert_non_null(f);
	samples_header(&text);
	for (size_t i = 0; i <= n; i++) {
		assert_int_equal(fwrite(text.buf, 1, text.len, f), text.len);
		csv_row_reset(&text);
		if (i < n)
			samples_row(&text, &row[i]);
	}
	assert_int_equal(fclose(f), 0);
	csv_row_free(&text);
}

static bool is_of(const struct sample *s, const char *mechanism)
{
	return strcmp(s->mechanism, mechanism) == 0;
}

/* ---- inconclusive ------------------------------------------------------------------------- */

static void one_open_figure_of_twenty_is_inconclusive_only_with_strict(void **state)
{
	size_t n;
	struct sample *row = alike(&n);

	(void)state;
	put(row, n);
	program_ends_saying(RESUME("--strict "), RC_FINE, "verdict=PASS");
	for (size_t i = 0; i < n; i++) {
		if (is_of(&row[i], "lock/mutex"))
			row[i].cpu_ns_per_op = 1000 * wavering(&row[i], 0.6);
	}
	put(row, n);
	program_ends_saying(RESUME(""), RC_FINE, "verdict=PASS");
	program_ends_saying(RESUME("--strict "), RC_INCONCLUSIVE, "verdict=INCONCLUSIVE");
	assert_non_null(strstr(program.out, "inconclusive=1"));
	free(row);
}

static void more_open_figures_than_one_of_twenty_are_inconclusive(void **state)
{
	size_t n;
	struct sample *row = alike(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (is_of(&row[i], "lock/mutex"))
			row[i].cpu_ns_per_op = 1000 * wavering(&row[i], 0.6);
		if (is_of(&row[i], "lock/semaphore"))
			row[i].lat_p50_ns = 1000 * wavering(&row[i], 0.6);
	}
	put(row, n);
	program_ends_saying(RESUME(""), RC_INCONCLUSIVE, "2 of 4 cells are not settled");
	program_ends_saying(RESUME("--advisory "), RC_FINE, "verdict=INCONCLUSIVE");
	free(row);
}

static void a_budget_that_runs_out_before_the_test_decides_nothing(void **state)
{
	struct judgement j;

	(void)state;
	ab_make_script("p", "[ \"$1\" = trial ] && sleep 0.1");
	program_ends(H "ab -m lock/mutex,lock/semaphore -w uncontended -d thread -p same-pu "
		       "--trial-ms 1 --budget 1s -o e \"$H\" ./p",
		RC_INCONCLUSIVE);
	assert_non_null(strstr(program.out, "time was up before anything could be confirmed"));
	assert_non_null(strstr(program.out, "verdict=INCONCLUSIVE"));
	j = ab_judgement_of("e");
	for (size_t i = 0; i < j.n; i++)
		assert_true(j.row[i].pairs < SCREEN && j.row[i].verdict != JUDGED_REGRESSED);
	judged_free(&j);
}

/* ---- pairs that are run again -------------------------------------------------------------- */

static struct sample stolen(double all_pct, double used_pct)
{
	struct sample s;

	sample_init(&s);
	s.steal_pct = all_pct;
	s.steal_used_pct = used_pct;
	return s;
}

static void a_pair_is_run_again_for_what_was_stolen_from_either_trial(void **state)
{
	struct sample clean = stolen(1.9, 2), all = stolen(2.1, 0), used = stolen(0, 2.1);
	struct sample unknown = stolen((double)NAN, (double)NAN);

	(void)state;
	assert_false(ab_is_repeated(&clean, &clean, 1, 100, 0));
	assert_false(ab_is_repeated(&unknown, &clean, 1, 100, 0));
	assert_true(ab_is_repeated(&all, &clean, 1, 100, 0));
	assert_true(ab_is_repeated(&clean, &used, 1, 100, 0));
	assert_true(ab_is_repeated(&clean, &used, 2, 100, 0));
	assert_false(ab_is_repeated(&clean, &used, 3, 100, 0)); /* it is taken as it is */
}

/* A host that steals all the time must not make a comparison endless. */
static void repeats_are_a_quarter_of_the_pairs_at_most(void **state)
{
	struct sample s = stolen(50, 50);
	uint64_t repeats = 0;

	(void)state;
	for (uint64_t pairs = 0; pairs < 1000; pairs++) {
		uint32_t attempt = 1;

		for (; ab_is_repeated(&s, &s, attempt, pairs, repeats); attempt++)
			repeats++;
		assert_true(attempt <= 3);
		assert_true(4 * repeats <= pairs + 4);
	}
	assert_true(repeats >= 240);
	assert_true(repeats <= 251);
}

/* The pair that stands there last, and nothing behind it: the last round is measured. */
static size_t cut_behind(const struct sample *row, size_t pair)
{
	put(row, 2 * pair + 2);
	return 2 * pair;
}

static const char timeout_says[] = "the trial did not end in time";

static void hang(struct sample *s)
{
	snprintf(s->status, sizeof(s->status), "timeout");
	snprintf(s->reason, sizeof(s->reason), "%s", timeout_says);
	s->ops_per_s = s->cpu_ns_per_op = (double)NAN;
}

/* Rows of the pair at `at`, and that its second attempt was run in earnest. */
static void check_second_attempt(size_t at)
{
	size_t n;
	struct sample *row = ab_pairs_of("d", &n);

	assert_true(n > at + 4);
	for (size_t i = at; i < at + 4; i++) {
		assert_string_equal(row[i].cell, row[at].cell);
		assert_true(row[i].rep == row[at].rep);
		assert_true(row[i].attempt == (i < at + 2 ? 1 : 2));
	}
	assert_true(row[at + 4].attempt == 1);
	free(row);
}

static const struct judged *row_of(const struct judgement *j, const char *cell, const char *metric)
{
	for (size_t i = 0; i < j->n; i++) {
		if (strcmp(j->row[i].cell, cell) == 0 && strcmp(j->row[i].metric, metric) == 0)
			return &j->row[i];
	}
	return NULL;
}

static void a_pair_that_was_stolen_from_does_not_count_and_is_run_again(void **state)
{
	struct judgement j;
	size_t n, at;
	struct sample *row = alike(&n);

	(void)state;
	row[2 * LATE].steal_used_pct = 40;
	row[2 * LATE].ops_per_s = 1; /* it would show */
	at = cut_behind(row, LATE);
	program_ends(RESUME("--advisory "), RC_FINE);
	check_second_attempt(at);
	j = ab_judgement_of("d");
	assert_true(row_of(&j, row[at].cell, "throughput")->pairs >= SCREEN);
	judged_free(&j);
	free(row);
}

static void a_pair_in_which_one_trial_hung_is_run_again_and_the_cell_judged(void **state)
{
	struct judgement j;
	size_t n, at;
	struct sample *row = alike(&n);

	(void)state;
	hang(&row[2 * LATE + 1]);
	at = cut_behind(row, LATE);
	program_ends(RESUME("--advisory "), RC_FINE);
	check_second_attempt(at);
	j = ab_judgement_of("d");
	assert_null(row_of(&j, row[at].cell, "cell"));
	assert_non_null(strstr(j.note, "hung once, and its pair was run again"));
	judged_free(&j);
	free(row);
}

/* Only of a hang: who crashes once is a finding at once. */
static void a_pair_in_which_new_crashed_is_the_last_of_its_cell(void **state)
{
	struct judgement j;
	size_t n, at = 2 * LATE;
	struct sample *row = alike(&n);
	size_t new = at + (strcmp(row[at].side, "old") == 0);

	(void)state;
	hang(&row[new]);
	snprintf(row[new].status, sizeof(row[new].status), "crash");
	cut_behind(row, LATE);
	program_ends(RESUME(""), RC_FINDING);
	j = ab_judgement_of("d");
	assert_non_null(strstr(row_of(&j, row[at].cell, "cell")->reason, "NEW: crash: the trial"));
	judged_free(&j);
	free(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(one_open_figure_of_twenty_is_inconclusive_only_with_strict),
		PROGRAM_TEST(more_open_figures_than_one_of_twenty_are_inconclusive),
		PROGRAM_TEST(a_budget_that_runs_out_before_the_test_decides_nothing),
		PROGRAM_TEST(a_pair_is_run_again_for_what_was_stolen_from_either_trial),
		PROGRAM_TEST(repeats_are_a_quarter_of_the_pairs_at_most),
		PROGRAM_TEST(a_pair_that_was_stolen_from_does_not_count_and_is_run_again),
		PROGRAM_TEST(a_pair_in_which_one_trial_hung_is_run_again_and_the_cell_judged),
		PROGRAM_TEST(a_pair_in_which_new_crashed_is_the_last_of_its_cell),
	};

	program_find();
	return cmocka_run_group_tests_name("ab_rows", tests, compare_once, forget_it);
}
