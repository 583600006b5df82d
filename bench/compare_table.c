/* compare_table.c - see compare_table.h. */
#include "bench/compare_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"

/* ---- cells ------------------------------------------------------------------------ */

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take_keys(struct compare_table *t, const struct campaign_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->item[i].n; k++)
			t->key[t->keys++] = s->item[i].cell[k].key;
	}
}

static size_t all_cells(const struct campaign_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->item[i].n;
	return n;
}

static int find_keys(struct compare_table *t)
{
	size_t n = all_cells(t->ask->base) + all_cells(t->ask->fresh), kept = 0;

	t->key = calloc(n + 1, sizeof(*t->key));
	if (!t->key)
		return -ENOMEM;
	take_keys(t, t->ask->base);
	take_keys(t, t->ask->fresh);
	qsort(t->key, t->keys, sizeof(*t->key), compare_keys);
	for (size_t i = 0; i < t->keys; i++) {
		if (i == 0 || strcmp(t->key[i], t->key[kept - 1]) != 0)
			t->key[kept++] = t->key[i];
	}
	t->keys = kept;
	return 0;
}

/* A cell as a side has it. */
struct view {
	size_t figures[COSTS], ok;       /* campaigns that have them, that have ok trials */
	const struct campaign_cell *red; /* broke in one of the campaigns; NULL */
	const struct campaign_cell *any; /* its last one; NULL: the side has no such cell */
};

static struct view view_of(const struct campaign_set *s, const char *key)
{
	struct view v = {.red = NULL};

	for (size_t i = 0; i < s->n; i++) {
		const struct campaign_cell *c = campaign_find(&s->item[i], key);

		if (!c)
			continue;
		v.any = c;
		v.ok += c->trials > 0;
		v.red = campaign_is_red(c) ? c : v.red;
		for (int m = 0; m < COSTS; m++)
			v.figures[m] += isnan(c->figure[m].cost) ? 0 : 1;
	}
	return v;
}

static struct hypothesis *new_hypothesis(struct compare_table *t, const char *key, enum cost m)
{
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 256;
		struct hypothesis *more = realloc(t->hyp, room * sizeof(*more));

		if (!more)
			return NULL;
		t->hyp = more;
		t->room = room;
	}
	t->hyp[t->n] = (struct hypothesis){key, m, JUDGED_OK, NULL, ""};
	return &t->hyp[t->n++];
}

/* One side lacks the metric: is it the cell that is not there, did it break, or only this? */
static void lacks_metric(struct hypothesis *h, const struct view *base, const struct view *fresh)
{
	bool from_new = base->figures[h->metric] > 0;
	const struct view *v = from_new ? fresh : base;

	h->side = from_new ? "NEW" : "BASE";
	h->at = v->red ? v->red : v->any;
	if (v->red || v->ok)
		h->verdict = JUDGED_NA;
	else
		h->verdict = from_new ? JUDGED_MISSING : JUDGED_NEW;
}

static int add_cell(struct compare_table *t, const char *key)
{
	struct view base = view_of(t->ask->base, key), fresh = view_of(t->ask->fresh, key);
	size_t before = t->n;

	for (int m = 0; m < COSTS; m++) {
		struct hypothesis *h;

		if (!base.figures[m] && !fresh.figures[m])
			continue;
		h = new_hypothesis(t, key, (enum cost)m);
		if (!h)
			return -ENOMEM;
		if (fresh.red && !base.red) /* what is left of it is no figure to trust */
			*h = (struct hypothesis){key, (enum cost)m, JUDGED_NA, fresh.red, "NEW"};
		else if ((!base.figures[m] || !fresh.figures[m]) && t->ask->fresh->n)
			lacks_metric(h, &base, &fresh);
		t->judged += h->verdict == JUDGED_OK;
	}
	if (t->n == before) { /* nothing anywhere: said once */
		struct hypothesis *h = new_hypothesis(t, key, COST_THROUGHPUT);

		if (!h)
			return -ENOMEM;
		h->verdict = JUDGED_NA;
		h->side = fresh.any ? "NEW" : "BASE";
		h->at = fresh.red ? fresh.red : fresh.any ? fresh.any : base.any;
	}
	return 0;
}

bool compare_is_gated(const char *key)
{
	char mechanism[CELL_KEY];

	campaign_mechanism(key, mechanism, sizeof(mechanism));
	return cmd_rankable(mechanism);
}

/* ---- figures ---------------------------------------------------------------------- */

static void put_figures(
	const struct campaign_set *s, const struct hypothesis *h, double *cost, double *within)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct campaign_cell *c = campaign_find(&s->item[i], h->key);

		cost[i] = c ? c->figure[h->metric].cost : (double)NAN;
		within[i] = c ? c->figure[h->metric].within : (double)NAN;
	}
}

static int fill_figures(struct compare_table *t)
{
	size_t base = t->ask->base->n, columns = base + t->ask->fresh->n, row = 0;

	t->cost = calloc(t->judged * columns + 1, sizeof(*t->cost));
	t->within = calloc(t->judged * columns + 1, sizeof(*t->within));
	t->family = calloc(t->judged + 1, sizeof(*t->family));
	t->gated = calloc(t->judged + 1, sizeof(*t->gated));
	if (!t->cost || !t->within || !t->family || !t->gated)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		const struct hypothesis *h = &t->hyp[i];
		double *cost = t->cost + row * columns, *within = t->within + row * columns;

		if (h->verdict != JUDGED_OK)
			continue;
		put_figures(t->ask->base, h, cost, within);
		put_figures(t->ask->fresh, h, cost + base, within + base);
		t->family[row] = (uint8_t)h->metric;
		t->gated[row++] = compare_is_gated(h->key);
	}
	return 0;
}

int compare_table_make(struct compare_table *t)
{
	int code = find_keys(t);

	for (size_t i = 0; i < t->keys && !code; i++)
		code = add_cell(t, t->key[i]);
	return code ? code : fill_figures(t);
}

void compare_table_free(struct compare_table *t)
{
	free(t->key);
	free(t->hyp);
	free(t->cost);
	free(t->within);
	free(t->family);
	free(t->gated);
}
