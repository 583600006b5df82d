/*
 * export_markdown.c - a judgement for a pull request or a step's summary; see export.h.
 *
 * A row is a cell with its gravest metric; the others stand in short in its last column.  Axes that
 * all cells have alike are said once, above, and left out of their names.
 *
 * GitHub cuts a summary of over 1 MiB, hence rows are only written while they fit; how many are not
 * is said.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export.h"
#include "bench/judged_axes.h"
#include "bench/judged_cells.h"
#include "bench/report_text.h"

enum { RESERVED = 8192 }; /* for what must follow whatever was left out */

/* Where a document stands: `row` is rendered first, and written when it fits. */
struct document {
	const struct judgement *j;
	struct judged_cells cells;
	struct judged_axes alike;
	FILE *to, *row;
	char *text;
	size_t bytes, used, limit;
};

/* The start of a piece; its end writes it, or returns false where it does not fit. */
static FILE *begin(struct document *d)
{
	rewind(d->row);
	return d->row;
}

static bool end(struct document *d, size_t reserved)
{
	size_t n;

	if (fflush(d->row) != 0)
		return false;
	n = (size_t)ftell(d->row);
	if (d->used + n + reserved > d->limit)
		return false;
	fwrite(d->text, 1, n, d->to);
	d->used += n;
	return true;
}

static void put_alike(struct document *d, FILE *to)
{
	char text[CELL_KEY];

	if (!judged_axes_text(&d->alike, text, sizeof(text)))
		return;
	fputs("All cells have ", to);
	report_code(to, text);
	fputs(", which is left out of their names below.\n\n", to);
}

static void put_head(struct document *d)
{
	const struct judgement *j = d->j;
	FILE *to = begin(d);
	char say[JUDGED_TITLE];

	fputs("### handoff: ", to);
	report_text(to, judged_title(say, j));
	fprintf(to, "\n\n**%s**: old ", judged_word(j));
	report_code(to, j->old_name);
	fputs(", new ", to);
	report_code(to, j->new_name);
	if (judged_say_suite(say, j)[0])
		fprintf(to, "; all cells together: %s", say);
	fprintf(to, ".\n\n");
	put_alike(d, to);
	if (j->note[0] && j->exit_code == 0) {
		report_text(to, j->note);
		fputs("\n\n", to);
	}
	end(d, 0);
}

/* How to read it: below what must be read. */
static void put_legend(struct document *d)
{
	const struct judgement *j = d->j;
	FILE *to = begin(d);
	char say[JUDGED_TITLE];

	if (j->count[JUDGED_REGRESSED] || j->suite_flagged)
		fprintf(to, "%s ", judged_say_error(say, j));
	fputs("In brackets: 95 % interval, in % too, or in times where the change is in times. "
	      "Could see: the least slow-down that is found in 80 % of runs.\n\n",
		to);
	end(d, 0);
}

/* What changed, how much and how sure stands first. */
static void put_figures(FILE *to, const struct judged *r, bool bold)
{
	const char *mark = bold ? "**" : "", *interval;
	char say[JUDGED_SAY], sure[JUDGED_SAY];

	judged_say_change(say, r);
	interval = strchr(judged_say_sure(sure, r), '[');
	if (say[0])
		fprintf(to, "| %s%s%s %s | ", mark, say, mark, interval ? interval : "");
	else
		fputs("| - | ", to);
}

/* The last column: what else is to be said of the gravest metric, then the others. */
static void put_last(FILE *to, const struct judgement *j, const struct judged_cell *c)
{
	char say[JUDGED_REST], *others = NULL;
	size_t len;
	FILE *text = open_memstream(&others, &len);

	report_text(to, judged_say_rest(say, j, c->row[0]));
	if (!text)
		return;
	judged_put_others(text, c);
	if (fclose(text) == 0 && others[0]) {
		fputs(say[0] ? "; also " : "also ", to);
		report_text(to, others);
	}
	free(others);
}

static bool put_row(struct document *d, const struct judged_section *s, const struct judged_cell *c)
{
	FILE *to = begin(d);
	const struct judged *r = c->row[0];
	char say[JUDGED_SAY], key[CELL_KEY];

	if (s->figures)
		put_figures(to, r, s->changed);
	else
		fputs("| ", to);
	report_text(to, r->metric);
	fputs(" | ", to);
	report_code(to, judged_axes_leave_out(&d->alike, r->cell, key));
	if (s->figures) {
		fprintf(to, " | %s", judged_say_value(say, r, r->old_value));
		fprintf(to, " | %s | %u", judged_say_value(say, r, r->new_value), r->pairs);
		if (isfinite(r->mde))
			fprintf(to, " | %.1f %%", 100 * (r->mde - 1));
		else
			fputs(" | -", to);
	}
	fputs(" | ", to);
	put_last(to, d->j, c);
	fputs(" |\n", to);
	return end(d, RESERVED);
}

static void put_heading(FILE *to, const struct judgement *j, const struct judged_section *s)
{
	if (s->figures)
		fprintf(to,
			"| change [95 %%] | of | cell | old | new | %s | could see | |\n"
			"|---|---|---|--:|--:|--:|--:|---|\n",
			j->mode == JUDGED_PAIRED ? "pairs" : "campaigns");
	else
		fputs("| of | cell | |\n|---|---|---|\n", to);
}

static void put_left_out(struct document *d, size_t n)
{
	if (n)
		fprintf(begin(d), "\n%zu more cells do not fit here; judgement.csv has them.\n", n);
	if (n)
		end(d, 0);
}

static void put_section(struct document *d, int section)
{
	const struct judged_section *s = &judged_section[section];
	const struct judged_cell *cell;
	size_t n = judged_cells_in(&d->cells, section, &cell), shown = 0;
	FILE *to = begin(d);

	if (!n)
		return;
	fputs(s->changed ? "#### " : "<details><summary>", to);
	fprintf(to, "%s: %zu cell%s", s->title, n, n == 1 ? "" : "s");
	fputs(s->changed ? "\n\n" : "</summary>\n\n", to);
	put_heading(to, d->j, s);
	end(d, 0);
	while (shown < n && put_row(d, s, &cell[shown]))
		shown++;
	put_left_out(d, n - shown);
	fputs(s->changed ? "\n" : "\n</details>\n\n", begin(d));
	end(d, 0);
}

static void put_foot(struct document *d)
{
	const struct judgement *j = d->j;
	FILE *to = begin(d);

	fputs("<sub>", to);
	report_text(to, j->machine);
	fprintf(to, ", %s", j->began);
	if (j->mode == JUDGED_PAIRED)
		fprintf(to, ", seed %llu", (unsigned long long)j->seed);
	fputs("</sub>\n\n```\n", to);
	judged_last_line(to, j);
	fputs("```\n", to);
	end(d, 0);
}

int export_markdown(const struct export_job *job, char *err, size_t err_len)
{
	struct document d = {.j = job->judgement, .to = job->to, .limit = job->limit_bytes};

	if (judged_cells_make(&d.cells, d.j) == 0)
		d.row = open_memstream(&d.text, &d.bytes);
	if (!d.row) {
		judged_cells_free(&d.cells);
		snprintf(err, err_len, "no memory for the document");
		return -ENOMEM;
	}
	judged_axes_of(&d.alike, d.j);
	put_head(&d);
	for (int i = 0; i < JUDGED_SECTIONS; i++) {
		if (i && judged_section[i - 1].changed && !judged_section[i].changed)
			put_legend(&d);
		put_section(&d, i);
	}
	put_foot(&d);
	fclose(d.row);
	free(d.text);
	judged_cells_free(&d.cells);
	return 1;
}
