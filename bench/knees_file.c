/* knees_file.c - knees.csv; see knees.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/knees.h"

static const char *const columns[] = {
	"cell", "slo_ns", "knee_per_s", "capacity_per_s", "trials", "reason"};

static void put_header(struct csv_row *row)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		csv_row_text(row, columns[i]);
	csv_row_end(row);
}

/* 0: not known, an empty field. */
static void put_known(struct csv_row *row, uint64_t v)
{
	if (v)
		csv_row_u64(row, v);
	else
		csv_row_empty(row);
}

static void put_row(struct csv_row *row, const struct knee_row *k)
{
	csv_row_text(row, k->cell);
	csv_row_u64(row, k->slo_ns);
	put_known(row, k->knee_per_s);
	put_known(row, k->capacity_per_s);
	csv_row_u64(row, k->trials);
	csv_row_text(row, k->reason);
	csv_row_end(row);
}

/* The plan, which is written after it, makes it valid: the run begins with the plan. */
int knees_write(const struct knees *k, const char *path, char *err, size_t err_len)
{
	struct csv_row row = {0};
	int code, fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	code = fd < 0 ? -errno : 0;
	put_header(&row);
	if (!code)
		code = csv_row_write(&row, fd);
	for (size_t i = 0; i < k->n && !code; i++) {
		csv_row_reset(&row);
		put_row(&row, &k->row[i]);
		code = csv_row_write(&row, fd);
	}
	if (!code && fsync(fd) != 0)
		code = -errno;
	if (fd >= 0)
		close(fd);
	csv_row_free(&row);
	if (code)
		snprintf(err, err_len, "cannot write %s: %s", path, strerror(-code));
	return code;
}

struct reader {
	struct knees *k;
	const char *path;
	char *err;
	size_t err_len;
};

static int not_knees(const struct reader *r, uint64_t line)
{
	snprintf(r->err, r->err_len, "%s:%llu: not a row of knees.csv", r->path,
		(unsigned long long)line);
	return -EINVAL;
}

static bool number(const char *text, bool may_lack, uint64_t *out)
{
	char *end;

	*out = 0;
	if (!text[0])
		return may_lack;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reader *r = ctx;
	struct knee_row row = {.slo_ns = 0}, *more;

	if (n != ARRAY_LEN(columns))
		return not_knees(r, line);
	if (line == 1) {
		for (size_t i = 0; i < n; i++) {
			if (strcmp(field[i], columns[i]) != 0)
				return not_knees(r, line);
		}
		return 0;
	}
	if (len[0] >= sizeof(row.cell) || len[5] >= sizeof(row.reason) ||
		!number(field[1], false, &row.slo_ns) || !number(field[2], true, &row.knee_per_s) ||
		!number(field[3], true, &row.capacity_per_s) ||
		!number(field[4], false, &row.trials))
		return not_knees(r, line);
	memcpy(row.cell, field[0], len[0] + 1);
	memcpy(row.reason, field[5], len[5] + 1);
	more = realloc(r->k->row, (r->k->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->k->row = more;
	more[r->k->n++] = row;
	return 0;
}

int knees_read(struct knees *k, const char *path, char *err, size_t err_len)
{
	struct reader r = {.k = k, .path = path, .err = err, .err_len = err_len};
	int code;

	*k = (struct knees){0};
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	code = csv_read_file(path, NULL, on_row, &r, err, err_len);
	if (code)
		knees_free(k);
	return code;
}
