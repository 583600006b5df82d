/*
 * The program from outside: exit codes, what it says when it is asked for
 * nonsense, and whole runs, also interrupted ones.
 *
 * Bad input of all kinds: test_bad_input.c.  Bad ends: test_interrupted.c.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "bench/registry.h"
#include "tests/program.h"
#include "tests/sample_rows.h"
#include "tests/support.h"

enum { REPS = 60, MANY_ROWS = 10000, RC_INT = RC_SIGNAL + SIGINT };

#define SHORT " -m channel/pipe -w stream --reps 2 --trial-ms 2 --no-report --repeat-noisy no "

/* ---- what is asked -------------------------------------------------------------- */

static void program_explains_itself_and_each_command(void **state)
{
	static const char *const commands[] = {"run", "stress", "list", "topology", "floor", "rank",
		"report", "clean", "version", "selftest", "compare", "baseline"};
	char line[64], words[64];

	(void)state;
	program_says(H "--help", "Usage: handoff [--plugin FILE.so]... COMMAND");
	program_says(H "help", "Exit codes");
	program_ends(H, RC_USAGE);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		snprintf(line, sizeof(line), H "%s --help", commands[i]);
		snprintf(words, sizeof(words), "Usage: handoff %s", commands[i]);
		program_says(line, words);
		assert_string_equal(program.err, "");
	}
	program_made_nothing();
}

static void program_offers_near_matches_for_what_it_does_not_know(void **state)
{
	(void)state;
	program_refuses(H "rnu", "did you mean run");
	program_refuses(H "list --fromat=csv", "--format");
	program_refuses(H "list --format=cvs", "text and csv");
	program_refuses(H "run -m channel/pip", "channel/pipe");
	program_refuses(H "run -w sream", "stream");
	program_refuses(H "run --matrix ./none.ini", "none.ini");
	program_refuses(H "run --resume none", "none");
	program_refuses(H "rank none", "none");
	program_refuses(H "trial --spec 0", "not by hand");
}

static void program_refuses_numbers_that_mean_nothing(void **state)
{
	static const char *const bad[] = {"--size 0", "--size -1", "--size 1e18",
		"--size 1000000000000000000", "--capacity 0", "--fan 0x1", "--fan 100000x1",
		"--fan 1x", "--reps -1", "--reps x", "--reps 100001", "--trial-ms -5",
		"--trial-ms 1h", "--budget 5", "--seed 18446744073709551616", "--size", "operand"};
	char line[128], *dashes;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line), H "run" SHORT "%s", bad[i]);
		dashes = strndupa(bad[i], strcspn(bad[i], " "));
		program_refuses(line, dashes + 2 * (dashes[0] == '-'));
	}
}

static void program_refuses_a_topology_that_is_not_there(void **state)
{
	(void)state;
	program_refuses("env HWLOC_XMLFILE=/none.xml " H "topology", "/none.xml");
	program_refuses("env HWLOC_XMLFILE=/none.xml " H "run --dry-run", "/none.xml");
	program_refuses("env HWLOC_XMLFILE=/none.xml " H "run" SHORT, "/none.xml");
	program_refuses(H "topology --topology /none.xml", "/none.xml");
	program_refuses(H "topology --synthetic nonsense", "nonsense");
}

static void program_shows_an_invented_machine(void **state)
{
	(void)state;
	program_says(H "topology --synthetic 'pack:2 core:2 pu:2'", "8 PUs");
	/* it can be planned for, but not measured on */
	program_says(
		"env HWLOC_SYNTHETIC='pack:2 core:2 pu:2' " H "run --dry-run" SHORT, "2 cells");
	program_refuses(
		"env HWLOC_SYNTHETIC='pack:2 core:2 pu:2' " H "run" SHORT, "HWLOC_SYNTHETIC");
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void program_prints_csv_for_other_programs(void **state)
{
	(void)state;
	program_says(H "list --format=csv", "\nchannel/pipe,channel,");
	assert_ptr_equal(
		strstr(program.out, "mechanism,family,domains,fans,available,reason,summary"),
		program.out);
	assert_int_equal(count_lines(program.out), 1 + registry_count());
	program_says(H "topology --format=csv", "\nsame-l3,");
	assert_ptr_equal(strstr(program.out, "placement,pairs,example_a,example_b\n"), program.out);
	program_says(H "version", "samples schema 1");
}

/* ---- where its output goes ------------------------------------------------------ */

static void program_fails_when_its_output_is_lost(void **state)
{
	(void)state;
	program_refuses(H "list > /dev/full", "No space left");
	program_refuses(H "--help > /dev/full", "No space left");
	program_refuses(H "run --help > /dev/full", "No space left");
	program_refuses(H "run --dry-run > /dev/full", "No space left");
	program_refuses(H "topology --format=csv > /dev/full", "No space left");
}

static void check_ok_rows(const char *run, size_t want)
{
	size_t n = 0;
	struct sample *row = program_rows(run, &n);

	assert_int_equal(n, want);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i].status, "ok") != 0)
			fail_msg("%s: %s %s", row[i].cell, row[i].status, row[i].reason);
		assert_true(row[i].ops > 0 && row[i].lost == 0 && row[i].corrupt == 0);
	}
	free(row);
}

/* What it prints must not land in its own files. */
static void program_does_without_the_standard_streams(void **state)
{
	(void)state;
	program_need_processes();
	program_ends(H "list >&-", 0);
	program_ends(H "list <&- >&- 2>&-", 0);
	program_ends(H "run" SHORT "-o run <&- >&- 2>&-", 0);
	check_ok_rows("run", 4);
}

/* ---- runs ----------------------------------------------------------------------- */

static void run_asked_to_plan_measures_nothing(void **state)
{
	(void)state;
	program_says(H "run --dry-run" SHORT "-o run", "2 cells (0 to be skipped), 2 trials each");
	check_says(program.out, "channel/pipe/stream?domain=process");
	program_made_nothing();
}

static void run_leaves_a_row_for_each_trial(void **state)
{
	(void)state;
	program_need_processes();
	program_says(H "run" SHORT "-o run", "2 cells, 4 rows: 4 ok");
	assert_string_equal(program.out + strlen(program.out) - 16, "run/samples.csv\n");
	check_ok_rows("run", 4);
	assert_false(support_exists(support_path(&program.dir, "here/run/REPORT.md")));
	assert_false(support_exists(support_path(&program.dir, "here/results")));
	program_ends(H "run" SHORT "-o run", RC_USAGE); /* not over another run */
	check_says(program.err, "--resume");
	check_ok_rows("run", 4);
	program_ends(H "run --resume run -o other", RC_USAGE);
	program_ends(H "rank --format=csv run", 0);
	program_ends(H "rank -m '!channel/p*' run", RC_NOTHING);
	program_says(H "rank -m '!channel/tcp' run", "channel/pipe");
}

static void run_is_refused_where_it_cannot_write(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(support_path(&program.dir, "fifo"), 0600), 0);
	program_refuses(H "run" SHORT "-o ../only.out", "../only.out"); /* a file */
	program_refuses(H "run" SHORT "-o ../fifo", "../fifo"); /* and does not wait for a reader */
	program_refuses(H "run" SHORT "-o none/run", "none/run");
	program_refuses(
		H "run" SHORT "-o /sys/handoff-run", "/sys/handoff-run"); /* for root, too */
	assert_int_equal(mkfifo(support_path(&program.dir, "here/results"), 0600), 0);
	program_ends(H "run" SHORT, RC_USAGE);
	check_says(program.err, "results/");
}

/* Until a few rows are there. */
static void await_rows(void)
{
	const struct timespec nap = {.tv_nsec = 5000000};

	for (int i = 0; i < PROGRAM_PATIENCE_S * 200; i++) {
		char *text = read_text_file(program.here, "run/samples.csv");
		size_t lines = text ? count_lines(text) : 0;

		free(text);
		if (lines > 3)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("no rows came");
}

/* How many rows are there; each trial of the plan at most once, not counting interrupted ones. */
static size_t count_trials(void)
{
	bool seen[2][REPS] = {{false}};
	size_t n = 0, trials = 0;
	struct sample *row = program_rows("run", &n);

	for (size_t i = 0; i < n; i++) {
		bool process = strcmp(row[i].domain, "process") == 0;

		if (strcmp(row[i].status, "interrupted") == 0)
			continue;
		assert_true(row[i].block < REPS && !seen[process][(size_t)row[i].block]);
		seen[process][(size_t)row[i].block] = true;
		trials++;
	}
	free(row);
	return trials;
}

static void run_interrupted_goes_on_to_exactly_what_was_planned(void **state)
{
	size_t before;
	char line[128];
	int code = RC_FINE;
	pid_t pid;

	(void)state;
	program_need_processes();
	/* it may come to its end while this process has no processor */
	for (int ms = 10; ms < 1000 && code == RC_FINE; ms *= 4) {
		program_ends("rm -rf run", RC_FINE);
		snprintf(line, sizeof(line), H "run" SHORT "--reps %d --trial-ms %d -o run", REPS,
			ms);
		pid = program_start(line);
		await_rows();
		assert_int_equal(kill(pid, SIGINT), 0);
		code = program_finish(pid);
	}
	assert_int_equal(code, RC_INT);
	check_says(program.err, "--resume run");
	before = count_trials();
	assert_in_range(before, 3, 2 * REPS - 1);
	program_says(H "run --no-report --repeat-noisy no --resume run", "2 cells, ");
	assert_int_equal(count_trials(), 2 * REPS);
	/* nothing is left, not even where trials were noisy */
	program_says(H "run --no-report --resume run", "2 cells, 0 rows");
	assert_int_equal(count_trials(), 2 * REPS);
}

static void report_of_many_rows_needs_no_gnuplot(void **state)
{
	struct sample *rows = calloc(MANY_ROWS, sizeof(*rows));
	char *text;

	(void)state;
	assert_non_null(rows);
	for (size_t n = 0; n < MANY_ROWS;)
		n = add_rows(rows, n,
			(struct at){.mechanism = n % 100 ? "channel/pipe" : "channel/fifo",
				.workload = "stream",
				.bytes = 1 + (double)(n / 100)},
			1e6, 50);
	write_samples(program.here, rows, MANY_ROWS);
	free(rows);
	program_says("env PATH=/none " H "report .", "REPORT.md\n");
	check_says(program.err, "gnuplot");
	text = read_text_file(program.here, "REPORT.md");
	check_says(text, "10000 rows: 10000 ok");
	check_says(strstr(text, "\n## 7 "), "was not drawn: ");
	free(text);
	program_ends(H "rank --format=csv .", 0);
	assert_true(count_lines(program.out) > MANY_ROWS / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(program_explains_itself_and_each_command),
		PROGRAM_TEST(program_offers_near_matches_for_what_it_does_not_know),
		PROGRAM_TEST(program_refuses_numbers_that_mean_nothing),
		PROGRAM_TEST(program_refuses_a_topology_that_is_not_there),
		PROGRAM_TEST(program_shows_an_invented_machine),
		PROGRAM_TEST(program_prints_csv_for_other_programs),
		PROGRAM_TEST(program_fails_when_its_output_is_lost),
		PROGRAM_TEST(program_does_without_the_standard_streams),
		PROGRAM_TEST(run_asked_to_plan_measures_nothing),
		PROGRAM_TEST(run_leaves_a_row_for_each_trial),
		PROGRAM_TEST(run_is_refused_where_it_cannot_write),
		PROGRAM_TEST(run_interrupted_goes_on_to_exactly_what_was_planned),
		PROGRAM_TEST(report_of_many_rows_needs_no_gnuplot),
	};

	program_find();
	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
