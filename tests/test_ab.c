/*
 * `handoff ab` and the gate's own tests from outside: real programs, pairs and files.  OLD and
 * NEW are the program itself or shell scripts before it, which crash, lack something or note
 * that they ran.  What pairs measured here means nothing; what is made of them does.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/judged.h"
#include "bench/version.h"
#include "tests/program.h"
#include "tests/support.h"

enum { RC_FINDING = 1, TRIES = 3 };

/* One cell, few and short trials, no decision on noise. */
#define ONE "-m lock/mutex -w uncontended -d thread -p same-pu --trial-ms 1 --pairs 8 "
#define AB  H "ab --advisory --seed 7 " ONE

/* A program in program.here that does `lines` before it goes on as handoff. */
static void make_script(const char *name, const char *lines)
{
	char path[SUPPORT_PATH + 64], text[1024];

	snprintf(path, sizeof(path), "%s/%s", program.here, name);
	snprintf(text, sizeof(text), "#!/bin/sh\n%s\nexec \"$H\" \"$@\"\n", lines);
	support_text(path, text);
	assert_int_equal(chmod(path, 0755), 0);
}

static struct sample *pairs_of(const char *dir, size_t *n)
{
	char path[SUPPORT_PATH + 64], err[400] = "";
	struct sample *row = NULL;

	snprintf(path, sizeof(path), "%s/%s/pairs.csv", program.here, dir);
	if (samples_read(path, &row, n, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return row;
}

static struct judgement judgement_of(const char *dir)
{
	char path[SUPPORT_PATH + 64], err[400] = "";
	struct judgement j;

	snprintf(path, sizeof(path), "%s/%s/judgement.csv", program.here, dir);
	if (judged_read(&j, path, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return j;
}

static size_t lines_of(const char *file, const char *line)
{
	char path[SUPPORT_PATH + 64], *text, *save, *at;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", program.here, file);
	text = support_read(path);
	for (at = strtok_r(text, "\n", &save); at; at = strtok_r(NULL, "\n", &save))
		n += strcmp(at, line) == 0;
	free(text);
	return n;
}

/* ---- what is refused ------------------------------------------------------------- */

static void bad_arguments_are_refused_before_anything_is_measured(void **state)
{
	(void)state;
	program_refuses(H "ab", "two programs");
	program_refuses(H "ab \"$H\"", "two programs");
	program_refuses(H "ab /none \"$H\"", "OLD, /none");
	program_refuses(H "ab \"$H\" /tmp", "NEW, /tmp");
	program_refuses(H "ab \"$H\" /bin/true", "does not answer");
	program_refuses(H "ab x.so \"$H\"", "OLD, plugin x.so");
	program_refuses(H "ab --pairs 3 \"$H\" \"$H\"", "--pairs");
	program_refuses(H "ab --pairs 9 --budget 9s \"$H\" \"$H\"", "one of the two");
	program_refuses(H "ab --strict --advisory \"$H\" \"$H\"", "contradict");
	program_refuses(H "ab --new-env X \"$H\" \"$H\"", "NAME=VALUE");
	program_refuses(H "ab --matrix nix \"$H\" \"$H\"", "gate6");
	program_refuses(H "ab -m channel/pipe -w openloop \"$H\" \"$H\"", "--rate");
	program_refuses(H "selftest inject", "which cells");
	program_refuses(H "selftest inject 'lock/*'", "CELL=PERCENT");
	program_refuses(H "selftest inject 'lock/*=0%'", "CELL=PERCENT");
	program_refuses(H "selftest aa2", "make aa2");
}

static void a_program_of_another_protocol_is_not_comparable(void **state)
{
	(void)state;
	make_script("other", "[ \"$1\" = version ] && echo 'formats  trial protocol 1' && exit 0");
	program_ends(AB "./other \"$H\"", RC_NOTHING);
	assert_non_null(strstr(program.err, "protocol 1, this program's"));
	assert_string_equal(program.out, "");
}

/* ---- pairs -------------------------------------------------------------------------- */

static void every_pair_has_a_row_of_either_side_side_by_side(void **state)
{
	struct sample *row;
	size_t n, old = 0;

	(void)state;
	program_ends(AB "-o d \"$H\" \"$H\"", RC_FINE);
	row = pairs_of("d", &n);
	assert_true(n >= 16 && n % 2 == 0);
	for (size_t i = 0; i < n; i += 2) {
		assert_string_not_equal(row[i].side, row[i + 1].side);
		assert_true(row[i].rep == row[i + 1].rep && row[i].block == row[i + 1].block);
		assert_true(row[i].attempt == row[i + 1].attempt);
		assert_true(row[i].order + 1 == row[i + 1].order);
		assert_string_equal(row[i].status, "ok");
		old += strcmp(row[i].side, "old") == 0;
	}
	assert_in_range(old, 1, n / 2 - 1); /* which comes first is drawn */
	free(row);
}

static void the_judgement_is_printed_and_written(void **state)
{
	struct judgement j;

	(void)state;
	program_ends(AB "-o d \"$H\" \"$H\"", RC_FINE);
	assert_non_null(strstr(program.out, "\nverdict="));
	assert_non_null(strstr(program.out, "regressed=0"));
	j = judgement_of("d");
	assert_int_equal(j.n, 5);
	assert_int_equal(j.seed, 7);
	assert_true(j.advisory && j.mode == JUDGED_PAIRED);
	for (size_t i = 0; i < j.n; i++) {
		bool figure = j.row[i].verdict != JUDGED_NA;

		assert_true(figure == isfinite(j.row[i].ratio));
		assert_true(figure || j.row[i].reason[0]);
		assert_true(!figure || (j.row[i].pairs >= 8 && isfinite(j.row[i].mde)));
	}
	judged_free(&j);
}

static void each_side_has_its_environment_and_its_command(void **state)
{
	size_t old, new, n;

	(void)state;
	make_script("p", "[ \"$1\" = trial ] && echo \"$SIDE\" >> sides");
	program_ends(AB "-o d --old-env SIDE=o --new-env SIDE=n --new-setup 'echo s >> setups' "
			"./p ./p",
		RC_FINE);
	/* that is all in which they differ, so both names say it */
	assert_non_null(strstr(program.out, ") with SIDE=o\n"));
	assert_non_null(strstr(program.out, ") with SIDE=n after `echo s >> setups`\n"));
	free(pairs_of("d", &n));
	old = lines_of("sides", "o");
	new = lines_of("sides", "n");
	assert_int_equal(new, n / 2);
	assert_int_equal(old, n / 2 + 1); /* n comes from it */
	assert_int_equal(lines_of("setups", "s"), new);
	program_ends(AB "-o e --old-setup false \"$H\" \"$H\"", RC_USAGE);
	assert_non_null(strstr(program.err, "the command before its trials failed"));
}

/* ---- what is not there, and what breaks ------------------------------------------------- */

static void a_crash_of_new_alone_is_a_finding_and_of_old_an_error(void **state)
{
	struct judgement j;

	(void)state;
	make_script("p", "[ \"$1\" = trial ] && kill -SEGV $$");
	program_ends(H "ab " ONE "-o d \"$H\" ./p", RC_FINDING);
	assert_non_null(strstr(program.out, "NEW: crash: "));
	assert_non_null(strstr(program.out, "verdict=FAIL"));
	program_ends(H "ab " ONE "-o e ./p \"$H\"", RC_USAGE);
	j = judgement_of("e");
	assert_int_equal(j.n, 1);
	assert_non_null(strstr(j.row[0].reason, "OLD: crash: "));
	judged_free(&j);
}

static void a_cell_that_new_lacks_is_missing_and_one_that_old_lacks_is_new(void **state)
{
#define TWO                                                                                        \
	"-m lock/mutex,lock/semaphore -w uncontended -d thread -p same-pu --trial-ms 1 --pairs 8 "
	(void)state;
	make_script("p", "[ \"$1\" = run ] && { \"$H\" \"$@\" | grep -v semaphore; exit 0; }");
	program_ends(H "ab --advisory " TWO "-o d \"$H\" ./p", RC_NOTHING);
	assert_non_null(strstr(program.out, "missing=1"));
	program_ends(
		H "ab --advisory " TWO "-o e --allow-missing '*semaphore*' \"$H\" ./p", RC_FINE);
	program_ends(H "ab --advisory " TWO "-o f ./p \"$H\"", RC_FINE);
	assert_non_null(strstr(program.out, "only in the new"));
}

/* Until a script has left its mark. */
static void await_file(const char *name)
{
	long begin = program_now_ms();
	char path[SUPPORT_PATH + 64];

	snprintf(path, sizeof(path), "%s/%s", program.here, name);
	while (access(path, F_OK) != 0 && program_now_ms() - begin < 1000 * PROGRAM_PATIENCE_S)
		usleep(5000);
}

static void a_signal_keeps_the_pairs_and_decides_nothing(void **state)
{
	struct sample *row;
	pid_t pid;
	size_t n;

	(void)state;
	make_script("p", "[ \"$1\" = trial ] && echo >> ran");
	pid = program_start(H "ab " ONE "--trial-ms 300 -o d ./p ./p");
	await_file("ran");
	usleep(200000);
	kill(pid, SIGINT);
	assert_int_equal(program_finish_soon(pid, "ab"), RC_SIGNAL + SIGINT);
	assert_non_null(strstr(program.err, "d/pairs.csv"));
	row = pairs_of("d", &n);
	free(row);
}

/* ---- the gate against itself --------------------------------------------------------------- */

#define GATE " --matrix ./m.ini --pairs 8 --trial-ms 4 --seed 3 "

static void make_matrix(void)
{
	char path[SUPPORT_PATH + 64];

	snprintf(path, sizeof(path), "%s/m.ini", program.here);
	support_text(path, "[locks]\nmechanism = lock/mutex, lock/semaphore\n"
			   "workload = uncontended\ndomain = thread\nplacement = same-pu\n");
}

static void what_is_slowed_on_purpose_is_named_and_nothing_else(void **state)
{
	(void)state;
	make_matrix();
	for (int i = 0; i < TRIES && (i == 0 || !strstr(program.out, "slowed 1 of 1")); i++) {
		program_ends("rm -f runs.csv", RC_FINE);
		program_finish(program_start(
			H "selftest inject" GATE "--out runs.csv 'lock/mutex/*=400%'"));
	}
	if (!strstr(program.out, "slowed cells that were found 1 of 1"))
		fail_msg("%s%s", program.out, program.err);
	assert_non_null(strstr(program.out, "named cells that were slowed 1 of 1"));
}

static void gates_of_a_program_and_its_copy_add_up(void **state)
{
	(void)state;
	make_matrix();
	program_finish(program_start(H "selftest aa" GATE "--runs 2 --out runs.csv"));
	program_finish(program_start(H "selftest aa" GATE "--out runs.csv"));
	if (!strstr(program.out, "3 runs of"))
		fail_msg("%s%s", program.out, program.err);
	program_says(
		H "selftest aa --runs 0 --out runs.csv", "runs with a false alarm      0 of 3");
	program_ends("sh -c 'echo x,y > bad.csv'", RC_FINE);
	program_ends(H "selftest aa --out bad.csv", RC_USAGE);
	assert_non_null(strstr(program.err, "bad.csv:1"));
}

/* What a build for finding mistakes measures is compared with nothing. */
static void a_build_that_may_not_measure_is_refused(void **state)
{
	(void)state;
	program_ends(H "ab \"$H\" \"$H\"", RC_USAGE);
	assert_non_null(strstr(program.err, "its figures mean nothing"));
}

int main(void)
{
	const struct CMUnitTest sanitized[] = {
		PROGRAM_TEST(a_build_that_may_not_measure_is_refused),
	};
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(bad_arguments_are_refused_before_anything_is_measured),
		PROGRAM_TEST(a_program_of_another_protocol_is_not_comparable),
		PROGRAM_TEST(every_pair_has_a_row_of_either_side_side_by_side),
		PROGRAM_TEST(the_judgement_is_printed_and_written),
		PROGRAM_TEST(each_side_has_its_environment_and_its_command),
		PROGRAM_TEST(a_crash_of_new_alone_is_a_finding_and_of_old_an_error),
		PROGRAM_TEST(a_cell_that_new_lacks_is_missing_and_one_that_old_lacks_is_new),
		PROGRAM_TEST(a_signal_keeps_the_pairs_and_decides_nothing),
		PROGRAM_TEST(what_is_slowed_on_purpose_is_named_and_nothing_else),
		PROGRAM_TEST(gates_of_a_program_and_its_copy_add_up),
	};

	program_find();
	if (strcmp(version_flavour, "asan") == 0)
		return cmocka_run_group_tests(sanitized, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
