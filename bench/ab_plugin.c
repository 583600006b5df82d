/*
 * ab_plugin.c - the files of the sides of `handoff ab`; one that is a plugin is this program, with
 * other mechanisms.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/ab.h"
#include "bench/axis.h"

/* ---- the same files from the first trial to the last ----------------------------- */

static const char *file_of(const struct ab_side *s, int i)
{
	return i == 0 ? s->path : s->plugin ? s->plugin->path : NULL;
}

void ab_side_note(struct ab_side *s)
{
	for (int i = 0; i < 2; i++) {
		if (file_of(s, i) && stat(file_of(s, i), &s->is[i]) != 0)
			s->is[i] = (struct stat){0};
	}
}

static bool is_same(const char *path, const struct stat *was)
{
	struct stat now;

	return stat(path, &now) == 0 && now.st_dev == was->st_dev && now.st_ino == was->st_ino &&
	       now.st_size == was->st_size && now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

int ab_side_same(struct ab *ab, enum ab_which which)
{
	const struct ab_side *s = &ab->side[which];

	for (int i = 0; i < 2; i++) {
		if (!file_of(s, i) || is_same(file_of(s, i), &s->is[i]))
			continue;
		snprintf(ab->err, RUN_ERR,
			"%s: %.300s was changed or removed while it was compared; nothing is decided",
			s->name, file_of(s, i));
		return -EXDEV;
	}
	return 0;
}

/* ---- plugins ----------------------------------------------------------------------- */

/* As opt_parse() would have: freed with the settings. */
static int add(struct opt_list *l, const char *text)
{
	const char **more = realloc(l->item, (l->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	l->item = more;
	l->item[l->n] = strdup(text);
	if (!l->item[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

bool ab_names_plugins(const struct opt_list *env)
{
	size_t len = strlen(PLUGIN_ENV);

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->item[i], PLUGIN_ENV, len) == 0 && env->item[i][len] == '=')
			return true;
	}
	return false;
}

static int name_in_environment(struct ab *ab, enum ab_which which)
{
	struct opt_list *env = which == AB_OLD ? &ab->set.old_env : &ab->set.new_env;
	char *all = NULL, *item = NULL;
	int code = plugin_names_with(ab->side[which].given, &all, ab->err, RUN_ERR);

	if (code)
		return code;
	if (ab_names_plugins(env)) {
		snprintf(ab->err, RUN_ERR, "%s is a plugin: leave %s out of its environment",
			ab->side[which].name, PLUGIN_ENV);
		free(all);
		return -EINVAL;
	}
	if (asprintf(&item, "%s=%s", PLUGIN_ENV, all) < 0)
		item = NULL;
	code = item ? add(env, item) : -ENOMEM;
	if (code)
		snprintf(ab->err, RUN_ERR, "no memory");
	ab->side[which].env = *env;
	free(item);
	free(all);
	return code;
}

int ab_plugin_open(struct ab *ab, enum ab_which which)
{
	struct ab_side *s = &ab->side[which];
	char why[RUN_ERR - 16];
	ssize_t len;
	int code = plugin_load_copy(s->given, &s->plugin, why, sizeof(why));

	if (code) {
		snprintf(ab->err, RUN_ERR, "%s, %s", s->name, why);
		return code;
	}
	len = readlink("/proc/self/exe", s->path, sizeof(s->path) - 1);
	if (len < 0) {
		code = -errno;
		snprintf(ab->err, RUN_ERR, "this program cannot be found: %s", strerror(errno));
		return code;
	}
	s->path[len] = '\0';
	return name_in_environment(ab, which);
}

static bool is_named(const struct opt_list *l, const char *name)
{
	size_t i = 0;

	while (i < l->n && strcmp(l->item[i], name) != 0)
		i++;
	return i < l->n;
}

int ab_plugin_select(struct ab *ab)
{
	struct opt_list *names = &ab->set.axes.value[AXIS_MECHANISM];
	int code = 0;

	if (!ab->side[AB_OLD].plugin != !ab->side[AB_NEW].plugin)
		fputs("handoff ab: a plugin is compiled otherwise (-fPIC) than the mechanisms of a "
		      "program: what differs may be that; compare a plugin with a plugin\n",
			stderr);
	if (ab->set.matrix || names->n)
		return 0;
	for (int i = 0; i < AB_SIDES; i++) {
		const struct plugin_file *p = ab->side[i].plugin;

		for (size_t k = 0; p && p->mech[k] && !code; k++) {
			if (!is_named(names, p->mech[k]->name))
				code = add(names, p->mech[k]->name);
		}
	}
	if (code)
		snprintf(ab->err, RUN_ERR, "no memory");
	return code;
}
