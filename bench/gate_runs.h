/*
 * gate_runs.h - what gates did whose right answer was known: one row of a CSV file for each, and
 * the rates that they add up to.
 *
 * A row is written with one write(2) behind the others, so that campaigns add up over calls and
 * an interruption costs at most the run that was under way.  One thread.
 */
#ifndef BENCH_GATE_RUNS_H
#define BENCH_GATE_RUNS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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
	double exit_code, wall_s;
};

/* Add a row; the file is made with its header where there is none.  0 or -errno with a sentence. */
int gate_runs_add(const char *path, const struct gate_run *run, char *err, size_t err_len);

/* All rows; malloc'd, the caller's.  0 or -errno with file, line and cause. */
int gate_runs_read(const char *path, struct gate_run **out, size_t *n, char *err, size_t err_len);

/*
 * False-alarm rate, power, precision and inconclusive share with exact 95 % bounds, for each kind,
 * matrix, effect and pair of programs among the rows.
 */
void gate_runs_print(FILE *out, const struct gate_run *run, size_t n);

#endif
