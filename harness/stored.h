/*
 * stored.h - where a file lies: a row about a file says on what.
 *
 * Reads files of the kernel only; any thread.
 */
#ifndef HARNESS_STORED_H
#define HARNESS_STORED_H

#include <stddef.h>

/*
 * "DIRECTORY on TYPE" of the regular file at `path`, TYPE as in /proc/self/mountinfo
 * ("ext4", "tmpfs"), or "unknown" where that does not tell.  Empty when there is no
 * such file, or it is no regular one.
 */
void stored_in(const char *path, char *out, size_t out_len);

#endif
