/*
 * plugin.h - loads mechanisms from shared objects (harness/plugin.h) into the registry.
 *
 * Which ones stands in $HANDOFF_PLUGIN, absolute paths with colons between them: trials, which are
 * processes of this program, load the same.  A mechanism of a name that is there takes its place.
 * Nothing is ever unloaded.  At the start of the program, one thread.
 */
#ifndef BENCH_PLUGIN_H
#define BENCH_PLUGIN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/plugin.h"

#define PLUGIN_ENV "HANDOFF_PLUGIN"

enum { PLUGIN_MOST = 16 };

struct plugin_file {
	char path[PATH_MAX]; /* its real one */
	const struct mech *const *mech;
};

/*
 * Load one file; what the program measures is from now on another thing than its binary alone says
 * (version_binary_id()).  A file that is loaded already is not loaded again.  *out, which may be
 * NULL, stays valid.  0, or -errno with a sentence: not a
 * plugin, made for other headers, a mechanism in it that none of our loops can run.
 */
int plugin_load(const char *path, const struct plugin_file **out, char *err, size_t err_len);

/* The same, from a copy: whoever writes over the file does not harm this program. */
int plugin_load_copy(const char *path, const struct plugin_file **out, char *err, size_t err_len);

/* All that $HANDOFF_PLUGIN names. */
int plugin_load_named(char *err, size_t err_len);

/*
 * What $HANDOFF_PLUGIN is when it names this one too, by its absolute path: free() it.  Nothing is
 * loaded or set.
 */
int plugin_names_with(const char *path, char **all, char *err, size_t err_len);

/* What was loaded, in that order. */
const struct plugin_file *plugin_all(size_t *n);

/* For a line that is to be repeated: "HANDOFF_PLUGIN='FILE' ", or nothing where there is none. */
const char *plugin_words(char *buf, size_t len);

/* Is this the name of a plugin rather than of a program? */
bool plugin_is_name(const char *path);

#endif
