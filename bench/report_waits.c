/*
 * report_waits.c - {{waits}}: what each way to wait takes and what it costs in CPU
 * time, sleeping beside spinning; see report_part.h.
 *
 * First round trips of 64 B, or of a signal, of two workers on one processor and of two
 * on the nearest ones: a line per mechanism, and one more where processors were kept
 * awake.  Then many workers on one processor: streams of as many senders as receivers,
 * and locks.  Processes begun by fork.  What a run lacks is said in one sentence.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/report_part.h"
#include "bench/report_text.h"
#include "bench/units.h"
#include "harness/compiler.h"

enum {
	SHOWN_BYTES = 64,
	NAME = 96,
	TEXT = 120,
	WAITS = 5,
	CROWDS = 3,
	TRIPS = 4, /* tables of round trips; the others follow */
	TABLES = 8,
};

static const char awake[] = "keep-awake=yes";

/* From the sleepers to the spinners. */
static const char *const waits[WAITS] = {"block", "epoll", "spin-then-block", "yield", "spin"};

/* Workers on one processor. */
static const double crowds[CROWDS] = {2, 4, 16};

static const struct table {
	const char *workload, *domain, *placement;
	const char *title, *what; /* above it; in a list of what is missing, NULL: never */
} tables[TABLES] = {
	{"pingpong", "thread", "same-pu", "Round trips of two threads on one processor",
		"two threads on one processor"},
	{"pingpong", "thread", "nearest", "Round trips of two threads, nearest",
		"two threads, nearest"},
	{"pingpong", "process", "same-pu", "Round trips of two processes on one processor",
		"two processes on one processor"},
	{"pingpong", "process", "nearest", "Round trips of two processes, nearest",
		"two processes, nearest"},
	{"stream", "thread", "same-pu",
		"Messages of 64 B a second through threads on one processor, half of them senders",
		"streams of more than two threads on one processor"},
	{"stream", "process", "same-pu",
		"Messages of 64 B a second through processes on one processor, half of them "
		"senders",
		NULL},
	{"contend", "thread", "same-pu", "Sections of one lock a second, threads on one processor",
		"locks of more than two threads on one processor"},
	{"contend", "process", "same-pu",
		"Sections of one lock a second, processes on one processor", NULL},
};

/* One place of a table. */
struct spot {
	const struct rank_entry *e;
	const struct rank_group *g;
	unsigned table, column;
	unsigned wait, kept_awake; /* where in its mechanism's lines */
	char line[NAME];
};

/* ---- where a cell stands -------------------------------------------------------- */

static int column_of_crowd(const struct sample *s)
{
	double workers = s->producers + (s->consumers > 0 ? s->consumers : 0);

	if (s->consumers > 0 && s->consumers != s->producers)
		return -1;
	for (int i = 0; i < CROWDS; i++) {
		if (workers == crowds[i])
			return i;
	}
	return -1;
}

static int wait_of(const char *name)
{
	for (int i = 0; i < WAITS; i++) {
		if (strcmp(waits[i], name) == 0)
			return i;
	}
	return -1;
}

static int table_of(const struct sample *s)
{
	for (int i = 0; i < TABLES; i++) {
		if (strcmp(tables[i].workload, s->workload) == 0 &&
			strcmp(tables[i].domain, s->domain) == 0 &&
			strcmp(tables[i].placement, s->placement) == 0)
			return i;
	}
	return -1;
}

/* 64 B; what has no messages, nothing: bytes under a lock are another matter. */
static bool has_usual_size(const struct sample *s)
{
	if (strcmp(s->workload, "contend") == 0)
		return isnan(s->msg_bytes) || s->msg_bytes == 0;
	return isnan(s->msg_bytes) || s->msg_bytes == SHOWN_BYTES;
}

/* False: not in any of the tables. */
static bool place(const struct rank_group *g, const struct rank_entry *e, struct spot *out)
{
	const struct sample *s = e->first;
	int table = table_of(s), wait = wait_of(e->wait), crowd = column_of_crowd(s);
	bool trip = table >= 0 && table < TRIPS, kept_awake = strcmp(s->axes, awake) == 0;

	if (table < 0 || wait < 0 || crowd < 0 || strcmp(s->start, "exec") == 0 ||
		!cmd_rankable(e->mechanism) || isnan(e->figure.median))
		return false;
	if (!has_usual_size(s))
		return false;
	if (trip ? crowd != 0 || (s->axes[0] && !kept_awake) : s->axes[0] != '\0')
		return false;
	*out = (struct spot){.e = e,
		.g = g,
		.table = (unsigned)table,
		.column = (unsigned)(trip ? wait : crowd),
		.wait = (unsigned)(trip ? 0 : wait),
		.kept_awake = kept_awake};
	snprintf(out->line, sizeof(out->line), "%s%s%s%s%s%s", e->mechanism,
		e->capacity[0] && strcmp(e->capacity, "native") != 0 ? " x" : "",
		strcmp(e->capacity, "native") != 0 ? e->capacity : "", trip ? "" : " (",
		trip ? (kept_awake ? ", kept awake" : "") : e->wait, trip ? "" : ")");
	return true;
}

static int by_line(const struct spot *x, const struct spot *y)
{
	double more_x = strtod(x->e->capacity, NULL), more_y = strtod(y->e->capacity, NULL);
	int c = (x->table > y->table) - (x->table < y->table);

	c = c ? c : strcmp(x->e->mechanism, y->e->mechanism);
	c = c ? c : (more_x > more_y) - (more_x < more_y);
	c = c ? c : (x->wait > y->wait) - (x->wait < y->wait);
	return c ? c : (x->kept_awake > y->kept_awake) - (x->kept_awake < y->kept_awake);
}

static int by_place(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;
	int c = by_line(x, y);

	return c ? c : (x->column > y->column) - (x->column < y->column);
}

/* In the order of the tables; returns how many.  out NULL: counts only. */
static size_t find_spots(const struct ranking *r, struct spot *out)
{
	struct spot one;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++) {
			if (!place(&r->group[i], &r->group[i].entry[k], &one))
				continue;
			if (out)
				out[n] = one;
			n++;
		}
	}
	if (out && n)
		qsort(out, n, sizeof(*out), by_place);
	return n;
}

/* The end of the line that begins there. */
static size_t line_end(const struct spot *spot, size_t n, size_t from)
{
	size_t end = from + 1;

	while (end < n && by_line(&spot[from], &spot[end]) == 0)
		end++;
	return end;
}

/* ---- writing ---------------------------------------------------------------------- */

static void put_head(FILE *to, const struct table *t, bool trip)
{
	fprintf(to, "%s:\n\n| mechanism |", t->title);
	for (int i = 0; i < (trip ? WAITS : CROWDS); i++) {
		if (trip)
			fprintf(to, " %s |", waits[i]);
		else
			fprintf(to, " %.0f workers |", crowds[i]);
	}
	fputs("\n|---|", to);
	for (int i = 0; i < (trip ? WAITS : CROWDS); i++)
		fputs("---|", to);
	fputs("\n", to);
}

static void put_line(FILE *to, const struct spot *spot, size_t n, bool trip)
{
	char figure[TEXT], cpu[UNITS_TEXT_BYTES];
	unsigned columns = trip ? WAITS : CROWDS;
	size_t at = 0;

	fputs("| ", to);
	report_text(to, spot[0].line);
	fputs(" |", to);
	for (unsigned i = 0; i < columns; i++) {
		const struct spot *s = at < n && spot[at].column == i ? &spot[at] : NULL;

		while (at < n && spot[at].column == i) /* cells that differ in what is not shown */
			at++;
		if (!s) {
			fputs(" - |", to);
			continue;
		}
		rank_format(&s->e->figure, s->g->unit, figure, sizeof(figure));
		fprintf(to, " %s; CPU %s |", figure,
			units_format_ns(cpu, sizeof(cpu), s->e->cpu_ns.median));
	}
	fputs("\n", to);
}

/* A crowd's line says something where there is more than two of them. */
static bool is_shown(const struct spot *spot, size_t n)
{
	return spot[0].table < TRIPS || spot[n - 1].column > 0;
}

/* What the tables hold. */
struct seen {
	bool table[TABLES], wait[WAITS], crowd[CROWDS], awake, any;
};

static void see_line(struct seen *seen, const struct spot *spot, size_t n)
{
	bool trip = spot[0].table < TRIPS;

	seen->any = seen->table[spot[0].table] = true;
	for (size_t i = 0; i < n; i++) {
		if (trip)
			seen->wait[spot[i].column] = true;
		else
			seen->crowd[spot[i].column] = true;
		seen->awake = seen->awake || spot[i].kept_awake;
	}
}

static void put_tables(FILE *to, const struct spot *spot, size_t n, struct seen *seen)
{
	for (size_t from = 0, end; from < n; from = end) {
		unsigned t = spot[from].table;

		end = line_end(spot, n, from);
		if (!is_shown(&spot[from], end - from))
			continue;
		if (!seen->table[t]) {
			fputs(seen->any ? "\n" : "", to);
			put_head(to, &tables[t], t < TRIPS);
		}
		see_line(seen, &spot[from], end - from);
		put_line(to, &spot[from], end - from, t < TRIPS);
	}
}

static void put_missing(FILE *to, const struct seen *seen)
{
	const char *missing[TABLES + WAITS + 2];
	size_t n = 0;

	for (int t = 0; t < TABLES; t++) {
		if (!seen->table[t] && tables[t].what)
			missing[n++] = tables[t].what;
	}
	for (int w = 0; w < WAITS; w++) {
		if (!seen->wait[w])
			missing[n++] = waits[w];
	}
	if (!seen->crowd[CROWDS - 1])
		missing[n++] = "16 workers on one processor";
	if (!seen->awake)
		missing[n++] = "processors kept awake";
	if (n)
		fprintf(to, "%sWithout a row in this run: ", seen->any ? "\n" : "");
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%s%s", i ? "; " : "", missing[i]);
	fputs(n ? ".\n" : "", to);
}

int report_waits(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	size_t n = find_spots(&r->run->all, NULL);
	struct seen seen = {.any = false};
	struct spot *spot;

	if (w->n) {
		snprintf(why, why_len, "is written {{waits}}");
		return -EINVAL;
	}
	spot = calloc(n + 1, sizeof(*spot));
	if (!spot) {
		snprintf(why, why_len, "no memory for %zu cells", n);
		return -ENOMEM;
	}
	find_spots(&r->run->all, spot);
	put_tables(to, spot, n, &seen);
	put_missing(to, &seen);
	free(spot);
	return 0;
}
