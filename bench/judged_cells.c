/* judged_cells.c - see judged_cells.h. */
#include "bench/judged_cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/costs.h"

static int section_of(const struct judged *r)
{
	int i = 0;

	while (i < JUDGED_SECTIONS - 1 &&
		(judged_section[i].verdict != r->verdict ||
			!(r->gated ? judged_section[i].gated : judged_section[i].ungated)))
		i++;
	return i;
}

/* A metric without figures says the least about a cell that has others. */
static int gravity_of(const struct judged *r)
{
	return r->verdict == JUDGED_NA && !r->gated ? JUDGED_SECTIONS : section_of(r);
}

/* Rows of one judgement: their order there is that of their addresses. */
static int by_place(const struct judged *x, const struct judged *y)
{
	return (x > y) - (x < y);
}

/* Who waits feels time; what it costs is said beside that. */
static bool is_time(const struct judged *r)
{
	int c = cost_of_name(r->metric);

	return c == COST_THROUGHPUT || c == COST_P50 || c == COST_P99;
}

static int by_cell(const void *a, const void *b)
{
	const struct judged *x = *(const struct judged *const *)a;
	const struct judged *y = *(const struct judged *const *)b;
	int order = strcmp(x->cell, y->cell);

	if (order)
		return order;
	order = gravity_of(x) - gravity_of(y);
	if (!order)
		order = is_time(y) - is_time(x);
	return order ? order : by_place(x, y);
}

static int by_section(const void *a, const void *b)
{
	const struct judged_cell *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return by_place(x->row[0], y->row[0]);
}

int judged_cells_make(struct judged_cells *c, const struct judgement *j)
{
	*c = (struct judged_cells){.row = calloc(j->n + 1, sizeof(*c->row)),
		.cell = calloc(j->n + 1, sizeof(*c->cell))};
	if (!c->row || !c->cell) {
		judged_cells_free(c);
		return -ENOMEM;
	}
	for (size_t i = 0; i < j->n; i++)
		c->row[i] = &j->row[i];
	if (j->n)
		qsort(c->row, j->n, sizeof(*c->row), by_cell);
	for (size_t i = 0; i < j->n; i++) {
		if (i == 0 || strcmp(c->row[i - 1]->cell, c->row[i]->cell) != 0)
			c->cell[c->n++] = (struct judged_cell){
				.row = &c->row[i], .section = section_of(c->row[i])};
		c->cell[c->n - 1].n++;
	}
	if (c->n)
		qsort(c->cell, c->n, sizeof(*c->cell), by_section);
	return 0;
}

void judged_cells_free(struct judged_cells *c)
{
	free(c->row);
	free(c->cell);
	*c = (struct judged_cells){0};
}

size_t judged_cells_in(const struct judged_cells *c, int section, const struct judged_cell **first)
{
	size_t n = 0;

	*first = NULL;
	for (size_t i = 0; i < c->n; i++) {
		if (c->cell[i].section != section)
			continue;
		*first = *first ? *first : &c->cell[i];
		n++;
	}
	return n;
}

/* ---- in short ---------------------------------------------------------------------- */

static void put_one(FILE *to, const struct judged *r)
{
	char say[JUDGED_SAY];

	fputs(r->metric, to);
	if (r->verdict == JUDGED_INCONCLUSIVE)
		fprintf(to, " not settled, %s", judged_say_change(say, r));
	else if (judged_say_change(say, r)[0])
		fprintf(to, " %s", say);
	else
		fprintf(to, " %s", judged_name(r->verdict));
	if (r->verdict == JUDGED_REGRESSED && !r->gated)
		fputs(" (not gated)", to);
}

/* What is alike in all of them is said once. */
static bool put_alike(
	FILE *to, const struct judged_cell *cell, enum judged_verdict v, const char *what, bool any)
{
	bool said = false;

	for (size_t i = 1; i < cell->n; i++) {
		if (cell->row[i]->verdict != v)
			continue;
		fprintf(to, "%s%s%s",
			said  ? ", "
			: any ? "; "
			      : "",
			said ? "" : what, cell->row[i]->metric);
		said = true;
	}
	return any || said;
}

void judged_put_others(FILE *to, const struct judged_cell *cell)
{
	bool any = false;

	for (size_t i = 1; i < cell->n; i++) {
		const struct judged *r = cell->row[i];

		if (r->verdict == JUDGED_OK || r->verdict == JUDGED_NA)
			continue;
		fputs(any ? "; " : "", to);
		put_one(to, r);
		any = true;
	}
	any = put_alike(to, cell, JUDGED_OK, "fine: ", any);
	put_alike(to, cell, JUDGED_NA, "no figure: ", any);
}
