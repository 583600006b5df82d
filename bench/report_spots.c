/* report_spots.c - see report_spots.h. */
#include "bench/report_spots.h"

#include <math.h>
#include <string.h>

#include "bench/answers.h"
#include "bench/report_text.h"
#include "bench/units.h"

enum { TEXT = 128, SMALL_BYTES = 64, LARGE_BYTES = 65536 };

static double workers_of(const struct sample *k)
{
	return k->producers + (k->consumers > 0 ? k->consumers : 0);
}

/* Same kind of work: what one line of a card may be chosen from, size apart. */
static int compare_kind(const struct sample *a, const struct sample *b)
{
	int c = strcmp(a->workload, b->workload);

	c = c ? c : -strcmp(a->domain, b->domain);
	return c ? c : -strcmp(a->start, b->start);
}

/* By mechanism and kind; number of workers nearest to two first; by size, none being one. */
int report_spots_compare(const void *a, const void *b)
{
	const struct report_spot *s = a, *t = b;
	const struct sample *x = s->g->key, *y = t->g->key;
	double from_x = fabs(workers_of(x) - 2), from_y = fabs(workers_of(y) - 2);
	double size_x = isnan(x->msg_bytes) ? 0 : x->msg_bytes;
	double size_y = isnan(y->msg_bytes) ? 0 : y->msg_bytes;
	int c = strcmp(s->e->mechanism, t->e->mechanism);

	c = c ? c : compare_kind(x, y);
	c = c ? c : (from_x > from_y) - (from_x < from_y);
	c = c ? c : (workers_of(x) > workers_of(y)) - (workers_of(x) < workers_of(y));
	c = c ? c : (size_x > size_y) - (size_x < size_y);
	c = c ? c : strcmp(x->placement, y->placement);
	c = c ? c : strcmp(s->e->wait, t->e->wait);
	return c ? c : strcmp(s->e->capacity, t->e->capacity);
}

static bool same_size(const struct sample *a, const struct sample *b)
{
	return a->msg_bytes == b->msg_bytes || (isnan(a->msg_bytes) && isnan(b->msg_bytes));
}

static bool better(const struct report_spot *a, const struct report_spot *b)
{
	double x = a->e->figure.median, y = b->e->figure.median;

	return a->g->lower_is_better ? x < y : x > y;
}

static void put_where(FILE *to, const struct report_spot *s)
{
	const struct sample *k = s->e->first;

	report_text(to, k->placement);
	if (answers_class(k)[0]) {
		fputs(" (", to);
		report_text(to, answers_class(k));
		fputs(")", to);
	}
	fputs(", ", to);
	report_text(to, k->wait);
	if (strcmp(k->capacity, "native") != 0 && k->capacity[0]) {
		fputs(", x", to);
		report_text(to, k->capacity);
	}
}

static void put_workers(FILE *to, const struct sample *k)
{
	char size[UNITS_TEXT_BYTES] = "";

	if (!isnan(k->msg_bytes))
		units_format_bytes(size, sizeof(size), (uint64_t)k->msg_bytes);
	fputs("| ", to);
	report_text(to, k->workload);
	fputs(" | ", to);
	if (k->consumers > 0)
		fprintf(to, "%.0fx%.0f ", k->producers, k->consumers);
	else
		fprintf(to, "%.0f ", k->producers);
	report_text(to, k->domain);
	fprintf(to, "%s | %s | ", strcmp(k->start, "exec") == 0 ? ", exec" : "", size);
}

/* The best of n spots of one size, and the placement in which the best is worst. */
static void put_best(FILE *to, const struct report_spot *spot, size_t n)
{
	const struct report_spot *best = spot, *worst = NULL, *here = spot;
	char figure[TEXT], cpu[UNITS_TEXT_BYTES];

	for (size_t i = 1; i <= n; i++) {
		if (i == n || strcmp(spot[i].g->key->placement, here->g->key->placement) != 0) {
			worst = !worst || better(worst, here) ? here : worst;
			if (i == n)
				break;
			here = &spot[i];
		}
		best = better(&spot[i], best) ? &spot[i] : best;
		here = better(&spot[i], here) ? &spot[i] : here;
	}
	put_workers(to, best->g->key);
	rank_format(&best->e->figure, best->g->unit, figure, sizeof(figure));
	fprintf(to, "%s | ", figure);
	put_where(to, best);
	fprintf(to, " | %s | %zu | ", units_format_ns(cpu, sizeof(cpu), best->e->cpu_ns.median),
		best->e->n);
	if (worst && strcmp(worst->g->key->placement, best->g->key->placement) != 0) {
		if (worst->g->lower_is_better)
			units_format_ns(figure, sizeof(figure), worst->e->figure.median);
		else
			units_format_rate(figure, sizeof(figure), worst->e->figure.median);
		fprintf(to, "%s, ", figure);
		put_where(to, worst);
	}
	fputs(" |\n", to);
}

/* The sizes that a card shows, of n spots in the order of sizes: the two that are asked about
 * everywhere, where the run has them; else its smallest and its largest. */
static void find_sizes(const struct report_spot *spot, size_t n, double shown[2])
{
	shown[0] = spot[0].g->key->msg_bytes;
	shown[1] = spot[n - 1].g->key->msg_bytes;
	for (size_t i = 0; i < n; i++) {
		if (spot[i].g->key->msg_bytes == SMALL_BYTES)
			shown[0] = SMALL_BYTES;
		if (spot[i].g->key->msg_bytes == LARGE_BYTES)
			shown[1] = LARGE_BYTES;
	}
}

/* Spots of one kind of work; those with the first one's number of workers count. */
static void put_kind(FILE *to, const struct report_spot *spot, size_t n)
{
	size_t same = 0, from = 0;
	double shown[2];

	while (same < n && workers_of(spot[same].g->key) == workers_of(spot[0].g->key))
		same++;
	find_sizes(spot, same, shown);
	for (size_t i = 1; i <= same; i++) {
		double size = spot[from].g->key->msg_bytes;

		if (i < same && same_size(spot[from].g->key, spot[i].g->key))
			continue;
		if (isnan(size) || size == shown[0] || size == shown[1])
			put_best(to, &spot[from], i - from);
		from = i;
	}
}

void report_spots_put(FILE *to, const struct report_spot *spot, size_t n)
{
	size_t from = 0;

	if (n == 0)
		return;
	fputs("\n| workload | workers | size | best | where | CPU per operation | trials | at worst "
	      "elsewhere |\n|---|---|--:|---|---|--:|--:|---|\n",
		to);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && compare_kind(spot[from].g->key, spot[i].g->key) == 0)
			continue;
		put_kind(to, &spot[from], i - from);
		from = i;
	}
}
