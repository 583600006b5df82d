/* {{tails}}, {{drift}}, {{overlap}}, and the overlap in a ranking: asked of a run made here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "bench/answers.h"
#include "bench/cmd.h"
#include "bench/report.h"
#include "tests/sample_rows.h"

enum { TRIALS = 3, ERR = 1000, PATH = 300, FEW = 500, MANY = 20000 };

static void path_in(const char *dir, const char *name, char *out)
{
	(void)snprintf(out, PATH, "%s/%s", dir, name);
}

/* What dir/in.md becomes, to be freed; NULL and *code where it is refused. */
static char *make_of(const char *dir, const char *template, int *code)
{
	char in[PATH], out[PATH], err[ERR] = "";
	const struct report_options o = {
		.template_path = in, .out_path = out, .keep_pictures = true, .demand = true};

	path_in(dir, "in.md", in);
	path_in(dir, "out.md", out);
	(void)unlink(in);
	append_text(dir, "in.md", template);
	*code = report_make(dir, &o, err, sizeof(err));
	return *code ? NULL : read_text_file(dir, "out.md");
}

static void check_said(const char *dir, const char *template, const char *words)
{
	int code;
	char *text = make_of(dir, template, &code);

	if (!text)
		fail_msg("%s: refused with %d", template, code);
	check_says(text, words);
	free(text);
}

/* Three trials each of pipe, with many samples, fifo, with few, and tcp, without a histogram. */
static size_t make_run(const char *dir, struct sample *row)
{
	size_t n = add_rows(row, 0, (struct at){.mechanism = "channel/pipe"}, 500, TRIALS);

	n = add_rows(row, n, (struct at){.mechanism = "channel/fifo"}, 600, TRIALS);
	n = add_rows(row, n, (struct at){.mechanism = "channel/tcp"}, 700, TRIALS);
	begin_hists(dir);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(row[i].kind, sizeof(row[i].kind), "rtt");
		if (i < TRIALS)
			append_hist(dir, &row[i], MANY, i ? "0" : "1");
		else if (i < 2 * TRIALS)
			append_hist(dir, &row[i], FEW, "0");
	}
	write_samples(dir, row, n);
	return n;
}

static void tails_show_merged_percentiles_with_interval_count_and_trials(void **state)
{
	struct sample row[4 * TRIALS];

	(void)make_run(*state, row);
	check_said(*state, "{{tails channel/pipe/*}}", "| channel/pipe | rtt | 501 ns [49");
	check_said(*state, "{{tails channel/pipe/*}}", "| 60001, 1 above 68.7 s | 3 |");
	check_said(*state, "{{tails channel/pipe/*}}", "**pingpong, 2 threads, 64 B, nearest**");
}

/* 1500 samples: p50 and p90 have 100 beyond, p99 has not. */
static void tails_show_a_dash_where_fewer_than_100_samples_lie_beyond(void **state)
{
	struct sample row[4 * TRIALS];

	(void)make_run(*state, row);
	check_said(*state, "{{tails channel/fifo/*}}", "] | - | - | - | ");
	check_said(*state, "{{tails channel/fifo/*}}", " | 1500 | 3 |");
}

static void tails_say_in_one_sentence_of_which_cells_there_is_no_histogram(void **state)
{
	struct sample row[4 * TRIALS];
	char path[PATH];

	(void)make_run(*state, row);
	check_said(*state, "{{tails}}", "This run has no histogram of `channel/tcp/pingpong?");
	path_in(*state, "histograms.csv", path);
	(void)unlink(path);
	check_said(*state, "{{tails}}", "This run has no histograms.");
}

static void tails_of_no_cell_and_of_a_spoiled_file_are_refused(void **state)
{
	struct sample row[4 * TRIALS];
	int code;

	(void)make_run(*state, row);
	assert_null(make_of(*state, "{{tails channel/nothing/*}}", &code));
	assert_int_equal(code, -ENOENT);
	append_text(*state, "histograms.csv", "x,y\n");
	assert_null(make_of(*state, "{{tails channel/pipe/*}}", &code));
	assert_int_equal(code, -EINVAL);
}

/* ---- drift, overlap ----------------------------------------------------------------- */

static void drift_is_counted_and_named_or_said_to_be_untested(void **state)
{
	struct sample row[4 * TRIALS];
	size_t n = add_rows(row, 0, (struct at){.mechanism = "channel/pipe"}, 500, TRIALS);

	write_samples(*state, row, n);
	check_said(*state, "{{drift}}", "No trial lasted the second");
	for (size_t i = 0; i < n; i++)
		(void)snprintf(row[i].drift, sizeof(row[i].drift), i == 1 ? "down" : "none");
	row[1].drift_pct = -12.5;
	row[1].drift_p = 0.001;
	write_samples(*state, row, n);
	check_said(*state, "{{drift}}",
		"Of 3 trials that lasted a second or more throughput rose in 0 and fell in 1 ");
	check_said(*state, "{{drift}}", ", block 1: down by 12.5 % over 0.0 s (p = 0.001)");
}

static size_t make_crowded(struct sample *row)
{
	struct at at = {.mechanism = "channel/pipe", .placement = "same-pu"};
	size_t n = add_rows(row, 0, at, 500, TRIALS);

	for (size_t i = 0; i < n; i++) {
		row[i].workers_per_pu = 2;
		row[i].overlap_pct = 40 + 10 * (double)i;
	}
	at.placement = "unpinned"; /* nobody knows who shared */
	n = add_rows(row, n, at, 500, TRIALS);
	for (size_t i = n - TRIALS; i < n; i++) {
		row[i].workers_per_pu = 0;
		row[i].overlap_pct = 50;
	}
	return n;
}

static void overlap_is_shown_where_workers_share_a_processor_only(void **state)
{
	struct sample row[4 * TRIALS];
	char *text;
	int code;

	write_samples(*state, row, make_crowded(row));
	text = make_of(*state, "{{overlap}}", &code);
	assert_non_null(text);
	check_says(text, "| pingpong, 2 threads, 64 B, same-pu | 2 | 50 % | 3 |");
	assert_null(strstr(text, "unpinned"));
	free(text);
	write_samples(*state, row + TRIALS, TRIALS);
	check_said(*state, "{{overlap}}", "In no row of this run");
}

static void overlap_stands_in_a_ranking_where_workers_share_a_processor_only(void **state)
{
	struct sample row[4 * TRIALS];
	struct ranking r;
	size_t n = make_crowded(row), len;

	(void)state;
	assert_int_equal(rank_rows(&r, row, n, cmd_rankable), 0);
	assert_int_equal(r.n, 2);
	for (int markdown = 0; markdown < 2; markdown++) {
		for (size_t g = 0; g < r.n; g++) {
			bool crowded = strcmp(r.group[g].key->placement, "same-pu") == 0;
			char *text = NULL;
			FILE *to = open_memstream(&text, &len);

			assert_non_null(to);
			answers_group(to, &r.group[g], markdown);
			assert_int_equal(fclose(to), 0);
			assert_true((strstr(text, "overlap") != NULL) == crowded);
			assert_true((strstr(text, "50 %") != NULL) == crowded);
			free(text);
		}
	}
	rank_free(&r);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(tails_show_merged_percentiles_with_interval_count_and_trials),
		DIR_TEST(tails_show_a_dash_where_fewer_than_100_samples_lie_beyond),
		DIR_TEST(tails_say_in_one_sentence_of_which_cells_there_is_no_histogram),
		DIR_TEST(tails_of_no_cell_and_of_a_spoiled_file_are_refused),
		DIR_TEST(drift_is_counted_and_named_or_said_to_be_untested),
		DIR_TEST(overlap_is_shown_where_workers_share_a_processor_only),
		DIR_TEST(overlap_stands_in_a_ranking_where_workers_share_a_processor_only),
	};

	return cmocka_run_group_tests_name("report_tails", tests, NULL, NULL);
}
