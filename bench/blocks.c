/* blocks.c - the measuring of a plan, block by block; see runner.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/floor_rows.h"
#include "bench/rank.h"
#include "bench/runner.h"
#include "harness/futex.h"

enum {
	HOPELESS_AFTER = 2, /* timeouts in a row */
	CALIBRATIONS = 3,   /* more, of a cell whose trials are short */
};

/* What one call of runner_measure() works with. */
struct blocks {
	struct runner *r;
	size_t *order;
	uint8_t *timeouts;     /* in a row, by cell */
	uint8_t *calibrations; /* while measuring, by cell */
	struct progress progress;
	char *err;
	size_t err_len;
};

/* ---- one planned trial --------------------------------------------------- */

void runner_book_row(struct past_trial *past, const struct sample *row)
{
	bool noisy = strcmp(row->quality, "noisy") == 0;

	past->noisy = noisy && (!past->done || past->noisy);
	past->repeats = (uint8_t)(past->repeats + past->done);
	past->done = 1;
}

/* *is_short: the cell's number of operations does not suit it. */
static int commit(
	struct blocks *b, const struct cell *c, const struct row_place *at, bool *is_short)
{
	struct runner *r = b->r;
	size_t cell = (size_t)(c - r->plan->cell);
	struct past_trial *past = &r->past[at->block * r->plan->n + cell];
	struct sample row;
	int code;

	row_fill(&row, &r->common, c, r->result, at);
	if (r->floors)
		floor_row(r->floors, c, cell, r->common.cpus, &row);
	*is_short = row_mark_short(&row, c);
	r->status[r->result->status]++;
	r->noisy += strcmp(row.quality, "noisy") == 0;
	code = session_commit(r->session, &row, r->result, b->err, b->err_len);
	past->attempts = (uint8_t)at->attempt;
	if (!code && r->result->status != TRIAL_INTERRUPTED) {
		runner_book_row(past, &row);
		runner_book_figure(r, cell, &row);
	}
	return code;
}

static void no_trial(struct runner *r, const char *why)
{
	memset(r->result, 0, sizeof(*r->result));
	r->result->status = TRIAL_SKIP;
	snprintf(r->result->reason, sizeof(r->result->reason), "%s", why);
}

static bool hopeless(const struct blocks *b, const struct cell *c)
{
	return !c->skip[0] && b->timeouts[c - b->r->plan->cell] >= HOPELESS_AFTER;
}

/* Which CPUs its workers used: as planned, or where they were seen at their end. */
static void end_of_noise(struct runner *r, const struct cell *c, struct noise_facts *f)
{
	const uint32_t *cpu = c->pu[0] == PLACE_PU_NONE ? r->result->cpu : c->pu;

	noise_end(r->noise, cpu, cell_workers(c), f);
}

static int measure_cell(struct blocks *b, struct cell *c, struct row_place *at)
{
	uint8_t *timeouts = &b->timeouts[c - b->r->plan->cell];
	int code;

	noise_begin(b->r->noise);
	b->r->draw = 1 + at->attempt * b->r->plan->reps * b->r->plan->n +
		     at->block * b->r->plan->n + (size_t)(c - b->r->plan->cell);
	code = runner_trial(b->r, c, false, b->err, b->err_len);
	end_of_noise(b->r, c, &at->noise);
	*timeouts = b->r->result->status == TRIAL_TIMEOUT ? (uint8_t)(*timeouts + 1) : 0;
	return code;
}

/* Once more, now that the machine is another one than when the plan was calibrated. */
static int calibrate_again(struct blocks *b, struct cell *c)
{
	uint8_t *times = &b->calibrations[c - b->r->plan->cell];
	int code;

	if (*times == CALIBRATIONS || launch_stop)
		return 0;
	++*times;
	code = runner_trial(b->r, c, true, b->err, b->err_len);
	if (!code && b->r->result->status == TRIAL_OK)
		runner_take_calibration(b->r, c);
	return code;
}

static int run_cell(struct blocks *b, struct cell *c, uint64_t block, size_t order)
{
	struct runner *r = b->r;
	const struct past_trial *past = &r->past[block * r->plan->n + (size_t)(c - r->plan->cell)];
	struct row_place at = {.block = block,
		.order = order,
		.rep = block,
		.attempt = past->attempts < RUNNER_MAX_ATTEMPTS ? past->attempts + UINT64_C(1)
								: RUNNER_MAX_ATTEMPTS};
	bool is_short = false;
	int code = 0;

	noise_unknown(&at.noise);
	if (c->skip[0])
		no_trial(r, c->skip);
	else if (hopeless(b, c))
		no_trial(r, "not tried again: it timed out twice in this run");
	else
		code = measure_cell(b, c, &at);
	code = code ? code : commit(b, c, &at, &is_short);
	return !code && is_short ? calibrate_again(b, c) : code;
}

/* ---- precision ----------------------------------------------------------- */

void runner_book_figure(struct runner *r, size_t cell, const struct sample *row)
{
	double figure;

	if (!r->figure || !sample_usable(row, false) || r->figures[cell] >= r->figure_room)
		return;
	figure = rank_figure(row);
	if (isfinite(figure))
		r->figure[cell * r->figure_room + r->figures[cell]++] = (struct precision_figure){
			.value = figure,
			.clean = strcmp(row->quality, "clean") == 0,
		};
}

int runner_precision(const struct runner *r, size_t cell, struct precision *out)
{
	size_t n = r->figures[cell];
	double *work = calloc(2 * n + 1, sizeof(*work));

	*out = (struct precision){.median = (double)NAN, .half_width_pct = (double)NAN};
	if (!work)
		return -ENOMEM;
	precision_look(&r->figure[cell * r->figure_room], n, r->plan->precision_pct, out, work);
	free(work);
	return 0;
}

/* Precise enough: no further trial.  Asked before each. */
static bool precise(const struct runner *r, size_t cell)
{
	struct precision p;

	return r->figure && runner_precision(r, cell, &p) == 0 && p.met;
}

/* ---- repeats ------------------------------------------------------------- */

uint64_t runner_default_repeats(const struct plan *p)
{
	return (plan_rows(p) * RUNNER_REPEATS_PERCENT + 99) / 100;
}

/* What may be used up until the end of this block: noise later on must find some left. */
static uint64_t repeats_so_far(const struct runner *r, uint64_t block)
{
	return (uint64_t)((clock_u128)r->repeats.most * (block + 1) / r->plan->reps);
}

/* The rest of the plan and this trial still fit. */
static bool in_time(const struct runner *r, const struct cell *c, uint64_t block)
{
	uint64_t rest = (r->plan->reps - block - 1) * runner_block_ns(r->plan);

	if (r->plan->precision_pct > 0) /* how many blocks are to come is not known */
		rest = 0;
	return r->until_ns == 0 || monotonic_ns() + rest + c->trial_ns <= r->until_ns;
}

static bool to_repeat(const struct runner *r, size_t cell, uint64_t block)
{
	const struct past_trial *past = &r->past[block * r->plan->n + cell];

	return past->done && past->noisy && past->repeats < RUNNER_MAX_REPEATS &&
	       past->attempts < RUNNER_MAX_ATTEMPTS && r->repeats.done < repeats_so_far(r, block) &&
	       !precise(r, cell) && in_time(r, &r->plan->cell[cell], block);
}

/* In the order of the block, all once, then those that were noisy again. */
static int repeat_noisy(struct blocks *b, uint64_t block)
{
	struct runner *r = b->r;
	int code = 0;

	for (unsigned round = 0; round < RUNNER_MAX_REPEATS; round++) {
		for (size_t i = 0; i < r->plan->n && !code && !launch_stop; i++) {
			size_t cell = b->order[i];

			if (!to_repeat(r, cell, block))
				continue;
			progress_step(&b->progress, r->plan->cell[cell].key);
			r->repeats.done++;
			code = run_cell(b, &r->plan->cell[cell], block, i);
		}
	}
	return code;
}

/* ---- blocks -------------------------------------------------------------- */

static int run_block(struct blocks *b, uint64_t block)
{
	const struct plan *plan = b->r->plan;
	bool any = false; /* of a block that an earlier part of the run finished, nothing is left */
	int code = 0;

	plan_order(plan, block, b->order);
	for (size_t i = 0; i < plan->n && !code && !launch_stop; i++) {
		size_t cell = b->order[i];
		struct cell *c = &plan->cell[cell];

		if (b->r->past[block * plan->n + cell].done || (c->skip[0] && block > 0))
			continue;
		if (!precise(b->r, cell)) {
			progress_step(&b->progress, c->key);
			code = run_cell(b, c, block, i);
			any = true;
		}
		progress_done(&b->progress);
	}
	if (any && !code && !launch_stop)
		code = repeat_noisy(b, block);
	return code ? code : session_sync(b->r->session, b->err, b->err_len);
}

static size_t rows_done(const struct runner *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->plan->n * r->plan->reps; i++)
		n += r->past[i].done;
	return n;
}

/* With a precision and a budget: the blocks beyond the fewest must fit. */
static bool out_of_time(const struct runner *r, uint64_t block)
{
	uint64_t need = 0;

	if (!(r->plan->precision_pct > 0) || r->until_ns == 0 || block < PRECISION_LEAST)
		return false;
	for (size_t i = 0; i < r->plan->n; i++) {
		if (!r->plan->cell[i].skip[0] && !precise(r, i))
			need += r->plan->cell[i].trial_ns;
	}
	return monotonic_ns() + need > r->until_ns;
}

int runner_measure(struct runner *r, char *err, size_t err_len)
{
	struct blocks b = {
		.r = r,
		.order = calloc(r->plan->n, sizeof(size_t)),
		.timeouts = calloc(r->plan->n, 1),
		.calibrations = calloc(r->plan->n, 1),
		.err = err,
		.err_len = err_len,
	};
	int code = b.order && b.timeouts && b.calibrations ? 0 : -ENOMEM;

	r->measuring = true;
	progress_begin(&b.progress, "measuring", rows_done(r), plan_rows(r->plan));
	for (uint64_t block = 0; block < r->plan->reps && !code && !launch_stop; block++) {
		r->late = out_of_time(r, block);
		if (r->late)
			break;
		code = run_block(&b, block);
	}
	progress_end(&b.progress);
	free(b.order);
	free(b.timeouts);
	free(b.calibrations);
	return launch_stop ? -EINTR : code;
}
