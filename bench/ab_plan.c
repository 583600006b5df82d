/* ab_plan.c - which cells `handoff ab` compares, and how many operations each has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ab.h"
#include "bench/openloop.h"
#include "bench/oneway.h"
#include "bench/progress.h"
#include "bench/version.h"

/* ---- the two sides' cells -------------------------------------------------------- */

static int stand(struct ab *ab, size_t cell, enum ab_standing standing, const char *why)
{
	struct ab_cell *c = &ab->cell[cell];

	c->standing = standing;
	snprintf(c->reason, sizeof(c->reason), "%.159s", why);
	return 0;
}

/* By what they say that they have; who says nothing shows it in its trials. */
static void compare_keys(struct ab *ab, size_t cell)
{
	const struct cell *c = &ab->run.plan.cell[cell];
	const struct ab_side *old = &ab->side[AB_OLD], *new = &ab->side[AB_NEW];
	bool in_old = !old->knows_keys || ab_side_has(old, c->key);
	bool in_new = !new->knows_keys || ab_side_has(new, c->key);

	if (!in_old && !in_new)
		stand(ab, cell, AB_NO_FIGURE, "neither program has this cell");
	else if (!in_old)
		stand(ab, cell, AB_ONLY_NEW, "only in the new program");
	else if (!in_new)
		stand(ab, cell, AB_ONLY_OLD, "only in the old program");
	else if (c->skip[0])
		stand(ab, cell, AB_NO_FIGURE, c->skip);
}

static bool is_planned(const struct ab *ab, const char *key)
{
	for (size_t i = 0; i < ab->run.plan.n; i++) {
		if (strcmp(ab->run.plan.cell[i].key, key) == 0)
			return true;
	}
	return false;
}

/* Cells of one side that this program does not know; those of both come once. */
static void add_others(struct ab *ab, enum ab_which which)
{
	const struct ab_side *s = &ab->side[which], *twin = &ab->side[!which];

	for (size_t i = 0; i < s->n_keys; i++) {
		bool both = ab_side_has(twin, s->key[i]);

		if (is_planned(ab, s->key[i]) || (both && which == AB_NEW))
			continue;
		if (!twin->knows_keys) /* this program's own, and it is not planned there */
			both = false;
		ab->other[ab->n_other++] = (struct ab_other){
			.key = s->key[i],
			.has = {which == AB_OLD || both, which == AB_NEW || both},
		};
	}
}

static int find_keys(struct ab *ab)
{
	char self[20];
	int code = 0;

	version_binary_id(self);
	for (int i = 0; i < AB_SIDES && !code; i++) {
		if (strcmp(ab->side[i].id, self) != 0)
			code = ab_side_keys(ab, (enum ab_which)i);
	}
	ab->other = calloc(
		ab->side[AB_OLD].n_keys + ab->side[AB_NEW].n_keys + 1, sizeof(*ab->other));
	if (code || !ab->other)
		return code ? code : -ENOMEM;
	for (size_t i = 0; i < ab->run.plan.n; i++)
		compare_keys(ab, i);
	add_others(ab, AB_OLD);
	add_others(ab, AB_NEW);
	return 0;
}

/* A rate that is to be found would be another one on either side. */
static int refuse_searches(struct ab *ab)
{
	for (size_t i = 0; i < ab->run.plan.n; i++) {
		if (!openloop_is_auto(&ab->run.plan.cell[i]))
			continue;
		snprintf(ab->err, RUN_ERR,
			"%.200s: openloop is compared at rates that are named: add --rate, or "
			"leave it out (-w '!openloop')",
			ab->run.plan.cell[i].key);
		return -EINVAL;
	}
	return 0;
}

static int check_pairs(struct ab *ab)
{
	uint64_t pairs = ab_mean_pairs(ab);

	if (pairs >= gate_default_rules.screen_pairs && pairs <= AB_MOST_PAIRS)
		return 0;
	snprintf(ab->err, RUN_ERR, "%.300s: pairs goes from %u, which the first look needs, to %d",
		ab->run.matrix_path, gate_default_rules.screen_pairs, AB_MOST_PAIRS);
	return -EINVAL;
}

int ab_plan(struct ab *ab)
{
	struct run *r = &ab->run;
	int code;

	r->set = (struct run_settings){
		.axes = ab->set.axes,
		.matrix = ab->set.matrix,
		.seed = ab->set.seed,
		.trial_ns = ab->set.trial_ns,
	};
	code = run_make_plan(r);
	snprintf(ab->err, RUN_ERR, "%s", r->err);
	if (!code)
		code = check_pairs(ab);
	if (!code)
		code = refuse_searches(ab);
	if (code)
		return code;
	ab->cell = calloc(r->plan.n + 1, sizeof(*ab->cell));
	return ab->cell ? find_keys(ab) : -ENOMEM;
}

/* ---- n for each, from OLD ---------------------------------------------------------- */

static int start_runner(struct ab *ab)
{
	struct run *r = &ab->run;
	int code = oneway_bound_cells(&r->plan, r->topo, &r->clock, ab->err, RUN_ERR);

	r->runner = (struct runner){
		.plan = &r->plan,
		.topo = r->topo,
		.clock = &r->clock,
		.common = {ab->run_id, r->facts.host, &r->clock, topo_pu_count(r->topo)},
	};
	r->runner.deadline_ns = ab->set.deadline_ns;
	r->has_runner = true;
	return code ? code : runner_init(&r->runner, ab->err, RUN_ERR);
}

/* What follows the colon is what errno means. */
static bool lacks_it(const struct trial_result *r)
{
	static const char *const lacks[] = {"no such mechanism", "no such workload"};

	for (size_t i = 0; i < ARRAY_LEN(lacks) && r->status == TRIAL_FAIL; i++) {
		size_t n = strlen(lacks[i]);

		if (strncmp(r->reason, lacks[i], n) == 0 && (!r->reason[n] || r->reason[n] == ':'))
			return true;
	}
	return false;
}

/* What a side's trial of a cell says about comparing it; AB_JUDGED: nothing against it. */
enum ab_standing ab_stand(
	struct ab *ab, size_t cell, enum ab_which which, const struct trial_result *r)
{
	static const struct {
		enum ab_standing lacks, skips, broke;
		const char *lacking, *doing;
	} on[AB_SIDES] = {
		{AB_ONLY_NEW, AB_NO_FIGURE, AB_BROKE_OLD, "only in the new program", "OLD"},
		{AB_ONLY_OLD, AB_ONLY_OLD, AB_BROKE_NEW, "only in the old program", "NEW"},
	};
	char why[TRIAL_REASON + 64];

	if (r->status == TRIAL_OK)
		return AB_JUDGED;
	snprintf(why, sizeof(why), "%s: %s: %s", on[which].doing,
		trial_status_name((enum trial_status)r->status), r->reason);
	if (lacks_it(r))
		stand(ab, cell, on[which].lacks, on[which].lacking);
	else if (r->status == TRIAL_SKIP)
		stand(ab, cell, on[which].skips, why);
	else
		stand(ab, cell, on[which].broke, why);
	return ab->cell[cell].standing;
}

/* One that hangs is run again, once: as ab_forgive(). */
static int calibrate_cell(struct ab *ab, size_t cell, bool again)
{
	struct runner *r = &ab->run.runner;
	struct cell *c = &ab->run.plan.cell[cell];
	struct trial_fault none = {.act = PROBE_NONE};
	int code = ab_side_enter(ab, AB_OLD);

	if (code)
		return code;
	r->binary = ab->side[AB_OLD].path;
	r->probed = ab->probed ? &none : NULL;
	code = runner_trial(r, c, true, ab->err, RUN_ERR);
	ab_side_leave(ab, AB_OLD);
	if (code || launch_stop)
		return launch_stop ? -EINTR : code;
	if (r->result->status == TRIAL_TIMEOUT && again) {
		fprintf(stderr, "handoff ab: OLD's first trial hung once and is run again: %s\n",
			c->key);
		return calibrate_cell(ab, cell, false);
	}
	runner_take_calibration(r, c);
	ab_stand(ab, cell, AB_OLD, r->result);
	return 0;
}

int ab_calibrate(struct ab *ab)
{
	const struct plan *p = &ab->run.plan;
	struct progress progress;
	int code = start_runner(ab);

	if (ab->past.calibrated)
		return code;
	progress_begin(&progress, "calibrating", 0, p->n);
	for (size_t i = 0; i < p->n && !code; i++) {
		progress_step(&progress, p->cell[i].key);
		if (ab->cell[i].standing == AB_JUDGED && p->cell[i].n == 0 &&
			p->cell[i].workload->ending != ENDING_FLAG)
			code = calibrate_cell(ab, i, true);
		progress_done(&progress);
	}
	progress_end(&progress);
	return code;
}
