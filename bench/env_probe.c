/*
 * Environment probes: small reads of /proc and /sys below a root.
 */
#include "bench/env_probe.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char cpu_dir[] = "/sys/devices/system/cpu";

void env_probe_say(struct env_value *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(v->value, sizeof(v->value), fmt, ap);
	va_end(ap);
	v->reason[0] = '\0';
}

void env_probe_fail(struct env_value *v, const char *fmt, ...)
{
	va_list ap;

	v->value[0] = '\0';
	va_start(ap, fmt);
	(void)vsnprintf(v->reason, sizeof(v->reason), fmt, ap);
	va_end(ap);
}

/* One line without control characters or spaces at its edges. */
static void tidy(char *text)
{
	char *from = text;
	size_t len;

	while (isspace((unsigned char)*from))
		from++;
	len = strcspn(from, "\n");
	memmove(text, from, len);
	text[len] = '\0';
	for (char *c = text; *c != '\0'; c++) {
		if (iscntrl((unsigned char)*c))
			*c = ' ';
	}
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
}

static FILE *open_below(struct env_value *v, const char *root, const char *path)
{
	char full[PATH_MAX];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	if (file == NULL)
		env_probe_fail(v, "%s: %s", path, strerror(errno));
	return file;
}

bool env_probe_line(struct env_value *v, const char *root, const char *path)
{
	FILE *file = open_below(v, root, path);

	if (file == NULL)
		return false;
	v->reason[0] = '\0';
	errno = 0;
	if (fgets(v->value, sizeof(v->value), file) == NULL) {
		v->value[0] = '\0';
		if (ferror(file))
			env_probe_fail(v, "%s: %s", path, strerror(errno));
	}
	(void)fclose(file);
	tidy(v->value);
	return v->reason[0] == '\0';
}

/* The text after "field   :", NULL for another line. */
static char *after_field(char *line, const char *field)
{
	size_t len = strlen(field);

	if (strncmp(line, field, len) != 0)
		return NULL;
	line += len;
	line += strspn(line, " \t");
	return *line == ':' ? line + 1 : NULL;
}

bool env_probe_field(struct env_value *v, const char *root, const char *path, const char *field)
{
	char *line = NULL, *text = NULL;
	size_t cap = 0;
	FILE *file = open_below(v, root, path);

	if (file == NULL)
		return false;
	while (text == NULL && getline(&line, &cap, file) >= 0)
		text = after_field(line, field);
	if (text != NULL) {
		tidy(text);
		(void)snprintf(v->value, sizeof(v->value), "%s", text);
		v->reason[0] = '\0';
	} else {
		env_probe_fail(v, "%s: no line '%s'", path, field);
	}
	free(line);
	(void)fclose(file);
	return text != NULL;
}

/* Takes one "a" or "a-b" (and the comma after it) off the list; false at its end. */
static bool next_range(const char **list, unsigned *first, unsigned *last)
{
	char *end;

	if (!isdigit((unsigned char)**list))
		return false;
	*first = (unsigned)strtoul(*list, &end, 10);
	*last = *first;
	if (*end == '-')
		*last = (unsigned)strtoul(end + 1, &end, 10);
	*list = *end == ',' ? end + 1 : end;
	return *last >= *first;
}

unsigned env_probe_count(const char *list)
{
	unsigned first, last, n = 0;

	while (next_range(&list, &first, &last))
		n += last - first + 1;
	return n;
}

static unsigned first_cpu(const char *root)
{
	struct env_value v = {0};

	if (!env_probe_line(&v, root, "/sys/devices/system/cpu/online"))
		return 0;
	return (unsigned)strtoul(v.value, NULL, 10);
}

void env_probe_cpu_model(struct env_value *v, const char *root)
{
	/* x86; some ARM boards; POWER; RISC-V */
	static const char *const fields[] = {"model name", "Model", "cpu", "uarch", "Hardware"};
	struct env_value maker = {0}, part = {0};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (env_probe_field(v, root, "/proc/cpuinfo", fields[i]) && v->value[0] != '\0')
			return;
	}
	if (env_probe_field(&maker, root, "/proc/cpuinfo", "CPU implementer") &&
		env_probe_field(&part, root, "/proc/cpuinfo", "CPU part"))
		env_probe_say(v, "%.60s part %.60s", maker.value, part.value);
	else
		env_probe_fail(v, "/proc/cpuinfo: names no model");
}

/* What two kinds of processor call the same. */
static void either_field(
	struct env_value *v, const char *root, const char *x86, const char *arm, const char *what)
{
	if ((env_probe_field(v, root, "/proc/cpuinfo", x86) && v->value[0]) ||
		(env_probe_field(v, root, "/proc/cpuinfo", arm) && v->value[0]))
		return;
	env_probe_fail(v, "/proc/cpuinfo: names no %s", what);
}

void env_probe_cpu_family(struct env_value *v, const char *root)
{
	either_field(v, root, "cpu family", "CPU architecture", "family");
}

void env_probe_cpu_number(struct env_value *v, const char *root)
{
	either_field(v, root, "model", "CPU part", "number of a model");
}

void env_probe_cpu_stepping(struct env_value *v, const char *root)
{
	struct env_value variant = {0}, revision = {0};

	if (env_probe_field(&variant, root, "/proc/cpuinfo", "CPU variant") &&
		env_probe_field(&revision, root, "/proc/cpuinfo", "CPU revision"))
		env_probe_say(v, "%.60s.%.60s", variant.value, revision.value);
	else
		either_field(v, root, "stepping", "revision", "stepping");
}

/* Adds a word to a list of different words. */
static void add_word(struct env_value *all, const char *word)
{
	size_t used = strlen(all->value), len = strlen(word);
	const char *at = all->value;

	for (; (at = strstr(at, word)) != NULL; at += len) {
		if ((at == all->value || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return;
	}
	if (len == 0 || used + len + 2 > sizeof(all->value))
		return;
	if (used > 0)
		all->value[used++] = ' ';
	memcpy(all->value + used, word, len + 1);
}

void env_probe_governor(struct env_value *v, const char *root)
{
	struct env_value online = {0}, one = {0};
	const char *list = online.value;
	unsigned first, last;
	char path[128];

	*v = (struct env_value){0};
	if (!env_probe_line(&online, root, "/sys/devices/system/cpu/online")) {
		env_probe_fail(v, "%s", online.reason);
		return;
	}
	while (next_range(&list, &first, &last)) {
		for (unsigned cpu = first; cpu <= last; cpu++) {
			(void)snprintf(path, sizeof(path), "%s/cpu%u/cpufreq/scaling_governor",
				cpu_dir, cpu);
			if (env_probe_line(&one, root, path))
				add_word(v, one.value);
			else if (v->reason[0] == '\0')
				memcpy(v->reason, one.reason, sizeof(v->reason));
		}
	}
	if (v->value[0] != '\0')
		v->reason[0] = '\0';
}

void env_probe_turbo(struct env_value *v, const char *root)
{
	struct env_value intel = {0};

	if (env_probe_line(&intel, root, "/sys/devices/system/cpu/intel_pstate/no_turbo"))
		env_probe_say(v, "%s", intel.value[0] == '0' ? "on" : "off");
	else if (env_probe_line(v, root, "/sys/devices/system/cpu/cpufreq/boost"))
		env_probe_say(v, "%s", v->value[0] == '0' ? "off" : "on");
	else
		env_probe_fail(v, "intel_pstate/no_turbo and cpufreq/boost: not there");
}

/* A file of one cache's directory. */
static bool cache_file(
	struct env_value *v, const char *root, unsigned cpu, unsigned index, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/cpu%u/cache/index%u/%s", cpu_dir, cpu, index, name);
	return env_probe_line(v, root, path);
}

static bool is_cache(
	const char *root, unsigned cpu, unsigned index, unsigned level, const char *type)
{
	struct env_value found = {0};

	return cache_file(&found, root, cpu, index, "level") &&
	       strtoul(found.value, NULL, 10) == level &&
	       cache_file(&found, root, cpu, index, "type") && strcmp(found.value, type) == 0;
}

void env_probe_cache(struct env_value *v, const char *root, unsigned level, const char *type)
{
	enum { MAX_INDEX = 16 };
	struct env_value size = {0}, line = {0}, cpus = {0};
	unsigned cpu = first_cpu(root), index = 0;

	while (index < MAX_INDEX && !is_cache(root, cpu, index, level, type))
		index++;
	if (index == MAX_INDEX) {
		env_probe_fail(
			v, "%s/cpu%u/cache: no level %u %s cache", cpu_dir, cpu, level, type);
		return;
	}
	(void)cache_file(&size, root, cpu, index, "size");
	(void)cache_file(&line, root, cpu, index, "coherency_line_size");
	(void)cache_file(&cpus, root, cpu, index, "shared_cpu_list");
	env_probe_say(v, "%.60s line=%.60s cpus=%.600s", size.value, line.value, cpus.value);
}
