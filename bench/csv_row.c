/*
 * CSV rows, written by hand but for quoting: libcsv's writers would quote every field.
 */
#include "bench/csv.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/number.h"

enum {
	DECIMALS_MAX = 60,
	SHORT_DIGITS = 6,
	F64_BYTES = 400, /* DBL_MAX has 309 digits before the point */
};

/* Room for n more bytes, or NULL. */
static char *row_room(struct csv_row *row, size_t n)
{
	size_t cap = row->cap ? row->cap : 256;

	if (row->failed)
		return NULL;
	while (cap - row->len < n)
		cap *= 2;
	if (cap > row->cap) {
		char *grown = realloc(row->buf, cap);
		row->failed = !grown;
		if (!grown)
			return NULL;
		row->buf = grown;
		row->cap = cap;
	}
	return row->buf + row->len;
}

static void row_append(struct csv_row *row, const char *bytes, size_t n)
{
	char *to = row_room(row, n);

	if (!to)
		return;
	memcpy(to, bytes, n);
	row->len += n;
}

static void next_field(struct csv_row *row)
{
	if (row->fields++)
		row_append(row, ",", 1);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Edge spaces need no quotes by RFC 4180, but many readers trim them. */
static bool needs_quotes(const char *text, size_t len)
{
	return strpbrk(text, ",\"\r\n") || (len && (is_space(text[0]) || is_space(text[len - 1])));
}

void csv_row_text(struct csv_row *row, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	next_field(row);
	if (len && needs_quotes(text, len)) {
		size_t room = csv_write(NULL, 0, text, len);
		char *to = row_room(row, room);
		if (to)
			row->len += csv_write(to, room, text, len);
	} else if (len) {
		row_append(row, text, len);
	}
}

void csv_row_u64(struct csv_row *row, uint64_t value)
{
	char text[32];

	next_field(row);
	row_append(row, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, value));
}

void csv_row_i64(struct csv_row *row, int64_t value)
{
	char text[32];

	next_field(row);
	row_append(row, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, value));
}

/* Whatever stands between the digits is the locale's decimal point, of one byte or more. */
static size_t fix_point(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if ((*from >= '0' && *from <= '9') || *from == '-')
			*to++ = *from;
		else if (to == text || to[-1] != '.')
			*to++ = '.';
	*to = '\0';
	return (size_t)(to - text);
}

static size_t trim_zeros(char *text, size_t len)
{
	if (!strchr(text, '.'))
		return len;
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	text[len] = '\0';
	return len;
}

/* Decimals that leave SHORT_DIGITS significant digits, and every digit before the point. */
static int short_decimals(double value)
{
	int before = value == 0.0 ? 1 : (int)floor(log10(fabs(value))) + 1;

	return before >= SHORT_DIGITS ? 0 : SHORT_DIGITS - before;
}

/* The text of a finite value; its length. */
static size_t write_f64(char text[F64_BYTES], double value, int decimals)
{
	bool shorten = decimals < 0;
	size_t len;

	if (shorten)
		decimals = short_decimals(value);
	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	snprintf(text, F64_BYTES, "%.*f", decimals, value);
	len = fix_point(text);
	return shorten ? trim_zeros(text, len) : len;
}

void csv_row_f64(struct csv_row *row, double value, int decimals)
{
	char text[F64_BYTES];
	size_t len;

	next_field(row);
	if (!isfinite(value))
		return;
	len = write_f64(text, value, decimals);
	if (text[0] == '-' && strspn(text, "-0.") == len) /* -0.00 is 0.00 */
		row_append(row, text + 1, len - 1);
	else
		row_append(row, text, len);
}

double csv_short(double value)
{
	char text[F64_BYTES];
	double back = (double)NAN;

	if (isfinite(value)) {
		write_f64(text, value, CSV_SHORT);
		number_read(text, &back);
	}
	return back;
}

void csv_row_empty(struct csv_row *row)
{
	next_field(row);
}

int csv_row_end(struct csv_row *row)
{
	if (row->fields == 1 && row->len == 0) /* a blank line would be no row at all */
		row_append(row, "\"\"", 2);
	row_append(row, "\n", 1);
	return row->failed ? -ENOMEM : 0;
}

void csv_row_reset(struct csv_row *row)
{
	row->len = 0;
	row->fields = 0;
	row->failed = false;
}

void csv_row_free(struct csv_row *row)
{
	free(row->buf);
	*row = (struct csv_row){0};
}

int csv_row_write(const struct csv_row *row, int fd)
{
	ssize_t n;

	if (row->failed)
		return -ENOMEM;
	do
		n = write(fd, row->buf, row->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == row->len ? 0 : -ENOSPC;
}

int csv_save(const char *path, csv_put_fn *put, const void *ctx, char *err, size_t err_len)
{
	char temp[PATH_MAX + 8];
	int fd, code;

	snprintf(temp, sizeof(temp), "%s.new", path);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0) {
		code = -errno;
		snprintf(err, err_len, "cannot write %s: %s", temp, strerror(-code));
		return code;
	}
	code = put(ctx, fd);
	if (!code && (fsync(fd) != 0 || rename(temp, path) != 0))
		code = -errno;
	close(fd);
	if (code) {
		unlink(temp);
		snprintf(err, err_len, "cannot write %s: %s", path, strerror(-code));
	}
	return code;
}
