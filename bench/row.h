/*
 * row.h - from a trial's result to its row, and the noise verdict.
 *
 * Pure functions of their arguments, apart from the window's reading of
 * /proc/stat.
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include "bench/cell.h"
#include "bench/samples.h"

/* Above these an ok trial is marked noisy; it keeps its numbers. */
enum {
	NOISY_OVERLAP_PERMILLE = 800, /* below; where workers <= PUs */
	NOISY_STEAL_PERCENT = 2,      /* above */
};

/*
 * Steal is counted in ticks of 10 ms: over one short trial it is 0 or enormous.
 * The window looks back at least STEAL_WINDOW_NS.
 */
enum { STEAL_WINDOW_NS = 250000000, STEAL_READINGS = 64 };

struct steal_reading {
	uint64_t at_ns, steal, total;
};

struct steal_window {
	struct steal_reading reading[STEAL_READINGS];
	unsigned next, used;
};

/* Read now and return the percentage since the window's start; NAN if unknown. */
double steal_percent(struct steal_window *w);

/* What is the same in every row of a run. */
struct row_common {
	const char *run_id, *host;
	const struct clock *clock;
	unsigned cpus; /* PUs of the machine */
};

/* Where this trial stands in the run. */
struct row_place {
	uint64_t block, order, rep, attempt;
	double steal_pct;
};

/* Of an ok trial: intervals of its percentiles, ends, shares, drift; row_tails.c. */
void row_put_tails(struct sample *s, const struct cell *c, const struct trial_result *r);

void row_fill(struct sample *s, const struct row_common *common, const struct cell *c,
	const struct trial_result *r, const struct row_place *at);

#endif
