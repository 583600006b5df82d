/*
 * report_run.h - a run as its files tell it, ready to be asked.
 *
 * Only the run's directory is read: samples.csv, environment.csv.  The same
 * files give the same answers on every machine.  One thread.
 */
#ifndef BENCH_REPORT_RUN_H
#define BENCH_REPORT_RUN_H

#include "bench/env.h"
#include "bench/rank.h"

enum { RUN_TEXT = 400 };

struct run_env {
	char key[64], value[RUN_TEXT], reason[RUN_TEXT];
};

struct report_run {
	const char *dir;
	struct sample *rows;
	size_t n;
	const struct sample **by_cell; /* all rows by key, then block, then attempt */
	struct run_env *env;
	size_t n_env, env_room;
	char env_why[RUN_TEXT]; /* why there is no environment; "" if there is one */
	struct ranking ranking; /* what may be chosen */
	struct ranking all;     /* floors and races too */
};

/* 0, or -errno with a sentence.  `dir` must outlive the run. */
int report_run_read(struct report_run *r, const char *dir, char *err, size_t err_len);
void report_run_free(struct report_run *r); /* zeroed or half-read ones too */

/* "(empty)" for a run without rows. */
const char *report_run_id(const struct report_run *r);

/* A value of environment.csv; "unknown" where there is none.  *row (may be NULL): its line. */
const char *report_run_env(const struct report_run *r, const char *key);
const struct run_env *report_run_env_row(const struct report_run *r, const char *key);

/* The machine of the run, not the one that writes the report. */
void report_run_facts(const struct report_run *r, struct env_facts *f);

/* Rows of a cell, in block order: how many, *first the first of them. */
size_t report_run_cell(
	const struct report_run *r, const char *key, const struct sample *const **first);

/* ---- figures of one cell -------------------------------------------------- */

/* Instead of a column of samples.csv: what its workload is judged by (rank_figure()). */
enum { RUN_FIGURE = -2 };

struct run_figure {
	struct rank_value v; /* median NAN: no ok row has this figure */
	size_t n;            /* trials behind it */
	size_t ok, noisy;    /* of the cell, with or without the figure */
};

/*
 * A column over the rows of a cell: clean ones only where there are RANK_ENOUGH_CLEAN, as in
 * rankings.  column: samples_figure_column() or RUN_FIGURE.  -ENOMEM or 0.
 */
int report_run_figure(
	const struct sample *const *row, size_t n, int column, struct run_figure *out);

/*
 * The rows behind that figure and its value in each, in block order, into arrays of n; returns how
 * many.
 */
size_t report_run_values(const struct sample *const *row, size_t n, int column,
	const struct sample **used, double *value);

#endif
