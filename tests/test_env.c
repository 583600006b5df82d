/*
 * Environment facts, read from made-up trees and from this machine.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/env.h"
#include "bench/env_probe.h"

struct tree {
	char root[64];
	char csv[128];
};

static int make_tree(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	(void)snprintf(t->root, sizeof(t->root), "/tmp/test_env.XXXXXX");
	if (mkdtemp(t->root) == NULL)
		return -1;
	(void)snprintf(t->csv, sizeof(t->csv), "%s/environment.csv", t->root);
	*state = t;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_tree(void **state)
{
	struct tree *t = *state;
	int rc = nftw(t->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(t);
	return rc;
}

/* Writes a file of the made-up tree with the directories above it. */
static void put(const struct tree *t, const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s%s", t->root, path);
	for (char *c = full + strlen(t->root) + 1; (c = strchr(c, '/')) != NULL; *c++ = '/') {
		*c = '\0';
		(void)mkdir(full, 0700);
	}
	file = fopen(full, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Looks one key up in environment.csv. */
struct wanted {
	const char *key;
	char value[ENV_VALUE_BYTES], reason[ENV_REASON_BYTES];
	unsigned found;
};

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct wanted *w = ctx;

	(void)line;
	(void)len;
	if (n != 3)
		return -EINVAL;
	if (strcmp(field[0], w->key) != 0)
		return 0;
	w->found++;
	(void)snprintf(w->value, sizeof(w->value), "%s", field[1]);
	(void)snprintf(w->reason, sizeof(w->reason), "%s", field[2]);
	return 0;
}

static struct wanted row_of(const struct tree *t, const char *key)
{
	struct wanted w = {.key = key};
	char err[256] = "";

	assert_int_equal(csv_read_file(t->csv, NULL, on_row, &w, err, sizeof(err)), 0);
	assert_int_equal(w.found, 1);
	return w;
}

static void check_value(const struct tree *t, const char *key, const char *value)
{
	struct wanted w = row_of(t, key);

	assert_string_equal(w.value, value);
	assert_string_equal(w.reason, "");
}

static void write_csv(const struct tree *t)
{
	char err[256] = "";

	assert_int_equal(env_write(t->root, t->csv, NULL, 0, err, sizeof(err)), 0);
}

static void env_gives_value_and_no_reason_for_what_it_can_read(void **state)
{
	struct tree *t = *state;

	put(t, "/proc/sys/kernel/hostname", "box\n");
	put(t, "/proc/cpuinfo", "processor\t: 0\nmodel name\t: Foo, \"Bar\" 9\n");
	put(t, "/proc/loadavg", "0.10 0.20 0.30 1/99 7\n");
	put(t, "/proc/meminfo", "MemTotal:       1024 kB\n");
	put(t, "/sys/devices/system/cpu/online", "0-2,8\n");
	put(t, "/sys/devices/system/cpu/isolated", "\n");
	put(t, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	write_csv(t);
	check_value(t, "host", "box");
	check_value(t, "cpu_model", "Foo, \"Bar\" 9");
	check_value(t, "load_average", "0.10 0.20 0.30");
	check_value(t, "memory_bytes", "1048576");
	check_value(t, "cpus_online_count", "4");
	check_value(t, "cpus_isolated", "none");
	check_value(t, "transparent_hugepages", "madvise");
}

/* Two processors of one name may be different ones. */
static void env_tells_steppings_of_one_model_apart(void **state)
{
	struct tree *t = *state;

	put(t, "/proc/cpuinfo",
		"processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n"
		"model name\t: AMD EPYC 7763\nstepping\t: 2\n");
	write_csv(t);
	check_value(t, "cpu_model", "AMD EPYC 7763");
	check_value(t, "cpu_family", "25");
	check_value(t, "cpu_model_number", "1");
	check_value(t, "cpu_stepping", "2");
	put(t, "/proc/cpuinfo",
		"processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
		"CPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n");
	write_csv(t);
	check_value(t, "cpu_family", "8");
	check_value(t, "cpu_model_number", "0xd0c");
	check_value(t, "cpu_stepping", "0x3.1");
}

static void env_gives_empty_value_and_reason_for_what_it_cannot_read(void **state)
{
	static const char *const keys[] = {"host", "kernel", "cpu_model", "cpu_family",
		"cpu_model_number", "cpu_stepping", "cpus_online", "cache_l1d", "governor", "turbo",
		"smt", "hypervisor", "cgroup_cpu_quota_cpus", "clocksource", "load_average",
		"steal_since_boot_pct", "aslr", "memory_bytes", "mitigations"};
	struct tree *t = *state;

	write_csv(t);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct wanted w = row_of(t, keys[i]);

		assert_string_equal(w.value, "");
		assert_string_not_equal(w.reason, "");
	}
	assert_string_equal(row_of(t, "smt").reason,
		"/sys/devices/system/cpu/smt/control: No such file or directory");
}

static void env_keeps_only_boot_parameters_that_bear_on_speed(void **state)
{
	struct tree *t = *state;

	put(t, "/proc/cmdline", "root=/dev/x key=secret nosmt isolcpus=2-3 xidle=poll quiet\n");
	write_csv(t);
	check_value(t, "boot_parameters", "nosmt isolcpus=2-3");
	put(t, "/proc/cmdline", "quiet\n");
	write_csv(t);
	check_value(t, "boot_parameters", "none");
}

static void env_gives_each_vulnerability_its_row(void **state)
{
	struct tree *t = *state;

	put(t, "/sys/devices/system/cpu/vulnerabilities/meltdown", "Mitigation: PTI\n");
	put(t, "/sys/devices/system/cpu/vulnerabilities/spectre_v1", "Not affected\n");
	write_csv(t);
	check_value(t, "mitigation_meltdown", "Mitigation: PTI");
	check_value(t, "mitigation_spectre_v1", "Not affected");
}

static void env_describes_caches_of_the_first_online_cpu(void **state)
{
	struct tree *t = *state;

	put(t, "/sys/devices/system/cpu/online", "2-3\n");
	put(t, "/sys/devices/system/cpu/cpu2/cache/index1/level", "1\n");
	put(t, "/sys/devices/system/cpu/cpu2/cache/index1/type", "Data\n");
	put(t, "/sys/devices/system/cpu/cpu2/cache/index1/size", "48K\n");
	put(t, "/sys/devices/system/cpu/cpu2/cache/index1/coherency_line_size", "64\n");
	put(t, "/sys/devices/system/cpu/cpu2/cache/index1/shared_cpu_list", "2-3\n");
	write_csv(t);
	check_value(t, "cache_l1d", "48K line=64 cpus=2-3");
	assert_string_equal(row_of(t, "cache_l2").value, "");
}

static void env_names_every_governor_once(void **state)
{
	struct tree *t = *state;

	put(t, "/sys/devices/system/cpu/online", "0-2\n");
	put(t, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
	put(t, "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n");
	put(t, "/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "powersave\n");
	write_csv(t);
	check_value(t, "governor", "powersave performance");
}

static void env_reads_turbo_from_either_driver(void **state)
{
	struct tree *t = *state;

	put(t, "/sys/devices/system/cpu/cpufreq/boost", "1\n");
	write_csv(t);
	check_value(t, "turbo", "on");
	put(t, "/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
	write_csv(t);
	check_value(t, "turbo", "off");
}

static void check_hypervisor(const struct tree *t, const char *name, bool is_virtual)
{
	struct env_facts f;

	env_read(t->root, &f);
	assert_string_equal(f.hypervisor, name);
	assert_int_equal(env_is_virtual(&f), is_virtual);
}

static void env_tells_virtual_machines_by_flag_and_sign(void **state)
{
	static const char available[] =
		"/sys/devices/system/clocksource/clocksource0/available_clocksource";
	struct tree *t = *state;

	check_hypervisor(t, "unknown", false);
	put(t, "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor_not vme\n");
	check_hypervisor(t, "none", false);
	put(t, "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor vme\n");
	check_hypervisor(t, "unknown hypervisor", true);
	put(t, available, "tsc kvm-clock \n");
	check_hypervisor(t, "kvm", true);
	put(t, "/sys/hypervisor/type", "xen\n");
	check_hypervisor(t, "xen", true);
}

static void env_finds_tightest_quota_of_version_2(void **state)
{
	struct tree *t = *state;

	put(t, "/proc/self/cgroup", "0::/a/b\n");
	put(t, "/proc/self/mountinfo", "30 2 0:2 / /sys/fs/cgroup rw - cgroup2 none rw\n");
	put(t, "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	put(t, "/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
	put(t, "/sys/fs/cgroup/a/b/cpuset.cpus.effective", "0-1\n");
	write_csv(t);
	check_value(t, "cgroup_cpu_quota_cpus", "1.5");
	check_value(t, "cgroup_cpuset", "0-1");
}

static void env_finds_quota_of_version_1_where_both_are_mounted(void **state)
{
	struct tree *t = *state;

	put(t, "/proc/self/cgroup", "3:cpuset:/x\n2:cpu,cpuacct:/docker/id\n0::/\n");
	put(t, "/proc/self/mountinfo",
		"30 2 0:2 / /cg/unified rw - cgroup2 none rw\n"
		"31 2 0:3 /docker/id /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		"32 2 0:4 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n");
	put(t, "/cg/cpu/cpu.cfs_quota_us", "50000\n");
	put(t, "/cg/cpu/cpu.cfs_period_us", "100000\n");
	put(t, "/cg/cpuset/cpuset.effective_cpus", "1\n");
	write_csv(t);
	check_value(t, "cgroup_cpu_quota_cpus", "0.5");
	check_value(t, "cgroup_cpuset", "1");
}

static void env_calls_a_quota_of_none_unlimited(void **state)
{
	struct tree *t = *state;

	put(t, "/proc/self/cgroup", "0::/\n");
	put(t, "/proc/self/mountinfo", "30 2 0:2 / /sys/fs/cgroup rw - cgroup2 none rw\n");
	write_csv(t);
	check_value(t, "cgroup_cpu_quota_cpus", "unlimited");
}

static void env_appends_the_callers_rows(void **state)
{
	static const struct env_extra extra[] = {
		{"seed", "17", NULL}, {"commit", NULL, "not a git checkout, \"sorry\""}};
	struct tree *t = *state;
	char err[256] = "";

	assert_int_equal(env_write(t->root, t->csv, extra, 2, err, sizeof(err)), 0);
	check_value(t, "seed", "17");
	assert_string_equal(row_of(t, "commit").value, "");
	assert_string_equal(row_of(t, "commit").reason, "not a git checkout, \"sorry\"");
}

static void env_write_says_which_file_cannot_be_written(void **state)
{
	struct tree *t = *state;
	char err[256] = "", path[256];

	(void)snprintf(path, sizeof(path), "%s/none/environment.csv", t->root);
	assert_int_equal(env_write("", path, NULL, 0, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, path));
	assert_int_equal(env_write("", "/dev/full", NULL, 0, err, sizeof(err)), -ENOSPC);
}

static void env_reads_this_machine(void **state)
{
	struct tree *t = *state;
	char err[256] = "", line[512], host[256];
	struct env_facts f;

	assert_int_equal(env_write("", t->csv, NULL, 0, err, sizeof(err)), 0);
	env_read("", &f);
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	check_value(t, "host", host);
	check_value(t, "kernel", env_kernel(&f));
	assert_string_equal(env_host(&f), host);
	assert_string_not_equal(env_cpu_model(&f), "");
	assert_int_equal(f.cpus_online, sysconf(_SC_NPROCESSORS_ONLN));
	(void)env_believe(&f, line, sizeof(line));
	print_message("%s\n", line);
}

static void env_counts_the_cpus_of_a_list(void **state)
{
	(void)state;
	assert_int_equal(env_probe_count("0"), 1);
	assert_int_equal(env_probe_count("0-3,8,10-11"), 7);
	assert_int_equal(env_probe_count(""), 0);
	assert_int_equal(env_probe_count("none"), 0);
}

static void env_adds_up_steal_time(void **state)
{
	struct tree *t = *state;
	struct env_value v = {0};

	put(t, "/proc/stat", "cpu  50 0 20 20 0 0 0 10 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
	env_probe_steal_pct(&v, t->root);
	assert_string_equal(v.value, "10.000");
	put(t, "/proc/stat", "cpu  50 0 20\n");
	env_probe_steal_pct(&v, t->root);
	assert_string_equal(v.value, "");
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(env_gives_value_and_no_reason_for_what_it_can_read),
		IN_TREE(env_tells_steppings_of_one_model_apart),
		IN_TREE(env_gives_empty_value_and_reason_for_what_it_cannot_read),
		IN_TREE(env_gives_each_vulnerability_its_row),
		IN_TREE(env_keeps_only_boot_parameters_that_bear_on_speed),
		IN_TREE(env_describes_caches_of_the_first_online_cpu),
		IN_TREE(env_names_every_governor_once),
		IN_TREE(env_reads_turbo_from_either_driver),
		IN_TREE(env_tells_virtual_machines_by_flag_and_sign),
		IN_TREE(env_finds_tightest_quota_of_version_2),
		IN_TREE(env_finds_quota_of_version_1_where_both_are_mounted),
		IN_TREE(env_calls_a_quota_of_none_unlimited),
		IN_TREE(env_appends_the_callers_rows),
		IN_TREE(env_write_says_which_file_cannot_be_written),
		IN_TREE(env_reads_this_machine),
		IN_TREE(env_adds_up_steal_time),
		cmocka_unit_test(env_counts_the_cpus_of_a_list),
	};

	return cmocka_run_group_tests_name("env", tests, NULL, NULL);
}
