/* picture_grid.c - see picture_grid.h. */
#include "bench/picture_grid.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct grid_found {
	const struct rank_entry *entry;
	size_t column;
};

const char *grid_short(const char *mechanism)
{
	const char *slash = strchr(mechanism, '/');

	return slash && slash[1] ? slash + 1 : mechanism;
}

bool grid_add(struct grid *g, const struct rank_group *group, const char *label)
{
	size_t need = g->n_found + group->n;

	if (g->columns == GRID_COLUMNS) {
		g->columns_left_out++;
		return false;
	}
	if (need > g->room) {
		struct grid_found *more = realloc(g->found, 2 * need * sizeof(*more));

		if (!more) {
			g->failed = true;
			return false;
		}
		g->found = more;
		g->room = 2 * need;
	}
	for (size_t i = 0; i < group->n; i++)
		g->found[g->n_found++] = (struct grid_found){&group->entry[i], g->columns};
	g->group[g->columns] = group;
	snprintf(g->column[g->columns], sizeof(g->column[0]), "%s", label);
	g->columns++;
	return true;
}

/* ---- rows ------------------------------------------------------------------ */

static int compare_row(const struct rank_entry *a, const struct rank_entry *b)
{
	int c = strcmp(a->mechanism, b->mechanism);

	return c ? c : strcmp(a->wait, b->wait);
}

static int compare_found(const void *a, const void *b)
{
	const struct grid_found *x = a, *y = b;
	int c = compare_row(x->entry, y->entry);

	c = c ? c : strcmp(x->entry->capacity, y->entry->capacity);
	return c ? c : (x->column > y->column) - (x->column < y->column);
}

/* Of one row's entries, which are by capacity: the capacity that most have. */
static const char *common_capacity(const struct grid_found *f, size_t n)
{
	size_t most = 0, from = 0;
	const char *best = "";

	for (size_t i = 1; i <= n; i++) {
		if (i < n && strcmp(f[i].entry->capacity, f[from].entry->capacity) == 0)
			continue;
		if (i - from > most) {
			most = i - from;
			best = f[from].entry->capacity;
		}
		from = i;
	}
	return best;
}

static bool better(const struct rank_group *g, double a, double b)
{
	return g->lower_is_better ? a < b : a > b;
}

static void fill_row(struct grid *g, struct grid_row *row, const struct grid_found *f, size_t n)
{
	const char *capacity = common_capacity(f, n);

	for (size_t i = 0; i < n; i++) {
		const struct rank_entry **at = &row->at[f[i].column];
		bool common = strcmp(f[i].entry->capacity, capacity) == 0;

		if (*at)
			g->capacities_left_out++;
		row->columns += !*at;
		if (!*at || common)
			*at = f[i].entry;
	}
	for (size_t c = 0; c < g->columns; c++) {
		const struct rank_entry *e = row->at[c];

		if (!e)
			continue;
		g->capacities_differ |= strcmp(e->capacity, capacity) != 0;
		if (!row->first || better(g->group[c], e->figure.median, row->best))
			row->best = e->figure.median;
		row->first = row->first ? row->first : e;
	}
	snprintf(row->label, sizeof(row->label), rank_names_wait(row->first) ? "%s (%s)" : "%s",
		grid_short(row->first->mechanism), row->first->wait);
}

static int compare_parts(const struct grid_row *x, const struct grid_row *y, int by_best)
{
	int c = x->first->spins - y->first->spins;

	c = c ? c : by_best;
	return c ? c : compare_row(x->first, y->first);
}

static int compare_up(const void *a, const void *b)
{
	const struct grid_row *x = a, *y = b;

	return compare_parts(x, y, (x->best > y->best) - (x->best < y->best));
}

static int compare_down(const void *a, const void *b)
{
	const struct grid_row *x = a, *y = b;

	return compare_parts(x, y, (x->best < y->best) - (x->best > y->best));
}

static void leave_out(struct grid *g, struct grid_row *row)
{
	size_t len = strlen(g->left_out);

	g->rows_left_out++;
	if (len + strlen(row->label) + sizeof(", ...") < sizeof(g->left_out))
		snprintf(g->left_out + len, sizeof(g->left_out) - len, "%s%s", len ? ", " : "",
			row->label);
	*row = (struct grid_row){0};
}

int grid_settle(struct grid *g, size_t columns)
{
	size_t from = 0;

	g->row = calloc(g->n_found + 1, sizeof(*g->row));
	if (!g->row || g->failed)
		return -ENOMEM;
	if (g->n_found)
		qsort(g->found, g->n_found, sizeof(*g->found), compare_found);
	for (size_t i = 1; i <= g->n_found; i++) {
		struct grid_row *row = &g->row[g->n];

		if (i < g->n_found && compare_row(g->found[from].entry, g->found[i].entry) == 0)
			continue;
		fill_row(g, row, &g->found[from], i - from);
		from = i;
		if (row->columns >= columns)
			g->n++;
		else
			leave_out(g, row);
	}
	if (g->n)
		qsort(g->row, g->n, sizeof(*g->row),
			g->group[0]->lower_is_better ? compare_up : compare_down);
	while (g->sleeping < g->n && !g->row[g->sleeping].first->spins)
		g->sleeping++;
	return 0;
}

size_t grid_mechanisms(const struct grid *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(g->row[k].first->mechanism, g->row[i].first->mechanism) == 0;
		n += !seen;
		if (n > 1) /* nobody asks for more */
			break;
	}
	return n;
}

void grid_keep(struct grid *g, grid_keep_fn *keep, void *ctx)
{
	size_t kept = 0, sleeping = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (!keep(ctx, i))
			continue;
		sleeping += i < g->sleeping;
		g->row[kept++] = g->row[i];
	}
	g->n = kept;
	g->sleeping = sleeping;
}

void grid_free(struct grid *g)
{
	free(g->row);
	free(g->found);
	*g = (struct grid){0};
}
