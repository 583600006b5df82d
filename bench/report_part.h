/*
 * report_part.h - the references of REPORT.in.md: what {{name ...}} may say.
 *
 * Internal to report*.c.  Every part writes from the run alone; whatever comes
 * from a file goes through report_text.h.  Parts return what template_fn says:
 * 0, -ENOENT where the run has no such row, -EINVAL for a reference that is
 * wrong whatever the run holds.
 */
#ifndef BENCH_REPORT_PART_H
#define BENCH_REPORT_PART_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/pictures.h"
#include "bench/report_run.h"

struct report {
	const struct report_run *run;
	const char *plots; /* where the document finds the pictures: "plots" */
	struct picture *picture;
	bool *shown; /* of each picture: it stands in the document already */
	size_t pictures;
	bool demand;
};

/* The words after the name. */
struct words {
	size_t n;
	char *const *word;
};

typedef int part_fn(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len);

/* A template_fn over struct report *: looks the name up and calls the part. */
int report_part(void *ctx, FILE *to, size_t n, char *const *word, char *why, size_t why_len);

/* The names that report_part() knows, from 0 on; NULL behind the last. */
const char *report_part_name(size_t i);

/* Single figures: report_refs.c. */
part_fn report_ref_run, report_ref_env, report_ref_median, report_ref_value, report_ref_trials,
	report_ref_ratio;

/* Latency against the offered rate: knees and pictures, or that there are none; report_load.c. */
part_fn report_load;

/* A table of medians across one axis: report_table.c. */
part_fn report_table;

/* A file beside the run: report_csv.c. */
part_fn report_csv;

/* When, by which build and where files beside the run, or the run, were measured: report_measured.c. */
part_fn report_measured;

/* A reference of another run beside this one: report_beside.c. */
part_fn report_beside;

/* Gates whose right answer was known, as rates: report_gate.c. */
part_fn report_gate;

/* Merged tails, drift of long trials, overlap where processors are shared: report_tails.c. */
part_fn report_tails, report_drift, report_overlap;

/* Shares, waits and overtaking of workers that want the same: report_fair.c. */
part_fn report_fairness;

/* Whole chapters. */
part_fn report_cards; /* report_cards.c */
part_fn report_rows;  /* report_cells.c */

/* Mechanisms and their floors: report_floors.c. */
part_fn report_floors;

/* Ways to wait side by side: report_waits.c. */
part_fn report_waits;

/* Each mechanism between threads, processes and coroutines: report_domains.c. */
part_fn report_domains;

/*
 * Those of the n rows that are not ok, by status and reason: each once, with how often; `status`
 * NULL: any but ok.  Returns how many lines.  `begin` stands before each.
 */
size_t report_reasons(
	FILE *to, const struct sample *const *row, size_t n, const char *status, const char *begin);

#endif
