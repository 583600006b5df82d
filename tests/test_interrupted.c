/*
 * Runs that are interrupted: by signals and by SIGKILL, at random times and at
 * certain ones.  Out within two seconds, whole files, no process and no object left,
 * and --resume comes to exactly what was planned.
 *
 * HANDOFF_TEST_SEED=N takes other times.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/remains.h"
#include "tests/support.h"

#define RUN H "run --no-report " CELLS "--reps 6 -o run"

enum { FEW = 2, DESK = 4, PATIENT = 8, CHECK = 8, LONG = 50, NS_PER_MS = 1000000 };

static uint64_t seed;
static long whole_ms; /* of a run that nobody interrupts */

static unsigned times(void)
{
	const char *more = getenv("HANDOFF_TEST_LONG");

	if (support_fast())
		return strcmp(getenv("HANDOFF_TEST_FAST"), "desk") == 0 ? DESK : FEW;
	return more && *more ? LONG : CHECK;
}

static uint64_t next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 33;
}

static void nap_ms(long ms)
{
	const struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS};

	nanosleep(&ts, NULL);
}

/* ---- one interruption ----------------------------------------------------------------- */

struct tally {
	unsigned early, amid, late; /* before the plan, between rows, after the end */
};

static void check_after_signal(const char *what, int sig, int code, struct tally *t)
{
	char *journal = program_journal();

	program_await_nobody(what);
	remains_check_nothing(what, journal);
	free(journal);
	if (code == RC_FINE) {
		t->late++;
	} else if (code != RC_SIGNAL + sig) {
		fail_msg("%s: exit code %d\n%s", what, code, program.err);
	} else if (!remains_plan()) {
		t->early++;
		if (support_exists(support_path(&program.dir, "here/run")))
			fail_msg("%s: a run without a plan was left", what);
		return;
	} else {
		t->amid++;
		remains_check_files(true);
	}
	remains_check_resumed(what);
}

/* Nobody was there to tidy up: the next run does, at once. */
static void check_after_kill(const char *what, int sig, int code, struct tally *t)
{
	char *journal;

	program_await_nobody(what);
	journal = program_journal();
	if (code != RC_FINE && code != RC_SIGNAL + sig)
		fail_msg("%s: exit code %d\n%s", what, code, program.err);
	if (remains_plan()) {
		*(code == RC_FINE ? &t->late : &t->amid) += 1;
		remains_check_files(false);
		remains_check_resumed(what);
	} else {
		t->early++;
		if (support_exists(remains_path("samples.csv")))
			program_ends(RUN, RC_USAGE);
		program_ends(
			H "run --no-report -m channel/pipe --reps 1 --trial-ms 1 -o next", RC_FINE);
		program_ends("rm -r next", RC_FINE);
	}
	remains_check_nothing(what, journal);
	free(journal);
}

typedef void after_fn(const char *what, int sig, int code, struct tally *t);

static void interrupt_once(int sig, after_fn *after, struct tally *t)
{
	long at = (long)(next_random() % (uint64_t)(whole_ms + 1));
	char what[64];
	pid_t pid;
	int code;

	snprintf(what, sizeof(what), "signal %d after %ld ms", sig, at);
	pid = program_start(RUN);
	nap_ms(at);
	assert_int_equal(kill(pid, sig), 0);
	code = program_finish_soon(pid, what);
	if (code == RC_FINE && at < whole_ms)
		whole_ms = at; /* it was over by then: the first one was held up */
	/* before the program has begun or has its handlers, a signal simply ends it */
	after(what, sig, code, t);
	remains_clear();
}

static void interrupt_often(const int *sigs, size_t n_sigs, after_fn *after)
{
	struct tally t = {0};

	program_need_processes();
	print_message("HANDOFF_TEST_SEED=%llu\n", (unsigned long long)seed);
	whole_ms = program_now_ms();
	program_ends(RUN, RC_FINE);
	whole_ms = program_now_ms() - whole_ms;
	remains_clear();
	for (unsigned i = 0; i < times() || (t.amid == 0 && i < PATIENT * times()); i++)
		interrupt_once(sigs[i % n_sigs], after, &t);
	print_message("%u before the plan, %u amid the rows, %u after the end, of %ld ms\n",
		t.early, t.amid, t.late, whole_ms);
	if (t.amid == 0)
		fail_msg("no run was interrupted amid its rows: this test says nothing");
}

static void run_stopped_by_a_signal_keeps_its_rows_and_leaves_nothing(void **state)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	interrupt_often(sigs, 3, check_after_signal);
}

static void run_killed_leaves_nothing_that_the_next_one_does_not_remove(void **state)
{
	static const int sigs[] = {SIGKILL};

	(void)state;
	interrupt_often(sigs, 1, check_after_kill);
}

/* ---- certain moments ---------------------------------------------------------------- */

static void await_file(const char *name)
{
	long begin = program_now_ms();

	while (!support_exists(support_path(&program.dir, name))) {
		if (program_now_ms() - begin > PROGRAM_PATIENCE_S * 1000)
			fail_msg("%s does not come", name);
		nap_ms(1);
	}
}

static void run_stopped_before_its_plan_leaves_the_directory_as_it_was(void **state)
{
	pid_t pid;

	(void)state;
	program_need_processes();
	program_ends("sh -c 'mkdir run && echo mine > run/notes'", RC_FINE);
	pid = program_start(H "run --no-report --trial-ms 300 -m 'channel/*' -o run");
	await_file("here/run/samples.csv");
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(program_finish_soon(pid, "calibrating"), RC_SIGNAL + SIGINT);
	assert_non_null(strstr(program.err, "nothing is kept"));
	program_ends("sh -c 'test \"$(ls run)\" = notes'", RC_FINE);
	program_await_nobody("calibrating");
}

static void run_stopped_while_gnuplot_draws_has_all_its_rows(void **state)
{
	size_t planned = 0, done;
	pid_t pid;

	(void)state;
	program_need_processes();
	program_ends("sh -c 'mkdir ../bin; printf \"#!/bin/sh\\n: > $D/drawing; exec sleep 60\" > "
		     "../bin/gnuplot; chmod +x ../bin/gnuplot'",
		RC_FINE);
	pid = program_start("env PATH=$D/bin:$PATH " H "run " CELLS "-s 64,65,66 --reps 2 -o run");
	await_file("drawing");
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(program_finish_soon(pid, "drawing"), RC_SIGNAL + SIGTERM);
	assert_non_null(strstr(program.err, "handoff report run"));
	done = remains_count(&planned);
	assert_int_equal(done, planned);
	program_await_nobody("drawing");
}

/* The trial that made the journal's last object, stopped; 0: it was quicker. */
static pid_t hold_maker(void)
{
	char which[PATH_MAX], *journal = program_journal(), *last = journal, *end;
	long pid = 0;

	while ((end = strchr(last, '\n')) && end[1])
		last = end + 1;
	if (sscanf(last, "%*s %*s %ld", &pid) != 1 || !program_objects(last, which, PATH_MAX) ||
		kill((pid_t)pid, SIGSTOP) != 0)
		pid = 0;
	if (pid && !program_objects(last, which, PATH_MAX)) {
		kill((pid_t)pid, SIGCONT);
		pid = 0;
	}
	free(journal);
	return (pid_t)pid;
}

/* Whoever made it can't remove it any more: the runner does, before it leaves. */
static void run_stopped_while_an_object_has_its_name_takes_it_away(void **state)
{
	long begin = program_now_ms();
	char *journal;
	pid_t pid;

	(void)state;
	program_need_processes();
	pid = program_start(H "run --no-report " CELLS "--start exec --reps 99999 -o run");
	while (!hold_maker()) {
		if (program_now_ms() - begin > PROGRAM_PATIENCE_S * 500)
			fail_msg("no object of a running trial was seen");
	}
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(program_finish_soon(pid, "held"), RC_SIGNAL + SIGTERM);
	program_await_nobody("held");
	journal = program_journal();
	remains_check_nothing("held", journal);
	program_says(H "clean", "0 left-over objects removed");
	free(journal);
}

/* Nothing of it reports for a long time: who watches the runner must notice by himself. */
static void stop_amid_a_long_trial(const char *how, int sig)
{
	char line[256], what[96];
	pid_t pid;

	snprintf(what, sizeof(what), "%s, signal %d", how, sig);
	snprintf(line, sizeof(line),
		H "run --no-report -m lock/semaphore -w contend --trial-ms 60000 --reps 1 "
		  "-o run -d %s",
		how);
	pid = program_start(line);
	await_file("here/run/plan.csv");
	nap_ms(100); /* most likely the workers have begun by then, but it does not matter */
	assert_int_equal(kill(pid, sig), 0);
	assert_int_equal(program_finish_soon(pid, what), RC_SIGNAL + sig);
	program_await_nobody(what);
	remains_check_foreign();
	remains_clear();
}

static void run_stopped_amid_a_long_trial_ends_its_workers(void **state)
{
	static const char *const how[] = {"thread", "process", "process --start exec"};

	(void)state;
	program_need_processes();
	for (size_t i = 0; i < sizeof(how) / sizeof(*how); i++) {
		stop_amid_a_long_trial(how[i], SIGKILL);
		stop_amid_a_long_trial(how[i], SIGINT);
	}
}

/* ---- going on ---------------------------------------------------------------------- */

/* Killed between a trial's histogram lines and its row: the repeat is another attempt. */
static void run_resumed_tells_histograms_without_a_row_apart(void **state)
{
	size_t n = 0, planned = 0;
	struct sample *row;

	(void)state;
	program_need_processes();
	program_ends(RUN " --repeat-noisy no", RC_FINE);
	free(program_rows("run", &planned));
	program_ends("sed -i '$d' run/samples.csv", RC_FINE);
	remains_check_resumed("without its last row");
	row = program_rows("run", &n);
	assert_true(n >= planned);
	assert_true(row[planned - 1].attempt == 2 && row[planned - 2].attempt == 1);
	free(row);
}

/* What stands in the way since then is a skip in every row that was still to come. */
static void run_resumed_on_a_poorer_machine_has_all_its_rows(void **state)
{
	size_t n = 0, skipped = 0;
	struct sample *row;

	(void)state;
	program_need_processes();
	if (program_finish(program_start("unshare -n true")) != 0)
		skip_because("no root, the network cannot be taken away");
	program_ends(H "run --no-report -m channel/tcp,channel/pipe -w stream --reps 6 "
		       "--trial-ms 1 --repeat-noisy no -o run",
		RC_FINE);
	program_ends("sed -i '8,$d' run/samples.csv", RC_FINE); /* 7 of 24 rows stay */
	program_ends("unshare -n " H "run --no-report --repeat-noisy no --resume run", RC_FINE);
	row = program_rows("run", &n);
	for (size_t i = 0; i < n; i++)
		skipped += strcmp(row[i].status, "skip") == 0;
	free(row);
	assert_int_equal(n, 24);
	assert_in_range(skipped, 6, 12); /* tcp's, those that stayed excepted */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REMAINS_TEST(run_stopped_by_a_signal_keeps_its_rows_and_leaves_nothing),
		REMAINS_TEST(run_killed_leaves_nothing_that_the_next_one_does_not_remove),
		REMAINS_TEST(run_stopped_before_its_plan_leaves_the_directory_as_it_was),
		REMAINS_TEST(run_stopped_while_gnuplot_draws_has_all_its_rows),
		REMAINS_TEST(run_stopped_while_an_object_has_its_name_takes_it_away),
		REMAINS_TEST(run_stopped_amid_a_long_trial_ends_its_workers),
		REMAINS_TEST(run_resumed_tells_histograms_without_a_row_apart),
		REMAINS_TEST(run_resumed_on_a_poorer_machine_has_all_its_rows),
	};
	program_find();
	seed = support_seed();
	return cmocka_run_group_tests_name("interrupted", tests, NULL, NULL);
}
