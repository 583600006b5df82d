/*
 * intervals.h - the pieces of a long trial: lines of intervals.csv, and whether
 * throughput went up or down over them.
 *
 * Pure functions of their arguments.
 */
#ifndef BENCH_INTERVALS_H
#define BENCH_INTERVALS_H

#include "bench/csv.h"
#include "bench/samples.h"
#include "harness/trial.h"

enum {
	DRIFT_LEAST_INTERVALS = 10,
	DRIFT_ALPHA_PERMILLE = 10, /* of quiet trials are called drifting */
};

/* Column names of intervals.csv. */
void intervals_header(struct csv_row *row);

/* One piece of the trial that the sample is the row of. */
void intervals_row(struct csv_row *row, const struct sample *s, const struct trial_interval *v,
	uint32_t index);

struct drift {
	const char *word; /* "none", "up", "down"; "": fewer than DRIFT_LEAST_INTERVALS */
	double p;         /* of Mann and Kendall's test; NAN where there is no word */
	double pct;       /* from begin to end, of the median; NAN likewise */
};

/*
 * Over the pieces' operations a second.  The last one is left out where it is
 * shorter than half of the first.
 */
void intervals_drift(const struct trial_interval *v, size_t n, struct drift *out);

#endif
