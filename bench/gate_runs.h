/*
 * gate_runs.h - what gates did whose right answer was known: one row of a CSV file for each, and
 * the rates that they add up to.
 *
 * A row is written with one write(2) behind the others, so that campaigns add up over calls and
 * an interruption costs at most the run that was under way.  One thread.
 */
#ifndef BENCH_GATE_RUNS_H
#define BENCH_GATE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/costs.h"

/* How far the estimates of a metric lie from 1, in %, over the cells that were not slowed. */
struct gate_shift {
	double p90, most; /* NAN: no cell has such a figure */
};

/* One gate. */
struct gate_run {
	char kind[8];   /* aa, aa2, inject */
	char began[32]; /* UTC */
	char matrix[64], old_id[20], new_id[20], commit[24];
	char rules
		[20]; /* fingerprint of all that decides, apart from the programs: see ab_rules_id() */
	double seed, pairs, cells, gated, open; /* gated and open: figures (cell and metric) */
	double injected;                        /* cells that were slowed ... */
	double effect_pct;
	double found;       /* ... and of these those with a figure that regressed */
	double false_cells; /* others that had one */
	double suite;       /* 1: all together were called slower */
	double exit_code;
	struct gate_shift shift[COSTS];
	double wall_s;
};

/* What gates add up to. */
struct gate_sums {
	double runs;
	double alarms;    /* runs that named what was not slowed */
	double right;     /* runs with a verdict that named all that was slowed and nothing else */
	double undecided; /* runs without a verdict, broken ones too */
	double gated, open, injected, found, false_cells; /* as in struct gate_run, added */
	double wall_s, longest_s;
	struct gate_shift shift[COSTS]; /* p90: the mean over runs; most: the largest */
};

/* Add a row; the file is made with its header where there is none.  0 or -errno with a sentence. */
int gate_runs_add(const char *path, const struct gate_run *run, char *err, size_t err_len);

/* Of one kind, matrix, effect, commit, set of constants and pair of programs; all relinked ones of a
 * program are one. */
bool gate_runs_alike(const struct gate_run *a, const struct gate_run *b);

/* Was (nearly) every cell slowed?  Then all together must be called slower, not each. */
bool gate_run_uniform(const struct gate_run *run);

/* Did it name all that was slowed and nothing else? */
bool gate_run_right(const struct gate_run *run);

/* Those of n that are like `of`. */
struct gate_sums gate_runs_sum(const struct gate_run *run, size_t n, const struct gate_run *of);

/* All rows; malloc'd, the caller's.  0 or -errno with file, line and cause. */
int gate_runs_read(const char *path, struct gate_run **out, size_t *n, char *err, size_t err_len);

/*
 * False-alarm rate, runs that were wholly right, power, precision and inconclusive share with exact 95 % bounds, for each kind,
 * matrix, effect and pair of programs among the rows.
 */
void gate_runs_print(FILE *out, const struct gate_run *run, size_t n);

#endif
