/*
 * report_fair.c - {{fairness}}: how evenly the workers of one side got what they all wanted; see
 * report_part.h.
 *
 * One line for each mechanism and workload in which several workers of a side compete: its cell
 * with the most workers; of those threads before processes, the unpinned, who sleeps before who spins.
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

enum { TEXT = 120 };

struct line {
	const struct rank_entry *e;
	const struct sample *s; /* its first row */
};

typedef double figure_fn(const struct sample *s);

static double fairness(const struct sample *s)
{
	return s->fairness;
}

static double least(const struct sample *s)
{
	return fmin(s->share_min_pct, s->share_b_min_pct); /* of those that are known */
}

static double most(const struct sample *s)
{
	return fmax(s->share_max_pct, s->share_b_max_pct);
}

static double longest(const struct sample *s)
{
	return s->longest_stamped_wait_ns;
}

/* Files of before the column lat_p90_beyond share what a whole crowd counted among 64 of it. */
static double overtakes(const struct sample *s)
{
	bool wrong = isnan(s->lat_p90_beyond) && strcmp(s->workload, "oversubscribed") == 0;

	return wrong ? (double)NAN : s->overtakes_mean;
}

static double overtakes_most(const struct sample *s)
{
	return s->overtakes_max;
}

/* Over the trials behind the medians; NAN: none has it. */
static struct rank_value value_of(const struct rank_entry *e, figure_fn *figure)
{
	struct rank_value out = {NAN, NAN, NAN, true};
	double *v = calloc(e->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < e->n; i++) {
		double x = figure(e->row[i]);

		if (isfinite(x))
			v[n++] = x;
	}
	if (n)
		rank_summarise(v, n, &out);
	free(v);
	return out;
}

static double workers(const struct sample *s)
{
	return s->producers + (s->consumers > 0 ? s->consumers : 0);
}

/* Where workers take from each other; who ends a drain or finds nothing competes for no share. */
static bool competes(const struct sample *s)
{
	static const char *const without[] = {
		"poll", "poll-vain", "drain", "drain-close", "drain-join", "drain-timeout"};

	for (size_t i = 0; i < ARRAY_LEN(without); i++) {
		if (strcmp(s->workload, without[i]) == 0)
			return false;
	}
	return strcmp(s->family, "event") != 0 && strcmp(s->family, "bus") != 0;
}

static bool belongs(const struct rank_entry *e)
{
	const struct sample *s = e->first;

	return cmd_rankable(e->mechanism) && competes(s) && !s->axes[0] &&
	       strcmp(s->start, "exec") != 0 && (s->producers > 1 || s->consumers > 1) &&
	       isfinite(value_of(e, fairness).median);
}

/* By mechanism and workload; the one to show first. */
static int by_choice(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = strcmp(x->e->mechanism, y->e->mechanism);

	c = c ? c : strcmp(x->s->workload, y->s->workload);
	c = c ? c : (workers(x->s) < workers(y->s)) - (workers(x->s) > workers(y->s));
	c = c ? c : -strcmp(x->s->domain, y->s->domain);
	c = c ? c : -strcmp(x->s->placement, y->s->placement);
	c = c ? c : x->e->spins - y->e->spins;
	return c ? c : strcmp(x->s->cell, y->s->cell);
}

static bool same_line(const struct line *x, const struct line *y)
{
	return strcmp(x->e->mechanism, y->e->mechanism) == 0 &&
	       strcmp(x->s->workload, y->s->workload) == 0;
}

static void put_number(FILE *to, double x, const char *unit)
{
	if (isnan(x))
		fputs(" - |", to);
	else
		fprintf(to, " %.3g%s |", x, unit);
}

static void put_line(FILE *to, const struct line *l)
{
	const struct rank_value fair = value_of(l->e, fairness), wait = value_of(l->e, longest);
	char text[UNITS_TEXT_BYTES];

	fputs("| ", to);
	report_text(to, l->e->label);
	fprintf(to, " | %s | %.0f", l->s->workload, l->s->producers);
	if (l->s->consumers > 0)
		fprintf(to, "x%.0f", l->s->consumers);
	fprintf(to, " | %s, %s | %.3f %s%.3f .. %.3f%s |", l->s->domain, l->s->placement,
		fair.median, fair.range ? "range " : "[", fair.lo, fair.hi, fair.range ? "" : "]");
	put_number(to, value_of(l->e, least).median, " %");
	put_number(to, value_of(l->e, most).median, " %");
	fprintf(to, " %s |",
		isnan(wait.median) ? "-" : units_format_ns(text, sizeof(text), wait.median));
	put_number(to, value_of(l->e, overtakes).median, "");
	put_number(to, value_of(l->e, overtakes_most).median, "");
	fputs("\n", to);
}

static size_t find_lines(const struct ranking *r, struct line *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++) {
			const struct rank_entry *e = &r->group[i].entry[k];

			if (!belongs(e))
				continue;
			if (out)
				out[n] = (struct line){e, e->first};
			n++;
		}
	}
	return n;
}

int report_fairness(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	size_t n = find_lines(&r->run->ranking, NULL);
	struct line *l = calloc(n + 1, sizeof(*l));

	(void)w;
	if (!l) {
		snprintf(why, why_len, "no memory for %zu lines", n);
		return -ENOMEM;
	}
	find_lines(&r->run->ranking, l);
	qsort(l, n, sizeof(*l), by_choice);
	fputs(n ? "| mechanism | workload | workers | which | Jain's index | least share | most | "
		  "longest wait | overtaken, mean | most |\n|---|---|--:|---|--:|--:|--:|--:|--:|"
		  "--:|\n"
		: "In no row of this run did several workers compete.\n",
		to);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !same_line(&l[i - 1], &l[i]))
			put_line(to, &l[i]);
	}
	free(l);
	return 0;
}
