/*
 * `handoff ab --resume`: a comparison that was stopped in the midst of its pairs goes on where it
 * was; what was measured counts, once, and nothing else may have changed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/ab_scene.h"

#define WITHOUT_SEED                                                                               \
	H "ab --advisory -m lock/mutex,lock/semaphore -w uncontended -d thread -p same-pu "        \
	  "--trial-ms 20 --pairs 9 "
#define AB   WITHOUT_SEED "--seed 7 "
#define SAME "\"$H\" \"$H\""

enum { TRIES = 5, ENOUGH = 5 }; /* whole pairs before it is stopped */

static size_t lines_of_pairs(void)
{
	char path[SUPPORT_PATH + 64], *text;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/d/pairs.csv", program.here);
	if (!support_exists(path))
		return 0;
	text = support_read(path);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	free(text);
	return n;
}

static int stop_after_pairs(int sig, long begin)
{
	pid_t pid = program_start(AB "-o d " SAME);

	while (lines_of_pairs() < 1 + 2 * ENOUGH &&
		program_now_ms() - begin < 1000 * PROGRAM_PATIENCE_S)
		usleep(2000);
	kill(pid, sig);
	return program_finish(pid);
}

/* What it had when the signal came; free() it. */
static char *stop_in_the_midst(int sig)
{
	long begin = program_now_ms();
	int code = RC_FINE;

	/* it may come to its end while this process has no processor */
	for (int i = 0; i < TRIES && code == RC_FINE; i++) {
		program_ends("rm -rf d", RC_FINE);
		code = stop_after_pairs(sig, begin);
	}
	if (code != RC_SIGNAL + sig)
		fail_msg("it ended with %d before it was stopped:\n%s", code, program.err);
	return ab_text_of("d", "pairs.csv");
}

/* Where its last whole pair ends, in bytes: each row here is one line. */
static size_t whole_pairs(const char *text)
{
	size_t at = strcspn(text, "\n") + 1, keep = at;
	bool second = false;

	for (const char *end; (end = strchr(text + at, '\n')) != NULL; second = !second) {
		at = (size_t)(end + 1 - text);
		keep = second ? at : keep;
	}
	return keep;
}

static void check_no_pair_twice(void)
{
	size_t n;
	struct sample *row = ab_pairs_of("d", &n);

	assert_true(n % 2 == 0);
	for (size_t i = 0; i < n; i += 2) {
		assert_string_equal(row[i].cell, row[i + 1].cell);
		assert_string_not_equal(row[i].side, row[i + 1].side);
		for (size_t k = 0; k < i; k += 2)
			assert_false(strcmp(row[i].cell, row[k].cell) == 0 &&
				     row[i].rep == row[k].rep && row[i].attempt == row[k].attempt);
	}
	free(row);
}

static void goes_on_after(int sig)
{
	char *before = stop_in_the_midst(sig), *after;
	size_t keep = whole_pairs(before);

	assert_true(keep > strcspn(before, "\n") + 1);
	program_ends(AB "--resume d " SAME, RC_FINE);
	after = ab_text_of("d", "pairs.csv");
	assert_memory_equal(before, after, keep);
	assert_true(strlen(after) > keep);
	check_no_pair_twice();
	free(before);
	free(after);
}

static void pairs_measured_before_an_interruption_are_kept_and_counted(void **state)
{
	struct judgement j;
	char *once, *again;
	size_t n;

	(void)state;
	goes_on_after(SIGINT);
	/* what was decided is what all pairs together say, however often it is asked */
	once = ab_text_of("d", "judgement.csv");
	free(ab_pairs_of("d", &n));
	program_ends(WITHOUT_SEED "--resume d " SAME, RC_FINE);
	again = ab_text_of("d", "judgement.csv");
	for (size_t i = 0; once[i] || again[i]; i++) {
		if (once[i] != again[i])
			fail_msg("%.300s\nis not\n%.300s", once + i, again + i);
	}
	j = ab_judgement_of("d");
	for (size_t i = 0; i < j.n; i++)
		assert_true(j.row[i].pairs >= 8 || j.row[i].verdict == JUDGED_NA);
	judged_free(&j);
	free(once);
	free(again);
	assert_true(n >= 32);
}

static void a_killed_comparison_goes_on_and_half_a_pair_is_run_again(void **state)
{
	(void)state;
	free(stop_in_the_midst(SIGKILL));
	/* the first side of a pair, and the beginning of a row */
	program_ends("sh -c 'n=$(wc -l <d/pairs.csv); [ $((n % 2)) = 0 ] || "
		     "{ head -n $((n - 1)) d/pairs.csv >c && cat c >d/pairs.csv; }; "
		     "sed -i \"\\$ s/,d,/,half,/\" d/pairs.csv; printf 1,d,2026 >>d/pairs.csv'",
		RC_FINE);
	program_ends("grep -q ,half, d/pairs.csv", RC_FINE);
	program_ends(AB "--resume d " SAME, RC_FINE);
	program_ends("grep -q ,half, d/pairs.csv", 1);
	check_no_pair_twice();
	program_await_nobody("ab");
}

static void another_comparison_is_refused_by_name(void **state)
{
	(void)state;
	free(stop_in_the_midst(SIGINT));
	ab_make_script("p", "");
	program_ends(AB "--resume d \"$H\" ./p", RC_NOTHING);
	assert_non_null(strstr(program.err, "new_binary_id was"));
	program_ends(AB "--new-env X=1 --resume d " SAME, RC_NOTHING);
	assert_non_null(strstr(program.err, "new_env was \"\" and is \"X=1\""));
	program_ends(AB "-w contend --resume d " SAME, RC_NOTHING);
	assert_non_null(strstr(program.err, "rules was"));
	program_ends(WITHOUT_SEED "--seed 8 --resume d " SAME, RC_NOTHING);
	program_ends(AB "--resume d -o e " SAME, RC_USAGE);
	program_ends(AB "--resume none " SAME, RC_USAGE);
	/* rows of another order are not taken for these */
	program_ends("sh -c '{ head -n 1 d/pairs.csv; sed -n 4,5p d/pairs.csv; "
		     "sed -n 2,3p d/pairs.csv; } >c && cat c >d/pairs.csv'",
		RC_FINE);
	program_ends(AB "--resume d " SAME, RC_NOTHING);
	assert_non_null(strstr(program.err, "other trials than"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(pairs_measured_before_an_interruption_are_kept_and_counted),
		PROGRAM_TEST(a_killed_comparison_goes_on_and_half_a_pair_is_run_again),
		PROGRAM_TEST(another_comparison_is_refused_by_name),
	};

	program_find();
	return cmocka_run_group_tests_name("ab_resume", tests, NULL, NULL);
}
