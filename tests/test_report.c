/*
 * REPORT.md and `handoff report`, from run directories made here; the pictures by the real gnuplot
 * where it is installed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "bench/cmd.h"
#include "bench/report.h"
#include "tests/sample_rows.h"
#include "tests/support.h"

enum { ROWS = 200 };

static const char environment[] = "key,value,reason\n"
				  "cpu_model,Some CPU,\n"
				  "cpus_online,0-3,\n"
				  "cpus_online_count,4,\n"
				  "kernel,6.1.0,\n"
				  "hypervisor,kvm,\n"
				  "governor,,no such file\n"
				  "load_average,2.50 1.00 0.50,\n"
				  "cgroup_cpu_quota_cpus,unlimited,\n"
				  "boot_parameters,a=1|b=2,\n";

/* A run directory, and a PATH on which there is no gnuplot until it is put back. */
struct run {
	char *dir, *path;
	char err[500];
};

static int make_run(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r || make_dir((void **)&r->dir) != 0)
		return -1;
	*state = r;
	r->path = strdup(getenv("PATH"));
	return setenv("PATH", r->dir, 1);
}

static int remove_run(void **state)
{
	struct run *r = *state;
	int rc = setenv("PATH", r->path, 1);

	rc |= remove_dir((void **)&r->dir);
	free(r->path);
	free(r);
	return rc;
}

/* Two mechanisms, streams of two sizes. */
static size_t some_rows(struct sample *rows)
{
	size_t n = add_rows(rows, 0, (struct at){0}, 5000, 6);

	n = add_rows(rows, n, (struct at){.mechanism = "channel/queue-fifo"}, 9000, 6);
	n = add_rows(rows, n, (struct at){.workload = "stream"}, 1e6, 6);
	return add_rows(rows, n, (struct at){.workload = "stream", .bytes = 4096}, 5e5, 6);
}

static void write_run(const struct run *r, const struct sample *rows, size_t n)
{
	write_samples(r->dir, rows, n);
	append_text(r->dir, "environment.csv", environment);
}

static char *report_of(struct run *r)
{
	char *text;

	if (report_write(r->dir, r->err, sizeof(r->err)) != 0)
		fail_msg("%s", r->err);
	text = read_text_file(r->dir, "REPORT.md");
	assert_non_null(text);
	return text;
}

/* The report of rows that the caller has changed as the test wants. */
static char *report_of_rows(struct run *r, const struct sample *rows, size_t n)
{
	write_run(r, rows, n);
	return report_of(r);
}

static void check_silent(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("\"%s\" is in:\n%s", words, text);
}

static void report_has_its_chapters_in_order(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *text = report_of_rows(*state, rows, some_rows(rows));
	const char *one = strstr(text, "\n## 1 "), *seven = strstr(text, "\n## 7 "),
		   *eight = strstr(text, "\n## 8 ");

	assert_non_null(one);
	assert_true(one < strstr(text, "\n## 4 "));
	assert_true(strstr(text, "\n## 4 ") < strstr(text, "\n## 6 "));
	assert_true(strstr(text, "\n## 6 ") < seven);
	assert_true(seven < eight);
	check_says(one, "**Between two threads, 64 B**\n");
	check_says(one,
		"| round trip | nearest | sleeps | channel/pipe | 5.12 us [5.00 .. 5.25 us] |");
	check_says(seven, "24 rows: 24 ok; 0 of the ok ones are marked noisy.");
	check_says(eight, "| 5.12 us [5.00 .. 5.25 us] |");
	free(text);
	free(rows);
}

static void report_comes_out_the_same_to_the_byte(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *first = report_of_rows(*state, rows, some_rows(rows)), *second = report_of(*state);

	assert_string_equal(first, second);
	free(first);
	free(second);
	free(rows);
}

static void report_says_what_the_environment_file_says(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *text = report_of_rows(*state, rows, some_rows(rows));

	check_says(text, "Measured on Some CPU (CPUs 0-3), kernel 6.1.0, on ");
	check_says(text, ". A virtual machine (kvm) with 4 CPUs, load 2.50: ");
	check_says(text, "other work was running");
	check_silent(text, "control groups allow");
	check_says(text, "| governor |  | no such file |");
	check_says(text, "| boot_parameters | a=1\\|b=2 |");
	free(text);
	free(rows);
}

static void report_without_an_environment_says_so(void **state)
{
	struct run *r = *state;
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *text;

	write_samples(r->dir, rows, some_rows(rows));
	text = report_of(r);
	check_says(text, "What machine this was cannot be said: ");
	check_says(text, "environment.csv");
	check_says(text, "Measured on unknown");
	free(text);
	free(rows);
}

static void report_never_shows_a_figure_of_a_row_that_is_not_ok(void **state)
{
	static const char *const status[] = {"skip", "fail", "timeout", "crash", "interrupted"};
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	size_t n = some_rows(rows);
	char *text;

	for (size_t i = 0; i < 5; i++) {
		rows[n + i] = row_with((struct at){.mechanism = "channel/ring-spsc"}, 777);
		set_bad(&rows[n + i], status[i], "reason");
	}
	rows[0] = row_with((struct at){0}, 777); /* in a cell that has ok rows too */
	set_bad(&rows[0], "fail", "reason");
	text = report_of_rows(*state, rows, n + 5);
	check_silent(text, "777");
	check_says(text, "29 rows: 23 ok 1 skip 2 fail 1 timeout 1 crash 1 interrupted;");
	check_says(text, "capacity=1024` | | | | 0 | 0 | 5 x ");
	free(text);
	free(rows);
}

static void report_lists_reasons_and_what_was_skipped(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	size_t n = some_rows(rows);
	char *text;

	set_bad(&rows[0], "fail", "lost 3 | messages\nof 9");
	for (size_t i = 0; i < 2; i++) {
		rows[n] = row_at((struct at){.placement = "smt"});
		set_bad(&rows[n++], "skip", "this machine has no smt pair");
	}
	text = report_of_rows(*state, rows, n);
	check_says(text, "| 5 | 0 | 1 x fail: lost 3 \\| messages of 9 |\n");
	check_says(text, "**What this machine cannot show**\n\n- this machine has no smt pair "
			 "(2 rows)\n\n");
	check_says(text, "| 0 | 0 | 2 x skip: this machine has no smt pair |\n");
	free(text);
	free(rows);
}

static void report_counts_noisy_trials(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	size_t n = some_rows(rows);
	char *text;

	set_noisy(&rows[0]);
	text = report_of_rows(*state, rows, n);
	check_says(text, "1 of the ok ones are marked noisy");
	check_says(text, "| 6 | 1 | |\n");
	check_says(text, " 4 % of the trials are marked noisy.");
	free(text);
	free(rows);
}

static void report_survives_figures_that_were_not_measured(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	size_t n = some_rows(rows);
	char *text;

	for (size_t i = 0; i < n; i++)
		rows[i].cpu_ns_per_op = i % 2 ? NAN : 70;
	for (size_t i = 0; i < 6; i++)
		rows[i].cpu_ns_per_op = NAN;
	text = report_of_rows(*state, rows, n);
	check_silent(text, "nan");
	check_says(text, "| - | 6 | 0 | |\n");
	check_says(text, "| 70.0 ns range 70.0 .. 70.0 ns | 6 | 0 | |\n");
	free(text);
	free(rows);
}

static void report_of_a_run_that_was_killed_drops_the_cut_line(void **state)
{
	struct run *r = *state;
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *whole = report_of_rows(r, rows, some_rows(rows)), *cut;

	append_text(r->dir, "samples.csv", "1,run-1,2026-01-02T03:04:05Z,vm,channel/qu");
	cut = report_of(r);
	assert_string_equal(whole, cut);
	free(whole);
	free(cut);
	free(rows);
}

static void report_of_a_run_without_rows_is_still_a_report(void **state)
{
	char *text = report_of_rows(*state, NULL, 0);

	check_says(text, "# Report of run (empty)");
	check_says(text, "| round trip | | | not measured |");
	check_says(text, "0 rows:");
	free(text);
}

static void report_refuses_another_schema_and_writes_nothing(void **state)
{
	struct run *r = *state;
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	size_t n = some_rows(rows);

	rows[1].schema_version = 99;
	write_run(r, rows, n);
	assert_true(report_write(r->dir, r->err, sizeof(r->err)) < 0);
	check_says(r->err, "schema 99");
	assert_null(read_text_file(r->dir, "REPORT.md"));
	free(rows);
}

static void report_refuses_a_directory_without_samples(void **state)
{
	struct run *r = *state;

	assert_int_equal(report_write(r->dir, r->err, sizeof(r->err)), -ENOENT);
	check_says(r->err, "samples.csv");
}

static void report_keeps_the_old_one_where_it_cannot_write(void **state)
{
	struct run *r = *state;
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *old = report_of_rows(r, rows, some_rows(rows)), *now, path[300];

	(void)snprintf(path, sizeof(path), "%s/REPORT.md.new", r->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(report_write(r->dir, r->err, sizeof(r->err)), -EISDIR);
	check_says(r->err, "REPORT.md.new");
	now = read_text_file(r->dir, "REPORT.md");
	assert_string_equal(old, now);
	free(old);
	free(now);
	free(rows);
}

/* ---- pictures ------------------------------------------------------------- */

static void report_without_gnuplot_says_why_there_is_no_picture(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *text = report_of_rows(*state, rows, some_rows(rows));
	const char *seven = strstr(text, "\n## 7 ");

	check_says(text, "not drawn, see chapter 7*");
	check_says(seven, "Picture roundtrip was not drawn: ");
	check_says(seven, "gnuplot");
	check_silent(text, ".svg)");
	free(text);
	free(rows);
}

static void need_gnuplot(const struct run *r)
{
	assert_int_equal(setenv("PATH", r->path, 1), 0);
	if (system("command -v gnuplot >/dev/null") == 0)
		return;
	skip_because("gnuplot is not installed");
}

static void report_shows_the_pictures_that_were_drawn(void **state)
{
	struct run *r = *state;
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char *text, *svg;

	need_gnuplot(r);
	text = report_of_rows(r, rows, some_rows(rows));
	check_says(text, "](plots/roundtrip.svg)");
	check_silent(text, "throughput-thread"); /* of one mechanism */
	svg = read_text_file(r->dir, "plots/roundtrip.svg");
	assert_non_null(svg);
	free(svg);
	free(text);
	free(rows);
}

static void append_bins(const struct run *r, const struct sample *s, const char *bins)
{
	char line[600];

	(void)snprintf(line, sizeof(line), "run-1,%s,%.0f,%.0f,%.0f,rtt,300,0,1,2,3,%s\n", s->cell,
		s->block, s->rep, s->attempt, bins);
	append_text(r->dir, "histograms.csv", line);
}

/*
 * Trials of 300 samples at 1000 ns and at 1500 ns: the median is 1000 of one and of both together;
 * a histogram without an ok row, here at 1 ns, must not move it.
 */
static void report_merges_the_histograms_of_committed_trials(void **state)
{
	struct run *r = *state;
	struct sample *rows = calloc(ROWS, sizeof(*rows)), orphan;
	size_t n = some_rows(rows);
	char *text, *points;

	need_gnuplot(r);
	for (size_t i = 0; i < n; i++)
		(void)snprintf(rows[i].kind, sizeof(rows[i].kind), "rtt");
	append_text(r->dir, "histograms.csv",
		"run_id,cell,block,rep,attempt,kind,count,overflow,min_ns,max_ns,sum_ns,bins\n");
	append_bins(r, &rows[0], "1000:300");
	append_bins(r, &rows[1], "1500:300");
	orphan = rows[0];
	orphan.attempt = 2;
	append_bins(r, &orphan, "1:300");
	set_bad(&rows[2], "fail", "lost one");
	append_bins(r, &rows[2], "1:300");
	text = report_of_rows(r, rows, n);
	check_says(text, "](plots/latency-thread.svg)");
	points = read_text_file(r->dir, "plots/latency-thread.csv");
	assert_non_null(points);
	check_says(points, "\n1,1,1000,,,,\n");
	check_says(points, ",1500,,,,\n");
	check_silent(points, "\n1,1,1,");
	check_silent(points, "\n1,7.4"); /* 600 / 7.5 = 80 samples beyond: too few */
	free(points);
	free(text);
	free(rows);
}

/* ---- the command ---------------------------------------------------------- */

/* cmd_report() of a run; what it printed, to be freed. */
static char *report_command(const struct run *r, const char *run, int *code)
{
	char out[300], *argv[] = {(char *)(uintptr_t) "report", (char *)(uintptr_t)run, NULL};
	int saved = dup(STDOUT_FILENO), fd;

	(void)snprintf(out, sizeof(out), "%s/out", r->dir);
	fd = open(out, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0);
	(void)fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	*code = cmd_report(2, argv);
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	(void)close(saved);
	(void)close(fd);
	return read_text_file(r->dir, "out");
}

static void report_command_ends_with_the_path(void **state)
{
	struct run *r = *state;
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char expected[300], *text;
	int code;

	write_run(r, rows, some_rows(rows));
	text = report_command(r, r->dir, &code);
	(void)snprintf(expected, sizeof(expected), "%s/REPORT.md\n", r->dir);
	assert_int_equal(code, EXIT_FINE); /* though there is no gnuplot */
	assert_string_equal(text, expected);
	free(text);
	free(rows);
}

static void report_command_says_2_where_there_is_no_run(void **state)
{
	int code;
	char *text = report_command(*state, "/nowhere/at/all", &code);

	assert_int_equal(code, EXIT_USAGE);
	assert_string_equal(text, "");
	free(text);
}

#define IN_RUN(test) cmocka_unit_test_setup_teardown(test, make_run, remove_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RUN(report_has_its_chapters_in_order),
		IN_RUN(report_comes_out_the_same_to_the_byte),
		IN_RUN(report_says_what_the_environment_file_says),
		IN_RUN(report_without_an_environment_says_so),
		IN_RUN(report_never_shows_a_figure_of_a_row_that_is_not_ok),
		IN_RUN(report_lists_reasons_and_what_was_skipped),
		IN_RUN(report_counts_noisy_trials),
		IN_RUN(report_survives_figures_that_were_not_measured),
		IN_RUN(report_of_a_run_that_was_killed_drops_the_cut_line),
		IN_RUN(report_of_a_run_without_rows_is_still_a_report),
		IN_RUN(report_refuses_another_schema_and_writes_nothing),
		IN_RUN(report_refuses_a_directory_without_samples),
		IN_RUN(report_keeps_the_old_one_where_it_cannot_write),
		IN_RUN(report_without_gnuplot_says_why_there_is_no_picture),
		IN_RUN(report_shows_the_pictures_that_were_drawn),
		IN_RUN(report_merges_the_histograms_of_committed_trials),
		IN_RUN(report_command_ends_with_the_path),
		IN_RUN(report_command_says_2_where_there_is_no_run),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
