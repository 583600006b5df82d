/*
 * What a trial costs beside time: the processor's counters, which machines without
 * them leave empty with a reason, and energy, from files of our own.
 *
 * Software events stand in for the hardware's: every kernel has them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/gauges.h"
#include "bench/row.h"
#include "harness/energy.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { PAGES = 50, PAGE = 4096, NOBODY = 65534, TEXT = 320 };

static const struct counter_plan software = {
	.scope = COUNTERS_KERNEL,
	.event = {{PERF_TYPE_SOFTWARE, 0, PERF_COUNT_SW_TASK_CLOCK},
		{PERF_TYPE_SOFTWARE, 0, PERF_COUNT_SW_CPU_CLOCK},
		{PERF_TYPE_SOFTWARE, 0, PERF_COUNT_SW_PAGE_FAULTS}},
};

/* A kernel, or a seccomp filter, may refuse even these. */
static void need_software_events(void)
{
	struct counter_plan p = software;
	char why[TEXT];

	counters_probe(&p, "", why, sizeof(why));
	if (p.scope != COUNTERS_NONE)
		return;
	skip_because("no perf events at all here: %s", why);
}

static void fault_pages(void)
{
	char *mem = mmap(
		NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(mem != MAP_FAILED);
	madvise(mem, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)&mem[i * PAGE] = 1;
	munmap(mem, PAGES * PAGE);
}

/* ---- counters ---------------------------------------------------------------- */

static void counters_count_what_is_done_between_start_and_stop(void **state)
{
	uint64_t value[COUNTER_COUNT];
	struct counters c;

	(void)state;
	need_software_events();
	counters_open(&c, &software);
	fault_pages();
	counters_start(&c);
	fault_pages();
	counters_stop(&c);
	fault_pages();
	counters_read(&c, value);
	counters_close(&c);
	counters_close(&c);
	assert_in_range(value[COUNTER_CACHE_MISSES], PAGES, 2 * PAGES - 1);
	assert_in_range(value[COUNTER_CYCLES], 1, 1000000000);
}

static void counters_without_a_plan_open_nothing_and_know_nothing(void **state)
{
	static const struct counter_plan none = {.scope = COUNTERS_NONE};
	uint64_t value[COUNTER_COUNT];
	struct counters c;

	(void)state;
	counters_open(&c, &none);
	counters_start(&c);
	counters_stop(&c);
	counters_read(&c, value);
	for (int i = 0; i < COUNTER_COUNT; i++) {
		assert_int_equal(c.fd[i], -1);
		assert_true(value[i] == UINT64_MAX);
	}
	counters_close(&c);
}

static void counters_that_took_turns_are_scaled_and_those_without_a_turn_are_unknown(void **state)
{
	(void)state;
	assert_true(counter_scaled(1000, 4000, 1000) == 4000);
	assert_true(counter_scaled(UINT64_MAX - 1, 5, 5) == UINT64_MAX - 1);
	assert_true(counter_scaled(0, 5, 5) == 0);
	assert_true(counter_scaled(1000, 4000, 0) == UINT64_MAX);
	assert_true(counter_scaled(1000, 4000, 5000) == UINT64_MAX);
}

static void probe_names_the_events_that_a_machine_has_not(void **state)
{
	struct counter_plan p = software;
	char why[TEXT], say[TEXT];

	(void)state;
	need_software_events();
	p.event[COUNTER_CACHE_MISSES].type = UINT32_MAX; /* no such kind of events */
	counters_probe(&p, "", why, sizeof(why));
	assert_int_equal(p.event[COUNTER_CACHE_MISSES].absent, 1);
	assert_int_equal(p.event[COUNTER_CYCLES].absent, 0);
	assert_memory_equal(why, "cache-misses: ", 14);
	counters_say(&p, say, sizeof(say));
	assert_string_equal(strchr(say, ':'), ": cycles instructions");
	p = software;
	for (int i = 0; i < COUNTER_COUNT; i++)
		p.event[i].type = UINT32_MAX;
	counters_probe(&p, "", why, sizeof(why));
	assert_int_equal(p.scope, COUNTERS_NONE);
	assert_memory_equal(
		why, "cycles instructions cache-misses: this machine shows no such", 60);
	counters_say(&p, say, sizeof(say));
	assert_string_equal(say, "");
}

/* In a child without rights; what it found stands in `shared`. */
static void probe_as_nobody(const char *root, struct counter_plan *p, char *why)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(1);
		counters_probe(p, root, why, TEXT);
		_exit(0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (status != 0)
		fail_msg("the child could not become nobody: %d", status);
}

static int paranoid_here(void)
{
	FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = -2;

	if (f && fscanf(f, "%d", &level) != 1)
		level = -2;
	if (f)
		fclose(f);
	return level;
}

static void probe_says_which_setting_forbids_the_kernels_events(void **state)
{
	struct {
		struct counter_plan plan;
		char why[TEXT];
	} * shared;
	struct support_dir dir;

	(void)state;
	if (geteuid() != 0 || paranoid_here() < 2)
		skip_because("needs root, and a kernel that forbids others to count it");
	need_software_events();
	support_open(&dir);
	assert_int_equal(chmod(dir.path, 0755), 0);
	assert_int_equal(mkdir(support_path(&dir, "proc"), 0755), 0);
	assert_int_equal(mkdir(support_path(&dir, "proc/sys"), 0755), 0);
	assert_int_equal(mkdir(support_path(&dir, "proc/sys/kernel"), 0755), 0);
	support_text(support_path(&dir, "proc/sys/kernel/perf_event_paranoid"), "7\n");
	assert_int_equal(chmod(dir.joined, 0644), 0);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	shared->plan = software;
	probe_as_nobody(dir.path, &shared->plan, shared->why);
	/* 3, which some kernels have, forbids everything */
	assert_int_equal(shared->plan.scope, paranoid_here() == 2 ? COUNTERS_USER : COUNTERS_NONE);
	if (!strstr(shared->why, "kernel.perf_event_paranoid is 7"))
		fail_msg("%s", shared->why);
	munmap(shared, sizeof(*shared));
	support_close(&dir);
}

static void gauges_have_a_value_or_a_reason(void **state)
{
	struct trial_spec spec = {.magic = 0};
	struct gauges g;

	(void)state;
	gauges_probe(&g, "");
	assert_true(g.counters_say[0] || g.counters_why[0]);
	assert_true((g.counters.scope != COUNTERS_NONE) == (g.counters_say[0] != '\0'));
	assert_true((g.energy_say[0] != '\0') != (g.energy_why[0] != '\0'));
	assert_true(g.energy == (g.energy_say[0] != '\0'));
	gauges_spec(&g, &spec);
	assert_int_equal(spec.counters.scope, g.counters.scope);
	assert_string_equal(spec.energy_root, g.energy ? "/" : "");
	gauges_probe(&g, "/nonexistent");
	assert_non_null(strstr(g.energy_why, "/sys/class/powercap: No such file"));
}

/* ---- trials -------------------------------------------------------------------- */

static struct sample row_of(const struct cell *c)
{
	const struct row_common common = {
		.run_id = "r", .host = "h", .clock = &lab.clock, .cpus = topo_pu_count(lab.topo)};
	const struct row_place at = {.attempt = 1};
	struct sample s;

	row_fill(&s, &common, c, lab.result, &at);
	return s;
}

/* A trial of the cell, with software events; its row. */
static struct sample counted_row(const char *key, const struct counter_plan *plan)
{
	struct trial_spec spec;
	struct cell c;

	lab_need_cell(&c, key);
	lab_spec(&c, &spec);
	spec.counters = *plan;
	if (lab_run_spec(&c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
	if (c.workload->ending != ENDING_FLAG && lab.result->ops != LAB_N)
		fail_msg("%s: %lu operations", key, (unsigned long)lab.result->ops);
	lab_nothing_left(key);
	return row_of(&c);
}

static void workers_are_counted_however_they_began(void **state)
{
	static const char *const keys[] = {
		"channel/pipe/pingpong?placement=same-pu",
		"channel/ring-mpmc/stream?fan=2x2&placement=unpinned",
		"channel/pipe/drain-close?fan=1x2&placement=unpinned",
		"lock/mutex/contend?fan=2&placement=unpinned",
#if !LAB_TSAN
		"channel/pipe/pingpong?domain=process&placement=same-pu",
		"channel/fifo/stream?domain=process&start=exec&placement=unpinned",
		"barrier/pthread/rendezvous?domain=process&fan=2&placement=unpinned",
#endif
	};

	(void)state;
	need_software_events();
	for (unsigned i = 0; i < ARRAY_LEN(keys); i++) {
		struct sample s = counted_row(keys[i], &software);

		if (!(s.cycles_per_op > 1) || !(s.instructions_per_op > 1) ||
			!(s.cache_misses_per_op >= 0))
			fail_msg("%s: task clock %g, cpu clock %g, faults %g", keys[i],
				s.cycles_per_op, s.instructions_per_op, s.cache_misses_per_op);
		if (strstr(keys[i], "contend") == NULL)
			assert_true(lab.result->counter_ops == LAB_N / 4);
	}
}

static void counter_that_is_absent_or_has_no_plan_leaves_its_column_empty(void **state)
{
	static const struct counter_plan none = {.scope = COUNTERS_NONE};
	struct counter_plan some = software;
	struct sample s;

	(void)state;
	need_software_events();
	some.event[COUNTER_CYCLES].absent = 1;
	s = counted_row("channel/pipe/pingpong?placement=same-pu", &some);
	assert_true(isnan(s.cycles_per_op) && s.instructions_per_op > 1);
	s = counted_row("channel/pipe/pingpong?placement=same-pu", &none);
	assert_true(isnan(s.cycles_per_op) && isnan(s.instructions_per_op) &&
		    isnan(s.cache_misses_per_op) && isnan(s.energy_uj_per_op));
	assert_true(lab.result->counter_ops == 0);
}

/* The others' columns are not empty, whatever is done and however it waits. */
static void every_row_has_its_costs(void **state)
{
	static const char *const keys[] = {
		"channel/queue-fifo/pingpong?wait=spin&placement=unpinned",
		"channel/queue-fifo/uncontended", "channel/pipe/poll?placement=unpinned",
		"lock/mutex/contend?fan=2&placement=unpinned",
		"event/condition/pingpong?placement=unpinned",
		"event/condition/wake-one?placement=unpinned",
		"event/condition/wake-all?fan=1x2&placement=unpinned",
		"barrier/pthread/rendezvous?fan=2&placement=unpinned",
		"channel/pipe/openloop?placement=unpinned&rate=1000",
		"timer/thread/lateness?placement=unpinned",
		"timer/async/lateness?domain=coroutine"};
	bool sched = access("/proc/thread-self/sched", R_OK) == 0;
	bool schedstat = access("/proc/thread-self/schedstat", R_OK) == 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(keys); i++) {
		struct sample s;
		struct cell c;

		lab_need_cell(&c, keys[i]);
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", keys[i], lab.result->reason);
		s = row_of(&c);
		if (isnan(s.cpu_ns_per_op) || isnan(s.cpu_sys_ns_per_op) ||
			isnan(s.ctx_voluntary_per_op) || isnan(s.ctx_involuntary_per_op) ||
			isnan(s.minor_faults) || isnan(s.migrations) == sched ||
			isnan(s.runq_wait_ns) == schedstat)
			fail_msg("%s: a cost is missing", keys[i]);
	}
}

/* A signal that found its sleeper asleep made it switch: the cost that spaces do not hide. */
static void spaced_wakeups_have_their_switches_and_no_counters(void **state)
{
	struct sample s;

	(void)state;
	need_software_events();
	s = counted_row("event/condition/wake-one?placement=same-pu", &software);
	assert_true(s.ctx_voluntary_per_op > 0.5);
	assert_true(isnan(s.cycles_per_op));
	s = counted_row("channel/pipe/openloop?placement=unpinned&rate=20000", &software);
	assert_true(isnan(s.cycles_per_op));
}

/* A sender on a processor of its own spins until a message is due: a millisecond for each. */
static void the_spaces_between_messages_are_not_what_receiving_costs(void **state)
{
	struct sample s;
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/pipe/openloop?placement=nearest&rate=1000");
	assert_int_equal(lab_run(&c, NULL), TRIAL_OK);
	s = row_of(&c);
	assert_true(s.cpu_ns_per_op > 0 && s.cpu_ns_per_op < 500000);
}

static void what_coroutines_spend_on_spaces_and_messages_is_not_told_apart(void **state)
{
	struct sample s;
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/queue-async/openloop?domain=coroutine&rate=1000");
	assert_int_equal(lab_run(&c, NULL), TRIAL_OK);
	s = row_of(&c);
	assert_true(isnan(s.cpu_ns_per_op));
}

/* ---- energy ---------------------------------------------------------------------- */

static struct support_dir tree;

/* A zone as powercap shows it; energy NULL: no such file. */
static void put_zone(const char *zone, const char *name, const char *range, const char *energy)
{
	char path[200];

	snprintf(path, sizeof(path), "sys/class/powercap/%s", zone);
	assert_int_equal(mkdir(support_path(&tree, path), 0755), 0);
	snprintf(path, sizeof(path), "sys/class/powercap/%s/name", zone);
	support_text(support_path(&tree, path), name);
	snprintf(path, sizeof(path), "sys/class/powercap/%s/max_energy_range_uj", zone);
	support_text(support_path(&tree, path), range);
	snprintf(path, sizeof(path), "sys/class/powercap/%s/energy_uj", zone);
	if (energy)
		support_text(support_path(&tree, path), energy);
}

static void set_energy(const char *zone, const char *energy)
{
	char path[200];

	snprintf(path, sizeof(path), "sys/class/powercap/%s/energy_uj", zone);
	support_text(support_path(&tree, path), energy);
}

static int open_tree(void **state)
{
	(void)state;
	support_open(&tree);
	return mkdir(support_path(&tree, "sys"), 0755) |
	       mkdir(support_path(&tree, "sys/class"), 0755) |
	       mkdir(support_path(&tree, "sys/class/powercap"), 0755);
}

static int close_tree(void **state)
{
	(void)state;
	support_close(&tree);
	return 0;
}

static void energy_is_that_of_each_package_once_across_a_wrap_around(void **state)
{
	struct energy_reading before, after;
	struct energy e;
	char why[TEXT];

	(void)state;
	put_zone("intel-rapl:0", "package-0\n", "1000\n", "900\n");
	put_zone("intel-rapl:0:0", "core\n", "1000\n", "5\n");
	put_zone("intel-rapl:1", "package-1\n", "262143328850\n", "262143328000\n");
	put_zone("intel-rapl:2", "psys\n", "1000\n", "1\n");
	put_zone("intel-rapl-mmio:0", "package-0\n", "1000\n", "900\n");
	if (energy_open(&e, tree.path, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	assert_int_equal(e.n, 2);
	energy_read(&e, &before);
	energy_read(&e, &after);
	assert_true(energy_between(&e, &before, &after) == 0);
	set_energy("intel-rapl:0", "50\n"); /* around: 100 + 50 */
	set_energy("intel-rapl:1", "262143328500\n");
	set_energy("intel-rapl-mmio:0", "950\n");
	energy_read(&e, &after);
	assert_true(energy_between(&e, &before, &after) == 150 + 500);
	set_energy("intel-rapl:0", "1001\n"); /* above its range */
	energy_read(&e, &after);
	assert_true(energy_between(&e, &before, &after) == ENERGY_UNKNOWN);
	set_energy("intel-rapl:0", "\n");
	energy_read(&e, &after);
	assert_true(energy_between(&e, &before, &after) == ENERGY_UNKNOWN);
	energy_close(&e);
	energy_close(&e);
}

static void energy_that_is_not_to_be_had_says_why(void **state)
{
	struct energy e;
	char why[TEXT];

	(void)state;
	assert_int_equal(energy_open(&e, tree.path, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "shows no package"));
	put_zone("intel-rapl:0", "package-0\n", "1000\n", NULL);
	assert_int_equal(energy_open(&e, tree.path, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "intel-rapl:0/energy_uj: No such file"));
	put_zone("intel-rapl:1", "package-1\n", "many\n", "1\n");
	assert_int_equal(energy_open(&e, tree.path, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "max_energy_range_uj holds no number"));
	assert_int_equal(e.n, 0);
	energy_close(&e);
}

/* Another process lets the counter run until it is killed. */
static pid_t burn_energy(void)
{
	const struct timespec nap = {.tv_nsec = 100000};
	const char *path = support_path(&tree, "sys/class/powercap/intel-rapl:0/energy_uj");
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();
	char text[32];

	for (unsigned uj = 1000; pid == 0 && uj < 1000000000; uj += 1000) {
		int len = snprintf(text, sizeof(text), "%012u\n", uj);

		if (pwrite(fd, text, (size_t)len, 0) != len)
			_exit(1);
		nanosleep(&nap, NULL);
	}
	if (pid == 0)
		_exit(0);
	close(fd);
	return pid;
}

static void trial_reads_the_energy_around_its_stretch(void **state)
{
	struct trial_spec spec;
	struct cell c;
	struct sample s;
	pid_t burner;

	(void)state;
	put_zone("intel-rapl:0", "package-0\n", "1000000000000\n", "000000000000\n");
	lab_need_cell(&c, "lock/mutex/contend?fan=2&placement=unpinned");
	burner = burn_energy();
	assert_true(burner > 0);
	c.stretch_ns = 30 * 1000 * 1000;
	for (int i = 0; i < LAB_TRIES && (i == 0 || lab.result->energy_uj < 1000); i++) {
		lab_spec(&c, &spec);
		snprintf(spec.energy_root, sizeof(spec.energy_root), "%s", tree.path);
		if (lab_run_spec(&c, &spec) != TRIAL_OK)
			fail_msg("%s", lab.result->reason);
		c.stretch_ns *= 8; /* the burner may have had no processor */
	}
	kill(burner, SIGKILL);
	assert_int_equal(waitpid(burner, NULL, 0), burner);
	s = row_of(&c);
	assert_true(lab.result->energy_uj >= 1000);
	assert_true(lab.result->energy_uj % 1000 == 0);
	assert_true(fabs(s.energy_uj_per_op * (double)lab.result->cpu_ops -
			    (double)lab.result->energy_uj) < 1e-3);
	lab_nothing_left(c.key);
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, open_tree, close_tree)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_count_what_is_done_between_start_and_stop),
		cmocka_unit_test(counters_without_a_plan_open_nothing_and_know_nothing),
		cmocka_unit_test(
			counters_that_took_turns_are_scaled_and_those_without_a_turn_are_unknown),
		cmocka_unit_test(probe_names_the_events_that_a_machine_has_not),
		cmocka_unit_test(probe_says_which_setting_forbids_the_kernels_events),
		cmocka_unit_test(gauges_have_a_value_or_a_reason),
		cmocka_unit_test(workers_are_counted_however_they_began),
		cmocka_unit_test(counter_that_is_absent_or_has_no_plan_leaves_its_column_empty),
		cmocka_unit_test(every_row_has_its_costs),
		cmocka_unit_test(spaced_wakeups_have_their_switches_and_no_counters),
		cmocka_unit_test(the_spaces_between_messages_are_not_what_receiving_costs),
		cmocka_unit_test(what_coroutines_spend_on_spaces_and_messages_is_not_told_apart),
		TREE_TEST(energy_is_that_of_each_package_once_across_a_wrap_around),
		TREE_TEST(energy_that_is_not_to_be_had_says_why),
		TREE_TEST(trial_reads_the_energy_around_its_stretch),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
