/*
 * export_markdown.c - a judgement for a pull request or a step's summary; see export.h.
 *
 * GitHub cuts a summary of over 1 MiB, hence rows are only written while they fit; how many are not
 * is said.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export.h"
#include "bench/judged_words.h"
#include "bench/report_text.h"

enum { RESERVED = 8192 }; /* for what must follow whatever was left out */

/* Where a document stands: `row` is rendered first, and written when it fits. */
struct document {
	const struct judgement *j;
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
	if (j->count[JUDGED_REGRESSED])
		fprintf(to,
			"Two builds that do not differ would show anything slower in at most "
			"%g %% of runs. In brackets: 95 %% interval, in %%.\n\n",
			100 * j->fwer);
	if (j->note[0] && j->exit_code == 0) {
		report_text(to, j->note);
		fputs("\n\n", to);
	}
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

static bool put_row(struct document *d, const struct judged_section *s, const struct judged *r)
{
	FILE *to = begin(d);
	char say[JUDGED_SAY];

	if (s->figures)
		put_figures(to, r, s->changed);
	else
		fputs("| ", to);
	report_text(to, r->metric);
	fputs(" | ", to);
	report_code(to, r->cell);
	if (s->figures) {
		fprintf(to, " | %s", judged_say_value(say, r, r->old_value));
		fprintf(to, " | %s | %u", judged_say_value(say, r, r->new_value), r->pairs);
	}
	fputs(" | ", to);
	report_text(to, judged_say_rest(say, d->j, r));
	fputs(" |\n", to);
	return end(d, RESERVED);
}

static void put_heading(FILE *to, const struct judgement *j, const struct judged_section *s)
{
	if (s->figures)
		fprintf(to,
			"| change [95 %%] | of | cell | old | new | %s | |\n"
			"|---|---|---|--:|--:|--:|---|\n",
			j->mode == JUDGED_PAIRED ? "pairs" : "campaigns");
	else
		fputs("| of | cell | |\n|---|---|---|\n", to);
}

static void put_title(FILE *to, const struct judged_section *s, const struct judged *row, size_t n)
{
	size_t cells = judged_cells_of(row, n);

	fprintf(to, "%s: %zu metric%s of %zu cell%s", s->title, n, n == 1 ? "" : "s", cells,
		cells == 1 ? "" : "s");
}

static void put_left_out(struct document *d, size_t n)
{
	if (n)
		fprintf(begin(d), "\n%zu more rows do not fit here; judgement.csv has them.\n", n);
	if (n)
		end(d, 0);
}

static void put_section(struct document *d, const struct judged_section *s)
{
	const struct judged *row;
	size_t n = judged_section_rows(d->j, s, &row), shown = 0;
	FILE *to = begin(d);

	if (!n)
		return;
	fputs(s->changed ? "#### " : "<details><summary>", to);
	put_title(to, s, row, n);
	fputs(s->changed ? "\n\n" : "</summary>\n\n", to);
	put_heading(to, d->j, s);
	end(d, 0);
	while (shown < n && put_row(d, s, &row[shown]))
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
	fprintf(to, ", %s, seed %llu</sub>\n\n```\n", j->began, (unsigned long long)j->seed);
	judged_last_line(to, j);
	fputs("```\n", to);
	end(d, 0);
}

int export_markdown(const struct export_job *job, char *err, size_t err_len)
{
	struct document d = {.j = job->judgement, .to = job->to, .limit = job->limit_bytes};

	d.row = open_memstream(&d.text, &d.bytes);
	if (!d.row) {
		snprintf(err, err_len, "no memory for the document");
		return -ENOMEM;
	}
	put_head(&d);
	for (int i = 0; i < JUDGED_SECTIONS; i++)
		put_section(&d, &judged_section[i]);
	put_foot(&d);
	fclose(d.row);
	free(d.text);
	return 1;
}
