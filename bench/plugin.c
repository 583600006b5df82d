/* plugin.c - see plugin.h; the Makefile defines PLUGIN_CONTRACT. */
#include "bench/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
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

/* Keys, lists and patterns are made of it. */
static bool is_plain(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/* NULL: it can be measured; its contract is the tests' matter. */
static const char *defect(const struct mech *m)
{
	const char *family = m->name && m->family < FAMILY_COUNT ? family_name(m->family) : NULL;
	size_t len = family ? strlen(family) : 0;

	if (!family || strncmp(m->name, family, len) != 0 || m->name[len] != '/' ||
		!is_plain(m->name + len + 1))
		return "a mechanism in it is not named FAMILY/NAME after its family, in small "
		       "letters, digits and -";
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

static struct plugin_file *find(const char *path)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(loaded[i].path, path) == 0)
			return &loaded[i];
	}
	return NULL;
}

/* In memory, under a name of this process; where that cannot be had, the file itself. */
static void *open_copy(const char *path)
{
	char name[64];
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("plugin", MFD_CLOEXEC);
	struct stat st;
	bool whole = from >= 0 && to >= 0 && fstat(from, &st) == 0;
	void *handle;

	for (off_t at = 0; whole && at < st.st_size;)
		whole = sendfile(to, from, &at, (size_t)(st.st_size - at)) > 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
	handle = dlopen(whole ? name : path, RTLD_NOW | RTLD_LOCAL);
	if (from >= 0)
		close(from);
	return handle; /* the copy stays open: its name may not become another one's */
}

/* f->path is its real one. */
static int load(struct plugin_file *f, bool copy, const char *path, char *err, size_t err_len)
{
	void *handle = copy ? open_copy(f->path) : dlopen(f->path, RTLD_NOW | RTLD_LOCAL);
	const struct plugin *table = handle ? dlsym(handle, PLUGIN_SYMBOL) : NULL;
	const char *why = handle ? defect_of_table(table) : dlerror();

	if (!handle)
		return refuse(path, why ? why : "it cannot be loaded", err, err_len);
	if (why) {
		refuse(path, why, err, err_len);
		dlclose(handle);
		return -EINVAL;
	}
	f->mech = table->mech;
	return add_all(path, f->mech, err, err_len);
}

static int load_once(
	const char *path, bool copy, const struct plugin_file **out, char *err, size_t err_len)
{
	struct plugin_file *f;
	char real[PATH_MAX];
	int code;

	if (access(path, R_OK) != 0 || !realpath(path, real))
		return refuse(path, strerror(errno), err, err_len);
	f = find(real);
	if (!f && count == PLUGIN_MOST)
		return refuse(path, "there are too many of them", err, err_len);
	if (!f) {
		f = &loaded[count];
		snprintf(f->path, sizeof(f->path), "%s", real);
		code = load(f, copy, path, err, err_len);
		if (code)
			return code;
		version_add_part(f->path); /* there is room for as many */
		count++;
	}
	if (out)
		*out = f;
	return 0;
}

int plugin_load(const char *path, const struct plugin_file **out, char *err, size_t err_len)
{
	return load_once(path, false, out, err, err_len);
}

int plugin_load_copy(const char *path, const struct plugin_file **out, char *err, size_t err_len)
{
	return load_once(path, true, out, err, err_len);
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

const char *plugin_words(char *buf, size_t len)
{
	const char *all = getenv(PLUGIN_ENV);

	buf[0] = '\0';
	if (all && *all)
		snprintf(buf, len, PLUGIN_ENV "='%s' ", all);
	return buf;
}

bool plugin_is_name(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, ".so") == 0;
}
