/* report_cells.c - {{rows}}: a line per cell; see report_part.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench/report_part.h"
#include "bench/report_text.h"

enum { TEXT = 120 };

/* Median and bounds; "-" when no row has this figure. */
static void put_figure(
	FILE *to, const struct sample *const *row, size_t n, int column, const char *unit)
{
	struct run_figure f;
	char text[TEXT];

	report_run_figure(row, n, column, &f);
	rank_format(&f.v, unit, text, sizeof(text));
	fprintf(to, " %s |", text);
}

/* Statuses that are not ok, how often, and the reason of the first. */
static void put_bad(FILE *to, const struct sample *const *row, size_t n)
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

static void put_cell(FILE *to, const struct sample *const *row, size_t n)
{
	struct run_figure f;

	report_run_figure(row, n, RUN_FIGURE, &f);
	fputs("| ", to);
	report_code(to, row[0]->cell);
	fputs(" |", to);
	if (f.ok && rank_lower_is_better(row[0]))
		put_figure(to, row, n, RUN_FIGURE, "ns");
	else
		fputs(" |", to);
	if (f.ok) {
		put_figure(to, row, n, samples_figure_column("ops_per_s"), "per_s");
		put_figure(to, row, n, samples_figure_column("cpu_ns_per_op"), "ns");
	} else {
		fputs(" | |", to);
	}
	fprintf(to, " %zu | %zu |", f.ok, f.noisy);
	put_bad(to, row, n);
	fputs(" |\n", to);
}

int report_rows(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	const struct sample *const *row = r->run->by_cell;
	size_t from = 0, n = r->run->n;

	if (w->n || (n == 0 && r->demand)) {
		snprintf(why, why_len, w->n ? "is written {{rows}}" : "this run has no rows");
		return w->n ? -EINVAL : -ENOENT;
	}
	fputs("| cell | time per operation or round trip | operations per second | CPU per operation "
	      "| trials | noisy | not ok |\n|---|---|---|--:|--:|--:|---|\n",
		to);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && strcmp(row[i]->cell, row[from]->cell) == 0)
			continue;
		put_cell(to, &row[from], i - from);
		from = i;
	}
	return 0;
}
