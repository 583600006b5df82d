/*
 * picture_grid.h - mechanisms by positions: sizes, fans, placements, domains.
 *
 * A row is a mechanism and a way to wait, a column what the picture compares. Where a group has
 * several capacities of a mechanism, its row has that capacity which most columns have (of equals
 * the first column's best); the others are counted. Entries belong to the ranking, which must
 * outlive the grid. One thread.
 */
#ifndef BENCH_PICTURE_GRID_H
#define BENCH_PICTURE_GRID_H

#include "bench/plot.h"
#include "bench/rank.h"

enum { GRID_COLUMNS = 48, GRID_NAMES = 300 };

struct grid_row {
	char label[PLOT_LABEL]; /* "ring-spsc (spin)": without family */
	const struct rank_entry *first;
	const struct rank_entry *at[GRID_COLUMNS]; /* NULL: not measured there */
	double best;                               /* of its figures; rows are in this order */
	size_t columns;                            /* how many it has */
};

struct grid_found; /* an entry and its column */

struct grid {
	const struct rank_group *group[GRID_COLUMNS];
	char column[GRID_COLUMNS][PLOT_LABEL];
	size_t columns;
	size_t columns_left_out; /* beyond GRID_COLUMNS */
	struct grid_row *row;    /* sleeping ones first, each part best first */
	size_t n, sleeping;
	size_t capacities_left_out; /* entries */
	bool capacities_differ;     /* along some row */
	size_t rows_left_out;       /* with too few columns */
	char left_out[GRID_NAMES];  /* the first of them, by label */
	struct grid_found *found;
	size_t n_found, room;
	bool failed; /* no memory */
};

/* Another column; false where there is no room for it. label is cut at PLOT_LABEL. */
bool grid_add(struct grid *g, const struct rank_group *group, const char *label);

/* All columns are there: make the rows, those with at least `columns` columns. 0 or -ENOMEM. */
int grid_settle(struct grid *g, size_t columns);

/* A label without its family: "channel/pipe" is "pipe" in a picture of channels. */
const char *grid_short(const char *mechanism);

/* Keep rows for which keep is true; ctx and the row's number before go to it. */
typedef bool grid_keep_fn(void *ctx, size_t row);
void grid_keep(struct grid *g, grid_keep_fn *keep, void *ctx);

void grid_free(struct grid *g);

/* How many mechanisms (not ways to wait) have a row. */
size_t grid_mechanisms(const struct grid *g);

#endif
