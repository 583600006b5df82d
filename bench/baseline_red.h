/*
 * baseline_red.h - what speaks against keeping campaigns as a baseline: cells with trials that
 * failed, and cells that became slower.
 *
 * Slower by either of two judgements: the judgement.csv that `compare --out RUN` left in a run, and
 * one made here, against the baseline that is to be replaced or else the newest one of this
 * processor and these settings (kernel, libc, compiler and build may be others: that is what is
 * found slower).  A campaign that this baseline holds already is not held against it.
 *
 * Says on stderr what it finds.  One thread.  Errors: -errno and a sentence.
 */
#ifndef BENCH_BASELINE_RED_H
#define BENCH_BASELINE_RED_H

#include "bench/baseline.h"
#include "bench/cell.h"
#include "bench/opt.h"

struct baseline_red {
	const char *command;           /* begins each line: "handoff baseline" */
	const struct opt_list *accept; /* "CELL=WHY"; "all=WHY": all cells together */
	const struct opt_list *under_test;
	const char *root, *replaces; /* where baselines are; a name, "": no one is replaced */
	/* found: */
	struct baseline_accept accepted[BASELINE_ACCEPTED];
	char cell[BASELINE_ACCEPTED][CELL_KEY];
	size_t n_accepted, refused;
};

/* 0 also where something is refused. */
int baseline_red_find(
	struct baseline_red *r, const struct campaign_set *s, char *err, size_t err_len);

#endif
