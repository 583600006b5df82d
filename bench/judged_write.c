/* judged_write.c - judgement.csv: its columns, and how they are written; see judged.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/judged_columns.h"
#include "bench/report.h"

enum { NUMBER = 40 };

#define H_AT(f) offsetof(struct judgement, f)
#define H_OF(f) sizeof(((struct judgement *)0)->f)
#define R_AT(f) offsetof(struct judged, f)
#define R_OF(f) sizeof(((struct judged *)0)->f)

#define HEAD(name, type, f)                                                                        \
	{                                                                                          \
		name, type, H_AT(f), JUDGED_NOWHERE, H_OF(f), 0                                    \
	}
#define ROW(name, type, f)                                                                         \
	{                                                                                          \
		name, type, JUDGED_NOWHERE, R_AT(f), 0, R_OF(f)                                    \
	}
#define BOTH(name, type, hf, f)                                                                    \
	{                                                                                          \
		name, type, H_AT(hf), R_AT(f), H_OF(hf), R_OF(f)                                   \
	}

/* clang-format off: a row a line */
const struct judged_column judged_column[JUDGED_COLUMNS] = {
	{"schema_version", JT_SCHEMA, 0, 0, 0, 0},
	{"record", JT_RECORD, 0, 0, 0, 0},
	ROW("cell", JT_TEXT, cell),
	ROW("metric", JT_TEXT, metric),
	ROW("unit", JT_TEXT, unit),
	ROW("verdict", JT_VERDICT, verdict),
	ROW("gated", JT_YES, gated),
	ROW("old", JT_FIGURE, old_value),
	ROW("new", JT_FIGURE, new_value),
	BOTH("ratio", JT_RATIO, suite_ratio, ratio),
	BOTH("ratio_lo", JT_RATIO, suite_lo, lo),
	BOTH("ratio_hi", JT_RATIO, suite_hi, hi),
	ROW("p", JT_FRACTION, p),
	ROW("q", JT_FRACTION, q),
	ROW("mde_ratio", JT_RATIO, mde),
	ROW("margin", JT_FIGURE, margin),
	ROW("pairs", JT_COUNT, pairs),
	ROW("needs", JT_COUNT, needs),
	BOTH("reason", JT_TEXT, note, reason),
	HEAD("mode", JT_MODE, mode),
	HEAD("old_name", JT_TEXT, old_name),
	HEAD("new_name", JT_TEXT, new_name),
	HEAD("machine", JT_TEXT, machine),
	HEAD("began", JT_TEXT, began),
	HEAD("seed", JT_SEED, seed),
	HEAD("fwer", JT_FRACTION, fwer),
	HEAD("suite_slower", JT_YES, suite_flagged),
	HEAD("advisory", JT_YES, advisory),
	HEAD("exit_code", JT_CODE, exit_code),
	HEAD("rows", JT_ROWS, n),
};
/* clang-format on */

const char *const judged_mode_name[JUDGED_MODES] = {
	[JUDGED_PAIRED] = "paired", [JUDGED_STORED] = "stored"};

const char *const *judged_columns(size_t *n)
{
	static const char *names[JUDGED_COLUMNS];

	for (int i = 0; i < JUDGED_COLUMNS; i++)
		names[i] = judged_column[i].name;
	*n = JUDGED_COLUMNS;
	return names;
}

/* As few digits as bring the same number back; an exponent only where there would be many. */
static void put_figure(struct csv_row *out, double v)
{
	char text[NUMBER];
	int first = fabs(v) >= 1 && fabs(v) < 1e15 ? (int)log10(fabs(v)) + 1 : 1;

	if (!isfinite(v)) {
		csv_row_empty(out);
		return;
	}
	for (int digits = first; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	csv_row_text(out, text);
}

static void put_field(struct csv_row *out, enum judged_type type, const void *at)
{
	switch (type) {
	case JT_TEXT:
		csv_row_text(out, at);
		break;
	case JT_FIGURE:
	case JT_RATIO:
	case JT_FRACTION:
		put_figure(out, *(const double *)at);
		break;
	case JT_COUNT:
		csv_row_u64(out, *(const uint32_t *)at);
		break;
	case JT_SEED:
		csv_row_u64(out, *(const uint64_t *)at);
		break;
	case JT_VERDICT:
		csv_row_text(out, judged_name(*(const enum judged_verdict *)at));
		break;
	case JT_YES:
		csv_row_text(out, *(const bool *)at ? "yes" : "no");
		break;
	case JT_MODE:
		csv_row_text(out, judged_mode_name[*(const enum judged_mode *)at]);
		break;
	case JT_CODE:
		csv_row_i64(out, *(const int *)at);
		break;
	case JT_ROWS:
		csv_row_u64(out, *(const size_t *)at);
		break;
	case JT_SCHEMA:
	case JT_RECORD:
		break;
	}
}

/* Of the judgement where row is NULL. */
static void put_row(struct csv_row *out, const struct judgement *j, const struct judged *row)
{
	csv_row_reset(out);
	for (int i = 0; i < JUDGED_COLUMNS; i++) {
		const struct judged_column *c = &judged_column[i];
		ptrdiff_t offset = row ? c->row : c->head;
		const char *base = row ? (const char *)row : (const char *)j;

		if (c->type == JT_SCHEMA)
			csv_row_u64(out, JUDGED_SCHEMA);
		else if (c->type == JT_RECORD)
			csv_row_text(out, row ? "metric" : "judgement");
		else if (offset == JUDGED_NOWHERE)
			csv_row_empty(out);
		else
			put_field(out, c->type, base + offset);
	}
	csv_row_end(out);
}

static int flush_row(struct csv_row *out, FILE *to)
{
	if (out->failed)
		return -ENOMEM;
	return fwrite(out->buf, 1, out->len, to) == out->len ? 0 : -EIO;
}

static int put_all(void *ctx, FILE *to, char *err, size_t err_len)
{
	const struct judgement *j = ctx;
	struct csv_row out = {0};
	int code;

	for (int i = 0; i < JUDGED_COLUMNS; i++)
		csv_row_text(&out, judged_column[i].name);
	csv_row_end(&out);
	code = flush_row(&out, to);
	for (size_t i = 0; i <= j->n && !code; i++) {
		put_row(&out, j, i ? &j->row[i - 1] : NULL);
		code = flush_row(&out, to);
	}
	csv_row_free(&out);
	if (code)
		snprintf(err, err_len, "cannot write the judgement: %s", strerror(-code));
	return code;
}

int judged_write(const char *path, const struct judgement *j, char *err, size_t err_len)
{
	struct judgement whole = *j;

	if (j->n > JUDGED_MOST_ROWS) {
		snprintf(err, err_len,
			"%.300s: %zu metrics of cells are more than a judgement holds (%d); compare "
			"fewer cells at once",
			path, j->n, JUDGED_MOST_ROWS);
		return -E2BIG;
	}
	return report_save(path, put_all, &whole, err, err_len);
}
