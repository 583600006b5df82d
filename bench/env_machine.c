/*
 * Environment probes of what lies around the processor: hypervisor, stolen time, boot parameters.
 */
#include "bench/env_probe.h"

#include <stdio.h>
#include <string.h>

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)) != NULL; at += len) {
		if ((at == text || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* 1, 0, or -1 where cpuinfo has no flags. */
static int cpu_flag(const char *root, const char *flag)
{
	struct env_value flags = {0};

	if (!env_probe_field(&flags, root, "/proc/cpuinfo", "flags"))
		return -1;
	return has_word(flags.value, flag);
}

struct sign {
	const char *path, *text, *name;
};

/* Where hypervisors leave their names. */
static const struct sign signs[] = {
	{"/sys/class/dmi/id/sys_vendor", "QEMU", "kvm or qemu"},
	{"/sys/class/dmi/id/product_name", "KVM", "kvm"},
	{"/sys/class/dmi/id/sys_vendor", "VMware", "vmware"},
	{"/sys/class/dmi/id/product_name", "VirtualBox", "virtualbox"},
	{"/sys/class/dmi/id/product_name", "Virtual Machine", "hyper-v"},
	{"/sys/class/dmi/id/sys_vendor", "Xen", "xen"},
	{"/sys/class/dmi/id/product_name", "Google Compute Engine", "kvm"},
	{"/sys/devices/system/clocksource/clocksource0/available_clocksource", "kvm-clock", "kvm"},
	{"/sys/devices/system/clocksource/clocksource0/available_clocksource", "hyperv", "hyper-v"},
	{"/sys/devices/system/clocksource/clocksource0/available_clocksource", "xen", "xen"},
	{"/proc/device-tree/hypervisor/compatible", "kvm", "kvm"},
	{"/proc/device-tree/hypervisor/compatible", "xen", "xen"},
};

static bool any_sign(struct env_value *v, const char *root)
{
	struct env_value found = {0};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (!env_probe_line(&found, root, signs[i].path) ||
			strstr(found.value, signs[i].text) == NULL)
			continue;
		env_probe_say(v, "%s", signs[i].name);
		return true;
	}
	return false;
}

void env_probe_hypervisor(struct env_value *v, const char *root)
{
	int flag = cpu_flag(root, "hypervisor");

	if (env_probe_line(v, root, "/sys/hypervisor/type") && v->value[0] != '\0')
		return;
	/* Bare metal that is rented out may carry the same product name as its virtual machines:
	 * the processor's flag decides where there is one. */
	if (flag == 0)
		env_probe_say(v, "none");
	else if (any_sign(v, root))
		return;
	else if (flag == 1)
		env_probe_say(v, "unknown hypervisor");
	else
		env_probe_fail(v, "no processor flag tells here, and no sign of one was found");
}

void env_probe_steal_pct(struct env_value *v, const char *root)
{
	unsigned long long t[8] = {0}, all = 0;
	int n;

	if (!env_probe_line(v, root, "/proc/stat"))
		return;
	n = sscanf(v->value, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
		&t[3], &t[4], &t[5], &t[6], &t[7]);
	for (int i = 0; i < n; i++)
		all += t[i];
	if (n == 8 && all > 0)
		env_probe_say(v, "%.3f", 100.0 * (double)t[7] / (double)all);
	else
		env_probe_fail(v, "/proc/stat: no steal time on its first line");
}

/*
 * Boot parameters that change how fast or how evenly things run. A name ends with '=' where only
 * the beginning counts. The rest of the command line may hold names and keys that nobody shall
 * publish.
 */
static const char *const boot_parameters[] = {"mitigations=", "isolcpus=", "nohz_full=", "nohz=",
	"rcu_nocbs=", "irqaffinity=", "idle=", "nosmt",
	"nosmt=", "maxcpus=", "nr_cpus=", "intel_idle.max_cstate=", "processor.max_cstate=",
	"intel_pstate=", "amd_pstate=", "cpufreq.default_governor=", "cpuidle.off=",
	"transparent_hugepage=", "hugepages=", "hugepagesz=", "default_hugepagesz=",
	"numa_balancing=", "clocksource=", "tsc=", "preempt=", "threadirqs", "nowatchdog",
	"nmi_watchdog=", "skew_tick=", "pti=", "nopti",
	"spectre_v2=", "retbleed=", "spec_store_bypass_disable=", "mds=", "nokaslr",
	"randomize_kstack_offset="};

static bool is_boot_parameter(const char *word)
{
	for (size_t i = 0; i < sizeof(boot_parameters) / sizeof(boot_parameters[0]); i++) {
		const char *name = boot_parameters[i];
		size_t len = strlen(name);

		if (name[len - 1] == '=' ? strncmp(word, name, len) == 0 : strcmp(word, name) == 0)
			return true;
	}
	return false;
}

void env_probe_boot_parameters(struct env_value *v, const char *root)
{
	struct env_value line = {0};
	char *save = NULL;
	size_t used = 0;

	*v = (struct env_value){0};
	if (!env_probe_line(&line, root, "/proc/cmdline")) {
		env_probe_fail(v, "%s", line.reason);
		return;
	}
	for (char *word = strtok_r(line.value, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save)) {
		if (!is_boot_parameter(word))
			continue;
		/* Fits: the words are some of those of a line as long. */
		used += (size_t)snprintf(v->value + used, sizeof(v->value) - used, "%s%s",
			used > 0 ? " " : "", word);
	}
	if (used == 0)
		env_probe_say(v, "none");
}
