/*
 * pairs.h - how much the pairs of processors of one class differ, from rows.
 *
 * A cell that was measured on several pairs of its placement's class (axis pair) has a median on
 * each: the spread is what a figure from one pair alone leaves out.
 *
 * Pure functions of the rows; errors stay in the stream.  Any thread.
 */
#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

#include <stdio.h>

#include "bench/rank.h"

/* One pair of a cell. */
struct pair_figure {
	unsigned pair;
	struct rank_value figure;     /* of its trials */
	const struct sample *example; /* one of its rows */
};

/* A cell on several pairs. */
struct pair_spread {
	char cell[sizeof(((struct sample *)0)->cell)]; /* the key without the pair */
	const char *unit;                              /* of the medians: "ns" or "per_s" */
	unsigned pairs;
	double median;                /* of the pairs' medians */
	struct pair_figure low, high; /* the pairs with the lowest and the highest median */
	double spread_pct;            /* high less low, of the median */
	bool overlap; /* the intervals of those two: trials differ as much as pairs do */
};

/*
 * The cells of a ranking that were measured on more than one pair, by their keys.  *out is malloc'd
 * and refers to the ranking's rows.  0 or -ENOMEM.
 */
int pairs_find(
	const struct ranking *r, rank_filter_fn *rankable, struct pair_spread **out, size_t *n);

/* As a table; a sentence where there is none. */
void pairs_put(FILE *to, const struct pair_spread *s, size_t n, bool markdown);

#endif
