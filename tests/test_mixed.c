/*
 * Workers dealt to several processes, threads in each; and crowds of light workers: real
 * trials, their evidence, and what is refused.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/cell_tasks.h"
#include "bench/launch.h"
#include "bench/registry.h"
#include "bench/row.h"
#include "tests/lab.h"
#include "tests/support.h"

/* One of each sort: memory, descriptors of both roles, one connection each. */
static const char *const mixed_keys[] = {
	"channel/queue-fifo/stream?domain=mixed&fan=2x2&placement=unpinned",
	"channel/queue-fifo/stream?domain=mixed&fan=4x4&start=exec",
	"channel/pipe/stream?domain=mixed&fan=2x2",
	"channel/pipe/drain-close?domain=mixed&fan=2x2",
	"channel/fifo/stream?domain=mixed&fan=4x4&placement=unpinned",
	"channel/ring-mpmc/stream?domain=mixed&fan=4x4&procs=3",
	"channel/mmap-file/stream?domain=mixed&fan=2x2",
	"channel/tcp/stream?domain=mixed&fan=2x1",
	"lock/mutex/contend?domain=mixed&fan=4",
	"event/condition/wake-all?domain=mixed&fan=1x4",
	"barrier/pthread/rendezvous?domain=mixed&fan=4",
};

static void workers_dealt_to_processes_hand_everything_over(void **state)
{
	struct cell c;

	(void)state;
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: processes");
	for (size_t i = 0; i < ARRAY_LEN(mixed_keys); i++) {
		lab_need_cell(&c, mixed_keys[i]);
		if (workload_paced(c.workload))
			c.n = 100;
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", c.key, lab.result->reason);
		assert_true(lab.result->ops > 0);
		assert_true(c.workload->ending == ENDING_FLAG || lab.result->ops == c.n);
		lab_nothing_left(c.key);
	}
}

/* A death takes the threads beside it along, and nobody else hangs. */
static void a_process_that_dies_with_several_workers_is_a_crash(void **state)
{
	const struct trial_fault f = {.act = PROBE_DIE, .point = POINT_AFTER_SEND, .nth = 3};
	struct cell c;

	(void)state;
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: processes");
	lab_need_cell(&c, "channel/queue-fifo/stream?domain=mixed&fan=2x2");
	assert_int_equal(lab_run(&c, &f), TRIAL_CRASH);
	if (!strstr(lab.result->reason, "die at after-send, hit 3"))
		fail_msg("%s", lab.result->reason);
	lab_nothing_left(c.key);
}

static void row_says_which_worker_lives_where(void **state)
{
	static const struct clock clock;
	const struct row_common common = {.run_id = "r", .host = "h", .clock = &clock, .cpus = 2};
	const struct row_place at = {0};
	static struct trial_result result;
	static struct sample s;
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/pipe/stream?domain=mixed&fan=2x2");
	result.status = TRIAL_OK;
	row_fill(&s, &common, &c, &result, &at);
	assert_string_equal(s.process_of, "0 1 0 1");
	assert_true(s.procs == 2 && s.producers == 2 && s.consumers == 2);
	assert_string_equal(s.domain, "mixed");
	lab_need_cell(&c, "channel/pipe/stream?domain=mixed&fan=4x4&procs=3");
	row_fill(&s, &common, &c, &result, &at);
	assert_string_equal(s.process_of, "0 1 2 0 1 2 0 1");
	assert_string_equal(s.axes, "procs=3");
}

static void as_many_processes_as_workers_are_not_mixed(void **state)
{
	static const char *const refused[] = {
		"channel/pipe/stream?domain=mixed&fan=1x1",
		"channel/pipe/stream?domain=mixed&fan=2x2&procs=4",
		"spawn/fork/lifecycle?domain=mixed&fan=4",
		"timer/thread/lateness?domain=mixed&fan=4",
	};
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_non_null(lab_cell(&c, refused[i]));
}

/* ---- crowds ------------------------------------------------------------------------ */

static const char *const crowd_keys[] = {
	"channel/queue-fifo/oversubscribed?domain=thread&placement=unpinned&capacity=16",
	"channel/pipe/oversubscribed?domain=thread&placement=nearest",
	"channel/pipe/oversubscribed?domain=process&placement=unpinned",
	"channel/shm-sem/oversubscribed?domain=process&capacity=16",
	"channel/unix-stream/oversubscribed?domain=thread",
	"channel/fifo/oversubscribed?domain=process",
	"lock/mutex/oversubscribed?domain=thread",
	"lock/mutex/oversubscribed?domain=process&placement=unpinned",
	"channel/queue-fifo/oversubscribed?domain=thread&crowd=2000&capacity=4",
	"lock/mutex/oversubscribed?domain=thread&crowd=1000",
	"channel/queue-async/oversubscribed?domain=coroutine&crowd=2000&capacity=16",
	"channel/queue-async/oversubscribed?domain=coroutine&capacity=unbounded",
	"channel/pipe/oversubscribed?domain=coroutine",
	"channel/tcp/oversubscribed?domain=coroutine&placement=unpinned",
	"lock/mutex-async/oversubscribed?domain=coroutine&crowd=2000",
	"lock/semaphore-async/oversubscribed?domain=coroutine",
};

static void a_crowd_hands_everything_over(void **state)
{
	const struct trial_result *r = lab.result;
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(crowd_keys); i++) {
		lab_need_cell(&c, crowd_keys[i]);
		if (LAB_TSAN && c.domain == DOMAIN_PROCESS)
			continue;
		if (lab_is_fast() && cell_crowd(&c) > 500) /* with sanitizers past its deadline */
			continue;
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", c.key, r->reason);
		assert_true(r->ops > 0);
		if (c.workload->ending != ENDING_FLAG)
			assert_int_equal(r->ops, c.n / (cell_crowd(&c) / 2) * (cell_crowd(&c) / 2));
		assert_int_equal(r->attempted, r->received);
		assert_true(r->attempted >= r->ops && r->cpu_ns > 0);
		lab_nothing_left(c.key);
	}
}

/* Trials raise the soft limit to the hard one, and nobody may raise that again: in a child. */
static bool skips_with_few_files(const struct cell *c, rlim_t most)
{
	const struct rlimit few = {most, most};
	struct trial_spec spec;
	char err[400] = "";
	uint64_t wall;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		cell_spec(c, &lab.clock, topo_pu_count(lab.topo), false, &spec);
		spec.xml_len = 0;
		if (setrlimit(RLIMIT_NOFILE, &few) != 0 ||
			launch_trial(NULL, &spec, NULL, lab.result, &wall, err, sizeof(err)) != 0)
			_exit(2);
		if (lab.result->status == TRIAL_SKIP && strstr(lab.result->reason, "ulimit -n"))
			_exit(0);
		fprintf(stderr, "%s: %s\n", c->key, lab.result->reason);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void check_forbidden(const char *key, rlim_t most)
{
	struct cell c;

	lab_need_cell(&c, key);
	assert_true(skips_with_few_files(&c, most));
	lab_nothing_left(c.key);
}

/* Coroutines open their pipes once more, when they first try: not before all have begun. */
static void a_crowd_that_a_limit_forbids_is_a_skip_with_its_name(void **state)
{
	(void)state;
	check_forbidden(
		"channel/pipe/oversubscribed?domain=thread&crowd=1000&placement=unpinned", 100);
	check_forbidden("channel/pipe/oversubscribed?domain=coroutine&crowd=200", 300);
	check_forbidden("channel/fifo/oversubscribed?domain=coroutine&crowd=200", 300);
}

static void row_of_a_crowd_counts_its_light_workers(void **state)
{
	static const struct clock clock;
	const struct row_common common = {.run_id = "r", .host = "h", .clock = &clock, .cpus = 2};
	const struct row_place at = {0};
	static struct trial_result result;
	static struct sample s;
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/pipe/oversubscribed?domain=process&crowd=1000");
	row_fill(&s, &common, &c, &result, &at);
	assert_true(s.producers == 500 && s.consumers == 500 && s.procs == 2);
	lab_need_cell(&c, "lock/mutex/oversubscribed?domain=thread");
	row_fill(&s, &common, &c, &result, &at);
	assert_true(s.producers == 100 && s.consumers == 0 && s.procs == 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_dealt_to_processes_hand_everything_over),
		cmocka_unit_test(a_process_that_dies_with_several_workers_is_a_crash),
		cmocka_unit_test(row_says_which_worker_lives_where),
		cmocka_unit_test(as_many_processes_as_workers_are_not_mixed),
		cmocka_unit_test(a_crowd_hands_everything_over),
		cmocka_unit_test(a_crowd_that_a_limit_forbids_is_a_skip_with_its_name),
		cmocka_unit_test(row_of_a_crowd_counts_its_light_workers),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("mixed", tests, lab_setup, lab_teardown);
}
