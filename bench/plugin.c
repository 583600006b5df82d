/* plugin.c - see plugin.h; the Makefile defines PLUGIN_CONTRACT. */
#include "bench/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/registry.h"
#include "bench/version.h"
#include "harness/trial.h"
#include "harness/workload.h"

#ifndef PLUGIN_CONTRACT
#define PLUGIN_CONTRACT "unknown"
#endif

static struct plugin_file loaded[PLUGIN_MOST];
static size_t count;

static int refuse(const char *path, const char *why, char *err, size_t err_len)
{
	snprintf(err, err_len, "plugin %.200s: %.300s", path, why);
	return -EINVAL;
}

/* ---- what it holds ----------------------------------------------------------------- */

/* NULL: it can be measured; its contract is the tests' matter. */
static const char *defect(const struct mech *m)
{
	const char *family = m->name && m->family < FAMILY_COUNT ? family_name(m->family) : NULL;
	size_t len = family ? strlen(family) : 0;

	if (!family || strncmp(m->name, family, len) != 0 || m->name[len] != '/' ||
		!m->name[len + 1])
		return "a mechanism in it is not named FAMILY/NAME after its family";
	if (strlen(m->name) >= sizeof(((struct trial_spec *)0)->mechanism))
		return "the name of a mechanism in it is too long";
	if (!m->summary || !m->contract.peer_dies || !m->ops || !m->loops)
		return "a mechanism in it lacks its summary, its peer_dies, its ops or its loops";
	if (!m->domains || !m->waits)
		return "a mechanism in it has no domain, or no way to wait";
	return NULL;
}

static const char *defect_of_all(const struct mech *const *mech)
{
	const char *why = mech && mech[0] ? NULL : "there is no mechanism in it";

	for (size_t i = 0; !why && mech[i]; i++) {
		why = defect(mech[i]);
		for (size_t k = 0; !why && k < i; k++) {
			if (strcmp(mech[k]->name, mech[i]->name) == 0)
				why = "two mechanisms in it have one name";
		}
	}
	return why;
}

/* Before anything in it is looked at that depends on the headers. */
static const char *defect_of_table(const struct plugin *p)
{
	if (!p || strncmp(p->magic, PLUGIN_MAGIC, PLUGIN_WORD) != 0)
		return "it is no plugin of handoff's: make one with `make plugin SRC=FILE.c`";
	if (strncmp(p->contract, PLUGIN_CONTRACT, PLUGIN_WORD) != 0)
		return "it was made for other headers than this program: make it anew there, with "
		       "`make plugin SRC=FILE.c`";
	return defect_of_all(p->mech);
}

/* ---- loading ------------------------------------------------------------------------ */

static int add_all(const char *path, const struct mech *const *mech, char *err, size_t err_len)
{
	for (size_t i = 0; mech[i]; i++) {
		if (registry_add(mech[i]))
			return refuse(
				path, "there is no room for so many mechanisms", err, err_len);
	}
	return 0;
}

int plugin_load(const char *path, const struct plugin_file **out, char *err, size_t err_len)
{
	struct plugin_file *f = &loaded[count];
	const struct plugin *table;
	const char *why;
	void *handle;
	int code;

	if (count == PLUGIN_MOST)
		return refuse(path, "there are too many of them", err, err_len);
	if (access(path, R_OK) != 0 || !realpath(path, f->path))
		return refuse(path, strerror(errno), err, err_len);
	handle = dlopen(f->path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		why = dlerror();
		return refuse(path, why ? why : "it cannot be loaded", err, err_len);
	}
	table = dlsym(handle, PLUGIN_SYMBOL);
	why = defect_of_table(table);
	if (why) {
		refuse(path, why, err, err_len);
		dlclose(handle);
		return -EINVAL;
	}
	code = add_all(path, table->mech, err, err_len);
	if (code)
		return code;
	version_file_id(f->path, f->id);
	version_add_part(f->id);
	f->mech = table->mech;
	count++;
	if (out)
		*out = f;
	return 0;
}

int plugin_load_named(char *err, size_t err_len)
{
	const char *all = getenv(PLUGIN_ENV);
	char *text = all ? strdup(all) : NULL, *save = NULL;
	int code = all && !text ? -ENOMEM : 0;

	if (code)
		snprintf(err, err_len, "no memory");
	for (char *path = text ? strtok_r(text, ":", &save) : NULL; path && !code;
		path = strtok_r(NULL, ":", &save))
		code = plugin_load(path, NULL, err, err_len);
	free(text);
	return code;
}

int plugin_names_with(const char *path, char **all, char *err, size_t err_len)
{
	const char *before = getenv(PLUGIN_ENV);
	char real[PATH_MAX];

	*all = NULL;
	if (!realpath(path, real))
		return refuse(path, strerror(errno), err, err_len);
	if (strchr(real, ':'))
		return refuse(
			path, "a path with a colon cannot be handed on to trials", err, err_len);
	if (asprintf(all, "%s%s%s", before ? before : "", before && *before ? ":" : "", real) < 0) {
		*all = NULL;
		snprintf(err, err_len, "no memory");
		return -ENOMEM;
	}
	return 0;
}

const struct plugin_file *plugin_all(size_t *n)
{
	*n = count;
	return loaded;
}

bool plugin_is_name(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, ".so") == 0;
}
