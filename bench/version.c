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
static const uint64_t hash_begin = 0xcbf29ce484222325u;

/* Of the parts, in their order; 0: there are none. */
static uint64_t parts;

static uint64_t hash_on(uint64_t hash, const unsigned char *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

void version_add_part(const char *id)
{
	parts = hash_on(parts ? parts : hash_begin, (const unsigned char *)id, strlen(id));
}

int version_file_id(const char *path, char out[20])
{
	uint64_t hash = hash_begin;
	unsigned char buf[65536];
	FILE *f = fopen(path, "re");
	size_t n;

	snprintf(out, 20, "unknown");
	if (!f)
		return -errno;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		hash = hash_on(hash, buf, n);
	fclose(f);
	snprintf(out, 20, "%016" PRIx64, hash);
	return 0;
}

void version_binary_id(char out[20])
{
	uint64_t hash;

	if (version_file_id("/proc/self/exe", out) != 0 || parts == 0)
		return;
	hash = hash_on(parts, (const unsigned char *)out, strlen(out));
	snprintf(out, 20, "%016" PRIx64, hash);
}
