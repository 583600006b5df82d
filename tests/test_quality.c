/*
 * Quality: each rule at its threshold, and the counters behind the facts, read from
 * made-up trees.  Noise that is really injected: test_noise.c.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/noise.h"
#include "bench/quality.h"
#include "tests/support.h"

enum { STRETCH_NS = 30000000 };

/* Two workers that never sleep, on a processor each, and a machine that did nothing else. */
static struct quality_facts calm(void)
{
	struct quality_facts f = {
		.room = true,
		.pinned = true,
		.spins = true,
		.workers = 2,
		.elapsed_ns = STRETCH_NS,
		.overlap_permille = 1000,
		.gap_before_ns = 10000,
		.gap_after_ns = 10000,
	};

	return f;
}

static void check_marked(const struct quality_facts *f, const char *why)
{
	char text[QUALITY_TEXT];

	quality_say(quality_judge(f), text, sizeof(text));
	assert_string_equal(text, why);
}

/* Clean with `most` in a field, marked with a little more. */
static void check_threshold(size_t offset, double most, const char *why)
{
	struct quality_facts f = calm();
	double *field = (double *)(void *)((char *)&f + offset);

	*field = most;
	check_marked(&f, "");
	*field = most + most / 100 + 1e-9;
	check_marked(&f, why);
	*field = (double)NAN; /* not known speaks neither for nor against */
	check_marked(&f, "");
}

#define THRESHOLD(field, most, why)                                                                \
	check_threshold(offsetof(struct quality_facts, field), most, why)

static void quality_of_a_calm_trial_is_clean(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	check_marked(&f, "");
	noise_unknown(&f.machine);
	f.involuntary = f.voluntary = f.runq_wait_ns = f.away_ns = (double)NAN;
	f.gap_before_ns = f.gap_after_ns = (double)NAN;
	check_marked(&f, "");
}

static void quality_has_a_threshold_for_each_fact(void **state)
{
	(void)state;
	THRESHOLD(machine.steal_used_least, NOISY_STEAL_PERCENT, "steal");
	THRESHOLD(machine.throttled_us, NOISY_THROTTLED_US, "throttled");
	THRESHOLD(machine.frozen_us, NOISY_FROZEN_US, "frozen");
	THRESHOLD(machine.thermal, 0, "throttled");
	THRESHOLD(machine.irq_per_s, NOISY_IRQ_PER_S, "interrupts");
	THRESHOLD(machine.sibling_busy_least, NOISY_SIBLING_PERCENT, "sibling");
	THRESHOLD(gap_before_ns, NOISY_GAP_NS, "gap");
	THRESHOLD(gap_after_ns, NOISY_GAP_NS, "gap");
	THRESHOLD(runq_wait_ns, STRETCH_NS / 1000.0 * NOISY_QUEUE_PERMILLE, "queue");
	THRESHOLD(away_ns, STRETCH_NS / 1000.0 * NOISY_AWAY_PERMILLE, "away");
}

/* What a mechanism's own helpers and devices do is not noise. */
static void quality_does_not_hold_against_a_trial_what_its_own_helpers_do(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.overlap_permille = NOISY_OVERLAP_PERMILLE - 1;
	f.involuntary = 1000;
	f.runq_wait_ns = STRETCH_NS / 2.0;
	f.gap_after_ns = 2 * NOISY_GAP_NS;
	check_marked(&f, "overlap preempted queue gap");
	f.helped = true;
	check_marked(&f, "");
	f = calm();
	f.machine.irq_per_s = 2 * NOISY_IRQ_PER_S;
	check_marked(&f, "interrupts");
	f.device = true;
	check_marked(&f, "");
	f.machine.steal_used_least = 2 * NOISY_STEAL_PERCENT; /* but the host is no helper */
	check_marked(&f, "steal");
}

static void quality_of_the_whole_machine_counts_where_the_cpus_are_not_known(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.machine.steal_pct = 50;
	check_marked(&f, ""); /* others were robbed */
	f.machine.steal_used_least = (double)NAN;
	check_marked(&f, "steal");
}

static void quality_names_what_happened_to_the_workers(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.stopped = true;
	check_marked(&f, "stopped");
	f = calm();
	f.migrated = 1;
	check_marked(&f, "migrated");
	f = calm();
	f.overlap_permille = NOISY_OVERLAP_PERMILLE;
	check_marked(&f, "");
	f.overlap_permille = NOISY_OVERLAP_PERMILLE - 1;
	check_marked(&f, "overlap");
	f.apart = true;
	check_marked(&f, "");
	f.apart = false;
	f.workers = 1;
	check_marked(&f, "");
}

/* What keeps processors awake is busy beside the workers, and in their place when they yield. */
static void quality_does_not_blame_the_spinners_that_the_cell_asks_for(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.machine.sibling_busy_least = 99;
	check_marked(&f, "sibling");
	f.kept_awake = true;
	check_marked(&f, "");
	f.runq_wait_ns = STRETCH_NS / 2;
	check_marked(&f, "queue"); /* the lowest policy takes nobody's place who does not yield */
	f.yields = true;
	check_marked(&f, "");
	f.involuntary = 1000;
	check_marked(&f, "");
	f.yields = false;
	check_marked(&f, "preempted queue");
}

static void quality_wants_several_switches_before_it_speaks_of_preemption(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.runq_wait_ns = (double)NAN;
	f.involuntary = NOISY_PREEMPTED_LEAST;
	check_marked(&f, "preempted"); /* 100 a second */
	f.runq_wait_ns = STRETCH_NS / 1000.0 * NOISY_PREEMPTED_PERMILLE;
	check_marked(&f, ""); /* often, but never for long */
	f.runq_wait_ns += 1;
	check_marked(&f, "preempted");
	f.runq_wait_ns = (double)NAN;
	f.involuntary = NOISY_PREEMPTED_LEAST - 1;
	check_marked(&f, "");
	f.elapsed_ns = 1e9;
	f.involuntary = NOISY_PREEMPTED_PER_S;
	check_marked(&f, "");
	f.involuntary = NOISY_PREEMPTED_PER_S + 1;
	check_marked(&f, "preempted");
}

/* Taking turns is what workers do that share a processor. */
static void quality_lets_workers_wait_that_share_a_processor(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.room = false;
	f.overlap_permille = 0;
	f.involuntary = 1000;
	f.runq_wait_ns = STRETCH_NS / 2.0;
	check_marked(&f, "");
	f.room = true;
	f.pinned = false; /* where unpinned workers meet, the scheduler has put them */
	check_marked(&f, "overlap");
	f.pinned = true;
	check_marked(&f, "overlap preempted queue");
}

static void quality_lets_each_wake_up_take_its_time(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.spins = false;
	f.voluntary = 1000;
	f.runq_wait_ns = 1000.0 * QUEUE_ALLOWANCE_NS + STRETCH_NS / 1000.0 * NOISY_QUEUE_PERMILLE;
	check_marked(&f, "");
	f.runq_wait_ns += 1000;
	check_marked(&f, "queue");
}

static void quality_misses_only_workers_that_never_sleep(void **state)
{
	struct quality_facts f = calm();

	(void)state;
	f.away_ns = STRETCH_NS / 2.0;
	check_marked(&f, "away");
	f.voluntary = AWAY_MAX_SLEEPS + 1;
	check_marked(&f, "");
	f.voluntary = 0;
	f.spins = false;
	check_marked(&f, "");
	assert_true(isnan(quality_away_pct(&f)));
	f = calm();
	f.elapsed_ns = 1000000; /* a short trial: 5 % of it are 50 us */
	f.away_ns = NOISY_AWAY_LEAST_NS - 1;
	check_marked(&f, "");
}

static void quality_reasons_fit_all_at_once(void **state)
{
	char all[QUALITY_TEXT], shorter[8];

	(void)state;
	quality_say((1u << QUALITY_REASONS) - 1, all, sizeof(all));
	assert_true(strlen(all) < sizeof(all) - 1);
	for (int i = 0; i < QUALITY_REASONS; i++)
		assert_non_null(strstr(all, quality_reason_name((enum quality_reason)i)));
	quality_say((1u << QUALITY_REASONS) - 1, shorter, sizeof(shorter));
	assert_string_equal(shorter, "steal o");
}

/* ---- the counters, from a made-up tree ------------------------------------------------- */

enum { TRIES = 5 };

static struct support_dir tree;

static int setup(void **state)
{
	(void)state;
	support_open(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	support_close(&tree);
	return 0;
}

static void put(const char *path, const char *text)
{
	support_text_below(&tree, path, text);
}

#define CPU "/sys/devices/system/cpu/"

/* Two cores of two threads, 0 with 2 and 1 with 3; our group is /a/b. */
static void put_machine(void)
{
	put("/proc/stat", "cpu  0 0 0 4000 0 0 0 0 0 0\ncpu0 0 0 0 1000 0 0 0 0 0 0\n"
			  "cpu1 0 0 0 1000 0 0 0 0 0 0\ncpu2 0 0 0 1000 0 0 0 0 0 0\n"
			  "cpu3 0 0 0 1000 0 0 0 0 0 0\nintr 5 4\n");
	put("/proc/interrupts", "      CPU0 CPU1 CPU2 CPU3\n  1: 10 20 30 40 IO-APIC timer\n"
				"LOC: 99 99 99 99 Local timer interrupts\n");
	put("/proc/self/cgroup", "0::/a/b\n");
	put("/proc/self/mountinfo", "30 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("/sys/fs/cgroup/a/cpu.stat", "usage_usec 7\nthrottled_usec 100\n");
	put("/sys/fs/cgroup/a/b/cpu.stat", "usage_usec 7\nthrottled_usec 50\n");
	put("/sys/fs/cgroup/a/cgroup.stat.local", "frozen_usec 10\n");
	put(CPU "smt/active", "1\n");
	put(CPU "cpu0/topology/thread_siblings_list", "0,2\n");
	put(CPU "cpu1/topology/thread_siblings_list", "1,3\n");
	put(CPU "cpu0/thermal_throttle/core_throttle_count", "4\n");
	put(CPU "cpu0/thermal_throttle/package_throttle_count", "8\n");
	put(CPU "cpu1/thermal_throttle/core_throttle_count", "0\n");
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Of the last facts_of(), at most. */
static double window_s;

/* What happened while a trial ran on `cpu`; the window is over. */
static struct noise_facts facts_of(const uint32_t *cpu, size_t n, void (*meanwhile)(void))
{
	const struct timespec window = {.tv_nsec = NOISE_WINDOW_NS + 20000000};
	struct noise *noise = noise_open(tree.path);
	double begin_s = now_s();
	struct noise_facts f;

	assert_non_null(noise);
	noise_begin(noise);
	nanosleep(&window, NULL);
	meanwhile();
	noise_end(noise, cpu, n, &f);
	window_s = now_s() - begin_s;
	noise_close(noise);
	return f;
}

/* CPU 0: 90 user, 10 stolen.  CPU 2, its sibling: 60 busy.  CPUs 1 and 3: idle. */
static void much_happened(void)
{
	put("/proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 90 0 0 1000 0 0 0 10 0 0\n"
			  "cpu1 0 0 0 1100 0 0 0 0 0 0\ncpu2 30 10 10 1040 0 5 5 0 0 0\n"
			  "cpu3 0 0 0 1100 0 0 0 0 0 0\n");
	put("/proc/interrupts", "      CPU0 CPU1 CPU2 CPU3\n  1: 1010 20 30 40 IO-APIC timer\n"
				"LOC: 9999 9999 99 99 Local timer interrupts\n");
	put("/sys/fs/cgroup/a/cpu.stat", "usage_usec 7\nthrottled_usec 1100\n");
	put("/sys/fs/cgroup/a/b/cpu.stat", "usage_usec 7\nthrottled_usec 60\n");
	put("/sys/fs/cgroup/a/cgroup.stat.local", "frozen_usec 2010\n");
	put(CPU "cpu0/thermal_throttle/core_throttle_count", "5\n");
	put(CPU "cpu0/thermal_throttle/package_throttle_count", "10\n");
}

/* Where the first reading of the interrupts took long, as in a pause, they are not read again. */
static struct noise_facts facts_of_much(const uint32_t *cpu, size_t n)
{
	struct noise_facts f = {.irq_per_s = (double)NAN};

	for (int i = 0; i < TRIES && isnan(f.irq_per_s); i++) {
		put_machine();
		f = facts_of(cpu, n, much_happened);
	}
	return f;
}

static void noise_is_counted_on_the_cpus_that_were_used(void **state)
{
	static const uint32_t cpu[] = {0, 0};
	struct noise_facts f;

	(void)state;
	f = facts_of_much(cpu, 2);
	assert_true(f.steal_pct == 2.5 && f.steal_used_pct == 10 && f.steal_used_least == 9);
	assert_true(f.sibling_busy_pct == 60 && f.sibling_busy_least == 59);
	assert_true(f.thermal == 3 && f.throttled_us == 1010 && f.frozen_us == 2000);
	assert_true(f.irq_per_s >= 999 / window_s && f.irq_per_s < 1000 / 0.25);
}

static void noise_elsewhere_is_not_counted(void **state)
{
	static const uint32_t cpu[] = {1, 3};
	struct noise_facts f;

	(void)state;
	f = facts_of_much(cpu, 2);
	assert_true(f.steal_used_pct == 0 && f.irq_per_s == 0 && f.thermal == 0);
	assert_true(isnan(f.sibling_busy_pct)); /* both threads of the core were used */
	assert_true(f.throttled_us == 1010);    /* the group is ours, wherever it runs */
}

static void nothing_happened(void)
{
}

static void noise_that_the_machine_does_not_tell_is_empty(void **state)
{
	static const uint32_t cpu[] = {0, 1};
	struct noise_facts f;

	(void)state;
	f = facts_of(cpu, 2, nothing_happened);
	assert_true(isnan(f.steal_pct) && isnan(f.steal_used_pct) && isnan(f.throttled_us));
	assert_true(isnan(f.frozen_us) && isnan(f.thermal) && isnan(f.irq_per_s));
	assert_true(isnan(f.sibling_busy_pct));
}

/* A tick may be the rest of time that was stolen long before. */
static void one_tick_was_stolen(void)
{
	put("/proc/stat", "cpu  0 0 0 4000 0 0 0 0 0 0\ncpu0 0 0 0 1024 0 0 0 1 0 0\n"
			  "cpu1 0 0 0 1025 0 0 0 0 0 0\n");
}

static void noise_of_one_tick_proves_nothing(void **state)
{
	static const uint32_t cpu[] = {0};
	struct noise_facts f;

	(void)state;
	put_machine();
	f = facts_of(cpu, 1, one_tick_was_stolen);
	assert_true(f.steal_used_pct == 4 && f.steal_used_least == 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quality_of_a_calm_trial_is_clean),
		cmocka_unit_test(quality_has_a_threshold_for_each_fact),
		cmocka_unit_test(quality_does_not_hold_against_a_trial_what_its_own_helpers_do),
		cmocka_unit_test(quality_of_the_whole_machine_counts_where_the_cpus_are_not_known),
		cmocka_unit_test(quality_names_what_happened_to_the_workers),
		cmocka_unit_test(quality_does_not_blame_the_spinners_that_the_cell_asks_for),
		cmocka_unit_test(quality_wants_several_switches_before_it_speaks_of_preemption),
		cmocka_unit_test(quality_lets_workers_wait_that_share_a_processor),
		cmocka_unit_test(quality_lets_each_wake_up_take_its_time),
		cmocka_unit_test(quality_misses_only_workers_that_never_sleep),
		cmocka_unit_test(quality_reasons_fit_all_at_once),
		TEST(noise_is_counted_on_the_cpus_that_were_used),
		TEST(noise_elsewhere_is_not_counted),
		TEST(noise_that_the_machine_does_not_tell_is_empty),
		TEST(noise_of_one_tick_proves_nothing),
	};

	return cmocka_run_group_tests_name("quality", tests, NULL, NULL);
}
