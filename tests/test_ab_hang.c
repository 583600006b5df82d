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
	"--seed 7 "

/* The spec names the mechanism; its file descriptor is the third word. */
static const char hangs[] = "[ \"$1\" = trial ] && grep -aq lock/mutex \"/proc/self/fd/$3\" && {\n"
			    "sleep %s & sleep %s\n}\n";

/* How long they sleep: nobody else does for just as long. */
static const char *long_time(void)
{
	static char s[16];

	snprintf(s, sizeof(s), "987%07d", (int)getpid());
	return s;
}

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
			n += strcmp(line, "sleep") == 0 && strcmp(line + 6, long_time()) == 0;
		fclose(f);
	}
	closedir(proc);
	return n;
}

static void nothing_sleeps(void)
{
	struct patience waited = {0};

	while (sleepers() && patience_ms(&waited) < PROGRAM_SLACK_MS)
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
static bool rows_say(const char *dir, const char *reason)
{
	struct judgement j = ab_judgement_of(dir);
	const struct judged *hung = row_of(&j, "lock/mutex"), *other = row_of(&j, "lock/semaphore");
	bool so = strcmp(hung->metric, "cell") == 0 && strstr(hung->reason, reason) &&
		  strcmp(other->metric, "cell") != 0;

	if (so) {
		assert_int_equal(hung->verdict, JUDGED_NA);
		assert_true(hung->gated);
		assert_true(other->pairs >= 8 || other->verdict == JUDGED_NA);
	}
	judged_free(&j);
	return so;
}

/*
 * One of them, p, hangs.  Where a busy machine let a trial of the other one pass a short deadline:
 * again, with a longer one.
 */
static void compare(const char *sides, int code, const char *reason)
{
	static const char *const deadline[] = {"500ms", "2s", "8s"};
	char line[600], lines[sizeof(hangs) + 32];
	int got = -1;

	snprintf(lines, sizeof(lines), hangs, long_time(), long_time());
	ab_make_script("p", lines);
	for (size_t i = 0; i < sizeof(deadline) / sizeof(*deadline); i++) {
		program_ends("rm -rf d", RC_FINE);
		snprintf(line, sizeof(line), H "ab " TWO "--deadline %s -o d %s", deadline[i],
			sides);
		got = program_finish(program_start(line));
		if (got == code && rows_say("d", reason))
			return;
	}
	fail_msg("%s: exit code %d, not %d, or not \"%s\"\n%s%s", line, got, code, reason,
		program.out, program.err);
}

static void a_new_side_that_hangs_is_a_finding_and_is_gone(void **state)
{
	(void)state;
	compare("\"$H\" ./p", RC_FINDING, "NEW: timeout: ");
	assert_non_null(strstr(program.out, "verdict=FAIL"));
	assert_non_null(strstr(program.out, "broke=1"));
	nothing_sleeps();
}

static void an_old_side_that_hangs_is_an_error_and_is_gone(void **state)
{
	(void)state;
	compare("./p \"$H\"", RC_USAGE, "OLD: timeout: ");
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
