/*
 * Environment probes of control groups: which limits hold for this process, version 1 and 2.
 *
 * The path in /proc/self/cgroup counts from the hierarchy's root, a mount may show only a part
 * of it (containers): the mount's own root is taken off the path, and if it is not in front of it
 * the mount point itself is our group. Limits hold downwards: the tightest up to the mount counts.
 */
#include "bench/env_probe.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct group {
	bool v2;
	size_t mount_len;    /* how much of path is the mount point */
	char path[PATH_MAX]; /* directory of our group, below the root */
};

static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; list != NULL; list = strchr(list, ',') == NULL ? NULL : strchr(list, ',') + 1) {
		if (strncmp(list, word, len) == 0 && (list[len] == '\0' || list[len] == ','))
			return true;
	}
	return false;
}

/* Our group in the hierarchy that has the controller: version 1 by name, else version 2. */
static bool own_path(const char *root, const char *controller, bool *v2, char *path, size_t len)
{
	char full[PATH_MAX], line[PATH_MAX];
	bool found = false;
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s/proc/self/cgroup", root);
	file = fopen(full, "re");
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		char *save = NULL, *id = strtok_r(line, ":", &save), *list = NULL;
		bool unified = id != NULL && strcmp(id, "0") == 0 && save[0] == ':';

		list = unified ? NULL : strtok_r(NULL, ":", &save);
		if (unified ? found : list == NULL || !list_has(list, controller))
			continue;
		found = true;
		*v2 = unified;
		save[strcspn(save, "\n")] = '\0';
		(void)snprintf(path, len, "%s", unified ? save + 1 : save);
	}
	(void)fclose(file);
	return found;
}

struct mount {
	char root[PATH_MAX / 2], point[PATH_MAX / 2];
};

/* One line of mountinfo: is it the hierarchy wanted? */
static bool mount_matches(const char *line, bool v2, const char *controller, struct mount *m)
{
	char type[64], options[1024];
	const char *rest = strstr(line, " - ");

	if (rest == NULL || sscanf(line, "%*s %*s %*s %2047s %2047s", m->root, m->point) != 2 ||
		sscanf(rest + 3, "%63s %*s %1023s", type, options) != 2)
		return false;
	if (v2)
		return strcmp(type, "cgroup2") == 0;
	return strcmp(type, "cgroup") == 0 && list_has(options, controller);
}

static bool find_mount(const char *root, bool v2, const char *controller, struct mount *m)
{
	char full[PATH_MAX], line[2 * PATH_MAX];
	bool found = false;
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s/proc/self/mountinfo", root);
	file = fopen(full, "re");
	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = mount_matches(line, v2, controller, m);
	(void)fclose(file);
	return found;
}

static bool find_group(
	struct env_value *v, const char *root, const char *controller, struct group *g)
{
	char own[PATH_MAX / 2];
	struct mount m;
	const char *below = own;
	size_t len;

	if (!own_path(root, controller, &g->v2, own, sizeof(own))) {
		env_probe_fail(v, "/proc/self/cgroup: no group with controller %s", controller);
		return false;
	}
	if (!find_mount(root, g->v2, controller, &m)) {
		env_probe_fail(v, "/proc/self/mountinfo: no control groups with controller %s",
			controller);
		return false;
	}
	len = strcmp(m.root, "/") == 0 ? 0 : strlen(m.root);
	if (strncmp(own, m.root, len) != 0 || strncmp(own, "/..", 3) == 0)
		below = "";
	else
		below += len;
	g->mount_len = strlen(m.point);
	(void)snprintf(g->path, sizeof(g->path), "%s%s", m.point, below);
	for (len = strlen(g->path); len > g->mount_len && g->path[len - 1] == '/';)
		g->path[--len] = '\0';
	return true;
}

/* To the parent's directory; false at the mount point. */
static bool go_up(struct group *g)
{
	char *slash = strrchr(g->path, '/');

	if (strlen(g->path) <= g->mount_len || slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static bool group_line(
	struct env_value *v, const char *root, const struct group *g, const char *name)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", g->path, name);
	return env_probe_line(v, root, path);
}

size_t env_probe_groups(
	const char *root, const char *controller, char (*dir)[ENV_GROUP_PATH], size_t max, bool *v2)
{
	struct env_value why = {0};
	struct group g;
	size_t n = 0;

	if (!find_group(&why, root, controller ? controller : "", &g))
		return 0;
	*v2 = g.v2;
	do {
		if (n < max && strlen(g.path) < ENV_GROUP_PATH)
			memcpy(dir[n++], g.path, strlen(g.path) + 1);
	} while (go_up(&g));
	return n;
}

/* CPUs that this one level allows; infinity for no limit. */
static double level_quota(const char *root, const struct group *g)
{
	struct env_value quota = {0}, period = {0};
	double q, p;

	if (g->v2) {
		if (!group_line(&quota, root, g, "cpu.max") ||
			sscanf(quota.value, "%lf %lf", &q, &p) != 2)
			return (double)INFINITY;
	} else {
		if (!group_line(&quota, root, g, "cpu.cfs_quota_us") ||
			!group_line(&period, root, g, "cpu.cfs_period_us"))
			return (double)INFINITY;
		q = strtod(quota.value, NULL);
		p = strtod(period.value, NULL);
	}
	return q > 0 && p > 0 ? q / p : (double)INFINITY;
}

void env_probe_quota(struct env_value *v, const char *root)
{
	double least = (double)INFINITY;
	struct group g;

	if (!find_group(v, root, "cpu", &g))
		return;
	do {
		least = fmin(least, level_quota(root, &g));
	} while (go_up(&g));
	if (isinf(least))
		env_probe_say(v, "unlimited");
	else
		env_probe_say(v, "%.4g", least);
}

void env_probe_cpuset(struct env_value *v, const char *root)
{
	struct group g;

	if (!find_group(v, root, "cpuset", &g))
		return;
	do {
		if (group_line(v, root, &g,
			    g.v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus") &&
			v->value[0] != '\0')
			return;
	} while (go_up(&g));
	if (v->reason[0] == '\0')
		env_probe_fail(v, "%s: no set of CPUs", g.path);
}
