/* version.h - what this build is. */
#ifndef BENCH_VERSION_H
#define BENCH_VERSION_H

#include <stdbool.h>
#include <stddef.h>

extern const char *const version_number;  /* "0.1.0" */
extern const char *const version_commit;  /* "1a2b3c4d5e6f-dirty", "unknown" */
extern const char *const version_flavour; /* release, clang, debug, asan, tsan */
extern const char *const version_flags;   /* the compiler's optimisation flags */

/* Sanitizer and debug builds measure themselves: their figures may not be kept. */
bool version_may_measure(void);

/*
 * A fingerprint of the running binary's bytes, and of the parts added since; 16 hex digits.
 * "unknown" if it cannot be read.
 */
void version_binary_id(char out[20]);

/* What was loaded beside it, by its own fingerprint: plugins.  At the start, one thread. */
void version_add_part(const char *id);

/* That of another file; 0 or -errno, and "unknown". */
int version_file_id(const char *path, char out[20]);

#endif
