/*
 * judged_cells.h - a judgement cell by cell: each stands once, where its gravest metric does, so
 * that one slow cell is one row and not one for each metric.  Of several that are as grave a time or
 * a rate goes before what it costs (CPU, switches), then the larger change before the smaller.
 *
 * Of a sorted judgement, which must live as long.  Pure.
 */
#ifndef BENCH_JUDGED_CELLS_H
#define BENCH_JUDGED_CELLS_H

#include "bench/judged_words.h"

struct judged_cell {
	const struct judged *const *row; /* its metrics, the gravest first */
	size_t n;
	int section;
};

struct judged_cells {
	struct judged_cell *cell; /* by section, in each the largest change first */
	size_t n;
	const struct judged **row;
};

/* 0 or -ENOMEM. */
int judged_cells_make(struct judged_cells *c, const struct judgement *j);
void judged_cells_free(struct judged_cells *c);

/* Those of a section: how many, *first the first of them. */
size_t judged_cells_in(const struct judged_cells *c, int section, const struct judged_cell **first);

/* Its metrics but for the gravest, in short: "p50 12.1 % slower; fine: cpu"; "" where it has one. */
void judged_put_others(FILE *to, const struct judged_cell *cell);

#endif
