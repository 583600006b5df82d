/*
 * Keep-awake: a spinner of the lowest priority on every processor while a trial runs,
 * counted with nobody, and nothing left of it.
 */
#include "tests/lab.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/atomic.h"
#include "harness/awake.h"
#include "tests/program.h"
#include "tests/sample_rows.h"

enum {
	CPUS = 1024,
	LOOK_US = 300,
	SEEN_N = 20000,
	LAST_N = 16 * SEEN_N,
	RC_SKIPPED = 0,
	RC_OTHER = 1,
	RC_NO_FILTER = 2
};

static unsigned processors(cpu_set_t *all)
{
	assert_int_equal(sched_getaffinity(0, sizeof(*all), all), 0);
	return (unsigned)CPU_COUNT(all);
}

/* Threads of a process at SCHED_IDLE that may run on one processor only; marks these. */
static unsigned idlers(pid_t pid, bool *on)
{
	char path[64];
	DIR *dir;
	struct dirent *d;
	unsigned n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)) != NULL) {
		pid_t tid = (pid_t)atoi(d->d_name);
		cpu_set_t set;

		if (tid == 0 || sched_getscheduler(tid) != SCHED_IDLE)
			continue;
		if (sched_getaffinity(tid, sizeof(set), &set) != 0 || CPU_COUNT(&set) != 1)
			continue;
		n++;
		for (int i = 0; i < CPUS; i++)
			on[i] |= CPU_ISSET((size_t)i, &set);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void a_spinner_of_the_lowest_priority_is_on_every_processor(void **state)
{
	cpu_set_t all;
	unsigned n = processors(&all);

	(void)state;
	for (int yields = 0; yields < 2; yields++) {
		bool on[CPUS] = {false};
		char err[200] = "";
		struct awake *a = awake_start(yields, err, sizeof(err));

		if (!a)
			fail_msg("%s", err);
		assert_int_equal(idlers(getpid(), on), n);
		for (int i = 0; i < CPUS; i++)
			assert_int_equal(on[i], CPU_ISSET((size_t)i, &all) != 0);
		awake_stop(a);
		/* a thread is joined a moment before its directory has gone */
		for (int i = 0; i < 1000 && idlers(getpid(), on) > 0; i++)
			usleep(1000);
		assert_int_equal(idlers(getpid(), on), 0);
	}
}

/* ---- during a trial ------------------------------------------------------------- */

/* Looks at the trials of this process again and again, beside it. */
struct watcher {
	pthread_t thread;
	atomic_u32 stop;
	unsigned looks, most; /* with a trial there; spinners seen at a time */
};

/* Where the kernel says which children this thread has. */
static FILE *open_children(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	return fopen(path, "re");
}

/* The first child of this process: the leader of the trial.  0: there is none. */
static pid_t trial_pid(void)
{
	int pid = 0;
	FILE *f = open_children();

	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static void *watch(void *arg)
{
	struct watcher *w = arg;

	while (!load_relaxed(&w->stop)) {
		bool on[CPUS] = {false};
		pid_t pid = trial_pid();
		unsigned n = pid ? idlers(pid, on) : 0, different = 0;

		for (int i = 0; i < CPUS; i++)
			different += on[i];
		w->looks += pid != 0;
		if (n == different && n > w->most)
			w->most = n;
		usleep(LOOK_US);
	}
	return NULL;
}

/* In a trial of n messages. */
static unsigned spinners_in(const char *key, uint64_t n, unsigned *looks)
{
	struct watcher w = {.looks = 0};
	struct cell c;
	struct trial_spec spec;

	lab_need_cell(&c, key);
	c.n = n;
	lab_spec(&c, &spec);
	assert_int_equal(pthread_create(&w.thread, NULL, watch, &w), 0);
	lab_run_spec(&c, &spec);
	store_relaxed(&w.stop, 1u);
	pthread_join(w.thread, NULL);
	if (lab.result->status != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
	lab_nothing_left(key);
	*looks = w.looks;
	return w.most;
}

/* In longer and longer trials, until the watcher has seen one of them, and so many in it. */
static unsigned spinners_of(const char *key, unsigned least)
{
	unsigned most = 0, looks = 0;

	for (uint64_t n = SEEN_N; n <= LAST_N && (!looks || most < least); n *= 2)
		most = spinners_in(key, n, &looks);
	assert_true(looks > 0);
	return most;
}

static void a_trial_has_spinners_when_it_is_to_be_kept_awake_and_else_none(void **state)
{
	cpu_set_t all;
	unsigned n = processors(&all);
	FILE *f = open_children();

	(void)state;
	if (!f)
		skip_because("this kernel has no CONFIG_PROC_CHILDREN");
	fclose(f);
	assert_int_equal(spinners_of("channel/pipe/pingpong?domain=thread&keep-awake=yes", n), n);
	assert_int_equal(spinners_of("channel/pipe/pingpong?domain=thread", 0), 0);
	if (!LAB_TSAN)
		assert_int_equal(
			spinners_of("channel/pipe/pingpong?domain=process&keep-awake=yes", n), n);
}

/*
 * What spinners spend is nobody's: workers that take turns on one processor use no
 * more than its time, whatever is spent on the others.
 */
static void a_trial_kept_awake_counts_its_workers_only(void **state)
{
	static const char *const keys[] = {
		"channel/pipe/pingpong?domain=thread&fan=1x1&placement=same-pu&keep-awake=yes",
		"channel/pipe/pingpong?domain=process&fan=1x1&placement=same-pu&keep-awake=yes",
		"channel/queue-fifo/pingpong?domain=process&start=exec&placement=same-pu&keep-awake=yes",
	};
	struct cell c;

	(void)state;
	for (size_t i = 0; i < (LAB_TSAN ? 1 : ARRAY_LEN(keys)); i++) {
		struct trial_spec spec;

		lab_need_cell(&c, keys[i]);
		assert_non_null(strstr(c.key, "keep-awake=yes"));
		lab_spec(&c, &spec);
		assert_int_equal(spec.extra.keep_awake, 1);
		if (lab_run_spec(&c, &spec) != TRIAL_OK)
			fail_msg("%s: %s", c.key, lab.result->reason);
		if (lab.result->cpu_ns > lab.result->elapsed_ns * 3 / 2)
			fail_msg("%s: %.0f us of one processor in %.0f us", c.key,
				(double)lab.result->cpu_ns / 1e3,
				(double)lab.result->elapsed_ns / 1e3);
		lab_nothing_left(c.key);
	}
}

/* ---- where it is refused --------------------------------------------------------- */

/* From here on nobody may choose a policy. */
static bool forbid_policies(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setscheduler, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = ARRAY_LEN(filter), .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

static int run_refused(const struct cell *c)
{
	struct trial_spec spec;

	if (!forbid_policies())
		return RC_NO_FILTER;
	lab_spec(c, &spec);
	if (lab_run_spec(c, &spec) == TRIAL_SKIP && strstr(lab.result->reason, "keep-awake: ") &&
		strstr(lab.result->reason, "not permitted"))
		return RC_SKIPPED;
	print_error("%s: %s\n", trial_status_name((enum trial_status)lab.result->status),
		lab.result->reason);
	return RC_OTHER;
}

static void a_trial_that_cannot_be_kept_awake_is_skipped_and_says_why(void **state)
{
	struct cell c;
	int status;
	pid_t pid;

	(void)state;
	lab_need_cell(&c, "channel/pipe/pingpong?domain=thread&keep-awake=yes");
	pid = fork();
	if (pid == 0)
		_exit(run_refused(&c));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == RC_NO_FILTER)
		skip_because("no seccomp filter may be set here");
	assert_int_equal(WEXITSTATUS(status), RC_SKIPPED);
	lab_nothing_left(c.key);
}

/* ---- from outside ------------------------------------------------------------------ */

static void rows_of_trials_that_were_kept_awake_are_marked(void **state)
{
	struct sample *row;
	size_t n, awake = 0;

	(void)state;
	program_need_processes();
	program_ends(H
		"run -m channel/ring-spsc -w pingpong -d thread -p same-pu --wait yield "
		"--keep-awake no,yes --reps 2 --trial-ms 1 --repeat-noisy 0 --no-report -o r",
		RC_FINE);
	row = program_rows("r", &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		bool yes = strstr(row[i].cell, "keep-awake=yes") != NULL;

		assert_string_equal(row[i].status, "ok");
		assert_string_equal(row[i].axes, yes ? "keep-awake=yes" : "");
		awake += yes;
	}
	assert_int_equal(awake, 2);
	free(row);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spinner_of_the_lowest_priority_is_on_every_processor),
		cmocka_unit_test(a_trial_has_spinners_when_it_is_to_be_kept_awake_and_else_none),
		cmocka_unit_test(a_trial_kept_awake_counts_its_workers_only),
		cmocka_unit_test(a_trial_that_cannot_be_kept_awake_is_skipped_and_says_why),
		PROGRAM_TEST(rows_of_trials_that_were_kept_awake_are_marked),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	program_find();
	return cmocka_run_group_tests_name("awake", tests, lab_setup, lab_teardown);
}
