/*
 * Environment: the table of facts, environment.csv, and what it means for a reader.
 */
#include "bench/env.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "bench/csv.h"
#include "bench/env_probe.h"

#ifndef HANDOFF_CC_FLAGS
#define HANDOFF_CC_FLAGS ""
#endif

typedef void probe_fn(struct env_value *v, const char *root);

/* A fact is the first line of a file, or what a probe says of it. */
struct fact {
	const char *key;
	const char *path;
	probe_fn *probe;
};

static void probe_architecture(struct env_value *v, const char *root)
{
	struct utsname name;

	(void)root;
	if (uname(&name) == 0)
		env_probe_say(v, "%s", name.machine);
	else
		env_probe_fail(v, "uname: %s", strerror(errno));
}

static void probe_libc(struct env_value *v, const char *root)
{
	(void)root;
#ifdef __GLIBC__
	env_probe_say(v, "glibc %s", gnu_get_libc_version());
#else
	env_probe_fail(v, "the C library does not tell its version");
#endif
}

static void probe_compiler(struct env_value *v, const char *root)
{
	(void)root;
#ifdef __clang__
	env_probe_say(v, "%s", __VERSION__);
#else
	env_probe_say(v, "gcc %s", __VERSION__);
#endif
}

static void probe_flags(struct env_value *v, const char *root)
{
	(void)root;
	if (HANDOFF_CC_FLAGS[0] != '\0')
		env_probe_say(v, "%s", HANDOFF_CC_FLAGS);
	else
		env_probe_fail(v, "HANDOFF_CC_FLAGS was not set when this was compiled");
}

static void probe_microcode(struct env_value *v, const char *root)
{
	(void)env_probe_field(v, root, "/proc/cpuinfo", "microcode");
}

static void probe_online_count(struct env_value *v, const char *root)
{
	if (env_probe_line(v, root, "/sys/devices/system/cpu/online"))
		env_probe_say(v, "%u", env_probe_count(v->value));
}

static void probe_allowed(struct env_value *v, const char *root)
{
	(void)env_probe_field(v, root, "/proc/self/status", "Cpus_allowed_list");
}

/* An empty list of CPUs is an answer. */
static void none_if_empty(struct env_value *v)
{
	if (v->reason[0] == '\0' && (v->value[0] == '\0' || strcmp(v->value, "(null)") == 0))
		env_probe_say(v, "none");
}

static void probe_isolated(struct env_value *v, const char *root)
{
	(void)env_probe_line(v, root, "/sys/devices/system/cpu/isolated");
	none_if_empty(v);
}

static void probe_nohz_full(struct env_value *v, const char *root)
{
	(void)env_probe_line(v, root, "/sys/devices/system/cpu/nohz_full");
	none_if_empty(v);
}

static void probe_l1d(struct env_value *v, const char *root)
{
	env_probe_cache(v, root, 1, "Data");
}

static void probe_l1i(struct env_value *v, const char *root)
{
	env_probe_cache(v, root, 1, "Instruction");
}

static void probe_l2(struct env_value *v, const char *root)
{
	env_probe_cache(v, root, 2, "Unified");
}

static void probe_l3(struct env_value *v, const char *root)
{
	env_probe_cache(v, root, 3, "Unified");
}

/* "always [madvise] never": the word in brackets is in force. */
static void probe_thp(struct env_value *v, const char *root)
{
	char word[64];

	if (!env_probe_line(v, root, "/sys/kernel/mm/transparent_hugepage/enabled"))
		return;
	if (sscanf(v->value, "%*[^[][%63[^]]", word) == 1 ||
		sscanf(v->value, "[%63[^]]", word) == 1)
		env_probe_say(v, "%s", word);
}

static void probe_memory(struct env_value *v, const char *root)
{
	if (env_probe_field(v, root, "/proc/meminfo", "MemTotal"))
		env_probe_say(v, "%llu", strtoull(v->value, NULL, 10) * 1024);
}

static void probe_page(struct env_value *v, const char *root)
{
	(void)root;
	env_probe_say(v, "%ld", sysconf(_SC_PAGESIZE));
}

static void probe_load(struct env_value *v, const char *root)
{
	char one[32], five[32], fifteen[32];

	if (!env_probe_line(v, root, "/proc/loadavg"))
		return;
	if (sscanf(v->value, "%31s %31s %31s", one, five, fifteen) == 3)
		env_probe_say(v, "%s %s %s", one, five, fifteen);
}

/* When all this was read. */
static void probe_now(struct env_value *v, const char *root)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	(void)root;
	if (gmtime_r(&now, &tm) != NULL &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		env_probe_say(v, "%s", text);
	else
		env_probe_fail(v, "the clock stands at a time that no date has");
}

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0"

static const struct fact facts_table[] = {
	{"host", "/proc/sys/kernel/hostname", NULL},
	{"kernel", "/proc/sys/kernel/osrelease", NULL},
	{"kernel_version", "/proc/sys/kernel/version", NULL},
	{"boot_parameters", NULL, env_probe_boot_parameters},
	{"architecture", NULL, probe_architecture},
	{"libc", NULL, probe_libc},
	{"compiler", NULL, probe_compiler},
	{"compiler_flags", NULL, probe_flags},
	{"cpu_model", NULL, env_probe_cpu_model},
	{"cpu_family", NULL, env_probe_cpu_family},
	{"cpu_model_number", NULL, env_probe_cpu_number},
	{"cpu_stepping", NULL, env_probe_cpu_stepping},
	{"microcode", NULL, probe_microcode},
	{"cpus_online", "/sys/devices/system/cpu/online", NULL},
	{"cpus_online_count", NULL, probe_online_count},
	{"cpus_allowed", NULL, probe_allowed},
	{"cpus_isolated", NULL, probe_isolated},
	{"cpus_nohz_full", NULL, probe_nohz_full},
	{"numa_nodes_online", "/sys/devices/system/node/online", NULL},
	{"cache_l1d", NULL, probe_l1d},
	{"cache_l1i", NULL, probe_l1i},
	{"cache_l2", NULL, probe_l2},
	{"cache_l3", NULL, probe_l3},
	{"governor", NULL, env_probe_governor},
	{"cpufreq_driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", NULL},
	{"cpuidle_driver", "/sys/devices/system/cpu/cpuidle/current_driver", NULL},
	{"turbo", NULL, env_probe_turbo},
	{"smt", "/sys/devices/system/cpu/smt/control", NULL},
	{"transparent_hugepages", NULL, probe_thp},
	{"hypervisor", NULL, env_probe_hypervisor},
	{"machine_vendor", "/sys/class/dmi/id/sys_vendor", NULL},
	{"machine_product", "/sys/class/dmi/id/product_name", NULL},
	{"cgroup_cpu_quota_cpus", NULL, env_probe_quota},
	{"cgroup_cpuset", NULL, env_probe_cpuset},
	{"clocksource", CLOCKSOURCE "/current_clocksource", NULL},
	{"clocksource_available", CLOCKSOURCE "/available_clocksource", NULL},
	{"load_average", NULL, probe_load},
	{"steal_since_boot_pct", NULL, env_probe_steal_pct},
	{"aslr", "/proc/sys/kernel/randomize_va_space", NULL},
	{"perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid", NULL},
	{"memory_bytes", NULL, probe_memory},
	{"page_bytes", NULL, probe_page},
	{"boot_id", "/proc/sys/kernel/random/boot_id", NULL},
	{"taken_utc", NULL, probe_now},
};

static void take_fact(struct env_value *v, const struct fact *fact, const char *root)
{
	*v = (struct env_value){0};
	if (fact->probe != NULL)
		fact->probe(v, root);
	else
		(void)env_probe_line(v, root, fact->path);
	if (v->value[0] == '\0' && v->reason[0] == '\0')
		env_probe_fail(v, "%s: empty", fact->path != NULL ? fact->path : fact->key);
}

bool env_probe_fact(struct env_value *v, const char *root, const char *key)
{
	*v = (struct env_value){0};
	for (size_t i = 0; i < sizeof(facts_table) / sizeof(facts_table[0]); i++) {
		if (strcmp(facts_table[i].key, key) == 0) {
			take_fact(v, &facts_table[i], root);
			return v->reason[0] == '\0';
		}
	}
	env_probe_fail(v, "there is no fact %s", key);
	return false;
}

/* An open environment.csv. */
struct sheet {
	int fd;
	struct csv_row row;
};

static int put_row(struct sheet *s, const char *key, const char *value, const char *reason)
{
	int rc;

	csv_row_reset(&s->row);
	csv_row_text(&s->row, key);
	csv_row_text(&s->row, value);
	csv_row_text(&s->row, reason);
	rc = csv_row_end(&s->row);
	return rc != 0 ? rc : csv_row_write(&s->row, s->fd);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* One row per processor vulnerability, in alphabetical order. */
static int put_mitigations(struct sheet *s, const char *root)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	char path[PATH_MAX], key[300];
	struct dirent **entry = NULL;
	struct env_value v = {0};
	int rc = 0, n;

	(void)snprintf(path, sizeof(path), "%s%s", root, dir);
	n = scandir(path, &entry, not_hidden, alphasort);
	if (n < 0) {
		env_probe_fail(&v, "%s: %s", dir, strerror(errno));
		return put_row(s, "mitigations", "", v.reason);
	}
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		(void)snprintf(key, sizeof(key), "mitigation_%s", entry[i]->d_name);
		(void)env_probe_line(&v, root, path);
		if (rc == 0)
			rc = put_row(s, key, v.value, v.reason);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

static int put_all(struct sheet *s, const char *root, const struct env_extra *extra, size_t n)
{
	struct env_value v;
	int rc = put_row(s, "key", "value", "reason");

	for (size_t i = 0; rc == 0 && i < sizeof(facts_table) / sizeof(facts_table[0]); i++) {
		take_fact(&v, &facts_table[i], root);
		rc = put_row(s, facts_table[i].key, v.value, v.reason);
	}
	if (rc == 0)
		rc = put_mitigations(s, root);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_row(s, extra[i].key, extra[i].value, extra[i].reason);
	return rc;
}

/* Leaves what is no file (a terminal, /dev/full) alone. */
static void remove_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		(void)unlink(path);
}

int env_write(const char *root, const char *path, const struct env_extra *extra, size_t n,
	char *err, size_t err_len)
{
	struct sheet s = {
		.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0666)};
	int rc = s.fd < 0 ? -errno : 0;

	if (rc == 0) {
		rc = put_all(&s, root, extra, n);
		if (close(s.fd) != 0 && rc == 0)
			rc = -errno;
		if (rc != 0)
			remove_file(path);
	}
	csv_row_free(&s.row);
	if (rc != 0)
		(void)snprintf(err, err_len, "%s: cannot be written: %s", path, strerror(-rc));
	return rc;
}

static void copy_text(char *to, const char *text, const char *if_empty)
{
	(void)snprintf(
		to, ENV_TEXT_BYTES, "%.*s", ENV_TEXT_BYTES - 1, text[0] != '\0' ? text : if_empty);
}

static double number_or_nan(const struct env_value *v)
{
	char *end;
	double x = strtod(v->value, &end);

	return end == v->value ? (double)NAN : x;
}

void env_read(const char *root, struct env_facts *facts)
{
	struct env_value v = {0};

	(void)env_probe_line(&v, root, "/proc/sys/kernel/hostname");
	copy_text(facts->host, v.value, "unknown");
	env_probe_cpu_model(&v, root);
	copy_text(facts->cpu_model, v.value, "unknown");
	(void)env_probe_line(&v, root, "/proc/sys/kernel/osrelease");
	copy_text(facts->kernel, v.value, "unknown");
	env_probe_hypervisor(&v, root);
	copy_text(facts->hypervisor, v.value, "unknown");
	facts->is_virtual = v.value[0] != '\0' && strcmp(v.value, "none") != 0;
	env_probe_governor(&v, root);
	copy_text(facts->governor, v.value, "");
	(void)env_probe_line(&v, root, "/sys/devices/system/cpu/online");
	facts->cpus_online = env_probe_count(v.value);
	env_probe_quota(&v, root);
	facts->quota_cpus = number_or_nan(&v);
	(void)env_probe_line(&v, root, "/proc/loadavg");
	facts->load = number_or_nan(&v);
	env_probe_steal_pct(&v, root);
	facts->steal_pct = number_or_nan(&v);
}

const char *env_host(const struct env_facts *facts)
{
	return facts->host;
}

const char *env_cpu_model(const struct env_facts *facts)
{
	return facts->cpu_model;
}

const char *env_kernel(const struct env_facts *facts)
{
	return facts->kernel;
}

bool env_is_virtual(const struct env_facts *facts)
{
	return facts->is_virtual;
}
