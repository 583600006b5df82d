/* tasks.c - see tasks.h. */
#include "harness/tasks.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* A file's only number; "max" is none. */
static bool read_number(const char *path, uint64_t *out)
{
	FILE *f = fopen(path, "re");
	unsigned long long v;
	bool found = f && fscanf(f, "%llu", &v) == 1;

	if (f)
		fclose(f);
	if (found)
		*out = v;
	return found;
}

/* All threads of the machine: the second number behind the slash of /proc/loadavg. */
static uint64_t tasks_of_all(void)
{
	FILE *f = fopen("/proc/loadavg", "re");
	unsigned long long n = 0;

	if (f) {
		if (fscanf(f, "%*s %*s %*s %*u/%llu", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

/* Root is not held to it; tasks of this user elsewhere are not counted. */
static bool rlimit_forbids(uint64_t more)
{
	struct rlimit r;

	return geteuid() != 0 && getrlimit(RLIMIT_NPROC, &r) == 0 && r.rlim_cur != RLIM_INFINITY &&
	       more >= r.rlim_cur;
}

static bool sysctl_forbids(const char *path, uint64_t more)
{
	uint64_t most;

	return read_number(path, &most) && tasks_of_all() + more >= most;
}

static bool group_forbids(const char *dir, uint64_t more)
{
	char path[PATH_MAX];
	uint64_t most, now = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/pids.max", dir) >= sizeof(path) ||
		!read_number(path, &most))
		return false;
	if ((size_t)snprintf(path, sizeof(path), "%s/pids.current", dir) < sizeof(path))
		read_number(path, &now);
	return now + more > most;
}

/* A group and all above it, up to where the hierarchy is mounted. */
static bool groups_forbid(const char *mount, const char *group, uint64_t more)
{
	char dir[PATH_MAX];
	char *slash;

	if ((size_t)snprintf(dir, sizeof(dir), "%s%s", mount, group) >= sizeof(dir))
		return false;
	for (;;) {
		if (group_forbids(dir, more))
			return true;
		slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < strlen(mount))
			return false;
		*slash = '\0';
	}
}

/* Version 2 is the line "0::/path", version 1 one that names the controller pids. */
static bool cgroup_forbids(uint64_t more)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];
	bool forbids = false;

	while (f && !forbids && fgets(line, sizeof(line), f)) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		path[strcspn(path, "\n")] = '\0';
		*path++ = '\0';
		if (names[1] == '\0')
			forbids = groups_forbid("/sys/fs/cgroup", path, more);
		else if (strcmp(names + 1, "pids") == 0)
			forbids = groups_forbid("/sys/fs/cgroup/pids", path, more);
	}
	if (f)
		fclose(f);
	return forbids;
}

const char *tasks_limit(uint64_t more)
{
	if (rlimit_forbids(more))
		return "RLIMIT_NPROC (ulimit -u) allows fewer tasks";
	if (cgroup_forbids(more))
		return "pids.max of a control group allows fewer tasks";
	if (sysctl_forbids("/proc/sys/kernel/threads-max", more))
		return "kernel.threads-max allows fewer tasks";
	if (sysctl_forbids("/proc/sys/kernel/pid_max", more))
		return "kernel.pid_max allows fewer tasks";
	return NULL;
}
