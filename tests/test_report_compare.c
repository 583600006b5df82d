/* `handoff report A B C`: runs of several machines side by side. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/cmd.h"
#include "bench/report.h"
#include "tests/sample_rows.h"

enum { ROWS = 60, ERR = 1000, PATH = 200, RUNS = 3 };

/* Three directories a, b, c below one of its own. */
struct machines {
	char *dir, run[RUNS][PATH];
	const char *all[RUNS];
	char err[ERR];
};

static int make_machines(void **state)
{
	struct machines *m = calloc(1, sizeof(*m));

	if (!m || make_dir((void **)&m->dir) != 0)
		return -1;
	for (int i = 0; i < RUNS; i++) {
		(void)snprintf(m->run[i], PATH, "%s/%c", m->dir, 'a' + i);
		if (mkdir(m->run[i], 0700) != 0)
			return -1;
		m->all[i] = m->run[i];
	}
	*state = m;
	return 0;
}

static int remove_machines(void **state)
{
	struct machines *m = *state;
	int rc = remove_dir((void **)&m->dir);

	free(m);
	return rc;
}

/* A run of one machine: ping-pong by a pipe, and whatever its index adds. */
static void write_run(struct machines *m, int i, const char *cpu, const char *class)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	char env[400];
	size_t n;

	assert_non_null(rows);
	n = add_rows(rows, 0, (struct at){0}, 5000 * (i + 1), 6);
	for (size_t k = 0; k < n; k++)
		(void)snprintf(rows[k].params, sizeof(rows[k].params), "class=%s", class);
	if (i == 1)
		n = add_rows(rows, n, (struct at){.workload = "stream"}, 1e6, 6);
	if (i == 2) /* a key before all others */
		n = add_rows(rows, n, (struct at){.mechanism = "channel/fifo"}, 4000, 6);
	for (size_t k = 0; k < n; k++) {
		(void)snprintf(rows[k].run_id, sizeof(rows[k].run_id), "run-%c", 'a' + i);
		(void)snprintf(rows[k].host, sizeof(rows[k].host), "host-%c", 'a' + i);
	}
	write_samples(m->run[i], rows, n);
	(void)snprintf(env, sizeof(env),
		"key,value,reason\ncpu_model,%s,\nkernel,6.1.0,\ngovernor,,no such file\n"
		"page_bytes,4096,\nmitigation_x,state %d,\nseed,%d,\n",
		cpu, i, i);
	append_text(m->run[i], "environment.csv", env);
	free(rows);
}

static void write_all(struct machines *m)
{
	write_run(m, 0, "CPU A", "same-l3");
	write_run(m, 1, "CPU B", "same-l2");
	write_run(m, 2, "CPU | C", "same-l3");
}

/* The comparison of the first n machines, to be freed. */
static char *compared(struct machines *m, size_t n)
{
	char out[PATH + 20];

	(void)snprintf(out, sizeof(out), "%s/out.md", m->dir);
	if (report_compare(m->all, n, out, m->err, ERR) != 0)
		fail_msg("%s", m->err);
	return read_text_file(m->dir, "out.md");
}

static void check_not(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("\"%s\" is in:\n%s", words, text);
}

static void check_refused(struct machines *m, size_t n, int code, const char *says)
{
	char out[PATH + 20];

	(void)snprintf(out, sizeof(out), "%s/out.md", m->dir);
	assert_int_equal(report_compare(m->all, n, out, m->err, ERR), code);
	check_says(m->err, says);
	assert_null(read_text_file(m->dir, "out.md"));
}

static void runs_stand_in_columns_cell_by_cell(void **state)
{
	struct machines *m = *state;
	char *text;

	write_all(m);
	text = compared(m, 3);
	check_says(text, "# 3 runs side by side\n");
	check_says(text, "| cell | A: run-a | B: run-b | C: run-c |\n|---|---|---|---|\n");
	check_says(text, "/pingpong?domain=thread&size=64&placement=nearest&wait=block&"
			 "capacity=1024` | 5.12 us [5.00 .. 5.25 us], n=6 (same-l3) | "
			 "10.2 us [10.0 .. 10.5 us], n=6 (same-l2) | "
			 "15.4 us [15.0 .. 15.8 us], n=6 (same-l3) |\n");
	check_says(text, "capacity=1024` | - | 1.02 M/s [1.00 .. 1.05 M/s], n=6 | - |\n");
	free(text);
}

static void differences_of_the_machines_come_first(void **state)
{
	struct machines *m = *state;
	char *text;

	write_all(m);
	append_text(m->run[1], "environment.csv", "only_here,1,\n");
	text = compared(m, 3);
	assert_true(strstr(text, "## How the runs differ") < strstr(text, "## The cells"));
	check_says(text, "| cpu_model | CPU A | CPU B | CPU \\| C |\n");
	check_says(text, "| kernel | 6.1.0 | 6.1.0 | 6.1.0 |\n"); /* always said */
	check_says(text, "| governor | could not be read | could not be read | ");
	check_says(text, "| compiler_flags | not recorded | not recorded | not recorded |\n");
	check_says(text, "| mitigation_x | state 0 | state 1 | state 2 |\n");
	check_says(text, "| only_here | not recorded | 1 | not recorded |\n");
	check_not(text, "page_bytes"); /* the same everywhere */
	free(text);
}

static void classes_of_placement_come_from_the_topology(void **state)
{
	struct machines *m = *state;
	char *text;

	write_all(m);
	append_text(m->run[0], "topology.xml", "no topology");
	text = compared(m, 2);
	check_says(text, "| placement_classes | unknown: no topology.xml that can be read | ");
	free(text);
	assert_int_equal(unlink(strcat(m->run[0], "/topology.xml")), 0);
	m->run[0][strlen(m->run[0]) - strlen("/topology.xml")] = '\0';
	text = read_text_file("tests/topologies", "smt-sparse-numbers.xml");
	assert_non_null(text);
	append_text(m->run[0], "topology.xml", text);
	free(text);
	text = compared(m, 2);
	check_says(text, "| placement_classes | same-pu smt same-l3 ");
	free(text);
}

static void runs_of_one_machine_are_told_from_those_of_several(void **state)
{
	struct machines *m = *state;
	char *text;

	write_run(m, 0, "CPU A", "same-l3");
	write_run(m, 1, "CPU A", "same-l3");
	write_run(m, 2, "CPU A", "same-l3");
	text = compared(m, 3);
	check_not(text, "of one machine"); /* nobody recorded the host */
	free(text);
	append_text(m->run[0], "environment.csv", "host,one,\n");
	append_text(m->run[1], "environment.csv", "host,two,\n");
	append_text(m->run[2], "environment.csv", "host,one,\n");
	text = compared(m, 3);
	check_says(text, "\nA and C are runs of one machine: ");
	check_not(text, "A and B are");
	check_not(text, "B and C are");
	free(text);
}

static void comparison_has_no_verdict(void **state)
{
	static const char *const verdicts[] = {
		"fastest", "faster", "slower", "better", "best", "wins", "rank ", "%)"};
	struct machines *m = *state;
	char *text;

	write_all(m);
	text = compared(m, 3);
	check_says(text, "Ratios between machines are not a comparison of mechanisms.");
	check_says(text, "There is no winner here.");
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		check_not(text, verdicts[i]);
	free(text);
}

static void runs_given_twice_are_refused(void **state)
{
	struct machines *m = *state;
	char other[PATH + 20];

	write_all(m);
	(void)snprintf(other, sizeof(other), "%s/../a", m->run[0]);
	m->all[2] = other; /* the same directory by another path */
	check_refused(m, 3, -EEXIST, "are the same run");
	m->all[2] = m->run[2];
	m->all[1] = m->run[0];
	check_refused(m, 2, -EEXIST, "give each run once");
	write_samples(m->run[0], NULL, 0); /* nor without rows that could tell */
	check_refused(m, 2, -EEXIST, "give each run once");
}

static void copies_of_a_run_are_the_same_run(void **state)
{
	struct machines *m = *state;
	char *text;

	write_run(m, 0, "CPU A", "same-l3");
	text = read_text_file(m->run[0], "samples.csv");
	append_text(m->run[1], "samples.csv", text);
	free(text);
	text = read_text_file(m->run[0], "environment.csv");
	append_text(m->run[1], "environment.csv", text);
	free(text);
	check_refused(m, 2, -EEXIST, "are the same run");
}

static void runs_that_cannot_be_read_are_refused(void **state)
{
	struct machines *m = *state;

	write_run(m, 0, "CPU A", "same-l3");
	check_refused(m, 2, -ENOENT, "/b/samples.csv");
	append_text(m->run[1], "samples.csv", "not,a,samples,file\n");
	check_refused(m, 2, -EINVAL, "/b/samples.csv: not a samples file");
}

static void runs_of_a_later_schema_are_refused(void **state)
{
	struct machines *m = *state;
	struct sample row = row_with((struct at){0}, 5000);

	write_run(m, 0, "CPU A", "same-l3");
	row.schema_version = SAMPLES_SCHEMA + 1;
	write_samples(m->run[1], &row, 1);
	check_refused(m, 2, -EINVAL, "schema 2, this build reads 1");
}

/* ---- the command ----------------------------------------------------------------- */

/* cmd_report() of up to four words, its stdout into dir/out. */
static int command(struct machines *m, const char *a, const char *b, const char *c, const char *d)
{
	char out[PATH + 20],
		*argv[] = {(char *)(uintptr_t) "report", (char *)(uintptr_t)a, (char *)(uintptr_t)b,
			(char *)(uintptr_t)c, (char *)(uintptr_t)d, NULL};
	int saved = dup(STDOUT_FILENO), fd, code, argc = 1;

	while (argv[argc])
		argc++;
	(void)snprintf(out, sizeof(out), "%s/out", m->dir);
	fd = open(out, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0);
	(void)fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	code = cmd_report(argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	(void)close(saved);
	(void)close(fd);
	return code;
}

static void report_command_prints_several_runs(void **state)
{
	struct machines *m = *state;
	char out[PATH + 20], *text, *file;

	write_all(m);
	assert_int_equal(command(m, m->run[0], m->run[1], NULL, NULL), EXIT_FINE);
	text = read_text_file(m->dir, "out");
	check_says(text, "# 2 runs side by side\n");
	(void)snprintf(out, sizeof(out), "--out=%s/file.md", m->dir);
	assert_int_equal(command(m, out, m->run[0], m->run[1], NULL), EXIT_FINE);
	file = read_text_file(m->dir, "file.md");
	assert_string_equal(text, file);
	free(text);
	free(file);
	text = read_text_file(m->dir, "out");
	check_says(text, "/file.md\n");
	free(text);
}

static void report_command_says_2_to_what_it_cannot_compare(void **state)
{
	struct machines *m = *state;

	write_all(m);
	assert_int_equal(command(m, m->run[0], m->run[0], NULL, NULL), EXIT_USAGE);
	assert_int_equal(command(m, m->run[0], "/nowhere", NULL, NULL), EXIT_USAGE);
	assert_int_equal(command(m, "--demand-all", m->run[0], m->run[1], NULL), EXIT_USAGE);
	assert_int_equal(command(m, "--out=/nowhere/x", m->run[0], m->run[1], NULL), EXIT_USAGE);
}

#define OF(test) cmocka_unit_test_setup_teardown(test, make_machines, remove_machines)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF(runs_stand_in_columns_cell_by_cell),
		OF(differences_of_the_machines_come_first),
		OF(classes_of_placement_come_from_the_topology),
		OF(runs_of_one_machine_are_told_from_those_of_several),
		OF(comparison_has_no_verdict),
		OF(runs_given_twice_are_refused),
		OF(copies_of_a_run_are_the_same_run),
		OF(runs_that_cannot_be_read_are_refused),
		OF(runs_of_a_later_schema_are_refused),
		OF(report_command_prints_several_runs),
		OF(report_command_says_2_to_what_it_cannot_compare),
	};

	return cmocka_run_group_tests_name("report_compare", tests, NULL, NULL);
}
