/*
 * `handoff ab` where one side never ends: a shell script that sleeps in place of its trial, with a
 * child that sleeps too.  The deadline is short; nothing is left running.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/ab_scene.h"

/* Two cells; the lock's trials hang, those of the semaphore do not. */
#define TWO                                                                                        \
	"-m lock/mutex,lock/semaphore -w uncontended -d thread -p same-pu --trial-ms 1 --pairs 8 " \
	"--deadline 500ms --seed 7 "

/* The spec names the mechanism; its file descriptor is the third word. */
static const char hangs[] = "[ \"$1\" = trial ] && grep -aq lock/mutex \"/proc/self/fd/$3\" && {\n"
			    "sleep 987 & sleep 987\n}\n";

/* Processes that sleep for so long: ours. */
static unsigned sleepers(void)
{
	DIR *proc = opendir("/proc");
	unsigned n = 0;

	assert_non_null(proc);
	for (const struct dirent *e; (e = readdir(proc)) != NULL;) {
		char path[300], line[32] = "";
		FILE *f;

		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fread(line, 1, sizeof(line) - 1, f) > 0)
			n += memcmp(line, "sleep\000987", 10) == 0;
		fclose(f);
	}
	closedir(proc);
	return n;
}

static void nothing_sleeps(void)
{
	long begin = program_now_ms();

	while (sleepers() && program_now_ms() - begin < PROGRAM_SLACK_MS)
		usleep(5000);
	assert_int_equal(sleepers(), 0);
	program_await_nobody("ab");
}

static const struct judged *row_of(const struct judgement *j, const char *mechanism)
{
	for (size_t i = 0; i < j->n; i++) {
		if (strncmp(j->row[i].cell, mechanism, strlen(mechanism)) == 0)
			return &j->row[i];
	}
	fail_msg("no row of %s", mechanism);
	return NULL;
}

/* The lock has a row of its own that says so; the semaphore was measured. */
static void check_rows(const char *dir, const char *reason)
{
	struct judgement j = ab_judgement_of(dir);
	const struct judged *hung = row_of(&j, "lock/mutex"), *other;

	assert_string_equal(hung->metric, "cell");
	assert_int_equal(hung->verdict, JUDGED_NA);
	assert_true(hung->gated);
	if (!strstr(hung->reason, reason))
		fail_msg("\"%s\" does not say \"%s\"", hung->reason, reason);
	other = row_of(&j, "lock/semaphore");
	assert_true(other->pairs >= 8 || other->verdict == JUDGED_NA);
	assert_string_not_equal(other->metric, "cell");
	judged_free(&j);
}

static void a_new_side_that_hangs_is_a_finding_and_is_gone(void **state)
{
	(void)state;
	ab_make_script("p", hangs);
	program_ends(H "ab " TWO "-o d \"$H\" ./p", RC_FINDING);
	check_rows("d", "NEW: timeout: ");
	assert_non_null(strstr(program.out, "verdict=FAIL"));
	assert_non_null(strstr(program.out, "broke=1"));
	nothing_sleeps();
}

static void an_old_side_that_hangs_is_an_error_and_is_gone(void **state)
{
	(void)state;
	ab_make_script("p", hangs);
	program_ends(H "ab " TWO "-o d ./p \"$H\"", RC_USAGE);
	check_rows("d", "OLD: timeout: ");
	assert_non_null(strstr(program.out, "verdict=ERROR"));
	nothing_sleeps();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(a_new_side_that_hangs_is_a_finding_and_is_gone),
		PROGRAM_TEST(an_old_side_that_hangs_is_an_error_and_is_gone),
	};

	program_find();
	return cmocka_run_group_tests_name("ab_hang", tests, NULL, NULL);
}
