/*
 * scripts/campaign-aa and campaign-inject: gates that are added call by call, with the real program
 * in a small tree of its own.  What they decide means nothing; that each counts once does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/gate_runs.h"
#include "tests/program.h"

enum { LINE = 1000, NAP_US = 5000, RC_INTERRUPTED = RC_SIGNAL + SIGINT };

/* A round trip, so that it can be slowed. */
#define MATRIX(trial)                                                                              \
	"[matrix]\ntrial = " trial "\npairs = 8\n[a]\nmechanism = channel/pipe\n"                  \
	"workload = pingpong\ndomain = thread\nsize = 64\nplacement = same-pu\n"

#define CAMPAIGN "tree/scripts/campaign-"

static void write_matrices(const char *text)
{
	support_text(support_path(&program.dir, "here/tree/bench/matrices/gate6.ini"), text);
	support_text(support_path(&program.dir, "here/tree/bench/matrices/gate60.ini"), text);
	support_text(support_path(&program.dir, "here/tree/bench/matrices/ci.ini"), text);
}

static int make_tree(void **state)
{
	if (program_setup(state) != 0)
		return -1;
	program_ends("sh -c 'mkdir -p tree/scripts tree/build/aa2 tree/bench/matrices && "
		     "cp \"$HANDOFF_SHARE\"/scripts/*campaign* tree/scripts/ && "
		     "strip -g -o tree/build/handoff \"$H\" && for i in 1 2 3 4 5; do "
		     "cp tree/build/handoff tree/build/aa2/handoff-$i && "
		     "echo $i >>tree/build/aa2/handoff-$i; done && echo \"aa2: ;\" >tree/Makefile'",
		RC_FINE);
	write_matrices(MATRIX("1ms"));
	return 0;
}

#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, make_tree, program_teardown)

/* Rows of a kind in the newest series; none where it has none yet. */
static size_t gates(const char *kind)
{
	struct gate_run *run = NULL;
	char path[4 * SUPPORT_PATH], err[400] = "", series[SUPPORT_PATH], *text;
	size_t n = 0;

	if (!support_exists(support_path(&program.dir, "here/tree/results/campaigns/gate/newest")))
		return 0;
	text = support_read(program.dir.joined);
	(void)snprintf(series, sizeof(series), "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	(void)snprintf(path, sizeof(path), "%s/tree/results/campaigns/gate/%s/runs-%s.csv",
		program.here, series, kind);
	if (!support_exists(path))
		return 0;
	if (gate_runs_read(path, &run, &n, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	for (size_t i = 1; i < n; i++)
		assert_true(run[i].seed != run[i - 1].seed);
	free(run);
	return n;
}

static void await_gates(const char *kind, size_t n)
{
	long begin = program_now_ms();

	while (gates(kind) < n && program_now_ms() - begin < 1000 * PROGRAM_PATIENCE_S)
		usleep(NAP_US);
	assert_true(gates(kind) >= n);
}

static void check_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("does not say \"%s\":\n%s\n%s", words, program.out, program.err);
}

static void gates_add_up_over_calls_and_interruptions(void **state)
{
	char line[LINE], words[100];
	size_t n;
	pid_t pid;

	(void)state;
	write_matrices(MATRIX("20ms"));
	pid = program_start(CAMPAIGN "aa --only gate6 --runs 50");
	await_gates("gate6", 1);
	kill(pid, SIGINT);
	assert_int_equal(program_finish(pid), RC_INTERRUPTED);
	n = gates("gate6");
	pid = program_start(CAMPAIGN "aa --only gate6 --runs 50");
	await_gates("gate6", n + 1);
	kill(pid, SIGKILL);
	assert_int_equal(program_finish(pid), RC_SIGNAL + SIGKILL);
	/* the gate that was under way goes on; the next call waits for it, and counts it */
	n = gates("gate6") + 2;
	(void)snprintf(line, sizeof(line), CAMPAIGN "aa --only gate6 --runs %zu", n);
	program_ends(line, RC_FINE);
	assert_int_equal(gates("gate6"), n);
	(void)snprintf(words, sizeof(words), "matrix gate6: %zu runs of", n);
	check_says(program.out, words);
	program_ends("sh -c 'ls tree/results/campaigns/gate/*/tmp'", RC_FINE);
	assert_string_equal(program.out, "");
	program_await_nobody("the campaign");
}

static void kinds_take_turns_by_what_is_still_to_be_done(void **state)
{
	const char *at;
	static const char *const turns[] = {"aa: 1 of 2", "aa2: 1 of 2", "gate6: 1 of 2",
		"ci: 1 of 2", "aa: 2 of 2", "gate6: 2 of 2"};

	(void)state;
	program_ends(CAMPAIGN "aa --runs 2", RC_FINE);
	at = program.err;
	for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
		check_says(at, turns[i]);
		at = strstr(at, turns[i]);
	}
	check_says(program.out, "aa2, matrix gate60: 2 runs of "); /* of two links */
	check_says(program.out, "estimates off by, 90th percentile of cells and most: throughput ");
	program_says(
		"sh -c 'cut -d, -f5 tree/results/campaigns/gate/*/runs-aa2.csv | uniq | wc -l'",
		"3");
	program_ends(CAMPAIGN "inject --only 20 --runs 1", RC_FINE);
	check_says(program.out, "20 % slower in 1 cells: 1 run ");
	program_ends(CAMPAIGN "inject --only all --runs 1", RC_FINE);
	check_says(program.out, "2 % slower in 1 cells: 1 run ");
	program_ends(CAMPAIGN "aa --runs 9 --for 0s", RC_FINE);
	check_says(program.err, "time is up");
	assert_true(gates("aa") == 2 && gates("gate6") == 2);
	/* a full disk cut the last row: that gate is run again */
	program_ends(
		"sh -c 'truncate -s -9 tree/results/campaigns/gate/*/runs-gate6.csv'", RC_FINE);
	program_ends(CAMPAIGN "aa --only gate6 --runs 2", RC_FINE);
	check_says(program.err, "the last row is cut; taken out");
	assert_int_equal(gates("gate6"), 2);
}

static void another_program_or_matrix_begins_another_series_and_says_so(void **state)
{
	(void)state;
	program_ends(CAMPAIGN "aa --only gate6 --runs 1 --keep", RC_FINE);
	assert_null(strstr(program.err, "another begins"));
	program_ends("sh -c 'echo x >>tree/build/handoff'", RC_FINE);
	program_ends(CAMPAIGN "aa --only gate6 --runs 2 --go-on", RC_FINE);
	assert_int_equal(gates("gate6"), 2);
	program_ends(CAMPAIGN "aa --only gate6 --runs 1 --keep", RC_FINE);
	check_says(program.err, "another begins");
	check_says(program.err, "is of another program: taken away");
	check_says(program.out, "matrix gate6: 1 run of");
	write_matrices(MATRIX("2ms"));
	program_ends(CAMPAIGN "aa --only gate6 --runs 1", RC_FINE);
	check_says(program.err, "another begins");
	program_says("sh -c 'ls -d tree/results/campaigns/gate/*/ | wc -l'", "3");
	program_says("sh -c 'ls tree/results/kept/gate | tr \"\\n\" \" \"'",
		"environment.csv runs-gate6.csv ");
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	program_ends(CAMPAIGN "aa --runs x", RC_USAGE);
	program_ends(CAMPAIGN "aa --only 5", RC_USAGE);
	check_says(program.err, "aa aa2 gate6 ci");
	program_ends(CAMPAIGN "inject --for soon", RC_USAGE);
	check_says(program.err, "30m");
	program_ends(CAMPAIGN "inject --judge", RC_USAGE);
	check_says(program.err, "there are no gates in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(gates_add_up_over_calls_and_interruptions),
		IN_TREE(kinds_take_turns_by_what_is_still_to_be_done),
		IN_TREE(another_program_or_matrix_begins_another_series_and_says_so),
		IN_TREE(bad_arguments_are_refused),
	};

	program_find();
	return cmocka_run_group_tests_name("campaign_gate", tests, NULL, NULL);
}
