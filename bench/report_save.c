/* report_save.c - a file is written whole or not at all; see report.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/report.h"

int report_save(const char *path, report_put_fn *put, void *ctx, char *err, size_t err_len)
{
	char temp[PATH_MAX + 64];
	FILE *to;
	int code;

	snprintf(temp, sizeof(temp), "%s.new", path);
	to = fopen(temp, "we");
	if (!to) {
		code = -errno;
		snprintf(err, err_len, "cannot write %s: %s", temp, strerror(-code));
		return code;
	}
	code = put(ctx, to, err, err_len);
	if (code) {
		fclose(to);
		unlink(temp);
		return code;
	}
	if (ferror(to) | fclose(to))
		code = -EIO;
	if (!code && rename(temp, path) != 0)
		code = -errno;
	if (code) {
		unlink(temp);
		snprintf(err, err_len, "cannot write %s: %s", path, strerror(-code));
	}
	return code;
}
