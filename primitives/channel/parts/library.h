/*
 * library.h - client libraries that are loaded when they are needed, by those who need
 * them: in the program's list of libraries each would cost every trial its start.
 *
 * Any thread.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_LIBRARY_H
#define PRIMITIVES_CHANNEL_PARTS_LIBRARY_H

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "harness/link.h"

#define LIBRARY_TEXT_(x) #x
#define LIBRARY_TEXT(x)  LIBRARY_TEXT_(x)

/* A function by name, and where its address goes. */
struct library_symbol {
	const char *name;
	void *to;
};

static inline void library_close(void **library)
{
	if (*library)
		dlclose(*library);
	*library = NULL;
}

/* 0; -ENOTSUP: the library is not here, or lacks a function. */
static inline int library_open(
	void **library, const char *name, const struct library_symbol *symbol, size_t n)
{
	*library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!*library)
		return -ENOTSUP;
	for (size_t i = 0; i < n; i++) {
		void *at = dlsym(*library, symbol[i].name);

		if (!at) {
			library_close(library);
			return -ENOTSUP;
		}
		memcpy(symbol[i].to, &at, sizeof(at));
	}
	return 0;
}

/* For probes: NULL, or why a library cannot be used.  `file` NULL: its header was not there. */
#define library_missing(file, name, package)                                                       \
	((file) == NULL ? "built without " name ": install " package " and build again"            \
		: library_absent(file) ? name " is not installed here"                             \
				       : NULL)

static inline bool library_absent(const char *file)
{
	void *library = file ? dlopen(file, RTLD_LAZY | RTLD_LOCAL) : NULL;
	bool absent = !library;

	library_close(&library);
	return absent;
}

#endif
