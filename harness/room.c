/* room.c - see room.h. */
#include "harness/room.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "harness/compiler.h"

enum { KIB = 1024 };

/* A kind of memory controller: where it is mounted, and its files. */
struct controller {
	const char *name; /* in /proc/self/cgroup; "" is version 2 */
	const char *mount[2];
	const char *limit, *usage;
	const char *cache; /* in memory.stat: what could be given back */
};

static const struct controller controllers[] = {
	{"", {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}, "memory.max", "memory.current",
		"inactive_file"},
	{"memory", {"/sys/fs/cgroup/memory"}, "memory.limit_in_bytes", "memory.usage_in_bytes",
		"total_inactive_file"},
};

static uint64_t available_bytes(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	struct sysinfo si;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	if (kib)
		return kib * KIB;
	return sysinfo(&si) == 0 ? (uint64_t)si.freeram * si.mem_unit : UINT64_MAX;
}

/* A file's only number, or that of the line that begins with `key`.  "max" is none. */
static bool read_number(const char *dir, const char *file, const char *key, uint64_t *out)
{
	char path[PATH_MAX], line[128];
	unsigned long long v;
	bool found = false;
	FILE *f;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, file) >= sizeof(path))
		return false;
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		size_t n = key ? strlen(key) : 0;

		found = (!key || (strncmp(line, key, n) == 0 && line[n] == ' ')) &&
			sscanf(line + n, "%llu", &v) == 1;
	}
	if (f)
		fclose(f);
	if (found)
		*out = v;
	return found;
}

/* What one group still allows. */
static uint64_t group_room(const struct controller *c, const char *dir)
{
	uint64_t limit, usage, cache = 0;

	if (!read_number(dir, c->limit, NULL, &limit) || !read_number(dir, c->usage, NULL, &usage))
		return UINT64_MAX;
	read_number(dir, "memory.stat", c->cache, &cache);
	usage = usage > cache ? usage - cache : 0;
	return limit > usage ? limit - usage : 0;
}

/* The least of a group and all above it; the mount is the top, whatever the path says. */
static uint64_t path_room(const struct controller *c, const char *mount, const char *path)
{
	uint64_t least = UINT64_MAX, room;
	char dir[PATH_MAX];
	char *slash;

	if ((size_t)snprintf(dir, sizeof(dir), "%s%s", mount, path) >= sizeof(dir))
		return least;
	for (;;) {
		room = group_room(c, dir);
		least = room < least ? room : least;
		slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < strlen(mount))
			return least;
		*slash = '\0';
	}
}

/* One line of /proc/self/cgroup: "4:cpu,memory:/path", or "0::/path". */
static uint64_t line_room(char *line)
{
	char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
	uint64_t least = UINT64_MAX, room;

	if (!path)
		return least;
	*names++ = *path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		const struct controller *c = &controllers[i];

		if (strcmp(names, c->name) != 0)
			continue;
		for (size_t m = 0; m < ARRAY_LEN(c->mount) && c->mount[m]; m++) {
			room = path_room(c, c->mount[m], path);
			least = room < least ? room : least;
		}
	}
	return least;
}

uint64_t room_bytes(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	uint64_t least = available_bytes(), room;
	char line[PATH_MAX];

	while (f && fgets(line, sizeof(line), f)) {
		room = line_room(line);
		least = room < least ? room : least;
	}
	if (f)
		fclose(f);
	return least;
}
