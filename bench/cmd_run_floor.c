/* cmd_run_floor.c - the floors of a run, before and after its trials; see cmd_run.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cmd_run.h"
#include "bench/floor_rows.h"

/* No floor is a pity, no reason to measure nothing. */
static int without_floors(const char *why)
{
	fprintf(stderr, "handoff run: floors are not measured: %s\n", why);
	return 0;
}

static uint64_t run_ns(const struct run *r)
{
	uint64_t budget = run_first_of(r->set.budget_ns, r->selection.budget_ns, 0);
	uint64_t all = runner_estimate_ns(&r->plan);

	return budget && budget < all ? budget : all;
}

uint64_t run_floors_ns(struct run *r)
{
	return floors_estimate_ns(&r->floors, run_ns(r));
}

int run_floors_plan(struct run *r)
{
	return floors_plan(&r->floors, &r->plan, r->topo, &r->clock, r->err, RUN_ERR);
}

/* What an earlier part of the run has measured, and which of its rows were below. */
static int take_up(struct run *r, char *why)
{
	char path[SESSION_PATH + 64];
	struct sample *rows = NULL;
	size_t n = 0;
	int code = floors_read(
		&r->floors, session_path(&r->session, "floors.csv", path), why, RUN_ERR);

	if (code == -ENOENT) /* a run that could not measure any */
		code = 0;
	if (!code)
		code = samples_read(
			session_path(&r->session, "samples.csv", path), &rows, &n, why, RUN_ERR);
	if (!code)
		floor_rows_resume(&r->floors, &r->plan, rows, n);
	free(rows);
	return code;
}

static int measure_and_write(struct run *r, char *why)
{
	char path[SESSION_PATH + 64], unmeasured[RUN_ERR] = "";
	int code = floors_measure(
		&r->floors, floors_pair_ns(&r->floors, run_ns(r)), unmeasured, RUN_ERR);

	if (code)
		without_floors(unmeasured);
	return floors_write(
		&r->floors, session_path(&r->session, "floors.csv", path), why, RUN_ERR);
}

int run_floors_begin(struct run *r)
{
	char why[RUN_ERR] = "";
	int code = run_floors_plan(r);

	if (code)
		return code;
	if (r->set.resume && take_up(r, why) != 0)
		return without_floors(why);
	r->runner.floors = &r->floors;
	return measure_and_write(r, r->err);
}

int run_floors_end(struct run *r)
{
	char path[SESSION_PATH + 64];
	struct sample *rows = NULL;
	size_t n = 0;
	int code;

	if (!r->runner.floors)
		return 0;
	code = measure_and_write(r, r->err);
	if (!code)
		code = samples_read(
			session_path(&r->session, "samples.csv", path), &rows, &n, r->err, RUN_ERR);
	if (!code)
		floor_defects(stdout, &r->floors, &r->plan, rows, n, r->runner.common.cpus);
	free(rows);
	return code;
}
