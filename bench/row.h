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

/* Noisy, for a reason that is not among the machine's (quality.h). */
void row_mark(struct sample *s, const char *reason);

/*
 * An ok row of a count-ended cell whose stretch was under 1 / ROW_SHORT_SHARE of what the cell is
 * to run for is marked `short`, whether the figure is good or bad: its number of operations was
 * found while the machine was busy with something else, and starts and ends weigh too much in it.
 * True: it was marked, and the cell wants a new calibration.
 */
enum { ROW_SHORT_SHARE = 8 };
bool row_mark_short(struct sample *s, const struct cell *c);

#endif
