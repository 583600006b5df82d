/* doctor.c - see doctor.h. */
#include "bench/doctor.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/env_probe.h"
#include "bench/quality.h"
#include "harness/compiler.h"

/* As env_believe.c: below, every machine shows it. */
static const double busy_load = 0.5, little_steal_pct = 0.1;

/* Stolen since boot, hours and all: above it a gate would not find a quiet time. */
static const double much_steal_pct = 5;

const char *doctor_state_name(enum doctor_state s)
{
	static const char *const names[DOCTOR_STATES] = {"ok", "hint", "warn"};

	return names[s];
}

/* ---- saying -------------------------------------------------------------- */

struct patient {
	const char *root;
	const struct doctor_now *now;
	unsigned cpus; /* online; 0: unknown */
	struct env_value v;
};

PRINTF_LIKE(2, 3) static void found(struct doctor_line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->found, sizeof(l->found), fmt, ap);
	va_end(ap);
}

static void advise(
	struct doctor_line *l, enum doctor_state s, const char *touches, const char *what)
{
	l->state = s;
	snprintf(l->touches, sizeof(l->touches), "%s", touches);
	snprintf(l->advice, sizeof(l->advice), "%s", what);
}

/* The fact of environment.csv, its reason where there is none.  True: there is one. */
static bool fact(struct patient *p, struct doctor_line *l, const char *key)
{
	bool known = env_probe_fact(&p->v, p->root, key);

	found(l, "%.*s", (int)sizeof(l->found) - 1, known ? p->v.value : p->v.reason);
	return known;
}

static bool line_of(struct patient *p, struct doctor_line *l, const char *path)
{
	bool known = env_probe_line(&p->v, p->root, path);

	found(l, "%.*s", (int)sizeof(l->found) - 1, known ? p->v.value : p->v.reason);
	return known;
}

/* ---- one thing each ------------------------------------------------------ */

typedef void look_fn(struct patient *p, struct doctor_line *l);

static void look_cpus(struct patient *p, struct doctor_line *l)
{
	unsigned allowed;

	if (!fact(p, l, "cpus_allowed"))
		return;
	allowed = env_probe_count(p->v.value);
	found(l, "%u of %u may be used", allowed, p->cpus);
	if (allowed < 2) {
		advise(l, DOCTOR_WARN, "all with two workers: they take turns", "allow two CPUs");
		l->gate = true;
	} else if (allowed < p->cpus) {
		advise(l, DOCTOR_HINT, "placements beyond these CPUs",
			"taskset or the cpuset of the control group limits them");
	}
}

static void look_hypervisor(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "hypervisor") && strcmp(p->v.value, "none") != 0)
		advise(l, DOCTOR_HINT, "cross-CPU wake-ups; what the host does is not seen",
			"compare only runs of the same machine; a physical one says more");
}

static void look_steal(struct patient *p, struct doctor_line *l)
{
	double since_boot = (double)NAN, now = p->now->noise.steal_pct;

	if (fact(p, l, "steal_since_boot_pct"))
		since_boot = strtod(p->v.value, NULL);
	if (!isnan(now))
		found(l, "%.3g %% now, %.3g %% since boot", now, since_boot);
	if (now > NOISY_STEAL_PERCENT || since_boot > NOISY_STEAL_PERCENT) {
		advise(l, DOCTOR_WARN, "all: the host takes CPU time away",
			"ask for dedicated CPUs, or measure at another time");
		l->gate = now > NOISY_STEAL_PERCENT || since_boot > much_steal_pct;
	} else if (since_boot > little_steal_pct) {
		advise(l, DOCTOR_HINT, "tails", "the host takes CPU time away at times");
	}
}

static void look_load(struct patient *p, struct doctor_line *l)
{
	double load;

	if (!fact(p, l, "load_average"))
		return;
	load = strtod(p->v.value, NULL);
	if (load <= busy_load)
		return;
	advise(l, DOCTOR_WARN, "all: other work runs", "stop it, or wait until it is done");
	l->gate = p->cpus == 0 || load > busy_load * p->cpus;
}

static void look_gaps(struct patient *p, struct doctor_line *l)
{
	if (isnan(p->now->gap_ns)) {
		found(l, "nobody looked");
		return;
	}
	found(l, "%.0f us at most on a CPU", p->now->gap_ns / 1e3);
	if (p->now->gap_ns > NOISY_GAP_NS) {
		advise(l, DOCTOR_WARN, "all: CPUs are not ours without gaps",
			"see what runs (top), or what the host does");
		l->gate = true;
	}
}

static void look_interrupts(struct patient *p, struct doctor_line *l)
{
	double rate = p->now->noise.irq_per_s;

	if (isnan(rate)) {
		found(l, "not to be counted here");
		return;
	}
	found(l, "%.0f device interrupts a second", rate);
	if (rate > NOISY_IRQ_PER_S)
		advise(l, DOCTOR_WARN, "rows on the CPUs that get them",
			"move them: /proc/irq/*/smp_affinity");
}

static void look_quota(struct patient *p, struct doctor_line *l)
{
	if (!fact(p, l, "cgroup_cpu_quota_cpus") || strcmp(p->v.value, "unlimited") == 0)
		return;
	found(l, "%.40s CPUs", p->v.value);
	advise(l, DOCTOR_WARN, "all that keep more CPUs busy: throttled for tens of ms",
		"raise the control group's cpu.max");
	l->gate = p->cpus == 0 || strtod(p->v.value, NULL) < p->cpus;
}

static void look_thermal(struct patient *p, struct doctor_line *l)
{
	if (isnan(p->now->noise.thermal)) {
		found(l, "no counts of throttling here");
		return;
	}
	found(l, "%.0f times just now", p->now->noise.thermal);
	if (p->now->noise.thermal > 0) {
		advise(l, DOCTOR_WARN, "all: the processor is slowed down", "let it cool");
		l->gate = true;
	}
}

static void look_governor(struct patient *p, struct doctor_line *l)
{
	if (!fact(p, l, "governor")) {
		found(l, "not to be seen");
		advise(l, DOCTOR_HINT, "all: the frequency can be neither seen nor fixed",
			"nothing to be done in a guest; compare runs that are interleaved");
	} else if (strcmp(p->v.value, "performance") != 0) {
		advise(l, DOCTOR_WARN, "all that sleep: the frequency follows the load",
			"cpupower frequency-set -g performance");
	}
}

static void look_turbo(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "turbo") && strcmp(p->v.value, "on") == 0)
		advise(l, DOCTOR_HINT, "all: faster while few CPUs are busy",
			"echo 1 > .../intel_pstate/no_turbo, or 0 > .../cpufreq/boost");
}

static void look_smt(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "smt") && strcmp(p->v.value, "on") == 0)
		advise(l, DOCTOR_HINT, "rows beside busy siblings (marked: sibling)",
			"echo off > /sys/devices/system/cpu/smt/control");
}

static void look_clocksource(struct patient *p, struct doctor_line *l)
{
	static const char *const counters[] = {"tsc", "arch_sys_counter"};
	static const char *const pages[] = {
		"kvm-clock", "hyperv_clocksource_tsc_page", "timebase", "riscv_clocksource"};

	if (!fact(p, l, "clocksource"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		if (strcmp(p->v.value, counters[i]) == 0)
			return;
	}
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (strcmp(p->v.value, pages[i]) == 0) {
			advise(l, DOCTOR_HINT, "latencies below a microsecond",
				"see clock and clock_cost_ns of the rows");
			return;
		}
	}
	advise(l, DOCTOR_WARN, "all latencies: reading the time is a system call",
		"boot with clocksource=tsc where it is stable");
	l->gate = true;
}

static void look_idle(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "cpuidle_driver") && strcmp(p->v.value, "none") != 0)
		advise(l, DOCTOR_HINT, "cross-CPU wake-ups: idle CPUs take a while to wake",
			"cpupower idle-set -D 2, or hold /dev/cpu_dma_latency at 0");
}

static void look_isolated(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "cpus_isolated") && strcmp(p->v.value, "none") == 0 && p->cpus >= 4)
		advise(l, DOCTOR_HINT, "tails: the kernel's housekeeping runs everywhere",
			"boot with isolcpus= and nohz_full= for the best tails");
}

static void look_timer(struct patient *p, struct doctor_line *l)
{
	if (!line_of(p, l, "/proc/sys/kernel/timer_migration") || p->v.value[0] != '1')
		return;
	if (env_probe_fact(&p->v, p->root, "cpus_isolated") && strcmp(p->v.value, "none") != 0)
		advise(l, DOCTOR_HINT, "timed waits: their timers may fire on another CPU",
			"sysctl kernel.timer_migration=0");
}

static void look_aslr(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "aslr") && p->v.value[0] != '2')
		advise(l, DOCTOR_HINT, "comparisons: one layout of memory, every time the same",
			"sysctl kernel.randomize_va_space=2");
}

static void look_thp(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "transparent_hugepages") && strcmp(p->v.value, "always") == 0)
		advise(l, DOCTOR_HINT, "large messages: huge pages come and go",
			"echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
}

static void look_numa(struct patient *p, struct doctor_line *l)
{
	if (line_of(p, l, "/proc/sys/kernel/numa_balancing") && p->v.value[0] != '0')
		advise(l, DOCTOR_HINT, "rows across nodes: pages move while they are used",
			"sysctl kernel.numa_balancing=0");
}

static void look_mitigations(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "boot_parameters") && strstr(p->v.value, "mitigations=off"))
		advise(l, DOCTOR_HINT, "system calls: cheaper than where programs usually run",
			"boot without mitigations=off for figures of everyday use");
	else
		found(l, "as the kernel chose them; see environment.csv");
}

static void look_swap(struct patient *p, struct doctor_line *l)
{
	char path[512], text[256], name[128], type[32];
	unsigned long long kib, used, all = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/swaps", p->root);
	f = fopen(path, "re");
	if (!f) {
		found(l, "/proc/swaps cannot be read");
		return;
	}
	while (fgets(text, sizeof(text), f)) {
		if (sscanf(text, "%127s %31s %llu %llu", name, type, &kib, &used) == 4)
			all += used;
	}
	fclose(f);
	found(l, all ? "%llu KiB in use" : "not in use", all);
	if (all)
		advise(l, DOCTOR_HINT, "long runs: pages may come from a disk", "swapoff -a");
}

static void look_perf(struct patient *p, struct doctor_line *l)
{
	if (fact(p, l, "perf_event_paranoid") && strtol(p->v.value, NULL, 10) > 2)
		advise(l, DOCTOR_HINT, "hardware counters: empty without privileges",
			"sysctl kernel.perf_event_paranoid=2");
}

static void look_build(struct patient *p, struct doctor_line *l)
{
	found(l, "%s", p->now->unfit ? p->now->why : "made for measuring");
	if (p->now->unfit) {
		advise(l, DOCTOR_WARN, "all: this build's figures mean nothing", "make all");
		l->gate = true;
	}
}

static const struct {
	const char *key;
	look_fn *look;
} looks[] = {
	{"build", look_build},
	{"cpus", look_cpus},
	{"virtualisation", look_hypervisor},
	{"steal", look_steal},
	{"load", look_load},
	{"gaps", look_gaps},
	{"interrupts", look_interrupts},
	{"cgroup-quota", look_quota},
	{"heat", look_thermal},
	{"clocksource", look_clocksource},
	{"governor", look_governor},
	{"turbo", look_turbo},
	{"smt", look_smt},
	{"idle-states", look_idle},
	{"isolated-cpus", look_isolated},
	{"timer-migration", look_timer},
	{"aslr", look_aslr},
	{"huge-pages", look_thp},
	{"numa-balancing", look_numa},
	{"mitigations", look_mitigations},
	{"swap", look_swap},
	{"perf-events", look_perf},
};

_Static_assert(ARRAY_LEN(looks) <= DOCTOR_MAX_LINES, "callers have room for them");

size_t doctor_look(const char *root, const struct doctor_now *now, struct doctor_line *line)
{
	struct patient p = {.root = root, .now = now};

	if (env_probe_line(&p.v, root, "/sys/devices/system/cpu/online"))
		p.cpus = env_probe_count(p.v.value);
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		line[i] = (struct doctor_line){.key = looks[i].key};
		looks[i].look(&p, &line[i]);
	}
	return ARRAY_LEN(looks);
}
