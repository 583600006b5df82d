/*
 * The doctor: each finding from a made-up machine, and the command on this one.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor.h"
#include "bench/quality.h"
#include "harness/compiler.h"
#include "tests/program.h"

enum { RC_INCONCLUSIVE = 4 };

static struct support_dir tree;
static struct doctor_now now;
static struct doctor_line line[DOCTOR_MAX_LINES];
static size_t lines;

static void put(const char *path, const char *text)
{
	support_text_below(&tree, path, text);
}

#define CPU      "/sys/devices/system/cpu/"
#define KERNEL   "/proc/sys/kernel/"
#define CLOCK    "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define HUGE_ON  "/sys/kernel/mm/transparent_hugepage/enabled"
#define MAX_FILE "/sys/fs/cgroup/a/cpu.max"

/* A physical machine of four CPUs that was made ready. */
static int setup(void **state)
{
	(void)state;
	support_open(&tree);
	now = (struct doctor_now){.gap_ns = 8000};
	put(CPU "online", "0-3\n");
	put(CPU "cpu0/cpufreq/scaling_governor", "performance\n");
	put(CPU "intel_pstate/no_turbo", "1\n");
	put(CPU "smt/control", "off\n");
	put(CPU "isolated", "2-3\n");
	put(CPU "cpuidle/current_driver", "none\n");
	put("/proc/cpuinfo", "processor : 0\nflags : fpu tsc\nmodel name : Made Up\n");
	put("/proc/self/status", "Cpus_allowed_list:\t0-3\n");
	put("/proc/self/cgroup", "0::/a\n");
	put("/proc/self/mountinfo", "30 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put(MAX_FILE, "max 100000\n");
	put("/proc/stat", "cpu  1000 0 0 9000 0 0 0 0 0 0\n");
	put("/proc/loadavg", "0.10 0.20 0.30 1/99 77\n");
	put("/proc/cmdline", "root=/dev/sda1 quiet\n");
	put("/proc/swaps", "Filename Type Size Used Priority\n");
	put(KERNEL "timer_migration", "0\n");
	put(KERNEL "randomize_va_space", "2\n");
	put(KERNEL "numa_balancing", "0\n");
	put(KERNEL "perf_event_paranoid", "1\n");
	put(CLOCK, "tsc\n");
	put(HUGE_ON, "always [madvise] never\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	support_close(&tree);
	return 0;
}

static const struct doctor_line *look(const char *key)
{
	lines = doctor_look(tree.path, &now, line);
	for (size_t i = 0; i < lines; i++) {
		if (strcmp(line[i].key, key) == 0)
			return &line[i];
	}
	fail_msg("the doctor says nothing of %s", key);
	return NULL;
}

/* This, and nothing else but what was there before. */
static void check(const char *key, enum doctor_state state, bool gate, const char *words)
{
	const struct doctor_line *l = look(key);

	if (l->state != state || l->gate != gate || !strstr(l->found, words))
		fail_msg("%s: %s%s: \"%s\", not \"%s\"", key, doctor_state_name(l->state),
			l->gate ? " (gate)" : "", l->found, words);
	if (state != DOCTOR_OK && (!l->touches[0] || !l->advice[0]))
		fail_msg("%s: nothing is said of what it touches, or what to do", key);
	for (size_t i = 0; i < lines; i++) {
		if (&line[i] != l && line[i].state != DOCTOR_OK)
			fail_msg("%s: %s is no longer ok: %s", key, line[i].key, line[i].found);
	}
}

static void doctor_finds_nothing_where_nothing_is(void **state)
{
	(void)state;
	check("governor", DOCTOR_OK, false, "performance");
	assert_true(lines > 15);
	for (size_t i = 0; i < lines; i++) {
		assert_false(line[i].gate);
		assert_true(line[i].found[0] && !line[i].advice[0]);
	}
}

struct fault {
	const char *path, *text, *key;
	enum doctor_state state;
	bool gate;
	const char *words;
};

static void doctor_finds_each_setting(void **state)
{
	static const struct fault faults[] = {
		{CPU "cpu0/cpufreq/scaling_governor", "powersave\n", "governor", DOCTOR_WARN, false,
			"powersave"},
		{CPU "intel_pstate/no_turbo", "0\n", "turbo", DOCTOR_HINT, false, "on"},
		{CPU "smt/control", "on\n", "smt", DOCTOR_HINT, false, "on"},
		{CPU "isolated", "\n", "isolated-cpus", DOCTOR_HINT, false, "none"},
		{CPU "cpuidle/current_driver", "intel_idle\n", "idle-states", DOCTOR_HINT, false,
			"intel_idle"},
		{"/proc/self/status", "Cpus_allowed_list:\t0-1\n", "cpus", DOCTOR_HINT, false,
			"2 of 4"},
		{"/proc/self/status", "Cpus_allowed_list:\t3\n", "cpus", DOCTOR_WARN, true,
			"1 of 4"},
		{MAX_FILE, "50000 100000\n", "cgroup-quota", DOCTOR_WARN, true, "0.5 CPUs"},
		{MAX_FILE, "800000 100000\n", "cgroup-quota", DOCTOR_WARN, false, "8 CPUs"},
		{"/proc/stat", "cpu  1000 0 0 8980 0 0 0 20 0 0\n", "steal", DOCTOR_HINT, false,
			"0.2 % since boot"},
		{"/proc/stat", "cpu  1000 0 0 8700 0 0 0 300 0 0\n", "steal", DOCTOR_WARN, false,
			"3 % since boot"},
		{"/proc/stat", "cpu  1000 0 0 8000 0 0 0 1000 0 0\n", "steal", DOCTOR_WARN, true,
			"10 % since boot"},
		{"/proc/loadavg", "1.50 0 0 1/99 7\n", "load", DOCTOR_WARN, false, "1.50"},
		{"/proc/loadavg", "3.00 0 0 1/99 7\n", "load", DOCTOR_WARN, true, "3.00"},
		{"/proc/cmdline", "quiet mitigations=off\n", "mitigations", DOCTOR_HINT, false,
			"mitigations=off"},
		{"/proc/swaps", "Filename Type\n/dev/sdb partition 1000 12 -2\n", "swap",
			DOCTOR_HINT, false, "12 KiB"},
		{KERNEL "timer_migration", "1\n", "timer-migration", DOCTOR_HINT, false, ""},
		{KERNEL "randomize_va_space", "0\n", "aslr", DOCTOR_HINT, false, "0"},
		{KERNEL "numa_balancing", "1\n", "numa-balancing", DOCTOR_HINT, false, "1"},
		{KERNEL "perf_event_paranoid", "4\n", "perf-events", DOCTOR_HINT, false, "4"},
		{CLOCK, "hpet\n", "clocksource", DOCTOR_WARN, true, "hpet"},
		{CLOCK, "kvm-clock\n", "clocksource", DOCTOR_HINT, false, "kvm-clock"},
		{HUGE_ON, "[always] madvise never\n", "huge-pages", DOCTOR_HINT, false, "always"},
		{"/sys/hypervisor/type", "xen\n", "virtualisation", DOCTOR_HINT, false, "xen"},
	};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		const struct fault *f = &faults[i];

		teardown(state);
		setup(state);
		put(f->path, f->text);
		check(f->key, f->state, f->gate, f->words);
	}
}

static void doctor_finds_what_happens_now(void **state)
{
	(void)state;
	now.noise.steal_pct = NOISY_STEAL_PERCENT + 1;
	check("steal", DOCTOR_WARN, true, "3 % now");
	now.noise.steal_pct = 0;
	now.gap_ns = NOISY_GAP_NS + 1000;
	check("gaps", DOCTOR_WARN, true, "251 us");
	now.gap_ns = (double)NAN;
	check("gaps", DOCTOR_OK, false, "nobody looked");
	now.noise.irq_per_s = NOISY_IRQ_PER_S + 1;
	check("interrupts", DOCTOR_WARN, false, "2001");
	now.noise.irq_per_s = 0;
	now.noise.thermal = 2;
	check("heat", DOCTOR_WARN, true, "2 times");
	now.noise.thermal = 0;
	now.unfit = true;
	now.why = "asan";
	check("build", DOCTOR_WARN, true, "asan");
}

/* Not to know is said, and is no finding but where it matters. */
static void doctor_says_what_cannot_be_known(void **state)
{
	(void)state;
	support_close(&tree);
	support_open(&tree);
	noise_unknown(&now.noise);
	lines = doctor_look(tree.path, &now, line);
	for (size_t i = 0; i < lines; i++) {
		assert_true(line[i].found[0] != '\0');
		assert_false(line[i].gate);
		if (strcmp(line[i].key, "governor") != 0)
			assert_int_equal(line[i].state, DOCTOR_OK);
	}
}

#define DOCTOR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- the command ----------------------------------------------------------------------- */

/* Exit code 4 exactly where a line says that gates suffer, and then it says so in words. */
static void doctor_of_this_machine_ends_as_it_says(void **state)
{
	int code;
	bool gate;

	(void)state;
	code = program_finish(program_start(H "doctor --format csv"));
	gate = strstr(program.out, ",untrustworthy,") != NULL;
	assert_int_equal(code, gate ? RC_INCONCLUSIVE : RC_FINE);
	assert_true(strncmp(program.out, "key,state,gate,found,touches,advice\nbuild,", 42) == 0);
	assert_non_null(strstr(program.err,
		gate ? "A gate on this machine would be untrustworthy now: " : "Nothing seen"));
	code = program_finish(program_start(H "doctor"));
	assert_true(code == RC_FINE || code == RC_INCONCLUSIVE);
	assert_int_equal(
		code == RC_INCONCLUSIVE, strstr(program.out, "untrustworthy now: ") != NULL);
}

static void doctor_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	program_refuses(H "doctor --format xml", "text or csv");
	program_refuses(H "doctor me", "me");
	program_refuses("env HWLOC_SYNTHETIC='pack:2 core:2 pu:2' " H "doctor", "another machine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOCTOR_TEST(doctor_finds_nothing_where_nothing_is),
		DOCTOR_TEST(doctor_finds_each_setting),
		DOCTOR_TEST(doctor_finds_what_happens_now),
		DOCTOR_TEST(doctor_says_what_cannot_be_known),
		PROGRAM_TEST(doctor_of_this_machine_ends_as_it_says),
		PROGRAM_TEST(doctor_refuses_what_it_does_not_know),
	};

	program_find();
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
