/* judged_read.c - judgement.csv, read strictly; see judged.h. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/judged_columns.h"
#include "harness/compiler.h"

#define ROUNDING 1e-9 /* of a sum of probabilities */

enum { MOST_EXIT = 255, MOST_ROW_BYTES = 64 * 1024 };

struct reader {
	struct judgement j;
	size_t rows; /* what the file says it has */
	const char *path;
	uint64_t line;
	int column; /* being read; -1: the row as such */
	bool has_names, has_head;
	char *err;
	size_t err_len;
};

PRINTF_LIKE(2, 3) static int refuse(struct reader *r, const char *format, ...)
{
	char where[80] = "", what[300];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	if (r->column >= 0)
		snprintf(where, sizeof(where), " column %d (%s):", r->column + 1,
			judged_column[r->column].name);
	snprintf(r->err, r->err_len, "%s:%" PRIu64 ":%s %s", r->path, r->line, where, what);
	return -EINVAL;
}

static int read_header(struct reader *r, size_t n, const char *const *field)
{
	for (int i = 0; i < JUDGED_COLUMNS; i++) {
		r->column = i;
		if ((size_t)i >= n || strcmp(field[i], judged_column[i].name) != 0)
			return refuse(r, "not a judgement: there is \"%.40s\" in its place",
				(size_t)i < n ? field[i] : "");
	}
	r->column = -1;
	return n == JUDGED_COLUMNS
		       ? 0
		       : refuse(r, "not a judgement: %zu columns too many", n - JUDGED_COLUMNS);
}

/* What a number of its kind can be; NAN passes where there is none. */
static bool in_range(enum judged_type type, double v)
{
	if (type == JT_RATIO)
		return v >= 0; /* 0: what there was of it is gone */
	return type != JT_FRACTION || (v >= 0 && v <= 1 + ROUNDING);
}

static int read_figure(struct reader *r, enum judged_type type, const char *text, double *out)
{
	/* strtod() would also take blanks, hexadecimal and "nan" */
	bool decimal = text[strspn(text, "0123456789+-.eE")] == '\0';
	char *end;

	*out = NAN;
	if (!text[0])
		return 0;
	*out = strtod(text, &end);
	if (!decimal || *end || !isfinite(*out))
		return refuse(r, "\"%.40s\" is no number", text);
	if (!in_range(type, *out))
		return refuse(r, "%.40s is out of its range, %s", text,
			type == JT_RATIO ? "0 or above" : "0 to 1");
	return 0;
}

static int read_whole(struct reader *r, const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end)
		return refuse(r, "\"%.40s\" is no whole number", text);
	if (errno || *out > most)
		return refuse(r, "%.40s is more than %" PRIu64, text, most);
	return 0;
}

static int read_word(
	struct reader *r, const char *text, const char *const *word, size_t n, int *which)
{
	for (*which = 0; (size_t)*which < n; ++*which) {
		if (strcmp(text, word[*which]) == 0)
			return 0;
	}
	return refuse(r, "\"%.40s\" is no %s", text, judged_column[r->column].name);
}

static int read_verdict(struct reader *r, const char *text, enum judged_verdict *out)
{
	*out = judged_of_name(text);
	return *out < JUDGED_VERDICTS ? 0 : refuse(r, "\"%.40s\" is no verdict", text);
}

/* Never cut: two cells whose keys begin alike would become one. */
static int read_text(struct reader *r, const char *text, size_t len, size_t bytes, char *out)
{
	if (len >= bytes)
		return refuse(r, "%zu bytes, at most %zu fit: \"%.40s...\"", len, bytes - 1, text);
	memcpy(out, text, len + 1);
	return 0;
}

static int read_number(struct reader *r, enum judged_type type, const char *text, void *at)
{
	static const uint64_t most[] = {[JT_COUNT] = UINT32_MAX,
		[JT_SEED] = UINT64_MAX,
		[JT_CODE] = MOST_EXIT,
		[JT_ROWS] = JUDGED_MOST_ROWS};
	uint64_t v;
	int code = read_whole(r, text, most[type], &v);

	if (code)
		return code;
	if (type == JT_COUNT)
		*(uint32_t *)at = (uint32_t)v;
	else if (type == JT_SEED)
		*(uint64_t *)at = v;
	else if (type == JT_CODE)
		*(int *)at = (int)v;
	else
		r->rows = (size_t)v;
	return 0;
}

static int read_choice(struct reader *r, enum judged_type type, const char *text, void *at)
{
	static const char *const yes[] = {"no", "yes"};
	int which, code = type == JT_YES ? read_word(r, text, yes, ARRAY_LEN(yes), &which)
					 : read_word(r, text, judged_mode_name,
						   ARRAY_LEN(judged_mode_name), &which);

	if (type == JT_YES)
		*(bool *)at = which == 1;
	else
		*(enum judged_mode *)at = (enum judged_mode)which;
	return code;
}

static int read_field(struct reader *r, enum judged_type type, const char *text, size_t len,
	size_t bytes, void *at)
{
	switch (type) {
	case JT_TEXT:
		return read_text(r, text, len, bytes, at);
	case JT_FIGURE:
	case JT_RATIO:
	case JT_FRACTION:
		return read_figure(r, type, text, at);
	case JT_VERDICT:
		return read_verdict(r, text, at);
	case JT_YES:
	case JT_MODE:
		return read_choice(r, type, text, at);
	case JT_COUNT:
	case JT_SEED:
	case JT_CODE:
	case JT_ROWS:
		return read_number(r, type, text, at);
	case JT_SCHEMA:
	case JT_RECORD:
		break;
	}
	return 0;
}

/* The two columns that say what the others are. */
static int read_kind(struct reader *r, const char *const *field)
{
	uint64_t schema;
	int code;

	r->column = 0;
	code = read_whole(r, field[0], UINT32_MAX, &schema);
	if (code)
		return code;
	if (schema != JUDGED_SCHEMA)
		return refuse(r, "schema %" PRIu64 ", this build reads %d", schema, JUDGED_SCHEMA);
	r->column = 1;
	if (strcmp(field[1], r->has_head ? "metric" : "judgement") != 0)
		return refuse(r, "\"%.40s\" where a row `%s` must stand", field[1],
			r->has_head ? "metric" : "judgement");
	return 0;
}

static int read_fields(
	struct reader *r, struct judged *row, const char *const *field, const size_t *len)
{
	int code = 0;

	for (int i = 2; i < JUDGED_COLUMNS && !code; i++) {
		const struct judged_column *c = &judged_column[i];
		ptrdiff_t offset = row ? c->row : c->head;
		char *base = row ? (char *)row : (char *)&r->j;

		r->column = i;
		if (offset == JUDGED_NOWHERE)
			code = len[i] ? refuse(r, "must be empty in this row") : 0;
		else
			code = read_field(r, c->type, field[i], len[i],
				row ? c->row_bytes : c->head_bytes, base + offset);
	}
	r->column = code ? r->column : -1;
	return code;
}

static int add_row(struct reader *r, const char *const *field, const size_t *len)
{
	if (!r->j.row) /* line 2 says how many, and one too many is refused */
		r->j.row = calloc(r->rows + 1, sizeof(*r->j.row));
	if (!r->j.row) {
		snprintf(r->err, r->err_len, "%s: no memory for %zu rows", r->path, r->rows);
		return -ENOMEM;
	}
	return read_fields(r, &r->j.row[r->j.n++], field, len);
}

static int check_row(struct reader *r)
{
	const struct judged *row = &r->j.row[r->j.n - 1];

	if (!row->cell[0] || !row->metric[0])
		return refuse(r, "a row without %s", row->cell[0] ? "metric" : "cell");
	if (row->lo > row->hi)
		return refuse(r, "the interval begins at %g and ends at %g", row->lo, row->hi);
	if (r->j.n > r->rows)
		return refuse(r, "more than the %zu rows that line 2 tells of", r->rows);
	return 0;
}

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reader *r = ctx;
	int code;

	r->line = line;
	r->column = -1;
	if (!r->has_names) {
		r->has_names = true;
		return read_header(r, n, field);
	}
	code = read_kind(r, field);
	if (code)
		return code;
	if (!r->has_head) {
		r->has_head = true;
		return read_fields(r, NULL, field, len);
	}
	code = add_row(r, field, len);
	r->column = code ? r->column : -1;
	return code ? code : check_row(r);
}

static int by_name(const void *a, const void *b)
{
	const struct judged *x = *(const struct judged *const *)a;
	const struct judged *y = *(const struct judged *const *)b;
	int order = strcmp(x->cell, y->cell);

	return order ? order : strcmp(x->metric, y->metric);
}

/* Rows stand by weight, not by cell. */
static int check_twice(struct reader *r)
{
	const struct judged **row = calloc(r->j.n + 1, sizeof(*row));
	int code = row ? 0 : -ENOMEM;

	for (size_t i = 0; row && i < r->j.n; i++)
		row[i] = &r->j.row[i];
	if (row)
		qsort(row, r->j.n, sizeof(*row), by_name);
	else
		snprintf(r->err, r->err_len, "%s: no memory for %zu rows", r->path, r->j.n);
	for (size_t i = 1; i < r->j.n && !code; i++) {
		if (by_name(&row[i - 1], &row[i]) != 0)
			continue;
		snprintf(r->err, r->err_len, "%s: %s of %s is there twice", r->path, row[i]->metric,
			row[i]->cell);
		code = -EINVAL;
	}
	free(row);
	return code;
}

static int check_whole(struct reader *r, const struct csv_limits *limits)
{
	if (limits->truncated_tail || !r->has_head || r->j.n != r->rows) {
		snprintf(r->err, r->err_len,
			"%s:%" PRIu64 ": the file ends before its end: %zu of %zu rows; write it "
			"again",
			r->path, r->line + 1, r->j.n, r->has_head ? r->rows : 0);
		return -EINVAL;
	}
	return check_twice(r);
}

int judged_read(struct judgement *j, const char *path, char *err, size_t err_len)
{
	struct reader r = {.path = path, .err = err, .err_len = err_len};
	struct csv_limits limits = {.max_row_bytes = MOST_ROW_BYTES};
	int code = csv_read_file(path, &limits, on_row, &r, err, err_len);

	if (!code)
		code = check_whole(&r, &limits);
	if (code) {
		free(r.j.row);
		return code;
	}
	judged_sort(&r.j);
	*j = r.j;
	return 0;
}
