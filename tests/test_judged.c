/* judgement.csv and what is said of a judgement: order, counts, round trips, refusals. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/compiler.h"
#include "tests/judged_scene.h"
#include "tests/support.h"

enum { ERR = 600 };

static struct support_dir dir;

static int set_up(void **state)
{
	(void)state;
	support_open(&dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	support_close(&dir);
	return 0;
}

static void write_to(const char *name, const struct judgement *j)
{
	char err[ERR] = "";

	if (judged_write(support_path(&dir, name), j, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

static void read_from(const char *name, struct judgement *j)
{
	char err[ERR] = "";

	if (judged_read(j, support_path(&dir, name), err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

static void check_figure(double got, double want)
{
	assert_true(isnan(want) ? isnan(got) : got == want);
}

static void check_row(const struct judged *got, const struct judged *want)
{
	assert_string_equal(got->cell, want->cell);
	assert_string_equal(got->metric, want->metric);
	assert_string_equal(got->unit, want->unit);
	assert_string_equal(got->reason, want->reason);
	assert_int_equal(got->verdict, want->verdict);
	assert_int_equal(got->gated, want->gated);
	check_figure(got->old_value, want->old_value);
	check_figure(got->new_value, want->new_value);
	check_figure(got->ratio, want->ratio);
	check_figure(got->lo, want->lo);
	check_figure(got->hi, want->hi);
	check_figure(got->p, want->p);
	check_figure(got->q, want->q);
	check_figure(got->mde, want->mde);
	check_figure(got->margin, want->margin);
	assert_int_equal(got->pairs, want->pairs);
	assert_int_equal(got->needs, want->needs);
}

static void check_judgement(const struct judgement *got, const struct judgement *want)
{
	assert_int_equal(got->mode, want->mode);
	assert_string_equal(got->old_name, want->old_name);
	assert_string_equal(got->new_name, want->new_name);
	assert_string_equal(got->machine, want->machine);
	assert_string_equal(got->began, want->began);
	assert_string_equal(got->note, want->note);
	assert_true(got->seed == want->seed && got->fwer == want->fwer);
	check_figure(got->suite_ratio, want->suite_ratio);
	check_figure(got->suite_lo, want->suite_lo);
	check_figure(got->suite_hi, want->suite_hi);
	assert_int_equal(got->suite_flagged, want->suite_flagged);
	assert_int_equal(got->advisory, want->advisory);
	assert_int_equal(got->exit_code, want->exit_code);
	assert_int_equal(got->n, want->n);
	assert_int_equal(got->cells, want->cells);
	assert_int_equal(got->gated, want->gated);
	assert_memory_equal(got->count, want->count, sizeof(got->count));
	assert_memory_equal(got->with, want->with, sizeof(got->with));
	for (size_t i = 0; i < got->n; i++)
		check_row(&got->row[i], &want->row[i]);
}

/* There and back: the same data, and the same bytes the second time. */
static void check_round_trip(struct judgement *j)
{
	struct judgement again;
	char *first, *second;

	write_to("first.csv", j);
	read_from("first.csv", &again);
	check_judgement(&again, j);
	write_to("second.csv", &again);
	first = support_read(support_path(&dir, "first.csv"));
	second = support_read(support_path(&dir, "second.csv"));
	assert_string_equal(first, second);
	free(first);
	free(second);
	judged_free(&again);
	judged_free(j);
}

static void judgements_come_back_as_they_were_written(void **state)
{
	struct judgement j;

	(void)state;
	scene_judgement(&j);
	judged_sort(&j);
	check_round_trip(&j);
	scene_each(&j);
	j.mode = JUDGED_STORED;
	j.advisory = j.suite_flagged = true;
	check_round_trip(&j);
	scene_hostile(&j);
	check_round_trip(&j);
	scene_many(&j, 1000);
	check_round_trip(&j);
}

static void judgement_figures_come_back_exactly(void **state)
{
	static const double figure[] = {0, 1, 1.0 / 3, 5e-324, 6e-67, 0.1 + 0.2, 1e15, 123456789,
		4503599627370497.5, 1.7976931348623157e308, 1000000};
	struct judgement j;
	char cell[24];

	(void)state;
	scene_judgement(&j);
	for (size_t i = 0; i < ARRAY_LEN(figure); i++) {
		struct judged *r;

		(void)snprintf(cell, sizeof(cell), "c%zu", i);
		r = scene_row(&j, cell, "p50", JUDGED_OK);
		r->old_value = -figure[i];
		r->ratio = r->hi = figure[i];
		r->lo = 0;
	}
	scene_row(&j, "infinite", "p50", JUDGED_OK)->hi = NAN;
	judged_sort(&j);
	check_round_trip(&j);
}

static void judgement_that_is_not_finite_becomes_nothing(void **state)
{
	struct judgement j, again;

	(void)state;
	scene_judgement(&j);
	scene_row(&j, "c", "switches", JUDGED_OK)->ratio = INFINITY;
	judged_sort(&j);
	write_to("j.csv", &j);
	read_from("j.csv", &again);
	assert_true(isnan(again.row[0].ratio));
	judged_free(&again);
	judged_free(&j);
}

/* ---- order and counts -------------------------------------------------------------- */

static void judgement_shows_first_what_fails_and_the_largest_of_it(void **state)
{
	static const struct {
		const char *metric;
		enum judged_verdict verdict;
		bool gated;
	} want[] = {
		{"p50", JUDGED_REGRESSED, true}, /* by a half */
		{"throughput", JUDGED_REGRESSED, true},
		{"throughput", JUDGED_REGRESSED, true},
		{"p50", JUDGED_MISSING, true},
		{"p99", JUDGED_REGRESSED, false}, /* nine times, but only told */
		{"p50", JUDGED_IMPROVED, true},
		{"p50", JUDGED_INCONCLUSIVE, true},
		{"p99", JUDGED_NA, false},
		{"p50", JUDGED_NEW, false},
		{"p50", JUDGED_MISSING, false},
		{"throughput", JUDGED_OK, true},
		{"cpu", JUDGED_OK, true},
	};
	struct judgement j;

	(void)state;
	scene_each(&j);
	assert_int_equal(j.n, ARRAY_LEN(want));
	for (size_t i = 0; i < j.n; i++) {
		assert_int_equal(j.row[i].verdict, want[i].verdict);
		assert_int_equal(j.row[i].gated, want[i].gated);
	}
	assert_string_equal(j.row[0].metric, "p50");
	assert_true(j.row[0].ratio > 1.4);
	assert_true(strcmp(j.row[1].cell, j.row[2].cell) < 0);
	scene_row(&j, "channel/tcp/stream", "cell", JUDGED_NA)->gated = true; /* it broke */
	judged_sort(&j);
	assert_string_equal(j.row[3].metric, "cell");
	judged_free(&j);
}

static void judgement_counts_half_as_much_as_twice_and_then_goes_by_name(void **state)
{
	struct judgement j;

	(void)state;
	scene_judgement(&j);
	scene_row(&j, "b", "p50", JUDGED_IMPROVED)->ratio = 0.9;
	scene_row(&j, "c", "p99", JUDGED_IMPROVED)->ratio = 0.5;
	scene_row(&j, "c", "p50", JUDGED_IMPROVED)->ratio = 0.5;
	scene_row(&j, "a", "p99", JUDGED_IMPROVED)->ratio = NAN;
	judged_sort(&j);
	assert_string_equal(j.row[0].cell, "c");
	assert_string_equal(j.row[0].metric, "p50");
	assert_string_equal(j.row[1].metric, "p99");
	assert_string_equal(j.row[2].cell, "b");
	assert_string_equal(j.row[3].cell, "a");
	judged_free(&j);
}

static void judgement_order_does_not_follow_from_the_order_given(void **state)
{
	struct judgement a, b;
	struct judged swapped;

	(void)state;
	scene_each(&a);
	scene_each(&b);
	for (size_t i = 0; i < b.n / 2; i++) {
		swapped = b.row[i];
		b.row[i] = b.row[b.n - 1 - i];
		b.row[b.n - 1 - i] = swapped;
	}
	judged_sort(&b);
	check_judgement(&b, &a);
	judged_free(&a);
	judged_free(&b);
}

static void judgement_counts_gated_metrics_and_cells_once(void **state)
{
	struct judgement j;

	(void)state;
	scene_each(&j);
	assert_int_equal(j.cells, 6);
	assert_int_equal(j.gated, 8);
	assert_int_equal(j.count[JUDGED_REGRESSED], 3);
	assert_int_equal(j.with[JUDGED_REGRESSED], 2);
	assert_int_equal(j.count[JUDGED_OK], 2);
	assert_int_equal(j.with[JUDGED_MISSING], 1);
	judged_free(&j);
}

/* ---- words --------------------------------------------------------------------------- */

static char *last_line(const struct judgement *j)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	judged_last_line(to, j);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void check_line(const struct judgement *j, const char *want)
{
	char *text = last_line(j);

	assert_string_equal(text, want);
	free(text);
}

static void judgement_ends_in_one_line_for_grep(void **state)
{
	struct judgement j;

	(void)state;
	scene_each(&j);
	check_line(&j,
		"verdict=FAIL regressed=2 improved=1 inconclusive=1 broke=0 missing=1 suite=ok "
		"cells=6 fwer=0.01 margin=3%\n");
	j.row[0].margin = 0.05;
	j.suite_flagged = true;
	check_line(&j,
		"verdict=FAIL regressed=2 improved=1 inconclusive=1 broke=0 missing=1 suite=slower "
		"cells=6 fwer=0.01 margin=3..5%\n");
	judged_free(&j);
	scene_judgement(&j);
	judged_sort(&j);
	check_line(&j,
		"verdict=PASS regressed=0 improved=0 inconclusive=0 broke=0 missing=0 suite=ok "
		"cells=0 fwer=0.01 margin=-\n");
	judged_free(&j);
}

static void judgement_words_and_advisory_codes_follow_from_the_exit_code(void **state)
{
	static const struct {
		int code;
		const char *word;
		int advisory;
	} want[] = {{0, "PASS", 0}, {1, "FAIL", 0}, {2, "ERROR", 2}, {3, "NOT_COMPARABLE", 3},
		{4, "INCONCLUSIVE", 0}, {130, "INTERRUPTED", 130}, {77, "ERROR", 77}};
	struct judgement j;

	(void)state;
	scene_judgement(&j);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		j.exit_code = want[i].code;
		j.advisory = false;
		assert_string_equal(judged_word(&j), want[i].word);
		assert_int_equal(judged_exit(&j), want[i].code);
		j.advisory = true;
		assert_string_equal(judged_word(&j), want[i].word);
		assert_int_equal(judged_exit(&j), want[i].advisory);
	}
}

static void judged_verdicts_have_a_name_each_that_leads_back(void **state)
{
	(void)state;
	for (int v = 0; v < JUDGED_VERDICTS; v++)
		assert_int_equal(judged_of_name(judged_name((enum judged_verdict)v)), v);
	assert_int_equal(judged_of_name("ok"), JUDGED_VERDICTS);
	assert_int_equal(judged_of_name(""), JUDGED_VERDICTS);
}

/* What could not be read again is not written. */
static void a_judgement_of_too_many_rows_is_not_written(void **state)
{
	struct judgement j;
	char err[ERR] = "";

	(void)state;
	scene_judgement(&j);
	j.n = JUDGED_MOST_ROWS + 1;
	assert_int_equal(
		judged_write(support_path(&dir, "many.csv"), &j, err, sizeof(err)), -E2BIG);
	assert_non_null(strstr(err, "100001 metrics of cells are more than"));
	assert_false(support_exists(support_path(&dir, "many.csv")));
}

/* ---- refusals ------------------------------------------------------------------------ */

/* The text of a good file with `from` (its first place) replaced. */
static void write_spoilt(const char *from, const char *to)
{
	struct judgement j;
	char *text, *at, *spoilt;
	size_t len;
	FILE *out;

	scene_judgement(&j);
	scene_row(&j, "a/b/c", "p50", JUDGED_REGRESSED);
	scene_row(&j, "a/b/d", "p50", JUDGED_INCONCLUSIVE);
	judged_sort(&j);
	write_to("j.csv", &j);
	text = support_read(support_path(&dir, "j.csv"));
	at = strstr(text, from);
	assert_non_null(at);
	out = open_memstream(&spoilt, &len);
	assert_non_null(out);
	(void)fprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	assert_int_equal(fclose(out), 0);
	support_text(support_path(&dir, "j.csv"), spoilt);
	free(spoilt);
	free(text);
	judged_free(&j);
}

static void check_refused(const char *words)
{
	struct judgement j = {.n = 77};
	char err[ERR] = "";

	assert_true(judged_read(&j, support_path(&dir, "j.csv"), err, sizeof(err)) < 0);
	assert_int_equal(j.n, 77);
	if (!strstr(err, words))
		fail_msg("\"%s\" does not say \"%s\"", err, words);
	assert_non_null(strstr(err, "j.csv:"));
}

static void judgement_is_refused_with_line_and_column_of_its_first_fault(void **state)
{
	static const struct {
		const char *from, *to, *words;
	} fault[] = {
		{"schema_version", "schema", "j.csv:1: column 1 (schema_version): not a judgement"},
		{",rows\n", "\n", "j.csv:1: column 30 (rows): not a judgement"},
		{",rows\n", ",rows,more\n", "j.csv:1: not a judgement: 1 columns too many"},
		{"1,judgement", "2,judgement", "j.csv:2: column 1 (schema_version): schema 2"},
		{"1,judgement", "1,metric", "j.csv:2: column 2 (record): \"metric\" where"},
		{"1,metric", "1,judgement", "j.csv:3: column 2 (record): \"judgement\" where"},
		{"1,metric", "x,metric", "j.csv:3: column 1 (schema_version): \"x\" is no whole"},
		{"REGRESSED", "SLOWER", "j.csv:3: column 6 (verdict): \"SLOWER\" is no verdict"},
		{"INCONCLUSIVE,yes", "INCONCLUSIVE,maybe", "j.csv:4: column 7 (gated): \"maybe\""},
		{"5123.25", "nan", "j.csv:3: column 8 (old): \"nan\" is no number"},
		{"5123.25", "0x10", "j.csv:3: column 8 (old): \"0x10\" is no number"},
		{"5123.25", "1e999", "j.csv:3: column 8 (old): \"1e999\" is no number"},
		{"5123.25", " 5", "j.csv:3: column 8 (old): \" 5\" is no number"},
		{"1.123", "-1.123", "j.csv:3: column 10 (ratio): -1.123 is out of its range"},
		{"0.01,no", "1.01,no", "j.csv:2: column 26 (fwer): 1.01 is out of its range"},
		{"34,0", "-34,0", "j.csv:3: column 17 (pairs): \"-34\" is no whole number"},
		{"34,0", "34,4294967296", "j.csv:3: column 18 (needs): 4294967296 is more than"},
		{"18446744073709551615", "18446744073709551616", "j.csv:2: column 25 (seed)"},
		{"a/b/c", "", "j.csv:3: a row without cell"},
		{"p50", "", "j.csv:3: a row without metric"},
		{"p50", "a-metric-whose-name-is-far-too-long",
			"column 4 (metric): 35 bytes, at most 23"},
		{"a/b/c", "a/b/d", "is there twice"},
		{"paired", "both", "j.csv:2: column 20 (mode): \"both\" is no mode"},
		{"no,0,2\n", "no,0,3\n", "the file ends before its end: 2 of 3 rows"},
		{"no,0,2\n", "no,0,1\n", "j.csv:4: more than the 1 rows"},
		{"no,0,2\n", "no,0,100001\n", "column 30 (rows): 100001 is more than 100000"},
		{"no,0,2\n", "no,-1,2\n", "j.csv:2: column 29 (exit_code): \"-1\""},
		{"no,0,2\n", "no,256,2\n", "j.csv:2: column 29 (exit_code): 256 is more than 255"},
		{",,,,,,,,,,,\n", ",,,,,,,,,,3,\n",
			"j.csv:3: column 29 (exit_code): must be empty"},
		{"a/b/c", "a/\"b/c", "j.csv:3:12: misplaced quote"},
		{"a/b/c", "a/b/c,", "j.csv:3:163: 31 fields"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fault); i++) {
		write_spoilt(fault[i].from, fault[i].to);
		check_refused(fault[i].words);
	}
}

/* Wherever the file ends, it is no judgement, or the whole one. */
static void judgement_that_was_cut_is_refused(void **state)
{
	char *text;

	(void)state;
	write_spoilt("", "");
	text = support_read(support_path(&dir, "j.csv"));
	for (size_t len = strlen(text); len-- > 0;) {
		struct judgement j;
		char err[ERR] = "";

		support_write(support_path(&dir, "cut.csv"), text, len);
		assert_true(judged_read(&j, support_path(&dir, "cut.csv"), err, sizeof(err)) < 0);
		assert_non_null(strstr(err, "cut.csv"));
	}
	support_append(support_path(&dir, "j.csv"), "1,metric,x");
	check_refused("the file ends before its end");
	free(text);
}

static void judgement_manual_has_every_column(void **state)
{
	size_t n;
	const char *const *name = judged_columns(&n);
	char *manual, quoted[80], *from;

	(void)state;
	if (!support_exists("results/README.md"))
		skip_because("results/README.md is not there");
	manual = support_read("results/README.md");
	from = strstr(manual, "\n## judgement.csv");
	assert_non_null(from);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(quoted, sizeof(quoted), "`%s`", name[i]);
		if (!strstr(from, quoted))
			fail_msg("results/README.md does not explain %s", quoted);
	}
	free(manual);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(judgements_come_back_as_they_were_written),
		IN_DIR(judgement_figures_come_back_exactly),
		IN_DIR(judgement_that_is_not_finite_becomes_nothing),
		cmocka_unit_test(judgement_shows_first_what_fails_and_the_largest_of_it),
		cmocka_unit_test(judgement_counts_half_as_much_as_twice_and_then_goes_by_name),
		cmocka_unit_test(judgement_order_does_not_follow_from_the_order_given),
		cmocka_unit_test(judgement_counts_gated_metrics_and_cells_once),
		cmocka_unit_test(judgement_ends_in_one_line_for_grep),
		cmocka_unit_test(judgement_words_and_advisory_codes_follow_from_the_exit_code),
		cmocka_unit_test(judged_verdicts_have_a_name_each_that_leads_back),
		IN_DIR(a_judgement_of_too_many_rows_is_not_written),
		IN_DIR(judgement_is_refused_with_line_and_column_of_its_first_fault),
		IN_DIR(judgement_that_was_cut_is_refused),
		cmocka_unit_test(judgement_manual_has_every_column),
	};

	return cmocka_run_group_tests_name("judged", tests, NULL, NULL);
}
