/*
 * runner.h - carries out a plan: calibrates, measures block by block, commits
 * rows.
 */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "bench/launch.h"
#include "bench/plan.h"
#include "bench/progress.h"
#include "bench/row.h"
#include "bench/session.h"

struct runner_xml {
	char *text;
	size_t len;
	uint32_t pu[TRIAL_MAX_WORKERS];
	uint32_t workers;
};

struct runner {
	struct plan *plan;
	struct session *session;
	const struct topo *topo;
	const struct clock *clock;
	struct trial_result *result; /* of the last trial; large, hence not on the stack */
	struct runner_xml *xml;      /* one per distinct set of PUs */
	size_t n_xml;
	struct steal_window steal;
	struct row_common common;
	/*
	 * [block * cells + cell], from an earlier part of the run: RUNNER_DONE, or the number
	 * of the last attempt that was interrupted, 0 where there was none.
	 */
	uint8_t *past;
	bool measuring;                      /* the first block has begun: there are rows to keep */
	uint64_t status[TRIAL_STATUS_COUNT]; /* rows of this process, by status */
	uint64_t noisy;
};

enum { RUNNER_DONE = UINT8_MAX, RUNNER_MAX_ATTEMPTS = RUNNER_DONE - 1 };

int runner_init(struct runner *r, char *err, size_t err_len);
void runner_free(struct runner *r);

/*
 * Find n for every count-ended cell that has none.  A cell that cannot run here
 * gets its reason.  Stops early when launch_stop is set.  0 or -errno.
 */
int runner_calibrate(struct runner *r, char *err, size_t err_len);

/*
 * One trial of a cell that is no part of the plan's measuring; the result is in
 * r->result.  `draw`, from 1 on: which random schedule.  0, or -errno with a
 * sentence when there could be no trial at all.
 */
int runner_trial(struct runner *r, struct cell *c, uint64_t draw, char *err, size_t err_len);

/* How long all blocks will take, from what calibration saw. */
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

/* All blocks.  0; -EINTR after a signal; -errno with a sentence on an I/O error. */
int runner_measure(struct runner *r, char *err, size_t err_len);

#endif
