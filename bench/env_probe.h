/*
 * Environment probes - one fact each, read below a root (see bench/env.h). Internal to env.c and
 * its tests.
 *
 * A probe fills value, or leaves it empty and fills reason. Text is one line without control
 * characters. All may be called from any thread.
 */
#ifndef BENCH_ENV_PROBE_H
#define BENCH_ENV_PROBE_H

#include <stdbool.h>
#include <stddef.h>

enum { ENV_VALUE_BYTES = 4096, ENV_REASON_BYTES = 320 };

struct env_value {
	char value[ENV_VALUE_BYTES];
	char reason[ENV_REASON_BYTES];
};

/* First line of a file; false with "path: why" as reason. An empty file is true, value empty. */
bool env_probe_line(struct env_value *v, const char *root, const char *path);

/* What follows `field` and a colon in a file of such lines (cpuinfo, meminfo, status). */
bool env_probe_field(struct env_value *v, const char *root, const char *path, const char *field);

/* Sets value or reason, printf-like. */
__attribute__((format(printf, 2, 3))) void env_probe_say(struct env_value *v, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void env_probe_fail(
	struct env_value *v, const char *fmt, ...);

/* How many CPUs a list such as "0-3,8" names. */
unsigned env_probe_count(const char *list);

/* The fact that environment.csv has under this key, in env.c.  False: it has a reason instead. */
bool env_probe_fact(struct env_value *v, const char *root, const char *key);

void env_probe_cpu_model(struct env_value *v, const char *root);
/* x86: family, model, stepping; ARM: architecture, part, variant and revision */
void env_probe_cpu_family(struct env_value *v, const char *root);
void env_probe_cpu_number(struct env_value *v, const char *root);
void env_probe_cpu_stepping(struct env_value *v, const char *root);
void env_probe_governor(struct env_value *v, const char *root);
void env_probe_turbo(struct env_value *v, const char *root);

/* Cache of the first online CPU: "32K line=64 cpus=0". type: "Data", "Instruction", "Unified". */
void env_probe_cache(struct env_value *v, const char *root, unsigned level, const char *type);

/* In env_machine.c. */
void env_probe_hypervisor(struct env_value *v, const char *root); /* "none" if there is none */
void env_probe_steal_pct(struct env_value *v, const char *root);
void env_probe_boot_parameters(struct env_value *v, const char *root);

/* Control groups, version 1 and 2; the tightest limit up to the mount counts. Quota in CPUs ("0.5")
 * or "unlimited". In env_cgroup.c. */
void env_probe_quota(struct env_value *v, const char *root);
void env_probe_cpuset(struct env_value *v, const char *root);

/*
 * Directories of our group with this controller and of all above it, up to the mount; from below.
 * `controller` NULL: of version 2, whatever it controls.  Returns how many, at most max.
 */
enum { ENV_GROUP_PATH = 1024 };
size_t env_probe_groups(const char *root, const char *controller, char (*dir)[ENV_GROUP_PATH],
	size_t max, bool *v2);

#endif
