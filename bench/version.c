/* version.c - see version.h; the Makefile defines the macros. */
#include "bench/version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifndef HANDOFF_COMMIT
#define HANDOFF_COMMIT "unknown"
#endif
#ifndef HANDOFF_FLAVOUR
#define HANDOFF_FLAVOUR "unknown"
#endif
#ifndef HANDOFF_FLAGS
#define HANDOFF_FLAGS ""
#endif

const char *const version_number = "0.1.0";
const char *const version_commit = HANDOFF_COMMIT;
const char *const version_flavour = HANDOFF_FLAVOUR;
const char *const version_flags = HANDOFF_FLAGS;

bool version_may_measure(void)
{
	return strcmp(version_flavour, "release") == 0 || strcmp(version_flavour, "clang") == 0;
}

/* FNV-1a: tells builds apart, no more. */
int version_file_id(const char *path, char out[20])
{
	uint64_t hash = 0xcbf29ce484222325u;
	unsigned char buf[65536];
	FILE *f = fopen(path, "re");
	size_t n;

	snprintf(out, 20, "unknown");
	if (!f)
		return -errno;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		for (size_t i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * 0x100000001b3u;
	}
	fclose(f);
	snprintf(out, 20, "%016" PRIx64, hash);
	return 0;
}

void version_binary_id(char out[20])
{
	version_file_id("/proc/self/exe", out);
}
