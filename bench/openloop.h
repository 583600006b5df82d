/*
 * openloop.h - what the open loop adds to a cell's plan and to its row.
 *
 * Pure functions.  The rate decides how many messages a trial has; what was
 * achieved is set against what the schedule really offered.  The times of a
 * message are differences between the clocks of two processors: they hold within
 * the cell's oneway_bound_ns.
 */
#ifndef BENCH_OPENLOOP_H
#define BENCH_OPENLOOP_H

#include "bench/cell.h"
#include "bench/samples.h"

enum {
	OPENLOOP_MESSAGES = 10200,        /* a few more than a 99th percentile needs */
	OPENLOOP_LONGEST_NS = 1000000000, /* a stretch is made no longer than this to hold them */
	OPENLOOP_ACHIEVED_PERCENT = 98,   /* of what was offered; below, the rate was missed */
	OPENLOOP_BOUNDS = 5,              /* a median under so many bounds says nothing */
	OPENLOOP_RATES = 8,               /* measured around a knee */
};

/* Its rate is to be found by search. */
bool openloop_is_auto(const struct cell *c);

/*
 * n, block and stretch_ns of a cell of the workload, from its rate and the
 * stretch that was asked for: as many messages as fall due in it, but
 * OPENLOOP_MESSAGES where up to OPENLOOP_LONGEST_NS hold them.  Rate auto: that
 * many messages, all due at once.
 */
void openloop_plan(struct cell *c);

/* The trial did not keep up with its schedule. */
bool openloop_missed(const struct trial_result *r);

/* A one-way histogram says more than the clocks' bound. */
bool openloop_believable(const struct hist *h, uint64_t bound_ns);

/*
 * The gate on a row's lat_ figures, which are one-way times `what`: left out with a reason where
 * they are not believable; what is said of the count stays.
 */
void openloop_gate(struct sample *s, const char *what, const struct hist *h, uint64_t bound_ns);

/*
 * Rates from a tenth of the knee to a quarter above it, two digits each, rising.
 * Returns how many; fewer than OPENLOOP_RATES where some are alike.
 */
size_t openloop_rates(uint64_t knee_per_s, uint64_t rate_per_s[OPENLOOP_RATES]);

/* The workload's own columns of an ok row, and the gate on its percentiles. */
void openloop_row(struct sample *s, const struct cell *c, const struct trial_result *r);

#endif
