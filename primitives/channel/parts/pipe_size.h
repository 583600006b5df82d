/*
 * pipe_size.h - a pipe as large as the kernel makes it for anybody, or none.
 *
 * Who has many pipes gets small ones, of a page or two: another mechanism, and one whose only
 * worker would wait for itself sooner.  Larger ones (pages of more than 4 KiB) are as they are.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_PIPE_SIZE_H
#define PRIMITIVES_CHANNEL_PARTS_PIPE_SIZE_H

#include <errno.h>
#include <fcntl.h>

#include "harness/link.h"

enum { PIPE_BYTES = 65536 };

/* 0, or -errno with a sentence that names the limit. */
static inline int pipe_size_check(struct link *l, int fd)
{
	int bytes = fcntl(fd, F_GETPIPE_SZ);

	if (bytes < 0)
		return link_fail(l, -errno, "F_GETPIPE_SZ");
	if (bytes >= PIPE_BYTES)
		return 0;
	return link_fail(l, -EPERM,
		"pipe size: %d bytes, not %d: this user's pipes have all of "
		"fs.pipe-user-pages-soft; close some, or raise it",
		bytes, PIPE_BYTES);
}

#endif
