/*
 * oneway.h - how far the clocks of a cell's processors may differ.
 *
 * A one-way time is the difference of two processors' clocks.  For a pinned
 * cell the bound is that of its worst pair of a sender's and a receiver's
 * processor; workers that may run anywhere have the worst of all pairs, which is
 * at most the sum of the two worst against the first processor.  On one
 * processor it is 0.
 *
 * Each pair is measured once.  One thread.
 */
#ifndef BENCH_ONEWAY_H
#define BENCH_ONEWAY_H

#include "bench/plan.h"

/*
 * Fill in oneway_bound_ns of every cell of the open loop: UINT64_MAX where a
 * pair could not be compared.  0, or -errno with a sentence.
 */
int oneway_bound_cells(struct plan *p, const struct topo *topo, const struct clock *clock,
	char *err, size_t err_len);

#endif
