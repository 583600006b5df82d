/*
 * Runs that are interrupted: by signals and by SIGKILL at random times, by a second
 * run, by `handoff clean`.  Out within two seconds, whole files, no process and no
 * object left, and --resume comes to exactly what was planned.
 *
 * HANDOFF_TEST_SEED repeats the times of an earlier run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/plan.h"
#include "harness/names.h"
#include "tests/program.h"

/* Objects with names of all kinds, many short trials. */
#define CELLS                                                                                      \
	"-m channel/fifo,channel/mmap-file,channel/queue-fifo,lock/mutex -w stream,contend "       \
	"-d thread,process --start fork,exec --trial-ms 1 "
#define RUN H "run --no-report " CELLS "--reps 6 -o run"

enum {
	FEW = 2,
	DESK = 4,
	PATIENT = 8,
	CHECK = 16,
	LONG = 50,
	NS_PER_MS = 1000000,
	MAX_CELLS = 64,
	MAX_BLOCKS = 64
};

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

static const char *in_run(const char *file)
{
	char name[64];

	snprintf(name, sizeof(name), "here/run/%s", file);
	return support_path(&program.dir, name);
}

static bool has_plan(void)
{
	return support_exists(in_run("plan.csv"));
}

static void remove_run(void)
{
	program_ends("rm -rf run", RC_FINE);
}

/* ---- what is not ours ------------------------------------------------------------- */

static char foreign_shm[64];

static const char *const foreign_files[] = {
	"handoff/handoff-foreign0123456", "handoff/foreign-journal", "here/handoff-foreign"};

static void make_foreign(void)
{
	int fd;

	assert_int_equal(mkdir(support_path(&program.dir, "handoff"), 0700), 0);
	snprintf(foreign_shm, sizeof(foreign_shm), "/handoff-%032lx", (long)getpid());
	fd = shm_open(foreign_shm, O_CREAT | O_EXCL | O_RDWR, 0600);
	assert_true(fd >= 0);
	close(fd);
	support_text(support_path(&program.dir, foreign_files[0]), "precious");
	assert_int_equal(mkfifo(support_path(&program.dir, foreign_files[1]), 0600), 0);
	support_text(support_path(&program.dir, foreign_files[2]), "precious");
}

static void check_foreign(void)
{
	int fd = shm_open(foreign_shm, O_RDONLY, 0);

	if (fd < 0)
		fail_msg("%s, which is not ours, was removed", foreign_shm);
	close(fd);
	for (size_t i = 0; i < sizeof(foreign_files) / sizeof(*foreign_files); i++) {
		if (!support_exists(support_path(&program.dir, foreign_files[i])))
			fail_msg("%s, which is not ours, was removed", foreign_files[i]);
	}
}

static int setup(void **state)
{
	int code = program_setup(state);

	if (!code)
		make_foreign();
	return code;
}

static int teardown(void **state)
{
	shm_unlink(foreign_shm);
	return program_teardown(state);
}

/* ---- what a run has ---------------------------------------------------------------- */

static int ignore_row(void *ctx, uint64_t line, size_t n, const char *const *f, const size_t *len)
{
	(void)ctx;
	(void)line;
	(void)n;
	(void)f;
	(void)len;
	return 0;
}

/* It can be read from its first to its last line; `whole`: nothing is cut off. */
static void check_csv(const char *file, bool whole)
{
	struct csv_limits limits = {.max_row_bytes = 1 << 24, .max_field_bytes = 1 << 24};
	char err[400] = "";

	if (csv_read_file(in_run(file), &limits, ignore_row, NULL, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	if (limits.rows == 0 || (whole && limits.truncated_tail))
		fail_msg("%s: %llu lines, %s", file, (unsigned long long)limits.rows,
			limits.truncated_tail ? "the last one is not whole" : "whole");
}

static void read_the_plan(struct plan *p)
{
	char err[600] = "";

	if (plan_read(p, in_run("plan.csv"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_true(p->n <= MAX_CELLS && p->reps <= MAX_BLOCKS);
}

static size_t cell_number(const struct plan *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->cell[i].key, key) == 0)
			return i;
	}
	fail_msg("%s is not in the plan", key);
	return 0;
}

/* Trials with their final row; no (cell, block, attempt) and no final row twice. */
static size_t count_final(const struct plan *p, const struct sample *row, size_t n)
{
	static uint64_t attempts[MAX_CELLS][MAX_BLOCKS];
	static bool final[MAX_CELLS][MAX_BLOCKS];
	size_t done = 0;

	memset(attempts, 0, sizeof(attempts));
	memset(final, 0, sizeof(final));
	for (size_t i = 0; i < n; i++) {
		size_t c = cell_number(p, row[i].cell), b = (size_t)row[i].block;
		uint64_t bit = UINT64_C(1) << (unsigned)row[i].attempt;

		assert_true(b < p->reps && row[i].attempt >= 1);
		if (attempts[c][b] & bit)
			fail_msg("%s, block %zu: attempt %g twice", row[i].cell, b, row[i].attempt);
		attempts[c][b] |= bit;
		if (strcmp(row[i].status, "interrupted") == 0)
			continue;
		if (final[c][b])
			fail_msg("%s, block %zu: measured twice", row[i].cell, b);
		final[c][b] = true;
		done++;
		if (strcmp(row[i].status, "ok") != 0 && strcmp(row[i].status, "skip") != 0)
			fail_msg("%s: %s: %s", row[i].cell, row[i].status, row[i].reason);
	}
	return done;
}

static size_t count_done(size_t *planned)
{
	struct plan p;
	size_t n = 0, done;
	struct sample *row;

	read_the_plan(&p);
	row = program_rows("run", &n);
	done = count_final(&p, row, n);
	*planned = plan_rows(&p);
	free(row);
	plan_free(&p);
	return done;
}

/* Each line of histograms.csv is of another trial and side than all others. */
static void check_histograms_apart(void)
{
	char line[] =
		"sh -c 'cut -d, -f2-6 run/histograms.csv | sort | uniq -d | grep . && exit 1; :'";

	program_ends(line, RC_FINE);
}

/* ---- one interruption ----------------------------------------------------------------- */

struct tally {
	unsigned early, amid, late; /* before the plan, between rows, after the end */
};

/* What the run had is still there, at the beginning of what it has now. */
static void check_kept(const char *before)
{
	char *after = support_read(in_run("samples.csv"));
	const char *end = strrchr(before, '\n');

	if (end && strncmp(before, after, (size_t)(end - before) + 1) != 0)
		fail_msg("rows of before were lost or changed");
	free(after);
}

static void check_resumed(const char *what)
{
	size_t planned = 0, done;
	char *before = support_read(in_run("samples.csv"));

	program_ends(H "run --no-report --resume run", RC_FINE);
	done = count_done(&planned);
	if (done != planned)
		fail_msg("%s: resumed, %zu of %zu trials have their row", what, done, planned);
	check_kept(before);
	check_histograms_apart();
	free(before);
}

static void check_nothing_left(const char *what, const char *journal)
{
	char which[PATH_MAX] = "";

	if (program_objects(journal, which, sizeof(which)) != 0)
		fail_msg("%s: %s was left behind", what, which);
	check_foreign();
}

static void check_files(bool whole)
{
	size_t planned = 0;

	check_csv("plan.csv", true);
	check_csv("environment.csv", true);
	check_csv("samples.csv", whole);
	check_csv("histograms.csv", whole);
	count_done(&planned);
}

static void check_after_signal(const char *what, int sig, int code, struct tally *t)
{
	char *journal = program_journal();

	program_await_nobody(what);
	check_nothing_left(what, journal);
	free(journal);
	if (code == RC_FINE) {
		t->late++;
	} else if (code != RC_SIGNAL + sig) {
		fail_msg("%s: exit code %d\n%s", what, code, program.err);
	} else if (!has_plan()) {
		t->early++;
		if (support_exists(support_path(&program.dir, "here/run")))
			fail_msg("%s: a run without a plan was left", what);
		return;
	} else {
		t->amid++;
		check_files(true);
	}
	check_resumed(what);
}

/* Nobody was there to tidy up: the next run does, at once. */
static void check_after_kill(const char *what, int sig, int code, struct tally *t)
{
	char *journal;

	program_await_nobody(what);
	journal = program_journal();
	if (code != RC_FINE && code != RC_SIGNAL + sig)
		fail_msg("%s: exit code %d\n%s", what, code, program.err);
	if (has_plan()) {
		*(code == RC_FINE ? &t->late : &t->amid) += 1;
		check_files(false);
		check_resumed(what);
	} else {
		t->early++;
		if (support_exists(in_run("samples.csv")))
			program_ends(RUN, RC_USAGE);
		program_ends(
			H "run --no-report -m channel/pipe --reps 1 --trial-ms 1 -o next", RC_FINE);
		program_ends("rm -r next", RC_FINE);
	}
	check_nothing_left(what, journal);
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
	/* before the program has begun or has its handlers, a signal simply ends it */
	after(what, sig, code, t);
	remove_run();
}

static void interrupt_often(const int *sigs, size_t n_sigs, after_fn *after)
{
	struct tally t = {0};

	program_need_processes();
	print_message("HANDOFF_TEST_SEED=%llu\n", (unsigned long long)seed);
	whole_ms = program_now_ms();
	program_ends(RUN, RC_FINE);
	whole_ms = program_now_ms() - whole_ms;
	remove_run();
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
	done = count_done(&planned);
	assert_int_equal(done, planned);
	program_await_nobody("drawing");
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
	check_foreign();
	remove_run();
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
	size_t n = 0;
	struct sample *row;

	(void)state;
	program_need_processes();
	program_ends(RUN, RC_FINE);
	program_ends("sed -i '$d' run/samples.csv", RC_FINE);
	check_resumed("without its last row");
	row = program_rows("run", &n);
	assert_true(row[n - 1].attempt == 2 && row[n - 2].attempt == 1);
	free(row);
}

/* What stands in the way since then is a skip in every row that was still to come. */
static void run_resumed_on_a_poorer_machine_has_all_its_rows(void **state)
{
	size_t n = 0, skipped = 0;
	struct sample *row;

	(void)state;
	program_need_processes();
	if (program_finish(program_start("unshare -n true")) != 0) {
		print_message("SKIP: no root, the network cannot be taken away\n");
		skip();
	}
	program_ends(H "run --no-report -m channel/tcp,channel/pipe -w stream --reps 6 "
		       "--trial-ms 1 -o run",
		RC_FINE);
	program_ends("sed -i '8,$d' run/samples.csv", RC_FINE); /* 7 of 24 rows stay */
	program_ends("unshare -n " H "run --no-report --resume run", RC_FINE);
	row = program_rows("run", &n);
	for (size_t i = 0; i < n; i++)
		skipped += strcmp(row[i].status, "skip") == 0;
	free(row);
	assert_int_equal(n, 24);
	assert_in_range(skipped, 6, 12); /* tcp's, those that stayed excepted */
}

/* ---- together --------------------------------------------------------------------------- */

static void check_run_is_fine(pid_t pid, const char *run)
{
	size_t n = 0;
	struct sample *row = program_rows(run, &n);

	(void)pid;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(row[i].run_id, run);
		if (strcmp(row[i].status, "ok") != 0)
			fail_msg("%s: %s: %s", row[i].cell, row[i].status, row[i].reason);
	}
	free(row);
}

static void runs_at_once_do_not_meet_nor_does_clean_disturb_them(void **state)
{
	pid_t a, b;
	int done = 0, status = 0, cleaned = 0;

	(void)state;
	program_need_processes();
	a = program_start_as(H "run --no-report " CELLS "--reps 5 -o a", "a");
	b = program_start_as(H "run --no-report " CELLS "--reps 5 -o b", "b");
	while (done < 2) {
		program_ends(H "clean", RC_FINE);
		cleaned++;
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
			if (pid != a && pid != b)
				continue;
			assert_int_equal(status, 0);
			done++;
		}
	}
	print_message("cleaned %d times meanwhile\n", cleaned);
	check_run_is_fine(a, "a");
	check_run_is_fine(b, "b");
	check_foreign();
}

/* ---- clean -------------------------------------------------------------------------------- */

/* What a child made that ended without removing it. */
struct left {
	char shm[NAMES_MAX], path[NAMES_PATH_MAX];
};

static void leave(struct left *l)
{
	char err[400];

	if (names_shm_create(l->shm, 4096, err, sizeof(err)) < 0 ||
		names_path_new("fifo", l->path, sizeof(l->path), err, sizeof(err)) != 0 ||
		mkfifo(l->path, 0600) != 0)
		_exit(1);
	_exit(0);
}

static struct left *leave_something(void)
{
	struct left *l = mmap(
		NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 1;
	pid_t pid;

	assert_true(l != MAP_FAILED);
	pid = fork();
	if (pid == 0)
		leave(l);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return l;
}

static bool shm_exists(const char *name)
{
	int fd = shm_open(name, O_RDONLY, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void clean_removes_what_the_dead_left_and_says_so(void **state)
{
	char mine[NAMES_MAX], err[400] = "";
	struct left *l;
	int fd;

	(void)state;
	program_need_processes();
	fd = names_shm_create(mine, 4096, err, sizeof(err));
	assert_true(fd >= 0);
	l = leave_something();
	assert_true(shm_exists(l->shm) && support_exists(l->path));
	program_says(H "clean", "2 left-over objects removed");
	assert_non_null(strstr(program.out, l->shm));
	assert_non_null(strstr(program.out, l->path));
	assert_false(shm_exists(l->shm) || support_exists(l->path));
	assert_true(shm_exists(mine));
	program_says(H "clean", "0 left-over objects removed");
	check_foreign();
	names_shm_unlink(mine);
	close(fd);
	munmap(l, sizeof(*l));
}

/* As `from` in the journal, now `to`. */
static void rewrite_journal(const char *from, const char *to)
{
	char line[1024];

	snprintf(line, sizeof(line), "sed -i 's/%s/%s/' ../handoff/journal", from, to);
	program_ends(line, RC_FINE);
}

/* Their owner cannot be seen from here, dead or alive: another container's, say. */
static void clean_leaves_what_it_cannot_judge(void **state)
{
	struct left *l;

	(void)state;
	program_need_processes();
	l = leave_something();
	rewrite_journal("[0-9]*$", "4026531777"); /* another pid namespace */
	program_says(H "clean", "0 left-over objects removed");
	assert_true(shm_exists(l->shm) && support_exists(l->path));
	rewrite_journal("[0-9]*$", "0"); /* not known: the pid decides */
	program_says(H "clean", "2 left-over objects removed");
	munmap(l, sizeof(*l));
}

/* Hidden /proc: neither side knows of the boot, and that says nothing. */
static void clean_without_proc_leaves_the_living_alone(void **state)
{
	char mine[NAMES_MAX], err[400] = "";
	int fd;

	(void)state;
	program_need_processes();
	program_need_no_asan("it reads /proc");
	if (program_finish(program_start("unshare -m mount -t tmpfs none /proc")) != 0) {
		print_message("SKIP: no root, /proc cannot be hidden\n");
		skip();
	}
	fd = names_shm_create(mine, 4096, err, sizeof(err));
	assert_true(fd >= 0);
	program_says("unshare -m sh -c 'mount -t tmpfs none /proc && exec " H "clean'", "0 left");
	assert_true(shm_exists(mine));
	rewrite_journal(" [0-9a-f-]* [0-9]*$", " unknown 0");
	program_says(H "clean", "0 left-over");
	assert_true(shm_exists(mine));
	names_shm_unlink(mine);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(run_stopped_by_a_signal_keeps_its_rows_and_leaves_nothing),
		TEST(run_killed_leaves_nothing_that_the_next_one_does_not_remove),
		TEST(run_stopped_before_its_plan_leaves_the_directory_as_it_was),
		TEST(run_stopped_while_gnuplot_draws_has_all_its_rows),
		TEST(run_stopped_amid_a_long_trial_ends_its_workers),
		TEST(run_resumed_tells_histograms_without_a_row_apart),
		TEST(run_resumed_on_a_poorer_machine_has_all_its_rows),
		TEST(runs_at_once_do_not_meet_nor_does_clean_disturb_them),
		TEST(clean_removes_what_the_dead_left_and_says_so),
		TEST(clean_leaves_what_it_cannot_judge),
		TEST(clean_without_proc_leaves_the_living_alone),
	};
	const char *given = getenv("HANDOFF_TEST_SEED");

	program_find();
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)program_now_ms();
	return cmocka_run_group_tests_name("interrupted", tests, NULL, NULL);
}
