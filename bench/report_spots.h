/*
 * report_spots.h - the rows of a card: an entry of a ranking and the group that
 * it stands in.  Internal to report*.c; pure functions.
 */
#ifndef BENCH_REPORT_SPOTS_H
#define BENCH_REPORT_SPOTS_H

#include <stdio.h>

#include "bench/rank.h"

struct report_spot {
	const struct rank_group *g;
	const struct rank_entry *e;
};

/* qsort order: by mechanism, and within it as report_spots_put() wants them. */
int report_spots_compare(const void *a, const void *b);

/*
 * The table of a card from the n spots of one mechanism, in that order: for each workload, domain
 * and start, with as near to two workers as the run has, at 64 B and 64 KiB (or the smallest and
 * largest size), the best over placements, waits and capacities.  Nothing for n = 0.
 */
void report_spots_put(FILE *to, const struct report_spot *spot, size_t n);

#endif
