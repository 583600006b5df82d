/* report_refs.c - single figures in the prose; see report_part.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report_part.h"
#include "bench/report_text.h"

enum { TEXT = 160 };

static int want(const struct words *w, size_t n, const char *usage, char *why, size_t why_len)
{
	if (w->n == n)
		return 0;
	snprintf(why, why_len, "is written {{%s}}", usage);
	return -EINVAL;
}

int report_ref_run(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	int code = want(w, 0, "run", why, why_len);

	if (!code)
		report_text(to, report_run_id(r->run));
	return code;
}

int report_ref_env(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	const struct run_env *e;
	int code = want(w, 1, "env KEY", why, why_len);

	if (code)
		return code;
	e = report_run_env_row(r->run, w->word[0]);
	if (!e) {
		snprintf(why, why_len, "environment.csv of this run has no %s", w->word[0]);
		return -ENOENT;
	}
	report_text(to, e->value[0] ? e->value : "unknown");
	return 0;
}

/* ---- figures of a cell ------------------------------------------------------ */

/* "figure" or a column of samples.csv that holds numbers; -EINVAL: neither. */
static int find_column(const char *name, int *column, char *why, size_t why_len)
{
	*column = strcmp(name, "figure") == 0 ? RUN_FIGURE : samples_figure_column(name);
	if (*column != -1)
		return 0;
	snprintf(why, why_len, "%s is no column of figures in samples.csv, nor \"figure\"", name);
	return -EINVAL;
}

static bool has_part(const char *name, const char *part)
{
	return strstr(name, part) != NULL;
}

/* What rank_format() calls the unit of a column; NULL: none of those. */
static const char *unit_of(const char *column, const struct sample *row)
{
	if (strcmp(column, "figure") == 0)
		return rank_lower_is_better(row) ? "ns" : "per_s";
	if (strcmp(column, "bytes_per_s") == 0)
		return "bytes";
	if (has_part(column, "_ns"))
		return "ns";
	return has_part(column, "_per_s") ? "per_s" : NULL;
}

static void format_plain(const char *column, const struct rank_value *v, char *out, size_t len)
{
	const char *unit = has_part(column, "_pct") ? " %" : "";

	snprintf(out, len, "%.3g%s %s%.3g .. %.3g%s%s", v->median, unit, v->range ? "range " : "[",
		v->lo, v->hi, unit, v->range ? "" : "]");
}

static void format_figure(
	const char *column, const struct sample *row, const struct rank_value *v, char *out)
{
	const char *unit = unit_of(column, row);

	if (unit)
		rank_format(v, unit, out, TEXT);
	else
		format_plain(column, v, out, TEXT);
}

static int no_row(const char *key, char *why, size_t why_len)
{
	snprintf(why, why_len, "this run has no ok row with that figure for %s", key);
	return -ENOENT;
}

/* The figure of {{... KEY COLUMN}}, and a row of the cell. */
static int figure_of(struct report *r, const struct words *w, struct run_figure *out,
	const struct sample **row, char *why, size_t why_len)
{
	const struct sample *const *first;
	size_t n;
	int column, code = find_column(w->word[1], &column, why, why_len);

	if (code)
		return code;
	n = report_run_cell(r->run, w->word[0], &first);
	code = report_run_figure(first, n, column, out);
	if (code)
		snprintf(why, why_len, "no memory");
	else if (out->n == 0)
		code = no_row(w->word[0], why, why_len);
	else
		*row = first[0];
	return code;
}

int report_ref_median(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct run_figure f;
	const struct sample *row;
	char text[TEXT];
	int code = want(w, 2, "median KEY COLUMN", why, why_len);

	code = code ? code : figure_of(r, w, &f, &row, why, why_len);
	if (code)
		return code;
	format_figure(w->word[1], row, &f.v, text);
	fputs(text, to);
	return 0;
}

int report_ref_value(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct run_figure f;
	const struct sample *row;
	char text[TEXT], *bounds;
	int code = want(w, 2, "value KEY COLUMN", why, why_len);

	code = code ? code : figure_of(r, w, &f, &row, why, why_len);
	if (code)
		return code;
	format_figure(w->word[1], row, &f.v, text);
	bounds = strpbrk(text, "[r");
	if (bounds && bounds > text)
		bounds[-1] = '\0';
	fputs(text, to);
	return 0;
}

int report_ref_trials(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	const struct sample *const *first;
	struct run_figure f;
	size_t n;
	int code = want(w, 1, "trials KEY", why, why_len);

	if (code)
		return code;
	n = report_run_cell(r->run, w->word[0], &first);
	code = report_run_figure(first, n, RUN_FIGURE, &f);
	if (!code && f.ok == 0)
		code = no_row(w->word[0], why, why_len);
	if (!code)
		fprintf(to, "%zu", f.ok);
	return code;
}

/* ---- ratios ----------------------------------------------------------------- */

/* Ratios over the blocks that both cells have; both are in block order. */
static size_t pair(const struct report *r, const char *const key[2], int column, double *ratio)
{
	const struct sample *const *first[2], **used[2];
	double *value[2];
	size_t n[2], pairs = 0;

	for (int i = 0; i < 2; i++) {
		size_t rows = report_run_cell(r->run, key[i], &first[i]);

		used[i] = calloc(rows + 1, sizeof(*used[i]));
		value[i] = calloc(rows + 1, sizeof(*value[i]));
		n[i] = used[i] && value[i]
			       ? report_run_values(first[i], rows, column, used[i], value[i])
			       : 0;
	}
	for (size_t a = 0, b = 0; a < n[0] && b < n[1];) {
		double x = used[0][a]->block, y = used[1][b]->block;

		if (x == y && value[1][b] > 0 && value[0][a] > 0)
			ratio[pairs++] = value[0][a] / value[1][b];
		a += x <= y;
		b += y <= x;
	}
	for (int i = 0; i < 2; i++) {
		free(used[i]);
		free(value[i]);
	}
	return pairs;
}

int report_ref_ratio(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	static const char usage[] = "ratio KEY / KEY COLUMN";
	struct rank_value v;
	double *ratio;
	size_t n;
	int column, code = want(w, 4, usage, why, why_len);

	if (!code && strcmp(w->word[1], "/") != 0)
		code = want(w, 0, usage, why, why_len);
	code = code ? code : find_column(w->word[3], &column, why, why_len);
	if (code)
		return code;
	ratio = calloc(r->run->n + 1, sizeof(*ratio));
	n = ratio ? pair(r, (const char *const[]){w->word[0], w->word[2]}, column, ratio) : 0;
	if (n) {
		rank_summarise(ratio, n, &v);
		fprintf(to, "%.2f %s%.2f .. %.2f%s", v.median, v.range ? "range " : "[", v.lo, v.hi,
			v.range ? "" : "]");
	} else {
		snprintf(why, why_len, "this run has no block in which both cells are ok");
		code = -ENOENT;
	}
	free(ratio);
	return code;
}
