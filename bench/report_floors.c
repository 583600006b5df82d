/*
 * report_floors.c - {{floors}}: how far each mechanism is from its floor, and which
 * cells are below it; see report_part.h.
 *
 * Two workers of any domain begun by fork, messages of 64 B where there are messages, no
 * further axes: one line per mechanism, wait, capacity, domain and placement.  From the
 * rows alone: their floor columns, in the median of the rows that the figure is made of.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/floor_rows.h"
#include "bench/rank.h"
#include "bench/report_part.h"
#include "bench/report_text.h"
#include "bench/units.h"

enum { SHOWN_BYTES = 64 };

struct line {
	const struct sample *row; /* the median one */
	double figure, floor_ns, ratio;
};

static const char no_floors[] =
	"No row of this run that could stand here has a floor: the parts were "
	"not measured in it, or not on the processors of these rows.\n";

/* ---- a cell ------------------------------------------------------------------- */

static bool is_shown(const struct sample *s, const char *workload)
{
	double workers = s->producers + (s->consumers > 0 ? s->consumers : 0);

	return strcmp(s->workload, workload) == 0 && strcmp(s->start, "exec") != 0 && !s->axes[0] &&
	       workers <= 2 && (isnan(s->msg_bytes) || s->msg_bytes == SHOWN_BYTES);
}

static int compare_lines_by_ratio(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->ratio > y->ratio) - (x->ratio < y->ratio);
}

static bool counts(const struct sample *s, bool clean)
{
	return sample_usable(s, clean) && isfinite(s->floor_ratio);
}

/* The row in the middle by its ratio, of the clean ones where there are enough; false: none. */
static bool middle_row(
	const struct sample *const *row, size_t n, struct line *room, struct line *out)
{
	size_t clean = 0, have = 0;

	for (size_t i = 0; i < n; i++)
		clean += counts(row[i], true);
	for (size_t i = 0; i < n; i++) {
		if (!counts(row[i], clean >= RANK_ENOUGH_CLEAN))
			continue;
		room[have++] = (struct line){.row = row[i],
			.figure = floor_figure_of(row[i]),
			.floor_ns = row[i]->floor_ns,
			.ratio = row[i]->floor_ratio};
	}
	if (have == 0)
		return false;
	qsort(room, have, sizeof(*room), compare_lines_by_ratio);
	*out = room[have / 2];
	return true;
}

/* The end of a cell's rows. */
static size_t cell_end(const struct report_run *r, size_t from)
{
	size_t end = from + 1;

	while (end < r->n && strcmp(r->by_cell[end]->cell, r->by_cell[from]->cell) == 0)
		end++;
	return end;
}

/* ---- the table ------------------------------------------------------------------ */

/* By where they run, then the nearest to the floor first. */
static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = strcmp(y->row->domain, x->row->domain); /* threads first */

	c = c ? c : strcmp(x->row->placement, y->row->placement);
	c = c ? c : compare_lines_by_ratio(a, b);
	return c ? c : strcmp(x->row->cell, y->row->cell);
}

static size_t find_lines(
	const struct report_run *r, const char *workload, struct line *room, struct line *line)
{
	size_t n = 0;

	for (size_t from = 0, end; from < r->n; from = end) {
		end = cell_end(r, from);
		if (is_shown(r->by_cell[from], workload))
			n += middle_row(&r->by_cell[from], end - from, room, &line[n]);
	}
	qsort(line, n, sizeof(*line), compare_lines);
	return n;
}

static void put_line(FILE *to, const struct line *l)
{
	const struct sample *s = l->row;
	bool waits = strcmp(s->wait, "block") != 0;
	bool bounded = s->capacity[0] && strcmp(s->capacity, "native") != 0;
	char figure[UNITS_TEXT_BYTES], least[UNITS_TEXT_BYTES];

	fputs("| ", to);
	report_text(to, s->mechanism);
	if (waits) {
		fputs(" (", to);
		report_text(to, s->wait);
		fputs(")", to);
	}
	if (bounded) {
		fputs(" x", to);
		report_text(to, s->capacity);
	}
	fputs(" | ", to);
	report_text(to, s->domain);
	fputs(" | ", to);
	report_text(to, s->placement);
	fprintf(to, " | %s | %s | %.3g | ", units_format_ns(figure, sizeof(figure), l->figure),
		units_format_ns(least, sizeof(least), l->floor_ns), l->ratio);
	report_text(to, s->floor_parts);
	fputs(" |\n", to);
}

/* False: no row of that workload has a floor. */
static bool put_table(const struct report_run *r, FILE *to, const char *workload, const char *title,
	struct line *line, struct line *room)
{
	size_t n = find_lines(r, workload, room, line);

	if (n == 0)
		return false;
	fprintf(to, "%s:\n\n", title);
	fputs("| mechanism | domain | placement | time | floor | ratio | made of |\n"
	      "|---|---|---|--:|--:|--:|---|\n",
		to);
	for (size_t i = 0; i < n; i++)
		put_line(to, &line[i]);
	fputs("\n", to);
	return true;
}

/* ---- below ----------------------------------------------------------------------- */

static void put_below(const struct report_run *run, FILE *to)
{
	size_t said = 0;

	for (size_t from = 0, end; from < run->n; from = end) {
		size_t marked = 0;

		end = cell_end(run, from);
		for (size_t i = from; i < end; i++)
			marked += strstr(run->by_cell[i]->quality_reason, "below-floor") != NULL;
		if (!marked)
			continue;
		fputs(said++ ? "- " : "Below its floor, a defect of handoff to explain:\n\n- ", to);
		report_code(to, run->by_cell[from]->cell);
		fprintf(to, ": %zu row%s marked\n", marked, marked == 1 ? "" : "s");
	}
	if (!said)
		fputs("No cell was below 0.8 of its floor in three blocks.\n", to);
}

static size_t put_floors(
	const struct report_run *run, FILE *to, struct line *line, struct line *room)
{
	static const struct {
		const char *workload, *title;
	} table[] = {
		{"pingpong", "Round trips, of 64 B or of a signal"},
		{"wake-one", "From a signal until its one sleeper has said that it runs"},
		{"stream", "Messages of 64 B one way as fast as they go, time for each"},
		{"contend", "Sections of a lock that two want, time for each"},
		{"rendezvous", "Meetings of two at a barrier, time for each"},
		{"readers",
			"Sections of a lock of readers and writers that two want, time for each"},
		{"uncontended", "One worker alone, messages of 64 B"},
	};
	size_t tables = 0;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		tables += put_table(run, to, table[i].workload, table[i].title, line, room);
	return tables;
}

int report_floors(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct line *line, *room;
	int code = 0;

	if (w->n) {
		snprintf(why, why_len, "is written {{floors}}");
		return -EINVAL;
	}
	line = calloc(r->run->n + 1, sizeof(*line));
	room = calloc(r->run->n + 1, sizeof(*room));
	if (!line || !room) {
		snprintf(why, why_len, "no memory for %zu rows", r->run->n);
		code = -ENOMEM;
	} else if (put_floors(r->run, to, line, room)) {
		put_below(r->run, to);
	} else {
		fputs(no_floors, to);
	}
	free(line);
	free(room);
	return code;
}
