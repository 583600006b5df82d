/*
 * row.h - from a trial's result, and what the machine did around it, to its row.
 *
 * Pure functions of their arguments, apart from the time of day.
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include "bench/cell.h"
#include "bench/quality.h"
#include "bench/samples.h"

/* What is the same in every row of a run. */
struct row_common {
	const char *run_id, *host;
	const struct clock *clock;
	unsigned cpus; /* PUs of the machine */
};

/* Where this trial stands in the run. */
struct row_place {
	uint64_t block, order, rep, attempt;
	struct noise_facts noise;
};

/* Of an ok trial: intervals of its percentiles, ends, shares, drift; row_tails.c. */
void row_put_tails(struct sample *s, const struct cell *c, const struct trial_result *r);

/* Of an ok trial: children, timers, who lives in which process; row_tasks.c. */
void row_put_tasks(struct sample *s, const struct cell *c, const struct trial_result *r);

void row_fill(struct sample *s, const struct row_common *common, const struct cell *c,
	const struct trial_result *r, const struct row_place *at);

#endif
