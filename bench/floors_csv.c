/* floors_csv.c - floors.csv, written whole and read back; see floors.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/floors.h"

static const char *const columns[] = {
	"pass", "pu_a", "pu_b", "part", "bytes", "min_ns", "median_ns", "spread_ns", "n", "reason"};

enum { PASS, PU_A, PU_B, PART, BYTES, MIN_NS, MEDIAN_NS, SPREAD_NS, BATCHES, REASON, COLUMNS };

_Static_assert(ARRAY_LEN(columns) == COLUMNS, "a column each");

/* ---- writing ------------------------------------------------------------- */

static void put_row(struct csv_row *row, const struct floors_row *r)
{
	csv_row_u64(row, r->pass);
	csv_row_u64(row, r->pair.a);
	csv_row_u64(row, r->pair.b);
	csv_row_text(row, r->part < 0 ? "" : floor_part_name((enum floor_part)r->part));
	if (r->bytes)
		csv_row_u64(row, r->bytes);
	else
		csv_row_empty(row);
	csv_row_f64(row, r->min_ns, CSV_SHORT);
	csv_row_f64(row, r->median_ns, CSV_SHORT);
	csv_row_f64(row, r->spread_ns, CSV_SHORT);
	csv_row_u64(row, r->n);
	csv_row_text(row, r->why);
	csv_row_end(row);
}

static int put_rows(const void *ctx, int fd)
{
	const struct floors *f = ctx;
	struct csv_row row = {0};
	int code;

	for (int i = 0; i < COLUMNS; i++)
		csv_row_text(&row, columns[i]);
	csv_row_end(&row);
	code = csv_row_write(&row, fd);
	for (size_t i = 0; i < f->n && !code; i++) {
		csv_row_reset(&row);
		put_row(&row, &f->row[i]);
		code = csv_row_write(&row, fd);
	}
	csv_row_free(&row);
	return code;
}

int floors_write(const struct floors *f, const char *path, char *err, size_t err_len)
{
	return csv_save(path, put_rows, f, err, err_len);
}

/* ---- reading ------------------------------------------------------------- */

struct reader {
	struct floors *floors;
	char *err;
	size_t err_len;
};

static int bad(const struct reader *r, uint64_t line, const char *what)
{
	snprintf(r->err, r->err_len, "line %llu: %s", (unsigned long long)line, what);
	return -EINVAL;
}

static bool whole(const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *out <= most;
}

/* Empty: not measured. */
static bool figure(const char *text, double *out)
{
	char *end;

	*out = NAN;
	if (!text[0])
		return true;
	if (text[strspn(text, "0123456789.")] != '\0')
		return false;
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

static bool read_fields(const char *const *field, struct floors_row *row)
{
	uint64_t a, b, bytes = 0;

	row->part = field[PART][0] ? floor_part_parse(field[PART]) : -1;
	if (field[PART][0] && row->part < 0)
		return false;
	if (!whole(field[PASS], UINT32_MAX, &row->pass) || !whole(field[PU_A], UINT32_MAX, &a) ||
		!whole(field[PU_B], UINT32_MAX, &b) || !whole(field[BATCHES], UINT64_MAX, &row->n))
		return false;
	if (field[BYTES][0] && !whole(field[BYTES], FLOOR_MAX_BYTES, &bytes))
		return false;
	row->pair = (struct floors_pair){(unsigned)a, (unsigned)b};
	row->bytes = (uint32_t)bytes;
	snprintf(row->why, sizeof(row->why), "%s", field[REASON]);
	return figure(field[MIN_NS], &row->min_ns) && figure(field[MEDIAN_NS], &row->median_ns) &&
	       figure(field[SPREAD_NS], &row->spread_ns);
}

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reader *r = ctx;
	struct floors *f = r->floors;
	struct floors_row row = {0}, *at;

	(void)len;
	if (line == 1) {
		for (size_t i = 0; i < COLUMNS; i++) {
			if (i >= n || strcmp(field[i], columns[i]) != 0)
				return bad(r, line, "these are not the columns of floors.csv");
		}
		return 0;
	}
	if (!read_fields(field, &row))
		return bad(r, line, "a field is no number, or no part has that name");
	at = floors_new_row(f);
	if (!at)
		return -ENOMEM;
	*at = row;
	f->pass = row.pass > f->pass ? row.pass : f->pass;
	return 0;
}

int floors_read(struct floors *f, const char *path, char *err, size_t err_len)
{
	char why[200] = "";
	struct reader r = {.floors = f, .err = why, .err_len = sizeof(why)};
	struct csv_limits limits = {0};
	int code = csv_read_file(path, &limits, on_row, &r, err, err_len);

	if (code && why[0])
		snprintf(err, err_len, "%s: %s", path, why);
	return code;
}
