/*
 * report_tails.c - {{tails GLOB ...}}, {{drift}}, {{overlap}}: how far the tails of a run can be
 * believed, what long trials did while they ran, and how far workers overlapped that had to share
 * processors; see report_part.h.
 *
 * GLOB is one over cells' keys; the trials are those behind the medians, all samples of a cell's
 * trials merged.  One table per group of the ranking.
 */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/answers.h"
#include "bench/report_part.h"
#include "bench/report_text.h"
#include "bench/tails.h"
#include "bench/units.h"
#include "harness/compiler.h"

enum { TEXT = 300, SAID = 12 };

static const struct {
	const char *name;
	double p;
} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

static bool wanted(const struct words *w, const struct rank_entry *e)
{
	for (size_t i = 0; i < w->n; i++) {
		if (fnmatch(w->word[i], e->first->cell, 0) == 0)
			return true;
	}
	return w->n == 0;
}

/* ---- {{tails}} --------------------------------------------------------------------- */

/* The rows behind all wanted entries; NULL: no memory. */
static const struct sample **rows_behind(
	const struct ranking *r, const struct words *w, size_t *entries, size_t *n)
{
	const struct sample **row;
	size_t room = 1;

	*entries = *n = 0;
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++)
			room += r->group[i].entry[k].n;
	}
	row = calloc(room, sizeof(*row));
	for (size_t i = 0; row && i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++) {
			const struct rank_entry *e = &r->group[i].entry[k];

			if (!wanted(w, e))
				continue;
			++*entries;
			memcpy(&row[*n], e->row, e->n * sizeof(*row));
			*n += e->n;
		}
	}
	return row;
}

/* An entry is one cell, or cells that differ in nothing a ranking sees: that of its first row. */
static const struct tail *tail_of(const struct tails *t, const struct rank_entry *e)
{
	return tails_find(t, e->first->cell, e->first->kind);
}

static void put_point(FILE *to, const struct hist *h, double p)
{
	struct tails_point point;
	struct rank_value v;
	char text[TEXT];

	tails_point(h, p, &point);
	v = (struct rank_value){point.ns, point.lo_ns, point.hi_ns, false};
	rank_format(&v, "ns", text, sizeof(text));
	fprintf(to, " %s |", text);
}

static void put_line(FILE *to, const struct rank_entry *e, const struct tail *t)
{
	char max[UNITS_TEXT_BYTES];

	fputs("| ", to);
	report_text(to, e->label);
	fprintf(to, " | %s |", t->kind);
	for (size_t i = 0; i < ARRAY_LEN(points); i++)
		put_point(to, t->hist, points[i].p);
	fprintf(to, " %s | %llu", units_format_ns(max, sizeof(max), (double)t->hist->max),
		(unsigned long long)t->hist->count);
	if (t->hist->overflow)
		fprintf(to, ", %llu above 68.7 s", (unsigned long long)t->hist->overflow);
	fprintf(to, " | %llu |\n", (unsigned long long)t->trials);
}

static void put_group(FILE *to, const struct rank_group *g, const struct words *w,
	const struct tails *t, bool *begun)
{
	char title[TEXT];
	bool headed = false;

	for (size_t k = 0; k < g->n; k++) {
		const struct rank_entry *e = &g->entry[k];
		const struct tail *tail = wanted(w, e) ? tail_of(t, e) : NULL;

		if (!tail)
			continue;
		if (!headed) {
			answers_title(g, title, sizeof(title));
			fputs(*begun ? "\n**" : "**", to);
			report_text(to, title);
			fputs("**\n\n| mechanism | samples are |", to);
			for (size_t i = 0; i < ARRAY_LEN(points); i++)
				fprintf(to, " %s |", points[i].name);
			fputs(" max | samples | trials |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:"
			      "|\n",
				to);
		}
		headed = *begun = true;
		put_line(to, e, tail);
	}
}

/* One sentence, whatever is missing. */
static void say_without(
	FILE *to, const struct ranking *r, const struct words *w, const struct tails *t, bool begun)
{
	size_t none = 0;

	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++) {
			const struct rank_entry *e = &r->group[i].entry[k];

			if (!wanted(w, e) || tail_of(t, e))
				continue;
			if (none == 0)
				fprintf(to, "%sThis run has no histogram of ", begun ? "\n" : "");
			if (none < SAID) {
				fputs(none ? ", " : "", to);
				report_code(to, e->first->cell);
			}
			none++;
		}
	}
	if (none > SAID)
		fprintf(to, " and %zu more cells", none - SAID);
	if (none)
		fputs(".\n", to);
}

/* The report must not depend on where the run lies. */
static int refuse(const struct report *r, const char *err, char *why, size_t why_len, int code)
{
	size_t dir = strlen(r->run->dir);

	if (strncmp(err, r->run->dir, dir) == 0 && err[dir] == '/')
		err += dir + 1;
	snprintf(why, why_len, "%s", err);
	return code;
}

int report_tails(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	const struct ranking *ranking = &r->run->ranking;
	char err[TEXT + 4400] = "no memory";
	size_t entries, n;
	const struct sample **row = rows_behind(ranking, w, &entries, &n);
	struct tails t = {0};
	bool begun = false;
	int code = row ? tails_read(&t, r->run->dir, row, n, err, sizeof(err)) : -ENOMEM;

	if (row && entries == 0) {
		snprintf(why, why_len, "this run has no ok row like that");
		code = -ENOENT;
	} else if (code == -ENOENT) {
		fputs("This run has no histograms.\n", to);
		code = 0;
	} else if (code) {
		refuse(r, err, why, why_len, code);
	} else {
		for (size_t i = 0; i < ranking->n; i++)
			put_group(to, &ranking->group[i], w, &t, &begun);
		say_without(to, ranking, w, &t, begun);
	}
	tails_free(&t);
	free(row);
	return code;
}

/* ---- {{drift}} ----------------------------------------------------------------------- */

static bool drifted(const struct sample *s)
{
	return strcmp(s->drift, "up") == 0 || strcmp(s->drift, "down") == 0;
}

static void put_drifted(FILE *to, const struct sample *s)
{
	fputs("- ", to);
	report_code(to, s->cell);
	fprintf(to, ", block %.0f: %s", s->block, s->drift);
	if (isfinite(s->drift_pct))
		fprintf(to, " by %.1f %%", fabs(s->drift_pct));
	fprintf(to, " over %.1f s (p = %.2g)\n", s->elapsed_ns / 1e9, s->drift_p);
}

int report_drift(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	size_t tested = 0, up = 0, down = 0;

	(void)w, (void)why, (void)why_len;
	for (size_t i = 0; i < r->run->n; i++) {
		tested += r->run->rows[i].drift[0] != '\0';
		up += strcmp(r->run->rows[i].drift, "up") == 0;
		down += strcmp(r->run->rows[i].drift, "down") == 0;
	}
	if (tested == 0) {
		fputs("No trial lasted the second that it takes to see whether throughput "
		      "drifts.\n",
			to);
		return 0;
	}
	fprintf(to,
		"Of %zu trials that lasted a second or more throughput rose in %zu and fell in %zu "
		"(Mann and Kendall's test over pieces of 100 ms, p at most 0.01).\n",
		tested, up, down);
	for (size_t i = 0, said = 0; i < r->run->n; i++) {
		if (!drifted(r->run->by_cell[i]))
			continue;
		if (said++ == SAID) {
			fprintf(to, "- and %zu more\n", up + down - SAID);
			break;
		}
		fputs(said == 1 ? "\n" : "", to);
		put_drifted(to, r->run->by_cell[i]);
	}
	return 0;
}

/* ---- {{overlap}} ----------------------------------------------------------------------- */

/* With a flag all are counted together by definition. */
static bool has_overlap(const struct rank_group *g)
{
	return g->key->workers_per_pu > 1 && strcmp(g->key->family, "lock") != 0;
}

/* Median over all trials of a group's entries; NAN: none. */
static void overlap_of(const struct rank_group *g, struct rank_value *out, size_t *n)
{
	double *v;
	size_t room = 0;

	*out = (struct rank_value){NAN, NAN, NAN, true};
	for (size_t k = 0; k < g->n; k++)
		room += g->entry[k].n;
	v = calloc(room + 1, sizeof(*v));
	*n = 0;
	for (size_t k = 0; v && k < g->n; k++) {
		for (size_t i = 0; i < g->entry[k].n; i++) {
			double pct = g->entry[k].row[i]->overlap_pct;

			if (isfinite(pct))
				v[(*n)++] = pct;
		}
	}
	if (*n)
		rank_summarise(v, *n, out);
	free(v);
}

struct overlap {
	const struct rank_group *group;
	double median;
	size_t trials;
};

static int least_first(const void *a, const void *b)
{
	const struct overlap *x = a, *y = b;

	if (x->median != y->median)
		return x->median < y->median ? -1 : 1;
	return (x->group > y->group) - (x->group < y->group); /* the ranking's order */
}

static size_t find_overlaps(const struct ranking *r, struct overlap *to)
{
	size_t found = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct overlap *o = &to[found];
		struct rank_value v;

		if (!has_overlap(&r->group[i]))
			continue;
		overlap_of(&r->group[i], &v, &o->trials);
		o->group = &r->group[i];
		o->median = v.median;
		found += o->trials > 0;
	}
	qsort(to, found, sizeof(*to), least_first);
	return found;
}

static void put_overlaps(FILE *to, const struct overlap *o, size_t n)
{
	char title[TEXT];

	fputs("| rows | workers on the fullest processor | overlap, median | trials |\n"
	      "|---|--:|--:|--:|\n",
		to);
	for (size_t i = 0; i < n && i < SAID; i++) {
		answers_title(o[i].group, title, sizeof(title));
		fputs("| ", to);
		report_text(to, title);
		fprintf(to, " | %.0f | %.0f %% | %zu |\n", o[i].group->key->workers_per_pu,
			o[i].median, o[i].trials);
	}
	if (n > SAID)
		fprintf(to,
			"\nOf %zu such groups of rows these overlapped least; the others by %.0f %% "
			"or more.\n",
			n, floor(o[SAID].median));
}

int report_overlap(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct overlap *o = calloc(r->run->ranking.n + 1, sizeof(*o));
	size_t n = o ? find_overlaps(&r->run->ranking, o) : 0;
	int code = o ? 0 : -ENOMEM;

	(void)w;
	if (!o)
		snprintf(why, why_len, "no memory for %zu groups", r->run->ranking.n);
	else if (n)
		put_overlaps(to, o, n);
	else
		fputs("In no row of this run did workers have to share a processor.\n", to);
	free(o);
	return code;
}
