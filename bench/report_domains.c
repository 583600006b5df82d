/*
 * report_domains.c - {{domains}}: each mechanism between threads, processes and coroutines;
 * see report_part.h.
 *
 * Two workers, 64 B where there are messages, as a program would have it: sleeping where that is
 * offered, processes begun by fork, on the nearest processors; coroutines share one.  A place of
 * the table is one cell of the run per workload: of several that differ in room only, the one with
 * most ok rows.  Percentiles are of all samples of its trials merged, where the run kept them.  A
 * place without a figure says why.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell.h"
#include "bench/cmd.h"
#include "bench/contract.h"
#include "bench/registry.h"
#include "bench/report_part.h"
#include "bench/report_text.h"
#include "bench/stats.h"
#include "bench/tails.h"
#include "bench/units.h"
#include "harness/compiler.h"
#include "harness/workload.h"

enum { SHOWN_BYTES = 64, COLUMNS = 3 };

static const enum domain columns[COLUMNS] = {DOMAIN_THREAD, DOMAIN_PROCESS, DOMAIN_COROUTINE};

/* What a family is judged by: how many a second, and how long. */
static const struct judged_by {
	const char *rate, *time; /* workloads; NULL: there is none */
} judged_by[FAMILY_COUNT] = {
	[FAMILY_CHANNEL] = {"stream", "pingpong"},
	[FAMILY_LOCK] = {"contend", "contend"},
	[FAMILY_EVENT] = {"pingpong", "pingpong"},
	[FAMILY_BARRIER] = {"rendezvous", "rendezvous"},
	[FAMILY_RWLOCK] = {"readers", "readers"},
	[FAMILY_BUS] = {"stream", "stream"},
	[FAMILY_TIMER] = {NULL, "lateness"}, /* the loop spaces them */
	[FAMILY_SPAWN] = {"lifecycle", "lifecycle"},
};

/* ---- which rows ------------------------------------------------------------------ */

struct place {
	const struct mech *mech;
	enum domain domain;
	const char *workload;
};

static bool is_usual(const struct sample *s, const struct place *p)
{
	bool one_role = family_one_role(p->mech->family);
	bool alone = p->mech->family == FAMILY_TIMER || p->mech->family == FAMILY_SPAWN;
	double producers = one_role && !alone ? 2 : 1;

	return s->producers == producers && (one_role || s->consumers == 1) &&
	       (isnan(s->msg_bytes) || s->msg_bytes == SHOWN_BYTES ||
		       (s->msg_bytes == 0 && one_role)) &&
	       strcmp(s->start, "exec") != 0 && !s->axes[0] &&
	       strcmp(s->wait, wait_name(cell_default_wait(p->mech, p->domain))) == 0;
}

/* Coroutines have one processor; somebody who is alone has one too. */
static bool is_there(const struct sample *s, const struct place *p)
{
	bool one = p->domain == DOMAIN_COROUTINE || p->mech->family == FAMILY_TIMER ||
		   p->mech->family == FAMILY_SPAWN;

	return strcmp(s->placement, one ? "same-pu" : "nearest") == 0;
}

static bool is_of(const struct sample *s, const struct place *p)
{
	return strcmp(s->mechanism, p->mech->name) == 0 && strcmp(s->workload, p->workload) == 0 &&
	       strcmp(s->domain, domain_name(p->domain)) == 0 && is_usual(s, p) && is_there(s, p);
}

/* The rows of one cell stand together in by_cell. */
struct found {
	const struct sample *const *row;
	size_t n, ok, clean;
};

/* The clean ones where there are enough of them. */
static bool counts(const struct found *f, size_t i)
{
	return sample_usable(f->row[i], f->clean >= RANK_ENOUGH_CLEAN);
}

static size_t same_cell(const struct report_run *run, size_t from)
{
	size_t end = from + 1;

	while (end < run->n && strcmp(run->by_cell[from]->cell, run->by_cell[end]->cell) == 0)
		end++;
	return end;
}

static struct found find(const struct report_run *run, const struct place *p)
{
	struct found best = {0};

	for (size_t from = 0, end; from < run->n; from = end) {
		struct found f = {.row = &run->by_cell[from]};

		end = same_cell(run, from);
		if (!is_of(run->by_cell[from], p))
			continue;
		for (; from + f.n < end; f.n++) {
			f.ok += sample_usable(f.row[f.n], false);
			f.clean += sample_usable(f.row[f.n], true);
		}
		if (!best.row || f.ok > best.ok)
			best = f;
	}
	return best;
}

/* ---- a place of the table --------------------------------------------------------- */

struct shown {
	const char *absence; /* why it is not offered; NULL: it is */
	bool spaced;         /* its loop spaces what it does: a rate would be that of the spaces */
	struct found rate, time;
};

static struct shown find_shown(const struct report_run *run, const struct mech *m, enum domain d)
{
	const struct judged_by *by = &judged_by[m->family];
	struct place p = {m, d, by->rate};
	struct shown s = {.absence = contract_absence(m, d), .spaced = !by->rate};

	if (s.absence)
		return s;
	if (by->rate)
		s.rate = find(run, &p);
	p.workload = by->time;
	s.time = find(run, &p);
	return s;
}

static double median_of(const struct found *f, size_t offset)
{
	double *v = malloc(2 * (f->n + 1) * sizeof(*v)), median = (double)NAN;
	size_t n = 0;

	if (!v)
		return median;
	for (size_t i = 0; i < f->n; i++) {
		double x;

		memcpy(&x, (const char *)f->row[i] + offset, sizeof(x));
		if (counts(f, i) && !isnan(x))
			v[n++] = x;
	}
	if (n)
		median = stats_median(v, n, v + f->n + 1);
	free(v);
	return median;
}

/* Samples of all its trials. */
static double samples_of(const struct found *f)
{
	double n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += counts(f, i) && isfinite(f->row[i]->lat_count) ? f->row[i]->lat_count : 0;
	return n;
}

static void put_time(FILE *to, const char *name, double ns, double samples)
{
	char text[UNITS_TEXT_BYTES];

	if (isfinite(ns))
		fprintf(to, " %s %s", name, units_format_ns(text, sizeof(text), ns));
	else
		fprintf(to, " %s - (of %.0f)", name, samples);
}

static void put_times(FILE *to, const struct found *f, const struct tails *t)
{
	const struct tail *tail = tails_find(t, f->row[0]->cell, f->row[0]->kind);
	double n = tail ? (double)tail->hist->count : samples_of(f);

	put_time(to, "p50",
		tail ? tails_percentile(tail->hist, 0.5)
		     : median_of(f, offsetof(struct sample, lat_p50_ns)),
		n);
	put_time(to, "p99",
		tail ? tails_percentile(tail->hist, 0.99)
		     : median_of(f, offsetof(struct sample, lat_p99_ns)),
		n);
}

/* Why there is no ok row. */
static void put_why(FILE *to, const struct found *f)
{
	if (!f->row) {
		fputs(" not in this run", to);
		return;
	}
	fprintf(to, " %s: ", f->row[0]->status);
	report_text(to, f->row[0]->reason);
}

static void put_rate(FILE *to, const struct found *f)
{
	char text[UNITS_TEXT_BYTES];
	double v = median_of(f, offsetof(struct sample, ops_per_s));

	if (isnan(v)) {
		fputs(" no rate,", to);
		if (f->ok)
			fputs(" none was measured", to);
		else
			put_why(to, f);
		fputs(";", to);
		return;
	}
	fprintf(to, " %s;", units_format_rate(text, sizeof(text), v));
}

static void put_shown(FILE *to, const struct shown *s, const struct tails *t)
{
	if (s->absence) {
		fputs(" not offered: ", to);
		report_text(to, s->absence);
		fputs(" |", to);
		return;
	}
	if (!s->time.ok && !s->rate.ok) {
		put_why(to, &s->time);
		fputs(" |", to);
		return;
	}
	if (s->spaced)
		fputs(" spaced, no rate;", to);
	else
		put_rate(to, &s->rate);
	if (s->time.ok)
		put_times(to, &s->time, t);
	else
		put_why(to, &s->time);
	fputs(" |", to);
}

/* ---- the table --------------------------------------------------------------------- */

static void put_table(FILE *to, const struct shown *shown, const struct tails *t)
{
	fputs("| mechanism | threads | processes | coroutines |\n|---|---|---|---|\n", to);
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		fputs("| ", to);
		report_text(to, m->name);
		fputs(cmd_rankable(m->name) ? " |" : " (not ranked) |", to);
		for (int c = 0; c < COLUMNS; c++)
			put_shown(to, &shown[i * COLUMNS + (size_t)c], t);
		fputs("\n", to);
	}
}

static int read_tails(struct tails *t, const struct report_run *run, const struct shown *shown,
	char *why, size_t why_len)
{
	size_t places = registry_count() * COLUMNS, n = 0;
	const struct sample **row = calloc(run->n + 1, sizeof(*row));
	int code = -ENOMEM;

	snprintf(why, why_len, "no memory for %zu rows", run->n);
	for (size_t i = 0; row && i < places; i++) {
		for (size_t k = 0; k < shown[i].time.n; k++) {
			if (counts(&shown[i].time, k))
				row[n++] = shown[i].time.row[k];
		}
	}
	if (row)
		code = tails_read(t, run->dir, row, n, why, why_len);
	free(row);
	return code == -ENOENT ? 0 : code; /* a run without histograms has its columns */
}

int report_domains(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	size_t n = registry_count();
	struct shown *shown;
	struct tails tails = {0};
	int code;

	if (w->n) {
		snprintf(why, why_len, "is written {{domains}}");
		return -EINVAL;
	}
	shown = calloc(n * COLUMNS, sizeof(*shown));
	for (size_t i = 0; shown && i < n * COLUMNS; i++)
		shown[i] = find_shown(r->run, registry_all()[i / COLUMNS], columns[i % COLUMNS]);
	code = shown ? read_tails(&tails, r->run, shown, why, why_len) : -ENOMEM;
	if (!code)
		put_table(to, shown, &tails);
	tails_free(&tails);
	free(shown);
	return code;
}
