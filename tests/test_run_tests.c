/*
 * The tests' own machinery: what ran nothing, or skipped something without a word, has not
 * passed; whoever asks for a mechanism has all of its tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/registry.h"
#include "tests/lab.h"
#include "tests/support.h"
#include "tests/sweep.h"

enum { COMMAND = 1024, NOT_RUN = 99 };

static struct support_dir dir;

/* The exit code of a line of the shell; what it printed, in text: free() it. */
static int run(const char *line, char **text)
{
	char command[COMMAND];
	int status;

	setenv("D", dir.path, 1);
	snprintf(command, sizeof(command),
		"unset MAKEFLAGS MAKELEVEL SKIPS AGAIN; (%s) >$D/out 2>&1", line);
	status = system(command);
	*text = support_read(support_path(&dir, "out"));
	return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_RUN;
}

static void check_line(const char *line, int code, const char *words)
{
	char *text;
	int got = run(line, &text);

	if (got != code || !strstr(text, words))
		fail_msg("%s: exit code %d, not %d, or not \"%s\":\n%s", line, got, code, words,
			text);
	free(text);
}

/* A test program that prints this and ends so. */
static void stand_in(const char *name, const char *prints, int code)
{
	char script[COMMAND], *path = dir.joined;

	support_path(&dir, name);
	snprintf(script, sizeof(script), "#!/bin/sh\ncat <<'END'\n%sEND\nexit %d\n", prints, code);
	support_text(path, script);
	assert_int_equal(chmod(path, 0700), 0);
}

#define RUN(n)     "[==========] " n " test(s) run.\n"
#define SKIPPED(n) "[  SKIPPED ] " n " test(s), listed below:\n[  SKIPPED ] one\n"
#define ONE_SKIPS  "[  SKIPPED ] one\n" RUN("2") SKIPPED("1")

static void a_program_passes_when_it_ran_a_test_and_gave_a_reason_for_each_skip(void **state)
{
	static const struct {
		const char *prints;
		int code, want;
		const char *words;
	} programs[] = {
		{RUN("1"), 0, 0, "1 test programs passed"},
		{RUN("12") RUN("3"), 0, 0, "passed"},
		{"[==========] lock: 10 test(s) run.\n", 0, 0, "passed"},
		{"SKIP: no root\n" ONE_SKIPS, 0, 0, "passed"},
		{"", 0, 1, "it says of no test that it has run"},
		{"[==========] Running 1 test(s).\n", 0, 1, "it says of no test"},
		{RUN("0"), 0, 1, "a group of 0 tests"},
		{RUN("2") RUN("0"), 0, 1, "a group of 0 tests"},
		{ONE_SKIPS, 0, 1, "1 skipped, 0 reasons"},
		{"SKIP: no root\n" RUN("11") SKIPPED("11"), 0, 1, "11 skipped, 1 reasons"},
		{"SKIP: \n" ONE_SKIPS, 0, 1, "1 skipped, 0 reasons"},
		{RUN("1"), 1, 1, "FAILED: test_it"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		stand_in("test_it", programs[i].prints, programs[i].code);
		check_line("scripts/run-tests build \"$D/test_it\"", programs[i].want,
			programs[i].words);
	}
}

static void a_skip_is_a_failure_where_none_may_be(void **state)
{
	(void)state;
	stand_in("test_it", "SKIP: no server\n" ONE_SKIPS, 0);
	check_line("SKIPS=no scripts/run-tests build \"$D/test_it\"", 1, "1 skipped, and none may");
	stand_in("test_it", RUN("2"), 0);
	check_line("SKIPS=no scripts/run-tests build \"$D/test_it\"", 0, "passed");
}

static void a_mechanism_that_is_asked_for_and_left_out_is_a_failure_there_too(void **state)
{
	static const char *const says[] = {
		"a/one is not checked: no server\n", "a/two: nobody is killed: no server\n"};
	static const char *const left[] = {"left out: a/one", "left out: a/two"};

	(void)state;
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		char prints[200];

		snprintf(prints, sizeof(prints), "%s%s", says[i], RUN("2"));
		stand_in("test_it", prints, 0);
		check_line("SKIPS=no HANDOFF_TEST_MECH=a/one,a/two scripts/run-tests build "
			   "\"$D/test_it\"",
			1, left[i]);
		check_line("HANDOFF_TEST_MECH=a/one,a/two scripts/run-tests build \"$D/test_it\"",
			0, "passed");
		check_line("SKIPS=no HANDOFF_TEST_MECH=a/on scripts/run-tests build \"$D/test_it\"",
			0, "passed");
	}
}

/* Fails the first time only, with these words. */
static void stand_in_that_fails_once(const char *words, int code)
{
	char script[COMMAND];

	unlink(support_path(&dir, "been"));
	snprintf(script, sizeof(script),
		"#!/bin/sh\necho '%s'\necho '[==========] 1 test(s) run.'\n"
		"test -e $D/been && exit 0\n: >$D/been\n%s %d\n",
		words, code > 128 ? "kill $$; exit" : "exit", code);
	support_text(support_path(&dir, "test_it"), script);
	assert_int_equal(chmod(dir.joined, 0700), 0);
}

static void what_fails_beside_others_may_pass_alone_but_no_crash_and_no_finding(void **state)
{
	(void)state;
	stand_in_that_fails_once("late", 1);
	check_line("scripts/run-tests build \"$D/test_it\"", 1, "FAILED: test_it");
	stand_in_that_fails_once("late", 1);
	check_line("AGAIN=yes scripts/run-tests build \"$D/test_it\"", 0,
		"1 test programs passed, only when run again, alone: test_it");
	stand_in_that_fails_once("late", 143);
	check_line("AGAIN=yes scripts/run-tests build \"$D/test_it\"", 1, "FAILED: test_it");
	stand_in_that_fails_once("WARNING: ThreadSanitizer: data race", 1);
	check_line("AGAIN=yes scripts/run-tests build \"$D/test_it\"", 1, "FAILED: test_it");
	stand_in_that_fails_once("x.c:1: runtime error: shift", 1);
	check_line("AGAIN=yes scripts/run-tests build \"$D/test_it\"", 1, "FAILED: test_it");
	stand_in_that_fails_once("SKIP: not under ThreadSanitizer", 1);
	check_line("AGAIN=yes scripts/run-tests build \"$D/test_it\"", 0, "run again, alone");
	stand_in("test_it", RUN("1"), 1);
	check_line("AGAIN=yes scripts/run-tests build \"$D/test_it\"", 1, "FAILED: test_it");
}

static void one_program_that_is_not_there_fails_beside_one_that_passes(void **state)
{
	(void)state;
	stand_in("test_it", RUN("2"), 0);
	check_line("scripts/run-tests build \"$D/test_it\" \"$D/test_no\"", 1, "FAILED: test_no");
	check_line("scripts/run-tests build", 1, "no test ran");
}

static void a_list_of_the_makefile_that_names_no_test_is_an_error(void **state)
{
	(void)state;
	check_line("make -n check-asan MEMORY_TESTS='lock nonesuch'", 2,
		"there is no tests/test_nonesuch.c");
	check_line("make -n check-tsan THREADED='nonesuch lock'", 2,
		"there is no tests/test_nonesuch.c");
}

/* ---- a sweep ------------------------------------------------------------------- */

static bool applies_to_none(const struct mech *m)
{
	(void)m;
	return false;
}

static void touches_nothing(struct trial *t)
{
	(void)t;
}

static const struct check of_none = {
	.name = "of none",
	.family = FAMILY_LOCK,
	.applies = applies_to_none,
	.run = touches_nothing,
};
static const struct check no_link = {
	.name = "no link", .family = FAMILY_LOCK, .run = touches_nothing};

/* cmocka in a child: its exit code is the number of tests that failed. */
static int failures_of(const struct check *c)
{
	const struct CMUnitTest tests[] = {sweep_test(c)};
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!freopen(support_path(&dir, "out"), "w", stdout) ||
			dup2(fileno(stdout), STDERR_FILENO) < 0)
			_exit(NOT_RUN);
		_exit(cmocka_run_group_tests_name("inner", tests, NULL, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_RUN;
}

static void a_sweep_that_tried_no_mechanism_has_failed(void **state)
{
	static const struct check *const empty[] = {&of_none, &no_link};

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		char *text;

		assert_int_equal(failures_of(empty[i]), 1);
		text = support_read(support_path(&dir, "out"));
		if (!strstr(text, "of no mechanism could this be tried"))
			fail_msg("%s", text);
		free(text);
	}
}

/* ---- whoever works on a mechanism ------------------------------------------------ */

/* In nobody's sample: only who is asked for gets it. */
enum { NEVER = INT32_MAX };

static void a_mechanism_that_is_asked_for_has_all_of_its_tests(void **state)
{
	(void)state;
	setenv("HANDOFF_TEST_FAST", "desk", 1);
	unsetenv("HANDOFF_TEST_LONG");
	unsetenv("HANDOFF_RABBITMQ");
	unsetenv("HANDOFF_TEST_MECH");
	assert_false(lab_wants(registry_find("event/event")));
	assert_false(lab_is_sampled("event/event/pingpong", NEVER));
	assert_false(lab_starts(BROKER_RABBITMQ));
	setenv("HANDOFF_TEST_MECH", "lock/none,event/event,bus/rabbitmq-fanout", 1);
	assert_true(lab_wants(registry_find("event/event")));
	assert_true(lab_wants(registry_find("lock/none")));
	assert_true(lab_wants(registry_find("channel/pipe"))); /* one of the few */
	assert_false(lab_wants(registry_find("event/event-async")));
	assert_true(lab_is_sampled("event/event/pingpong", NEVER));
	assert_false(lab_is_sampled("event/event-async/pingpong", NEVER));
	assert_true(lab_starts(BROKER_RABBITMQ));
}

static void a_name_that_is_no_mechanism_is_refused(void **state)
{
	(void)state;
	setenv("HANDOFF_TEST_MECH", "lock/none,event/evnt", 1);
	assert_int_equal(lab_setup(state), -1);
}

static int setup(void **state)
{
	(void)state;
	support_open(&dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	support_close(&dir);
	return 0;
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(what_fails_beside_others_may_pass_alone_but_no_crash_and_no_finding),
		IN_DIR(a_program_passes_when_it_ran_a_test_and_gave_a_reason_for_each_skip),
		IN_DIR(a_skip_is_a_failure_where_none_may_be),
		IN_DIR(a_mechanism_that_is_asked_for_and_left_out_is_a_failure_there_too),
		IN_DIR(one_program_that_is_not_there_fails_beside_one_that_passes),
		IN_DIR(a_list_of_the_makefile_that_names_no_test_is_an_error),
		IN_DIR(a_sweep_that_tried_no_mechanism_has_failed),
		cmocka_unit_test(a_mechanism_that_is_asked_for_has_all_of_its_tests),
		cmocka_unit_test(a_name_that_is_no_mechanism_is_refused),
	};

	return cmocka_run_group_tests_name("run tests", tests, NULL, NULL);
}
