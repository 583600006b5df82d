/*
 * The program from outside: exit codes, what it says when it is asked for
 * nonsense, and whole runs, also interrupted ones.
 *
 * $HANDOFF_BIN, or build/handoff; without it all is skipped.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "primitives/registry.h"
#include "tests/sample_rows.h"
#include "tests/support.h"

enum { TEXT = 1 << 18, PATIENCE_S = 100, REPS = 60, MANY_ROWS = 10000, RC_USAGE = 2, RC_INT = 130 };

#define H     "\"$H\" "
#define ROWS  "here/run/samples.csv"
#define SHORT " -m channel/pipe -w stream --reps 2 --trial-ms 2 --no-report "

static char program[PATH_MAX]; /* "": there is none */
static struct support_dir dir; /* of the running test; programs run in dir/here */
static char here[SUPPORT_PATH], out[TEXT], err[TEXT];

static int setup(void **state)
{
	(void)state;
	support_open(&dir);
	snprintf(here, sizeof(here), "%s", support_path(&dir, "here"));
	setenv("H", program, 1);
	setenv("XDG_RUNTIME_DIR", dir.path, 1);
	return mkdir(here, 0700);
}

static int teardown(void **state)
{
	(void)state;
	support_close(&dir);
	return 0;
}

/* ---- a program as a child ------------------------------------------------------- */

/* The shell gives its place to `line`, which hence has the returned pid. */
static pid_t start(const char *line)
{
	char command[1024];
	pid_t pid;

	if (!program[0]) {
		print_message("the program is not built\n");
		skip();
	}
	snprintf(command, sizeof(command), "cd %s && exec > ../out 2> ../err && exec %s", here,
		line);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	alarm(PATIENCE_S); /* whoever hangs is ended by it, and shows in the code */
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(99);
}

/* Its exit code, 128 + n after a signal; `out` and `err` are what it wrote. */
static int finish(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 2; i++) {
		char *text = support_read(support_path(&dir, i ? "err" : "out"));

		snprintf(i ? err : out, TEXT, "%s", text);
		free(text);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void check_code(const char *line, int want)
{
	int code = finish(start(line));

	if (code != want)
		fail_msg("%s: exit code %d, not %d\n%s%s", line, code, want, out, err);
}

/* Works, and says `words`. */
static void check_fine(const char *line, const char *words)
{
	check_code(line, 0);
	check_says(out, words);
}

static void check_nothing_made(void)
{
	if (rmdir(here) != 0 || mkdir(here, 0700) != 0)
		fail_msg("%s: %s", here, strerror(errno));
}

/* Refused with a sentence that says `words`, before anything is printed or made. */
static void check_refused(const char *line, const char *words)
{
	check_code(line, RC_USAGE);
	check_says(err, words);
	assert_string_equal(out, "");
	check_nothing_made();
}

/* ---- what is asked -------------------------------------------------------------- */

static void program_explains_itself_and_each_command(void **state)
{
	static const char *const commands[] = {
		"run", "stress", "list", "topology", "rank", "report", "clean", "version"};
	char line[64], words[64];

	(void)state;
	check_fine(H "--help", "Usage: handoff COMMAND");
	check_fine(H "help", "Exit codes");
	check_code(H, RC_USAGE);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		snprintf(line, sizeof(line), H "%s --help", commands[i]);
		snprintf(words, sizeof(words), "Usage: handoff %s", commands[i]);
		check_fine(line, words);
		assert_string_equal(err, "");
	}
	check_nothing_made();
}

static void program_offers_near_matches_for_what_it_does_not_know(void **state)
{
	(void)state;
	check_refused(H "rnu", "did you mean run");
	check_refused(H "list --fromat=csv", "--format");
	check_refused(H "list --format=cvs", "text and csv");
	check_refused(H "run -m channel/pip", "channel/pipe");
	check_refused(H "run -w sream", "stream");
	check_refused(H "run --matrix ./none.ini", "none.ini");
	check_refused(H "run --resume none", "none");
	check_refused(H "rank none", "none");
	check_refused(H "trial --spec 0", "not by hand");
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
		check_refused(line, dashes + 2 * (dashes[0] == '-'));
	}
}

static void program_refuses_a_topology_that_is_not_there(void **state)
{
	(void)state;
	check_refused("env HWLOC_XMLFILE=/none.xml " H "topology", "/none.xml");
	check_refused("env HWLOC_XMLFILE=/none.xml " H "run --dry-run", "/none.xml");
	check_refused("env HWLOC_XMLFILE=/none.xml " H "run" SHORT, "/none.xml");
	check_refused(H "topology --topology /none.xml", "/none.xml");
	check_refused(H "topology --synthetic nonsense", "nonsense");
}

static void program_shows_an_invented_machine(void **state)
{
	(void)state;
	check_fine(H "topology --synthetic 'pack:2 core:2 pu:2'", "8 PUs");
	/* it can be planned for, but not measured on */
	check_fine("env HWLOC_SYNTHETIC='pack:2 core:2 pu:2' " H "run --dry-run" SHORT, "2 cells");
	check_refused("env HWLOC_SYNTHETIC='pack:2 core:2 pu:2' " H "run" SHORT, "HWLOC_SYNTHETIC");
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
	check_fine(H "list --format=csv", "\nchannel/pipe,channel,");
	assert_ptr_equal(
		strstr(out, "mechanism,family,domains,fans,available,reason,summary"), out);
	assert_int_equal(count_lines(out), 1 + registry_count());
	check_fine(H "topology --format=csv", "\nsame-l3,");
	assert_ptr_equal(strstr(out, "placement,pairs,example_a,example_b\n"), out);
	check_fine(H "version", "samples schema 1");
}

/* ---- where its output goes ------------------------------------------------------ */

static void program_fails_when_its_output_is_lost(void **state)
{
	(void)state;
	check_refused(H "list > /dev/full", "No space left");
	check_refused(H "--help > /dev/full", "No space left");
	check_refused(H "run --help > /dev/full", "No space left");
	check_refused(H "run --dry-run > /dev/full", "No space left");
	check_refused(H "topology --format=csv > /dev/full", "No space left");
}

static void check_ok_rows(const char *path, size_t want)
{
	struct sample *row = NULL;
	size_t n = 0;

	assert_int_equal(samples_read(support_path(&dir, path), &row, &n, err, TEXT), 0);
	assert_int_equal(n, want);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i].status, "ok") != 0)
			fail_msg("%s: %s %s", row[i].cell, row[i].status, row[i].reason);
		assert_true(row[i].ops > 0 && row[i].lost == 0 && row[i].corrupt == 0);
	}
	free(row);
}

static void need_processes(void)
{
	if (SUPPORT_TSAN) {
		print_message("not under ThreadSanitizer: runs fork\n");
		skip();
	}
}

/* What it prints must not land in its own files. */
static void program_does_without_the_standard_streams(void **state)
{
	(void)state;
	need_processes();
	check_code(H "list >&-", 0);
	check_code(H "list <&- >&- 2>&-", 0);
	check_code(H "run" SHORT "-o run <&- >&- 2>&-", 0);
	check_ok_rows(ROWS, 4);
}

/* ---- runs ----------------------------------------------------------------------- */

static void run_asked_to_plan_measures_nothing(void **state)
{
	(void)state;
	check_fine(H "run --dry-run" SHORT "-o run", "2 cells (0 to be skipped), 2 trials each");
	check_says(out, "channel/pipe/stream?domain=process");
	check_nothing_made();
}

static void run_leaves_a_row_for_each_trial(void **state)
{
	(void)state;
	need_processes();
	check_fine(H "run" SHORT "-o run", "2 cells, 4 rows: 4 ok");
	assert_string_equal(out + strlen(out) - 16, "run/samples.csv\n");
	check_ok_rows(ROWS, 4);
	assert_false(support_exists(support_path(&dir, "here/run/REPORT.md")));
	assert_false(support_exists(support_path(&dir, "here/results")));
	check_code(H "run" SHORT "-o run", RC_USAGE); /* not over another run */
	check_says(err, "--resume");
	check_ok_rows(ROWS, 4);
	check_code(H "run --resume run -o other", RC_USAGE);
	check_code(H "rank --format=csv run", 0);
}

static void run_is_refused_where_it_cannot_write(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(support_path(&dir, "fifo"), 0600), 0);
	check_refused(H "run" SHORT "-o ../out", "../out");   /* a file */
	check_refused(H "run" SHORT "-o ../fifo", "../fifo"); /* and does not wait for a reader */
	check_refused(H "run" SHORT "-o none/run", "none/run");
	check_refused(H "run" SHORT "-o /sys/handoff-run", "/sys/handoff-run"); /* for root, too */
	assert_int_equal(mkfifo(support_path(&dir, "here/results"), 0600), 0);
	check_code(H "run" SHORT, RC_USAGE);
	check_says(err, "results/");
}

/* Until a few rows are there. */
static void await_rows(void)
{
	const struct timespec nap = {.tv_nsec = 5000000};

	for (int i = 0; i < PATIENCE_S * 200; i++) {
		char *text = read_text_file(here, "run/samples.csv");
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
	struct sample *row = NULL;
	size_t n = 0, trials = 0;

	assert_int_equal(samples_read(support_path(&dir, ROWS), &row, &n, err, TEXT), 0);
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
	pid_t pid;

	(void)state;
	need_processes();
	snprintf(line, sizeof(line), H "run" SHORT "--reps %d --trial-ms 10 -o run", REPS);
	pid = start(line);
	await_rows();
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(finish(pid), RC_INT);
	check_says(err, "--resume run");
	before = count_trials();
	assert_in_range(before, 3, 2 * REPS - 1);
	check_fine(H "run --no-report --resume run", "2 cells, ");
	assert_int_equal(count_trials(), 2 * REPS);
	check_fine(H "run --no-report --resume run", "2 cells, 0 rows"); /* nothing is left */
	assert_int_equal(count_trials(), 2 * REPS);
}

static void report_of_many_rows_needs_no_gnuplot(void **state)
{
	struct sample *rows = calloc(MANY_ROWS, sizeof(*rows));
	char *text;

	(void)state;
	assert_non_null(rows);
	for (size_t n = 0; n < MANY_ROWS;)
		n = add_rows(rows, n, (struct at){.workload = "stream", .bytes = 1 + (double)n},
			1e6, 50);
	write_samples(here, rows, MANY_ROWS);
	free(rows);
	check_fine("env PATH=/none " H "report .", "REPORT.md\n");
	check_says(err, "gnuplot");
	text = read_text_file(here, "REPORT.md");
	check_says(text, "10000 rows: 10000 ok");
	check_says(strstr(text, "\n## 7 "), "was not drawn: ");
	free(text);
	check_code(H "rank --format=csv .", 0);
	assert_true(count_lines(out) > MANY_ROWS / 50);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(program_explains_itself_and_each_command),
		TEST(program_offers_near_matches_for_what_it_does_not_know),
		TEST(program_refuses_numbers_that_mean_nothing),
		TEST(program_refuses_a_topology_that_is_not_there),
		TEST(program_shows_an_invented_machine),
		TEST(program_prints_csv_for_other_programs),
		TEST(program_fails_when_its_output_is_lost),
		TEST(program_does_without_the_standard_streams),
		TEST(run_asked_to_plan_measures_nothing),
		TEST(run_leaves_a_row_for_each_trial),
		TEST(run_is_refused_where_it_cannot_write),
		TEST(run_interrupted_goes_on_to_exactly_what_was_planned),
		TEST(report_of_many_rows_needs_no_gnuplot),
	};
	const char *name = getenv("HANDOFF_BIN"), *src = getenv("HANDOFF_SRC");
	char share[PATH_MAX] = ".";

	if (!realpath(name ? name : "build/handoff", program))
		program[0] = '\0';
	setenv("HANDOFF_SHARE", realpath(src ? src : ".", share) ? share : ".", 1);
	unsetenv("HWLOC_XMLFILE");
	unsetenv("HWLOC_SYNTHETIC");
	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
