/*
 * plan.h - what a run is going to do: cells, repetitions, seed; plan.csv.
 *
 * plan.csv is written before the first measured trial and is what --resume
 * trusts: the same cells, the same n, the same order.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "bench/cell.h"

struct plan {
	struct cell *cell;
	size_t n;
	uint64_t reps;
	uint64_t trial_ns; /* length of a timed stretch */
	uint64_t seed;
	double precision_pct; /* trials go on until the median is known to +-this; 0: reps of them */
	char binary[20];      /* version_binary_id() */
	bool counted; /* this machine's trials have a counted stretch too; not in plan.csv */
};

/*
 * Rows that the finished run holds: one per skipped cell, reps per other.  Repeats of noisy trials
 * come on top; a precision that is reached leaves some away.
 */
size_t plan_rows(const struct plan *p);

/* The order of cells in a block: a fresh permutation, from the seed and the block alone. */
void plan_order(const struct plan *p, uint64_t block, size_t *order);

/* 0 or -errno with a sentence. */
int plan_write(const struct plan *p, const char *path, char *err, size_t err_len);

/* Cells are malloc'd; plan_free().  -EINVAL for a file that is no plan of this build's keys. */
int plan_read(struct plan *p, const char *path, char *err, size_t err_len);

void plan_free(struct plan *p);

#endif
