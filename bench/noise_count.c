/* noise_count.c - see noise_count.h. */
#include "bench/noise_count.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/env_probe.h"

static FILE *open_below(const char *root, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return fopen(full, "re");
}

/* ---- /proc/stat ---------------------------------------------------------- */

/* "cpu7 user nice system idle iowait irq softirq steal ..." */
static bool parse_cpu(const char *line, size_t *cpu, struct noise_ticks *t)
{
	unsigned long long v[8];

	if (sscanf(line, "cpu%zu %llu %llu %llu %llu %llu %llu %llu %llu", cpu, &v[0], &v[1], &v[2],
		    &v[3], &v[4], &v[5], &v[6], &v[7]) != 9)
		return false;
	t->steal = v[7];
	t->busy = v[0] + v[1] + v[2] + v[5] + v[6];
	t->total = t->busy + t->steal + v[3] + v[4];
	return true;
}

typedef void on_cpu_fn(void *ctx, size_t cpu, const struct noise_ticks *t);

static bool each_cpu(const char *root, on_cpu_fn *on, void *ctx)
{
	FILE *f = open_below(root, "/proc/stat");
	struct noise_ticks t;
	char line[512];
	size_t cpu;
	bool any = false;

	while (f && fgets(line, sizeof(line), f) && strncmp(line, "cpu", 3) == 0) {
		if (line[3] == ' ' || !parse_cpu(line, &cpu, &t))
			continue;
		on(ctx, cpu, &t);
		any = true;
	}
	if (f)
		fclose(f);
	return any;
}

static void count_one(void *ctx, size_t cpu, const struct noise_ticks *t)
{
	size_t *most = ctx;

	(void)t;
	*most = cpu + 1 > *most ? cpu + 1 : *most;
}

size_t noise_count_cpus(const char *root)
{
	enum { MOST = 1 << 16 };
	size_t most = 1;

	each_cpu(root, count_one, &most);
	return most < MOST ? most : MOST;
}

struct ticks_ctx {
	struct noise_ticks *ticks;
	size_t cpus;
};

static void take_one(void *ctx, size_t cpu, const struct noise_ticks *t)
{
	const struct ticks_ctx *c = ctx;

	if (cpu < c->cpus)
		c->ticks[cpu] = *t;
}

bool noise_read_ticks(const char *root, struct noise_ticks *ticks, size_t cpus)
{
	struct ticks_ctx ctx = {ticks, cpus};

	return each_cpu(root, take_one, &ctx);
}

/* ---- /proc/interrupts ---------------------------------------------------- */

enum { MAX_COLUMNS = 4096 };

/* "           CPU0       CPU3": the number of each column's CPU. */
static size_t parse_heading(char *line, size_t *cpu)
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(line, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save)) {
		if (strncmp(w, "CPU", 3) == 0 && n < MAX_COLUMNS)
			cpu[n++] = strtoul(w + 3, NULL, 10);
	}
	return n;
}

static void add_line(const char *at, const size_t *cpu, size_t columns, uint64_t *irq, size_t cpus)
{
	for (size_t i = 0; i < columns; i++) {
		char *end;
		uint64_t v = strtoull(at, &end, 10);

		if (end == at)
			return;
		if (cpu[i] < cpus)
			irq[cpu[i]] += v;
		at = end;
	}
}

bool noise_read_irq(const char *root, uint64_t *irq, size_t cpus)
{
	FILE *f = open_below(root, "/proc/interrupts");
	char *line = NULL;
	size_t room = 0, columns = 0;
	size_t *cpu = calloc(MAX_COLUMNS, sizeof(*cpu));

	memset(irq, 0, cpus * sizeof(*irq));
	if (f && cpu && getline(&line, &room, f) > 0)
		columns = parse_heading(line, cpu);
	while (columns && getline(&line, &room, f) > 0) {
		const char *p = line + strspn(line, " ");

		if (isdigit((unsigned char)*p) && strchr(p, ':'))
			add_line(strchr(p, ':') + 1, cpu, columns, irq, cpus);
	}
	free(line);
	free(cpu);
	if (f)
		fclose(f);
	return columns > 0;
}

/* ---- small files --------------------------------------------------------- */

static uint64_t count_in(const char *root, const char *path)
{
	struct env_value v = {0};

	return env_probe_line(&v, root, path) ? strtoull(v.value, NULL, 10) : 0;
}

#define THERMAL "/sys/devices/system/cpu/cpu%zu/thermal_throttle/%s_throttle_count"

uint64_t noise_read_thermal(const char *root, size_t cpu)
{
	char core[128], package[128];

	snprintf(core, sizeof(core), THERMAL, cpu, "core");
	snprintf(package, sizeof(package), THERMAL, cpu, "package");
	return count_in(root, core) + count_in(root, package);
}

bool noise_has_thermal(const char *root)
{
	struct env_value v = {0};
	char path[128];

	snprintf(path, sizeof(path), THERMAL, (size_t)0, "core");
	return env_probe_line(&v, root, path);
}

/* The value behind a word of a file of "word value" lines; NAN where it is not there. */
static double value_of(const char *root, const char *dir, const char *file, const char *word)
{
	char path[PATH_MAX], line[256], name[64];
	double v, found = (double)NAN;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = open_below(root, path);
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %lf", name, &v) == 2 && strcmp(name, word) == 0)
			found = v;
	}
	if (f)
		fclose(f);
	return found;
}

double noise_throttled_us(const char *root, const char *dir, bool v2)
{
	if (v2)
		return value_of(root, dir, "cpu.stat", "throttled_usec");
	return value_of(root, dir, "cpu.stat", "throttled_time") / 1e3;
}

double noise_frozen_us(const char *root, const char *dir)
{
	return value_of(root, dir, "cgroup.stat.local", "frozen_usec");
}

/* "0,64" or "2-3". */
void noise_mark_siblings(const char *root, size_t cpu, bool *mark, size_t cpus)
{
	struct env_value v = {0};
	char path[128], *at = v.value;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%zu/topology/thread_siblings_list",
		cpu);
	if (!env_probe_line(&v, root, path))
		return;
	while (isdigit((unsigned char)*at)) {
		size_t from = strtoul(at, &at, 10), to = from;

		if (*at == '-')
			to = strtoul(at + 1, &at, 10);
		for (size_t i = from; i <= to && i < cpus; i++)
			mark[i] = true;
		at += *at == ',';
	}
}
