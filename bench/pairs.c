/* pairs.c - see pairs.h. */
#include "bench/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/answers.h"
#include "bench/report_text.h"
#include "bench/stats.h"
#include "bench/units.h"

enum { TEXT = 64 };

/* An entry of the ranking, taken apart: the cell, and which of its pairs. */
struct spot {
	char cell[sizeof(((struct sample *)0)->cell)];
	const char *unit;
	struct pair_figure figure;
};

/* ---- finding ------------------------------------------------------------------- */

/* "...&pair=2&touch=a": the key without the pair, and its number; 0 where it names none. */
static unsigned split_key(const char *key, char *out, size_t out_len)
{
	const char *at = strstr(key, "&pair="), *end;
	unsigned pair = at ? (unsigned)strtoul(at + strlen("&pair="), NULL, 10) : 0;

	end = at ? at + 1 + strcspn(at + 1, "&") : key + strlen(key);
	snprintf(out, out_len, "%.*s%s", at ? (int)(at - key) : (int)(end - key), key, end);
	return pair;
}

static int compare(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;
	int c = strcmp(x->cell, y->cell);

	return c ? c : (x->figure.pair > y->figure.pair) - (x->figure.pair < y->figure.pair);
}

static size_t find_spots(const struct ranking *r, rank_filter_fn *rankable, struct spot *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct rank_group *g = &r->group[i];

		for (size_t k = 0; k < g->n; k++) {
			struct spot *s = out ? &out[n] : NULL;

			if (!rankable(g->entry[k].mechanism))
				continue;
			n++;
			if (!s)
				continue;
			s->figure.pair = split_key(
				g->entry[k].first->cell, s->cell, sizeof(s->cell));
			s->figure.figure = g->entry[k].figure;
			s->figure.example = g->entry[k].first;
			s->unit = g->unit;
		}
	}
	return n;
}

static void fill(struct pair_spread *out, const struct spot *s, size_t n, double *v, double *work)
{
	*out = (struct pair_spread){
		.unit = s->unit, .pairs = (unsigned)n, .low = s->figure, .high = s->figure};
	memcpy(out->cell, s->cell, sizeof(out->cell));
	for (size_t i = 0; i < n; i++) {
		v[i] = s[i].figure.figure.median;
		if (v[i] < out->low.figure.median)
			out->low = s[i].figure;
		if (v[i] > out->high.figure.median)
			out->high = s[i].figure;
	}
	out->median = stats_median(v, n, work);
	out->spread_pct = 100 * (out->high.figure.median - out->low.figure.median) / out->median;
	out->overlap = out->low.figure.hi >= out->high.figure.lo;
}

/* Spots of one cell stand together. */
static size_t join(const struct spot *s, size_t n, struct pair_spread *out, double *v, double *work)
{
	size_t found = 0, from = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && strcmp(s[i].cell, s[from].cell) == 0)
			continue;
		if (i - from > 1)
			fill(&out[found++], &s[from], i - from, v, work);
		from = i;
	}
	return found;
}

int pairs_find(
	const struct ranking *r, rank_filter_fn *rankable, struct pair_spread **out, size_t *n)
{
	size_t spots = find_spots(r, rankable, NULL);
	struct spot *s = calloc(spots + 1, sizeof(*s));
	double *v = calloc(2 * spots + 1, sizeof(*v));
	int code = s && v ? 0 : -ENOMEM;

	*n = 0;
	*out = calloc(spots / 2 + 1, sizeof(**out));
	if (!*out)
		code = -ENOMEM;
	if (!code) {
		find_spots(r, rankable, s);
		qsort(s, spots, sizeof(*s), compare);
		*n = join(s, spots, *out, v, v + spots);
	} else {
		free(*out);
		*out = NULL;
	}
	free(s);
	free(v);
	return code;
}

/* ---- showing ------------------------------------------------------------------- */

/* "P#8 P#9": where the first worker of either side ran. */
static void say_pus(const struct sample *s, char *out, size_t len)
{
	unsigned b = s->consumers > 0 ? (unsigned)s->producers : 1, i = 0;
	size_t used = 0;

	out[0] = '\0';
	for (const char *at = s->cpus; *at && used < len; i++) {
		size_t n = strcspn(at, " ");

		if (i == 0 || i == b)
			used += (size_t)snprintf(
				out + used, len - used, "%sP#%.*s", i ? " " : "", (int)n, at);
		at += n + (at[n] == ' ');
	}
	if (!out[0])
		snprintf(out, len, "PUs unknown");
}

static void say_value(double v, const char *unit, char *out, size_t len)
{
	if (strcmp(unit, "ns") == 0)
		units_format_ns(out, len, v);
	else
		units_format_rate(out, len, v);
}

static void say_figure(const struct pair_figure *f, const char *unit, char *out, size_t len)
{
	char value[UNITS_TEXT_BYTES], pus[TEXT / 2];

	say_value(f->figure.median, unit, value, sizeof(value));
	say_pus(f->example, pus, sizeof(pus));
	snprintf(out, len, "%s (pair %u: %s)", value, f->pair, pus);
}

static const char *class_of(const struct pair_spread *s)
{
	const struct sample *row = s->low.example;

	return answers_class(row)[0] ? answers_class(row) : row->placement;
}

static const char said_overlap[] = ", intervals overlap";

static void put_one(FILE *to, const struct pair_spread *s, bool markdown)
{
	char median[UNITS_TEXT_BYTES], low[TEXT + 32], high[TEXT + 32];

	say_value(s->median, s->unit, median, sizeof(median));
	say_figure(&s->low, s->unit, low, sizeof(low));
	say_figure(&s->high, s->unit, high, sizeof(high));
	if (!markdown) {
		fprintf(to,
			"%s\n  %-14s %2u pairs  median %s  lowest %s  highest %s  spread %.1f %%%s\n",
			s->cell, class_of(s), s->pairs, median, low, high, s->spread_pct,
			s->overlap ? said_overlap : "");
		return;
	}
	fputs("| ", to);
	report_code(to, s->cell);
	fputs(" | ", to);
	report_text(to, class_of(s));
	fprintf(to, " | %u | %s | ", s->pairs, median);
	report_text(to, low);
	fputs(" | ", to);
	report_text(to, high);
	fprintf(to, " | %.1f %%%s |\n", s->spread_pct, s->overlap ? said_overlap : "");
}

void pairs_put(FILE *to, const struct pair_spread *s, size_t n, bool markdown)
{
	if (n == 0) {
		fputs("This run has one pair of processors for each placement: how far pairs of one "
		      "class lie apart is not known from it.\n",
			to);
		return;
	}
	if (markdown)
		fputs("| cell | class | pairs | median of the pairs | lowest | highest | spread |\n"
		      "|---|---|--:|--:|---|---|--:|\n",
			to);
	else
		fputs("Pairs of processors of one class (median of each pair's trials)\n", to);
	for (size_t i = 0; i < n; i++)
		put_one(to, &s[i], markdown);
}
