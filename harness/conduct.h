/*
 * conduct.h - the inside of a trial: orders to the workers, waiting for them
 * with a deadline, and what came of it.
 */
#ifndef HARNESS_CONDUCT_H
#define HARNESS_CONDUCT_H

#include "harness/crew.h"
#include "harness/watch.h"
#include "harness/energy.h"

enum outcome {
	OUTCOME_FINE,
	OUTCOME_DIED,    /* a worker is gone */
	OUTCOME_LATE,    /* the deadline has passed */
	OUTCOME_STALLED, /* nothing arrives any more */
	OUTCOME_REFUSED, /* a worker could not go on and said why */
};

struct trial {
	struct crew crew;
	struct roster roster;
	struct trial_result *result;
	uint64_t deadline_ns;   /* CLOCK_MONOTONIC */
	uint64_t counted_ticks; /* flag-ended: length of the counted stretch */
	struct watch watch;     /* of a long stretch */
	struct energy energy;
	struct energy_reading energy_before;
};

/* Wait until every worker has arrived at the gate. */
enum outcome conduct_await(struct trial *t);

/* Give an order and wait until it is carried out. */
enum outcome conduct_order(struct trial *t, enum order_kind order, uint64_t n, uint64_t block);

/* The measured stretch of the spec's n operations. */
enum outcome conduct_counted(struct trial *t);

/*
 * One flag-ended stretch so long: start all, let them warm up, count, stop.  order:
 * DO_MEASURE or DO_COUNT.
 */
enum outcome conduct_flagged(struct trial *t, enum order_kind order, uint64_t stretch_ns);

/*
 * Stress: rounds of growing numbers of operations, from spec->n on, for
 * spec->load.soak_ns; the last round is still to be ordered, as the measured one.
 */
enum outcome conduct_soak(struct trial *t);

/* Find the n whose stretch lasts spec->stretch_ns; leaves n and block in the result. */
enum outcome conduct_calibrate(struct trial *t);

/* Let all leave and collect them. */
enum outcome conduct_leave(struct trial *t);

/*
 * A worker died or hangs: the others get 200 ms, then processes are killed.
 * Nothing is torn down.
 */
void conduct_seal(struct trial *t);

/* ---- cost.c -------------------------------------------------------------- */

/*
 * A stretch in which nothing is timed and the processor counts, a quarter of the timed
 * one; into the result.  Nothing where the spec names nothing to count, where there
 * are more than COUNTERS_MAX_WORKERS, or where operations are spaced.
 */
enum outcome cost_count(struct trial *t);

/* Around the timed stretch, from outside: what the packages took, where the spec says so. */
void cost_energy_begin(struct trial *t);
void cost_energy_end(struct trial *t);

/* ---- verdict.c ----------------------------------------------------------- */

/* Of the last stretch: operations, and those that its costs were spent on. */
void verdict_operations(const struct trial *t, uint64_t *ops, uint64_t *cpu_ops);

/* Put numbers, or the reason why there are none, into the result. */
void verdict_measured(struct trial *t);
void verdict_broken(struct trial *t, enum outcome outcome);

/*
 * verdict_names.c: added to the reason that there is.  Who holds the lock: of trials in which
 * somebody died, one of the dead or nobody.  Who never came, and who waited for that, where the
 * trial ended before all had attached.
 */
void verdict_say_holder(const struct trial *t);
void verdict_say_absent(const struct trial *t);

/* Open loop: response and service times, and what was offered and served; verdict_open.c. */
void verdict_open_loop(struct trial *t);

/* Children: their second times, and what clocks say the wrong way round; verdict_open.c. */
void verdict_children(struct trial *t);

/* shares.c: fairness, the shares of each side, overtaking. */
void shares_measured(struct trial *t);

/* What an -errno of setup means: limits of the machine make a skip, the rest a failure. */
enum trial_status verdict_status_of(int err);

/* " (the limit is ...)" for an -errno that does not say which limit was met; else "". */
const char *verdict_limit_of(int err);

/* Setup ended with this -errno and sentence. */
void verdict_refused(struct trial_result *r, int err, const char *reason);

/* A verdict reached before any worker ran. */
void verdict_early(struct trial_result *r, enum trial_status status, const char *reason);

#endif
