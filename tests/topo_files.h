/*
 * The topologies that the tests of topo, locate and place go over: our own XML files, some
 * synthetic descriptions, and real machines where a directory of them stands beside the project.
 */
#ifndef TESTS_TOPO_FILES_H
#define TESTS_TOPO_FILES_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/topo.h"

enum { PATH_BYTES = 512, ERR_BYTES = 512, FILES_MAX = 64 };

static const char *const synthetic[] = {
	"numa:1 core:1 pu:1",
	"pack:2 [numa] l3:2 core:2 pu:2",
	"pack:1 l3:1 l2:2 core:2 pu:2",
	"pack:2 [numa] [numa] core:2 pu:2",
	"pack:2 l3:1 group:2 [numa] core:2 pu:1",
	"core:3 pu:2",
};

enum { SYNTHETICS = sizeof(synthetic) / sizeof(*synthetic) };

static inline struct topo *open_synthetic(const char *desc)
{
	char err[ERR_BYTES];
	struct topo *t = topo_open_synthetic(desc, err, sizeof(err));

	if (!t)
		fail_msg("%s", err);
	return t;
}

static inline struct topo *open_native(void)
{
	char err[ERR_BYTES];
	struct topo *t = topo_open_native(err, sizeof(err));

	if (!t)
		fail_msg("%s", err);
	return t;
}

static inline void source_path(char *path, const char *relative)
{
	const char *root = getenv("HANDOFF_SRC");

	snprintf(path, PATH_BYTES, "%s/%s", root && *root ? root : ".", relative);
}

/* Names ending in .xml, each to be released with free(); how many, or -1 without the directory. */
static inline int list_xml(const char *directory, char *names[FILES_MAX])
{
	DIR *d = opendir(directory);
	struct dirent *e;
	int n = 0;

	if (!d)
		return -1;
	while (n < FILES_MAX && (e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (dot && !strcmp(dot, ".xml"))
			names[n++] = strdup(e->d_name);
	}
	closedir(d);
	return n;
}

/* Calls visit with every topology there is; what = its file or description. Returns how many. */
static inline int for_each_topology(void (*visit)(const struct topo *t, const char *what))
{
	static const char *const directories[] = {"tests/topologies", "../shared/topologies"};
	char path[PATH_BYTES], file[2 * PATH_BYTES], err[ERR_BYTES], *names[FILES_MAX];
	int visited = 0;

	for (int i = 0; i < SYNTHETICS; i++, visited++) {
		struct topo *t = topo_open_synthetic(synthetic[i], err, sizeof(err));

		assert_non_null(t);
		visit(t, synthetic[i]);
		topo_close(t);
	}
	for (int d = 0; d < 2; d++) {
		source_path(path, directories[d]);
		for (int i = 0, n = list_xml(path, names); i < n; i++, visited++) {
			struct topo *t;

			snprintf(file, sizeof(file), "%s/%s", path, names[i]);
			free(names[i]);
			t = topo_open_file(file, err, sizeof(err));
			if (!t)
				fail_msg("%s", err);
			visit(t, file);
			topo_close(t);
		}
	}
	return visited;
}

#endif
