/*
 * cmd_run.h - what the files of `handoff run` share; `handoff ab` (ab.h) plans with it.
 *
 * cmd_run.c has the options and the measuring, cmd_run_plan.c decides what is
 * measured, cmd_run_end.c says what came of it.  Only cmd_run_end.c and the dry
 * run print to stdout.  Functions that return an int give 0, or -errno with a
 * sentence in run->err, unless they say that it is an exit code.
 */
#ifndef BENCH_CMD_RUN_H
#define BENCH_CMD_RUN_H

#include "bench/env.h"
#include "bench/floors.h"
#include "bench/runner.h"
#include "bench/select.h"

enum { RUN_ERR = 512 };

struct run_settings {
	struct axes axes;
	const char *matrix, *out, *resume, *precision, *repeat_noisy;
	uint64_t reps, max_reps, seed, trial_ns, budget_ns, pairs, slo_ns;
	bool dry_run, strict, no_report, clock_gettime, no_keep;
};

/* Everything that a run holds; freed in one place. */
struct run {
	struct run_settings set;
	struct selection selection;
	struct plan plan;
	struct topo *topo;
	struct clock clock;
	char clock_why[128];
	struct env_facts facts;
	struct gauges gauges;
	struct session session;
	struct runner runner;
	struct floors floors;
	bool has_session, has_runner;
	bool has_plan;          /* plan.csv is there: --resume can go on */
	char matrix_path[4200]; /* of set.matrix; "" before the plan is made */
	char err[RUN_ERR];
};

/* a, or where that is 0 b, or c. */
static inline uint64_t run_first_of(uint64_t a, uint64_t b, uint64_t c)
{
	return a ? a : b ? b : c;
}

/* Cells from the axes or the matrix, then the plan; cells placed on this machine. */
int run_make_plan(struct run *r);

/* How many trials: are --reps, --precision, --max-reps and --repeat-noisy what they should be? */
int run_check_length(struct run *r);

/*
 * runner_fit_budget(), but of a run that goes on until it is precise only the fewest trials must
 * fit.  True if anything was cut.
 */
bool run_fit_budget(struct plan *p, uint64_t budget_ns);

/* Book how many repeats of noisy trials the run may do; the plan is made. */
void run_allow_repeats(struct run *r);

/* With --precision: which cells met it, on stdout and in precision.csv. */
int run_say_precision(struct run *r);

/* The placements of a plan's cells, made or read. */
int run_place_cells(struct run *r);

/* openloop: the rates that are to be found, and cells around them in the plan; knees.csv. */
int run_find_rates(struct run *r);

/* A runner for the plan as it is now. */
int run_start_runner(struct run *r);

/* What was found, on stdout.  0, or -errno with a sentence. */
int run_say_rates(struct run *r);

/* Impossible combinations, with their number, on stdout. */
void run_say_left_out(const struct selection *s);

/* Print the plan; an exit code. */
int run_dry(struct run *r);

/* What is about to be done, on stdout, which hence is found to be lost before anything is done. */
int run_announce(struct run *r);

/*
 * The floors: which there are to be; before the first trial, which is when the runner
 * gets them; after the last one, with the names of cells below theirs on stdout.
 */
int run_floors_plan(struct run *r);
int run_floors_begin(struct run *r);
int run_floors_end(struct run *r);

/* What they take in all, of the plan as it is. */
uint64_t run_floors_ns(struct run *r);

/* The run is complete: rows, answers, report.  An exit code. */
int run_finish(struct run *r);

/* A signal ended it: keep the rows, or leave nothing where there are none.  An exit code. */
int run_stopped(struct run *r);

/* An error ended it.  An exit code. */
int run_failed(struct run *r, int code);

#endif
