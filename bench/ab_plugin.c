/* ab_plugin.c - a side of `handoff ab` that is a plugin: this program, with other mechanisms. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/ab.h"
#include "bench/axis.h"

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

static int name_in_environment(struct ab *ab, enum ab_which which)
{
	struct opt_list *env = which == AB_OLD ? &ab->set.old_env : &ab->set.new_env;
	char *all = NULL, *item = NULL;
	int code = plugin_names_with(ab->side[which].given, &all, ab->err, RUN_ERR);

	if (!code && asprintf(&item, "%s=%s", PLUGIN_ENV, all) < 0) {
		item = NULL;
		code = -ENOMEM;
	}
	if (!code)
		code = add(env, item);
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
	int code = plugin_load(s->given, &s->plugin, why, sizeof(why));

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

	if (ab->set.matrix || names->n)
		return 0;
	for (int i = 0; i < AB_SIDES; i++) {
		const struct plugin_file *p = ab->side[i].plugin;

		for (size_t k = 0; p && p->mech[k] && !code; k++) {
			if (!is_named(names, p->mech[k]->name))
				code = add(names, p->mech[k]->name);
		}
	}
	return code;
}
