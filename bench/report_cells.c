/* report_cells.c - see report_cells.h. */
#include "bench/report_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rank.h"
#include "bench/report_text.h"

static int compare_cells(const void *a, const void *b)
{
	const struct sample *x = *(const struct sample *const *)a;
	const struct sample *y = *(const struct sample *const *)b;
	int c = strcmp(x->cell, y->cell);

	return c ? c : (x->block > y->block) - (x->block < y->block);
}

/* Median and bounds over the usable rows that have this figure; "-" when none has. */
static void put_figure(FILE *to, const struct sample **row, size_t n,
	double (*of)(const struct sample *), const char *unit)
{
	double *v = malloc(n * sizeof(*v));
	struct rank_value value;
	char text[120] = "-";
	size_t have = 0;

	for (size_t i = 0; v && i < n; i++) {
		double x = of(row[i]);

		if (sample_usable(row[i], false) && isfinite(x))
			v[have++] = x;
	}
	if (have) {
		rank_summarise(v, have, &value);
		rank_format(&value, unit, text, sizeof(text));
	}
	fprintf(to, " %s |", text);
	free(v);
}

static double rate_of(const struct sample *s)
{
	return s->ops_per_s;
}

static double cpu_of(const struct sample *s)
{
	return s->cpu_ns_per_op;
}

/* A status that is not ok, how often, and the reason of the first. */
static void put_bad(FILE *to, const struct sample **row, size_t n)
{
	const struct sample *bad = NULL;
	size_t times = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i]->status, "ok") == 0)
			continue;
		bad = bad ? bad : row[i];
		times++;
	}
	if (!bad)
		return;
	fprintf(to, " %zu x ", times);
	report_text(to, bad->status);
	fputs(": ", to);
	report_text(to, bad->reason);
}

/* Rows of one cell. */
static void put_cell(FILE *to, const struct sample **row, size_t n)
{
	bool latency = strcmp(row[0]->workload, "pingpong") == 0 ||
		       strcmp(row[0]->workload, "uncontended") == 0;
	size_t ok = 0, noisy = 0;

	for (size_t i = 0; i < n; i++) {
		ok += sample_usable(row[i], false);
		noisy += sample_usable(row[i], false) && strcmp(row[i]->quality, "noisy") == 0;
	}
	fputs("| `", to);
	report_text(to, row[0]->cell);
	fputs("` |", to);
	if (ok && latency)
		put_figure(to, row, n, rank_figure, "ns");
	else
		fputs(" |", to);
	if (ok) {
		put_figure(to, row, n, rate_of, "per_s");
		put_figure(to, row, n, cpu_of, "ns");
	} else {
		fputs(" | |", to);
	}
	fprintf(to, " %zu | %zu |", ok, noisy);
	put_bad(to, row, n);
	fputs(" |\n", to);
}

void report_cells(FILE *to, const struct sample *rows, size_t n)
{
	const struct sample **row = calloc(n + 1, sizeof(*row));
	size_t from = 0;

	fputs("\n## 8 The rows\n\nOne line per cell: medians over its ok trials, noisy ones "
	      "included and counted. `samples.csv` has every trial.\n\n"
	      "| cell | time per operation or round trip | operations per second | CPU per operation "
	      "| trials | noisy | not ok |\n|---|---|---|--:|--:|--:|---|\n",
		to);
	for (size_t i = 0; row && i < n; i++)
		row[i] = &rows[i];
	if (row)
		qsort(row, n, sizeof(*row), compare_cells);
	for (size_t i = 1; row && i <= n; i++) {
		if (i < n && strcmp(row[i]->cell, row[from]->cell) == 0)
			continue;
		put_cell(to, &row[from], i - from);
		from = i;
	}
	free(row);
}
