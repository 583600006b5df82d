/*
 * runner.h - carries out a plan: calibrates, measures block by block, commits
 * rows.
 */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "bench/floors.h"
#include "bench/gauges.h"
#include "bench/launch.h"
#include "bench/noise.h"
#include "bench/plan.h"
#include "bench/precision.h"
#include "bench/progress.h"
#include "bench/row.h"
#include "bench/session.h"

struct runner_xml {
	char *text;
	size_t len;
	uint32_t pu[TRIAL_MAX_WORKERS];
	uint32_t workers;
};

/* What has become of a planned trial. */
struct past_trial {
	uint8_t done;     /* it has a row that is not `interrupted` */
	uint8_t noisy;    /* none of its rows is anything but noisy */
	uint8_t attempts; /* number of the last one */
	uint8_t repeats;  /* rows after the one that made it done */
};

enum {
	RUNNER_MAX_ATTEMPTS = UINT8_MAX,
	RUNNER_MAX_REPEATS = 2,      /* of one planned trial that was noisy */
	RUNNER_REPEATS_PERCENT = 25, /* of the planned trials, by default */
};

/* Repeats of noisy trials, after each block. */
struct repeats {
	uint64_t most; /* of the whole run */
	uint64_t done;
};

struct runner {
	struct plan *plan;
	struct session *session;
	const struct topo *topo;
	const struct clock *clock;
	struct trial_result *result; /* of the last trial; large, hence not on the stack */
	uint64_t draw;          /* which random schedule the next trial has, of all in the run */
	struct runner_xml *xml; /* one per distinct set of PUs */
	size_t n_xml;
	struct noise *noise;
	struct row_common common;
	struct past_trial *past; /* [block * cells + cell]; an earlier part of the run's too */
	struct repeats repeats;
	uint64_t until_ns; /* CLOCK_MONOTONIC; no block and no repeat begins that ends later; 0 */
	/* with plan->precision_pct: [cell * figure_room + i], of ok trials in their order */
	struct precision_figure *figure;
	size_t *figures, figure_room;
	bool late;      /* the budget left no room for more trials; with plan->precision_pct */
	bool measuring; /* the first block has begun: there are rows to keep */
	struct floors *floors;               /* NULL: rows have none */
	const struct gauges *gauges;         /* NULL: trials read none */
	uint64_t deadline_ns;                /* of a trial, at most; 0: as the cell has it */
	const char *binary;                  /* runs the trials; NULL: this program */
	const struct trial_fault *probed;    /* they run the probed twins, with this; NULL: plain */
	uint64_t status[TRIAL_STATUS_COUNT]; /* rows of this process, by status */
	uint64_t noisy;
};

int runner_init(struct runner *r, char *err, size_t err_len);
void runner_free(struct runner *r);

/*
 * Find n for every count-ended cell that has none.  A cell that cannot run here
 * gets its reason.  Stops early when launch_stop is set.  0 or -errno.
 */
int runner_calibrate(struct runner *r, char *err, size_t err_len);

/* What a calibrating trial, whose result is in r->result, found out about its cell. */
void runner_take_calibration(struct runner *r, struct cell *c);

/* One trial of a cell; the result is in r->result.  0, or -errno when none could be started. */
int runner_trial(struct runner *r, struct cell *c, bool calibrate, char *err, size_t err_len);

/* How long one block, and all blocks, will take, from what calibration saw. */
uint64_t runner_block_ns(const struct plan *p);
uint64_t runner_estimate_ns(const struct plan *p);

/*
 * Make the plan fit `budget_ns`: repetitions are cut first, down to
 * RUNNER_LEAST_REPS, then the stretch, down to RUNNER_LEAST_STRETCH_NS, then
 * repetitions again; never cells.  Returns true if anything was cut.
 */
enum { RUNNER_LEAST_REPS = 3, RUNNER_LEAST_STRETCH_NS = 2000000 };
bool runner_fit_budget(struct plan *p, uint64_t budget_ns);

/*
 * Take over what samples.csv has already (--resume); resume.c.  A trial that was
 * interrupted, or that left histogram lines and no row when the runner was killed,
 * was an attempt: the next one gets the next number.
 */
int runner_read_done(struct runner *r, char *err, size_t err_len);

/* Repeats that a run does unless told otherwise. */
uint64_t runner_default_repeats(const struct plan *p);

/* A row that is not `interrupted`. */
void runner_book_row(struct past_trial *past, const struct sample *row);

/* An ok row of a cell: its figure counts towards the precision asked for. */
void runner_book_figure(struct runner *r, size_t cell, const struct sample *row);

/* How precise a cell is now; only with plan->precision_pct.  0 or -ENOMEM. */
int runner_precision(const struct runner *r, size_t cell, struct precision *out);

/*
 * All blocks; blocks.c.  After each, the trials that were noisy are repeated as far as
 * r->repeats allows.  0; -EINTR after a signal; -errno with a sentence on an I/O error.
 */
int runner_measure(struct runner *r, char *err, size_t err_len);

#endif
