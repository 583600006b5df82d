/* rank.c - see rank.h. */
#include "bench/rank.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats.h"
#include "bench/units.h"

enum { MAX_TRIALS = 4096 };

static const double alpha = 0.05;

/* What is judged by the median of its samples; a workload that is new says so by their kind. */
static bool has_latency(const struct sample *s)
{
	return strcmp(s->workload, "pingpong") == 0 || strcmp(s->kind, "rtt") == 0 ||
	       strcmp(s->kind, "oneway") == 0 || strcmp(s->kind, "wake") == 0 ||
	       strcmp(s->kind, "response") == 0 || strcmp(s->kind, "late") == 0;
}

/* One worker alone: the price of an operation. */
static bool is_alone(const struct sample *s)
{
	return strcmp(s->workload, "uncontended") == 0 || strcmp(s->workload, "poll-vain") == 0;
}

bool rank_lower_is_better(const struct sample *s)
{
	return has_latency(s) || is_alone(s);
}

double rank_figure(const struct sample *s)
{
	/* Spaced signals: too few of them for a percentile still have a mean. */
	if (strcmp(s->kind, "wake") == 0 || strcmp(s->kind, "late") == 0)
		return isnan(s->lat_p50_ns) ? s->lat_mean_ns : s->lat_p50_ns;
	/* On a schedule the time per message is that of the schedule. */
	if (strcmp(s->kind, "response") == 0)
		return s->lat_p50_ns;
	if (has_latency(s))
		return isnan(s->lat_p50_ns) ? s->elapsed_ns / s->ops : s->lat_p50_ns;
	return rank_lower_is_better(s) ? s->elapsed_ns / s->ops : s->ops_per_s;
}

void rank_summarise(const double *v, size_t n, struct rank_value *out)
{
	struct stats_interval i = {0};
	double *work = malloc(n * sizeof(*work));

	*out = (struct rank_value){NAN, NAN, NAN, true};
	if (!work)
		return;
	out->range = !stats_median_interval(v, n, 0.95, &i, work);
	out->median = stats_median(v, n, work);
	out->lo = i.lo;
	out->hi = i.hi;
	free(work);
}

/* ---- order of rows -------------------------------------------------------- */

static int compare_figures(double a, double b)
{
	/* NAN (a lock has no size) is one value, below all others */
	if (isnan(a) || isnan(b))
		return isnan(b) - isnan(a);
	return (a > b) - (a < b);
}

static int compare_group(const struct sample *a, const struct sample *b)
{
	int c = strcmp(a->family, b->family);

	c = c ? c : strcmp(a->workload, b->workload);
	c = c ? c : -strcmp(a->domain, b->domain);
	c = c ? c : -strcmp(a->start, b->start);
	c = c ? c : compare_figures(a->msg_bytes, b->msg_bytes);
	c = c ? c : compare_figures(a->producers, b->producers);
	c = c ? c : compare_figures(a->consumers, b->consumers);
	c = c ? c : strcmp(a->placement, b->placement);
	return c ? c : strcmp(a->axes, b->axes);
}

static int compare_entry(const struct sample *a, const struct sample *b)
{
	int c = strcmp(a->mechanism, b->mechanism);

	c = c ? c : strcmp(a->wait, b->wait);
	return c ? c : strcmp(a->capacity, b->capacity);
}

static int compare_rows(const void *a, const void *b)
{
	const struct sample *x = *(const struct sample *const *)a;
	const struct sample *y = *(const struct sample *const *)b;
	int c = compare_group(x, y);

	c = c ? c : compare_entry(x, y);
	return c ? c : compare_figures(x->block, y->block);
}

/* ---- entries -------------------------------------------------------------- */

/* Clean rows only where there are enough of them. */
static void choose_rows(struct rank_entry *e)
{
	size_t clean = 0, kept = 0;

	for (size_t i = 0; i < e->n; i++)
		clean += strcmp(e->row[i]->quality, "clean") == 0;
	if (clean < RANK_ENOUGH_CLEAN || clean == e->n) {
		e->noisy_used = e->n - clean;
		return;
	}
	for (size_t i = 0; i < e->n; i++) {
		if (strcmp(e->row[i]->quality, "clean") == 0)
			e->row[kept++] = e->row[i];
	}
	e->noisy_left_out = e->n - kept;
	e->n = kept;
}

static void summarise(
	const struct rank_entry *e, double (*of)(const struct sample *), struct rank_value *out)
{
	double *v = malloc(e->n * sizeof(*v));
	size_t n = 0;

	*out = (struct rank_value){NAN, NAN, NAN, true};
	for (size_t i = 0; v && i < e->n; i++) {
		double x = of(e->row[i]);

		if (!isnan(x))
			v[n++] = x;
	}
	if (n)
		rank_summarise(v, n, out);
	free(v);
}

static double bytes_of(const struct sample *s)
{
	return s->bytes_per_s;
}

static double cpu_of(const struct sample *s)
{
	return s->cpu_ns_per_op;
}

static void fill_entry(struct rank_entry *e)
{
	const struct sample *s = e->first = e->row[0];

	snprintf(e->mechanism, sizeof(e->mechanism), "%s", s->mechanism);
	snprintf(e->wait, sizeof(e->wait), "%s", s->wait);
	snprintf(e->capacity, sizeof(e->capacity), "%s", s->capacity);
	e->spins = strcmp(s->wait, "block") != 0 && strcmp(s->wait, "epoll") != 0 &&
		   strcmp(s->wait, "await") != 0;
	choose_rows(e);
	summarise(e, rank_figure, &e->figure);
	summarise(e, bytes_of, &e->bytes);
	summarise(e, cpu_of, &e->cpu_ns);
}

static bool differ_in_capacity(const struct rank_entry *a, const struct rank_entry *b)
{
	return strcmp(a->mechanism, b->mechanism) == 0 && strcmp(a->wait, b->wait) == 0;
}

bool rank_names_wait(const struct rank_entry *e)
{
	return strcmp(e->wait, "block") != 0;
}

/*
 * The capacity is said only where the group has the same mechanism with another one: beside it, as
 * long as the entries are in the order of their names.
 */
static void label_entry(const struct rank_group *g, size_t i)
{
	struct rank_entry *e = &g->entry[i];
	bool several = (i > 0 && differ_in_capacity(e - 1, e)) ||
		       (i + 1 < g->n && differ_in_capacity(e, e + 1));
	size_t len;

	len = (size_t)snprintf(e->label, sizeof(e->label), "%s", e->mechanism);
	if (rank_names_wait(e))
		len += (size_t)snprintf(e->label + len, sizeof(e->label) - len, " (%s)", e->wait);
	if (several)
		snprintf(e->label + len, sizeof(e->label) - len, " x%s", e->capacity);
}

/* ---- telling entries apart ------------------------------------------------ */

/* Log ratios over the blocks that both have; rows are in block order. */
static size_t paired_logs(
	const struct rank_entry *a, const struct rank_entry *b, double *d, size_t max)
{
	size_t n = 0;

	for (size_t i = 0, j = 0; i < a->n && j < b->n && n < max;) {
		int c = compare_figures(a->row[i]->block, b->row[j]->block);

		if (c == 0)
			d[n++] = log(rank_figure(a->row[i]) / rank_figure(b->row[j]));
		i += c <= 0;
		j += c >= 0;
	}
	return n;
}

static bool separable(const struct rank_entry *a, const struct rank_entry *b)
{
	double *d = malloc(MAX_TRIALS * sizeof(*d)), *work;
	size_t n = d ? paired_logs(a, b, d, MAX_TRIALS) : 0;
	bool apart = a->figure.hi < b->figure.lo || b->figure.hi < a->figure.lo;

	work = n >= RANK_INTERVAL_TRIALS ? malloc(stats_signed_rank_work(n) * sizeof(*work)) : NULL;
	if (work)
		apart = stats_signed_rank_two_sided(d, n, 0, NULL, work) <= alpha;
	free(work);
	free(d);
	return apart;
}

/* Sleeping first, then by figure; equal figures by name, so that the order is always the same. */
static int compare_ranked(const struct rank_entry *x, const struct rank_entry *y, int by_figure)
{
	if (x->spins != y->spins)
		return x->spins - y->spins;
	return by_figure ? by_figure : compare_entry(x->first, y->first);
}

static int compare_entries_up(const void *a, const void *b)
{
	const struct rank_entry *x = a, *y = b;

	return compare_ranked(x, y, compare_figures(x->figure.median, y->figure.median));
}

static int compare_entries_down(const void *a, const void *b)
{
	const struct rank_entry *x = a, *y = b;

	return compare_ranked(x, y, compare_figures(y->figure.median, x->figure.median));
}

/* Competition ranks: whoever is not separable from a rank's first shares it. */
static void give_ranks(struct rank_entry *e, size_t n)
{
	size_t first = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > first && separable(&e[first], &e[i]))
			first = i;
		e[i].rank = (unsigned)first + 1;
	}
}

static void order_group(struct rank_group *g)
{
	g->lower_is_better = rank_lower_is_better(g->key);
	g->unit = g->lower_is_better ? "ns" : "per_s";
	qsort(g->entry, g->n, sizeof(*g->entry),
		g->lower_is_better ? compare_entries_up : compare_entries_down);
	while (g->sleeping < g->n && !g->entry[g->sleeping].spins)
		g->sleeping++;
	give_ranks(g->entry, g->sleeping);
	give_ranks(g->entry + g->sleeping, g->n - g->sleeping);
}

/* ---- groups --------------------------------------------------------------- */

/* Entries of rows [from, to), which are one group. */
static int make_group(struct rank_group *g, const struct sample **rows, size_t from, size_t to)
{
	size_t entries = 0;

	g->key = rows[from];
	for (size_t i = from; i < to; i++)
		entries += i == from || compare_entry(rows[i - 1], rows[i]) != 0;
	g->entry = calloc(entries, sizeof(*g->entry));
	if (!g->entry)
		return -ENOMEM;
	for (size_t i = from; i < to; i++) {
		if (i == from || compare_entry(rows[i - 1], rows[i]) != 0)
			g->entry[g->n++].row = &rows[i];
		g->entry[g->n - 1].n++;
	}
	for (size_t i = 0; i < g->n; i++)
		fill_entry(&g->entry[i]);
	for (size_t i = 0; i < g->n; i++)
		label_entry(g, i);
	order_group(g);
	return 0;
}

/* A figure that is not above zero is no measurement, and has no logarithm. */
static bool can_rank(const struct sample *s, rank_filter_fn *rankable)
{
	double figure = rank_figure(s);

	/* rates are each mechanism's own, around its knee: curves, not ranks */
	if (strcmp(s->kind, "response") == 0)
		return false;
	return sample_usable(s, false) && rankable(s->mechanism) && isfinite(figure) && figure > 0;
}

int rank_rows(struct ranking *r, const struct sample *rows, size_t n, rank_filter_fn *rankable)
{
	size_t used = 0, from = 0;
	int code = 0;

	*r = (struct ranking){.rows = calloc(n + 1, sizeof(*r->rows))};
	r->group = calloc(n + 1, sizeof(*r->group));
	if (!r->rows || !r->group)
		code = -ENOMEM;
	for (size_t i = 0; i < n && !code; i++) {
		if (can_rank(&rows[i], rankable))
			r->rows[used++] = &rows[i];
	}
	if (!code)
		qsort(r->rows, used, sizeof(*r->rows), compare_rows);
	for (size_t i = 1; i <= used && !code; i++) {
		if (i < used && compare_group(r->rows[from], r->rows[i]) == 0)
			continue;
		code = make_group(&r->group[r->n++], r->rows, from, i);
		from = i;
	}
	if (code)
		rank_free(r);
	return code;
}

void rank_free(struct ranking *r)
{
	for (size_t i = 0; r->group && i < r->n; i++)
		free(r->group[i].entry);
	free(r->group);
	free(r->rows);
	*r = (struct ranking){0};
}

void rank_keep_usual(struct ranking *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->group[i].key->axes[0])
			free(r->group[i].entry);
		else
			r->group[kept++] = r->group[i];
	}
	r->n = kept;
}

const struct rank_group *rank_find(const struct ranking *r, const char *workload,
	const char *domain, double msg_bytes, const char *placement)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct sample *k = r->group[i].key;

		if (strcmp(k->workload, workload) == 0 && strcmp(k->domain, domain) == 0 &&
			k->msg_bytes == msg_bytes && strcmp(k->placement, placement) == 0 &&
			k->producers == 1 && k->consumers == 1 && strcmp(k->start, "exec") != 0)
			return &r->group[i];
	}
	return NULL;
}

/* ---- text ----------------------------------------------------------------- */

typedef char *format_fn(char *buf, size_t len, double v);

/* "10.2 us", "13.3 us": the first needs no unit. */
static void drop_common_unit(char *lo, const char *hi)
{
	char *unit = strchr(lo, ' ');
	const char *other = strchr(hi, ' ');

	if (unit && other && strcmp(unit, other) == 0)
		*unit = '\0';
}

void rank_format(const struct rank_value *v, const char *unit, char *out, size_t out_len)
{
	format_fn *format = strcmp(unit, "ns") == 0      ? units_format_ns
			    : strcmp(unit, "bytes") == 0 ? units_format_bytes_per_s
							 : units_format_rate;
	char m[UNITS_TEXT_BYTES], lo[UNITS_TEXT_BYTES], hi[UNITS_TEXT_BYTES];

	if (isnan(v->median)) {
		snprintf(out, out_len, "-");
		return;
	}
	format(m, sizeof(m), v->median);
	format(lo, sizeof(lo), v->lo);
	format(hi, sizeof(hi), v->hi);
	drop_common_unit(lo, hi);
	snprintf(out, out_len, "%s %s%s .. %s%s", m, v->range ? "range " : "[", lo, hi,
		v->range ? "" : "]");
}
