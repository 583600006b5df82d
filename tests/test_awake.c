/* Keep-awake: a spinner of the lowest priority on every processor, and nothing left of it. */
#include "tests/lab.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/awake.h"

enum { CPUS = 1024 };

/* Threads of this process at SCHED_IDLE that may run on one processor only; marks these. */
static unsigned idlers(bool *on)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *d;
	unsigned n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
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
	closedir(dir);
	return n;
}

static void a_spinner_of_the_lowest_priority_is_on_every_processor(void **state)
{
	static bool on[CPUS];
	char err[200] = "";
	struct awake *a = awake_start(err, sizeof(err));
	cpu_set_t all;

	(void)state;
	if (!a)
		fail_msg("%s", err);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(idlers(on), CPU_COUNT(&all));
	for (int i = 0; i < CPUS; i++)
		assert_int_equal(on[i], CPU_ISSET((size_t)i, &all) != 0);
	awake_stop(a);
	assert_int_equal(idlers(on), 0);
}

/* What spinners spend is nobody's: two workers use no more than two processors' time. */
static void a_trial_kept_awake_counts_its_workers_only(void **state)
{
	static const char *const keys[] = {
		"channel/pipe/pingpong?domain=thread&fan=1x1&placement=unpinned&keep-awake=yes",
		"channel/pipe/pingpong?domain=process&fan=1x1&placement=unpinned&keep-awake=yes",
		"channel/queue-fifo/pingpong?domain=process&start=exec&placement=unpinned&keep-awake=yes",
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
		assert_true(lab.result->cpu_ns <= 2 * lab.result->elapsed_ns);
		lab_nothing_left(c.key);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spinner_of_the_lowest_priority_is_on_every_processor),
		cmocka_unit_test(a_trial_kept_awake_counts_its_workers_only),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("awake", tests, lab_setup, lab_teardown);
}
