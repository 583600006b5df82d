/* cmd_run_plan.c - what `handoff run` is going to measure; see cmd_run.h. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bench/cmd.h"
#include "bench/cmd_run.h"
#include "bench/openloop.h"
#include "bench/paths.h"
#include "bench/random.h"
#include "bench/version.h"

enum { DEFAULT_REPS = 5, DEFAULT_TRIAL_NS = 30000000, MAX_REPEATS = 1000000 };

#define MAX_SLO_NS UINT64_C(10000000000)

/* ---- what to measure ----------------------------------------------------- */

/* "quick" is a shipped file; anything with a slash or a dot is a path. */
static bool is_path(const char *name)
{
	return strchr(name, '/') || strchr(name, '.');
}

static void matrix_path(const char *name, char *out, size_t len)
{
	if (is_path(name))
		snprintf(out, len, "%s", name);
	else
		snprintf(out, len, "%s/bench/matrices/%s.ini", share_dir(), name);
}

static int is_ini(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return dot && strcmp(dot, ".ini") == 0;
}

/* "there is no matrix "quik": ci, default, full, quick are shipped". */
static int no_such_matrix(struct run *r)
{
	char dir[4200];
	struct dirent **file;
	int n, used;

	snprintf(dir, sizeof(dir), "%s/bench/matrices", share_dir());
	n = scandir(dir, &file, is_ini, alphasort);
	used = snprintf(r->err, RUN_ERR, "there is no matrix \"%.64s\":", r->set.matrix);
	for (int i = 0; i < n; i++) {
		if (used < RUN_ERR)
			used += snprintf(r->err + used, (size_t)(RUN_ERR - used), "%s %.*s",
				i ? "," : "", (int)strlen(file[i]->d_name) - 4, file[i]->d_name);
		free(file[i]);
	}
	if (n >= 0)
		free(file);
	if (used < RUN_ERR)
		snprintf(r->err + used, (size_t)(RUN_ERR - used),
			" are shipped; a file of your own is named with its path, ./%.64s.ini",
			r->set.matrix);
	return -ENOENT;
}

/* --pairs K: the axis pair from 0 to K-1, in place of the matrix's. */
struct pairs {
	char text[PLACE_MAX_PAIRS][4];
	const char *item[PLACE_MAX_PAIRS];
};

static int name_pairs(struct run *r, struct pairs *p, struct opt_list *pair)
{
	if (r->set.pairs > PLACE_MAX_PAIRS || pair->n) {
		snprintf(r->err, RUN_ERR,
			"--pairs goes up to %d; --pair names pairs one by one: give one of the two",
			PLACE_MAX_PAIRS);
		return -EINVAL;
	}
	for (unsigned i = 0; i < r->set.pairs; i++) {
		snprintf(p->text[i], sizeof(p->text[i]), "%u", i % PLACE_MAX_PAIRS);
		p->item[i] = p->text[i];
	}
	*pair = (struct opt_list){.item = p->item, .n = r->set.pairs};
	return 0;
}

static int select_cells(struct run *r)
{
	struct axes axes = r->set.axes;
	struct pairs pairs;
	int code = r->set.pairs ? name_pairs(r, &pairs, &axes.value[AXIS_PAIR]) : 0;

	if (code)
		return code;
	if (!r->set.matrix) {
		code = select_axes(&r->selection, &axes, r->err, RUN_ERR);
	} else {
		matrix_path(r->set.matrix, r->matrix_path, sizeof(r->matrix_path));
		if (!is_path(r->set.matrix) && access(r->matrix_path, F_OK) != 0)
			return no_such_matrix(r);
		code = select_matrix(&r->selection, r->matrix_path, &axes, r->err, RUN_ERR);
	}
	if (!code && r->selection.n == 0) {
		snprintf(r->err, RUN_ERR, "no cell is left: %s",
			r->selection.n_left_out ? r->selection.left_out[0].why
						: "the selection is empty");
		code = -EINVAL;
	}
	return code;
}

/* A service level is for rates that are to be found. */
static int check_slo(struct run *r)
{
	bool wanted = false;

	for (size_t i = 0; i < r->plan.n; i++)
		wanted = wanted || openloop_is_auto(&r->plan.cell[i]);
	if (!r->set.slo_ns || (wanted && r->set.slo_ns <= MAX_SLO_NS))
		return 0;
	snprintf(r->err, RUN_ERR, "%s",
		wanted ? "--slo goes up to 10 s"
		       : "--slo is for openloop with rate=auto, of which there is no cell here: "
			 "add -w openloop and leave --rate out");
	return -EINVAL;
}

/* "no" or a number of repeats. */
static bool parse_repeats(const char *text, uint64_t *most)
{
	char *end;

	*most = 0;
	if (strcmp(text, "no") == 0)
		return true;
	errno = 0;
	*most = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	       *most <= MAX_REPEATS;
}

int run_check_length(struct run *r)
{
	const struct run_settings *s = &r->set;
	uint64_t most;
	double pct;
	const char *why = NULL;

	if (s->precision && !precision_parse(s->precision, &pct))
		why = "--precision takes a percentage above 0 and below 100, as 2%";
	else if (s->precision && s->reps)
		why = "--precision finds the number of trials; leave out --reps, or cap it with "
		      "--max-reps";
	else if (s->max_reps && !s->precision && !s->resume)
		why = "--max-reps caps what --precision does; without it say --reps";
	else if (s->max_reps && (s->max_reps < PRECISION_LEAST || s->max_reps > PRECISION_MAX_REPS))
		why = "--max-reps goes from 6, the fewest trials that have an interval, to 1000";
	else if (s->repeat_noisy && !parse_repeats(s->repeat_noisy, &most))
		why = "--repeat-noisy takes a number up to 1000000, or no";
	if (!why)
		return 0;
	snprintf(r->err, RUN_ERR, "%s", why);
	return -EINVAL;
}

bool run_fit_budget(struct plan *p, uint64_t budget_ns)
{
	uint64_t most = p->reps;
	bool cut;

	if (!(p->precision_pct > 0) || most <= PRECISION_LEAST)
		return runner_fit_budget(p, budget_ns);
	p->reps = PRECISION_LEAST;
	cut = runner_fit_budget(p, budget_ns);
	if (!cut)
		p->reps = most;
	return cut;
}

void run_allow_repeats(struct run *r)
{
	if (r->set.repeat_noisy)
		parse_repeats(r->set.repeat_noisy, &r->runner.repeats.most);
	else
		r->runner.repeats.most = runner_default_repeats(&r->plan);
}

static uint64_t planned_reps(const struct run *r)
{
	if (r->set.precision)
		return run_first_of(r->set.max_reps, PRECISION_DEFAULT_REPS, 0);
	return run_first_of(r->set.reps, r->selection.reps, DEFAULT_REPS);
}

static bool is_trial(uint64_t ns)
{
	return ns >= 100000 && ns <= 600000000000;
}

static int fill_plan(struct run *r)
{
	struct selection *s = &r->selection;

	r->plan = (struct plan){
		.cell = s->cell,
		.n = s->n,
		.reps = planned_reps(r),
		.trial_ns = run_first_of(r->set.trial_ns, s->trial_ns, DEFAULT_TRIAL_NS),
		.seed = r->set.seed ? r->set.seed : random_fresh_seed(),
	};
	s->cell = NULL; /* the plan's now */
	if (r->set.precision)
		precision_parse(r->set.precision, &r->plan.precision_pct);
	version_binary_id(r->plan.binary);
	if (r->plan.reps > 100000 || !is_trial(r->plan.trial_ns)) {
		snprintf(
			r->err, RUN_ERR, "--reps goes up to 100000, --trial-ms from 0.1 to 600000");
		return -EINVAL;
	}
	for (size_t i = 0; i < r->plan.n; i++) {
		struct cell *c = &r->plan.cell[i];

		if (r->set.trial_ns || !c->stretch_ns)
			c->stretch_ns = r->plan.trial_ns;
		if (!is_trial(c->stretch_ns)) {
			snprintf(r->err, RUN_ERR,
				"%.300s: trial goes from 0.1ms to 600s, in every section",
				r->matrix_path);
			return -EINVAL;
		}
		if (workload_scheduled(c->workload) && !openloop_is_auto(c))
			openloop_plan(c);
	}
	return check_slo(r);
}

/* farthest is nearest where the machine has one class only: the same cell twice. */
static bool repeats_nearest(const struct plan *p, const struct cell *c)
{
	char key[CELL_KEY];
	struct cell near = *c;

	if (strcmp(c->placement, "farthest") != 0 || c->skip[0])
		return false;
	snprintf(near.placement, sizeof(near.placement), "nearest");
	cell_make_key(&near);
	memcpy(key, near.key, sizeof(key));
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->cell[i].key, key) == 0)
			return strcmp(p->cell[i].place_class, c->place_class) == 0;
	}
	return false;
}

/* --pairs asks for as many as there are: those beyond are no rows. */
static bool beyond_pairs(const struct run *r, const struct cell *c)
{
	return r->set.pairs && c->extra.pair && c->skip[0] && !c->place_class[0];
}

static void drop_repeats(struct run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->plan.n; i++) {
		if (beyond_pairs(r, &r->plan.cell[i]))
			select_left_out(&r->selection, "the class has fewer pairs here");
		else if (repeats_nearest(&r->plan, &r->plan.cell[i]))
			select_left_out(
				&r->selection, "farthest is the same class as nearest here");
		else
			r->plan.cell[kept++] = r->plan.cell[i];
	}
	r->plan.n = kept;
}

int run_place_cells(struct run *r)
{
	int code = 0;

	for (size_t i = 0; i < r->plan.n && !code; i++)
		code = cell_place(&r->plan.cell[i], r->topo, r->err, RUN_ERR);
	return code;
}

int run_make_plan(struct run *r)
{
	int code = select_cells(r);

	if (!code)
		code = fill_plan(r);
	if (!code)
		code = run_place_cells(r);
	if (!code)
		drop_repeats(r);
	return code;
}

int run_dry(struct run *r)
{
	const struct plan *p = &r->plan;
	double seconds = (double)runner_estimate_ns(p) / 1e9;
	size_t skipped = 0;
	int code = run_floors_plan(r);

	if (code) {
		fprintf(stderr, "handoff run: %s\n", r->err);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct cell *c = &p->cell[i];

		skipped += c->skip[0] != '\0';
		printf("%s%s%s%s\n", c->key, openloop_is_auto(c) ? "  rate found by search" : "",
			c->skip[0] ? "  skip: " : "", c->skip);
	}
	printf("\n%zu cells (%zu to be skipped), %" PRIu64
	       " trials each, %.3g ms timed: about %.0f s "
	       "and calibration, %.0f s; floors of %zu pairs of PUs, %.1f s\n",
		p->n, skipped, p->reps, (double)p->trial_ns / 1e6, seconds,
		seconds / (double)p->reps * 1.2, r->floors.n_pairs, (double)run_floors_ns(r) / 1e9);
	run_say_left_out(&r->selection);
	return EXIT_FINE;
}
