/*
 * `handoff ab` where a machine, or a side, stands still once: the pair is run again, and nobody is
 * blamed; who does so a second time is.  And whatever else a side runs comes to an end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/ab.h"
#include "tests/ab_scene.h"

#define ONE                                                                                        \
	"-m lock/mutex -w uncontended -d thread -p same-pu --trial-ms 1 --pairs 8 "                \
	"--seed 7 "

/* A side whose n-th trial sleeps, where `which` is true. */
#define SLEEPS(which)                                                                              \
	"[ \"$1\" = trial ] && { echo >>trials; n=$(wc -l <trials); [ " which                      \
	" ] && { sleep 986 & sleep 986; }; }"

/* ---- trials that hang ------------------------------------------------------------------ */

static const struct judged *whole_row(const struct judgement *j)
{
	for (size_t i = 0; i < j->n; i++) {
		if (strcmp(j->row[i].metric, "cell") == 0)
			return &j->row[i];
	}
	return NULL;
}

static size_t count_status(const char *dir, const char *status)
{
	size_t n, found = 0;
	struct sample *row = ab_pairs_of(dir, &n);

	for (size_t i = 0; i < n; i++)
		found += strcmp(row[i].status, status) == 0;
	free(row);
	return found;
}

/*
 * Compares so that `code` is what is wanted and `timeouts` trials did not end.  Where a busy machine
 * let another one pass a short deadline: again, with a longer one.
 */
static void compare(const char *options, const char *sides, int code, size_t timeouts)
{
	static const char *const deadline[] = {"500ms", "2s", "8s"};
	size_t counted = 0;
	char line[600];
	int got = -1;

	for (size_t i = 0; i < sizeof(deadline) / sizeof(*deadline); i++) {
		program_ends("rm -rf d trials", RC_FINE);
		snprintf(line, sizeof(line), H "ab %s " ONE "--deadline %s -o d %s", options,
			deadline[i], sides);
		got = program_finish(program_start(line));
		counted = count_status("d", "timeout");
		if (got == code && counted == timeouts)
			return;
	}
	fail_msg("%s: exit code %d, not %d; %zu trials that did not end, not %zu\n%s%s", line, got,
		code, counted, timeouts, program.out, program.err);
}

static void one_trial_of_new_that_hangs_is_no_finding(void **state)
{
	struct judgement j;

	(void)state;
	ab_make_script("p", SLEEPS("$n = 3"));
	compare("--advisory", "\"$H\" ./p", RC_FINE, 1);
	j = ab_judgement_of("d");
	assert_null(whole_row(&j));
	assert_non_null(strstr(j.note, "a trial of NEW hung once"));
	assert_non_null(strstr(j.note, "lock/mutex/uncontended"));
	assert_non_null(strstr(program.out, j.note));
	judged_free(&j);
}

static void a_second_one_in_the_same_cell_is(void **state)
{
	struct judgement j;

	(void)state;
	ab_make_script("p", SLEEPS("$n = 2 -o $n = 5"));
	compare("", "\"$H\" ./p", RC_FINDING, 2);
	j = ab_judgement_of("d");
	assert_non_null(whole_row(&j));
	assert_non_null(strstr(whole_row(&j)->reason, "NEW: timeout: "));
	judged_free(&j);
}

static void the_trial_that_finds_n_is_run_again_when_it_hangs(void **state)
{
	struct judgement j;

	(void)state;
	ab_make_script("p", SLEEPS("$n = 1"));
	compare("--advisory", "./p \"$H\"", RC_FINE, 0);
	assert_non_null(strstr(program.err, "OLD's first trial hung once"));
	j = ab_judgement_of("d");
	assert_null(whole_row(&j));
	assert_int_equal(j.n, 5);
	judged_free(&j);
}

/* ---- commands that hang ------------------------------------------------------------------ */

static void a_command_before_a_trial_that_hangs_is_an_error_and_is_gone(void **state)
{
	(void)state;
	program_ends(H "ab " ONE
		       "--deadline 500ms -o d --new-setup 'sleep 986 & sleep 986' \"$H\" \"$H\"",
		RC_USAGE);
	assert_non_null(strstr(program.err, "NEW, "));
	assert_non_null(strstr(program.err, "the command before its trials hangs"));
	program_await_nobody("ab");
}

static void a_signal_ends_the_command_before_a_trial(void **state)
{
	char path[SUPPORT_PATH + 64];
	long begin = program_now_ms();
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/began", program.here);
	pid = program_start(H "ab " ONE "--deadline 600s -o d --old-setup 'echo >began; sleep 986' "
			      "\"$H\" \"$H\"");
	while (!support_exists(path) && program_now_ms() - begin < 1000 * PROGRAM_PATIENCE_S)
		usleep(2000);
	kill(pid, SIGTERM);
	assert_int_equal(program_finish_soon(pid, "ab"), RC_SIGNAL + SIGTERM);
	program_await_nobody("ab");
}

/* ---- questions that are not answered ------------------------------------------------------ */

/* Asks p, which may take so long, what it is and then for its cells; the first error. */
static int ask_p(uint64_t limit_ms, char err[RUN_ERR])
{
	struct ab *ab = calloc(1, sizeof(*ab));
	char path[SUPPORT_PATH + 64];
	int code;

	assert_non_null(ab);
	snprintf(path, sizeof(path), "%s/p", program.here);
	ab->ask_ns = limit_ms * 1000000;
	ab->side[AB_NEW].name = "NEW";
	ab->side[AB_NEW].given = path;
	code = ab_side_open(ab, AB_NEW);
	if (!code)
		code = ab_side_keys(ab, AB_NEW);
	snprintf(err, RUN_ERR, "%s", ab->err);
	ab_side_close(&ab->side[AB_NEW]);
	free(ab);
	return code;
}

/* More and more time, until it is this question that is not answered: one before it was. */
static void check_hangs(const char *lines, const char *asked)
{
	long begin = program_now_ms();
	char err[RUN_ERR] = "", within[32];
	uint64_t limit_ms;
	int code = 0;

	ab_make_script("p", lines);
	for (limit_ms = 400; limit_ms <= 25600 && !strstr(err, asked); limit_ms *= 4) {
		code = ask_p(limit_ms, err);
		snprintf(within, sizeof(within), "within %.3g s", (double)limit_ms / 1e3);
		if (code != -ETIME || !strstr(err, within))
			fail_msg("%d, \"%s\"", code, err);
	}
	if (!strstr(err, asked))
		fail_msg("\"%s\" does not say %s", err, asked);
	assert_true(strncmp(err, "NEW, ", 5) == 0);
	assert_true(program_now_ms() - begin < 1000L * PROGRAM_PATIENCE_S);
	program_await_nobody("p");
}

static void a_side_that_never_says_what_it_is_is_refused(void **state)
{
	(void)state;
	check_hangs("sleep 986", "`version`");
	check_hangs("exec >&- 2>&-; sleep 986", "`version`"); /* its output has ended */
	check_hangs("sleep 986 & exit 0", "`version`");       /* or is kept by somebody else */
}

static void a_side_that_never_names_its_cells_is_refused(void **state)
{
	static const char version[] =
		"[ \"$1\" = version ] && echo trial protocol %d && exit 0\n%s";
	char lines[300];

	(void)state;
	snprintf(lines, sizeof(lines), version, TRIAL_PROTOCOL, "exec >&- 2>&-; sleep 986");
	check_hangs(lines, "`run --dry-run`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(one_trial_of_new_that_hangs_is_no_finding),
		PROGRAM_TEST(a_second_one_in_the_same_cell_is),
		PROGRAM_TEST(the_trial_that_finds_n_is_run_again_when_it_hangs),
		PROGRAM_TEST(a_command_before_a_trial_that_hangs_is_an_error_and_is_gone),
		PROGRAM_TEST(a_signal_ends_the_command_before_a_trial),
		PROGRAM_TEST(a_side_that_never_says_what_it_is_is_refused),
		PROGRAM_TEST(a_side_that_never_names_its_cells_is_refused),
	};

	program_find();
	return cmocka_run_group_tests_name("ab_again", tests, NULL, NULL);
}
