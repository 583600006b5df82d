/* runner.c - see runner.h. */
#include "bench/runner.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell_tasks.h"
#include "bench/openloop.h"
#include "bench/random.h"
#include "harness/names.h"

enum {
	OVERHEAD_GUESS_NS = 8000000,
	UNCALIBRATED_N = 1024,
	SKEW_FACTOR = 20,
	MAX_STRETCH_NS = 1000000000,
	STREAM_SCHEDULE = 3,
};

int runner_init(struct runner *r, char *err, size_t err_len)
{
	r->result = calloc(1, sizeof(*r->result));
	r->xml = calloc(r->plan->n + 1, sizeof(*r->xml));
	r->past = calloc(r->plan->n * r->plan->reps + 1, sizeof(*r->past));
	r->noise = noise_open("");
	if (r->plan->precision_pct > 0) {
		r->figure_room = r->plan->reps * (1 + RUNNER_MAX_REPEATS);
		r->figure = calloc(r->plan->n * r->figure_room, sizeof(*r->figure));
		r->figures = calloc(r->plan->n, sizeof(*r->figures));
	}
	if (r->result && r->xml && r->past && r->noise && (!r->figure_room || r->figure) &&
		(!r->figure_room || r->figures))
		return 0;
	snprintf(err, err_len, "no memory for %zu cells", r->plan->n);
	return -ENOMEM;
}

void runner_free(struct runner *r)
{
	for (size_t i = 0; i < r->n_xml; i++)
		free(r->xml[i].text);
	free(r->xml);
	free(r->result);
	free(r->past);
	free(r->figure);
	free(r->figures);
	noise_close(r->noise);
}

/* ---- one trial ----------------------------------------------------------- */

static struct runner_xml *export_xml(struct runner *r, const struct cell *c, char *err, size_t len)
{
	struct runner_xml *x = &r->xml[r->n_xml];
	unsigned n = cell_workers(c);

	x->workers = n;
	memcpy(x->pu, c->pu, n * sizeof(*c->pu));
	if (topo_export_restricted(r->topo, c->pu, n, &x->text, &x->len, err, len) != 0)
		return NULL;
	r->n_xml++;
	return x;
}

/* The topology that a cell's trial needs: none when unpinned. */
static const struct runner_xml *xml_for(
	struct runner *r, const struct cell *c, char *err, size_t len)
{
	static const struct runner_xml none;
	unsigned n = cell_workers(c);

	if (c->pu[0] == PLACE_PU_NONE)
		return &none;
	for (size_t i = 0; i < r->n_xml; i++) {
		if (r->xml[i].workers == n && memcmp(r->xml[i].pu, c->pu, n * sizeof(*c->pu)) == 0)
			return &r->xml[i];
	}
	return export_xml(r, c, err, len);
}

int runner_trial(struct runner *r, struct cell *c, bool calibrate, char *err, size_t err_len)
{
	const struct runner_xml *x = xml_for(r, c, err, err_len);
	struct trial_spec spec;
	char ignored[200];
	uint64_t wall = 0;
	int code;

	if (!x)
		return -EIO;
	cell_spec(c, r->clock, r->common.cpus, calibrate, &spec);
	if (r->deadline_ns && r->deadline_ns < spec.deadline_ns)
		spec.deadline_ns = r->deadline_ns;
	spec.xml_len = (uint32_t)x->len;
	gauges_spec(calibrate ? NULL : r->gauges, &spec);
	spec.look_for_gaps = !calibrate;
	spec.schedule_seed = random_stream(r->plan->seed, r->draw, STREAM_SCHEDULE);
	if (workload_scheduled(c->workload))
		spec.clock.offset_bound_ns = c->oneway_bound_ns;
	if (r->probed) {
		spec.probed = 1;
		spec.fault = *r->probed;
	}
	code = launch_trial(r->binary, &spec, x->text, r->result, &wall, err, err_len);
	if (!calibrate)
		c->trial_ns = wall;
	if (!code && r->result->status >= TRIAL_TIMEOUT) /* it may have left names */
		names_clean(NULL, NULL, ignored, sizeof(ignored));
	return code;
}

/* ---- calibration --------------------------------------------------------- */

/* Short against the skew of the start, a stretch says nothing where PUs are shared. */
static void stretch_for_skew(struct cell *c, const struct trial_result *result, unsigned cpus)
{
	uint64_t need = SKEW_FACTOR * result->start_skew_ns;
	bool crowded = c->workers_per_pu > 1 ||
		       (c->pu[0] == PLACE_PU_NONE && cell_workers(c) > cpus);

	if (c->domain == DOMAIN_COROUTINE) /* one begins when another first waits */
		return;
	if (!crowded || need <= c->stretch_ns)
		return;
	need = need < MAX_STRETCH_NS ? need : MAX_STRETCH_NS;
	c->n = (uint64_t)((clock_u128)c->n * need / c->stretch_ns);
	c->stretch_ns = need;
}

void runner_take_calibration(struct runner *r, struct cell *c)
{
	const struct trial_result *result = r->result;

	c->n = UNCALIBRATED_N;
	c->block = 1;
	if (result->status == TRIAL_SKIP) {
		snprintf(c->skip, sizeof(c->skip), "%s", result->reason);
	} else if (result->status == TRIAL_OK) {
		c->n = result->n;
		c->block = result->block;
		stretch_for_skew(c, result, r->common.cpus);
		cell_tasks_plan(c, result);
	}
}

int runner_calibrate(struct runner *r, char *err, size_t err_len)
{
	struct progress p;
	int code = 0;

	progress_begin(&p, "calibrating", 0, r->plan->n);
	for (size_t i = 0; i < r->plan->n && !code && !launch_stop; i++) {
		struct cell *c = &r->plan->cell[i];

		progress_step(&p, c->key);
		if (!c->skip[0] && c->n == 0 && c->workload->ending != ENDING_FLAG) {
			code = runner_trial(r, c, true, err, err_len);
			if (!code && !launch_stop)
				runner_take_calibration(r, c);
		}
		progress_done(&p);
	}
	progress_end(&p);
	return launch_stop ? -EINTR : code;
}

/* ---- budget -------------------------------------------------------------- */

/* A rate that is still to be found: the cells around it. */
static uint64_t guess_ns(const struct cell *c, bool counted)
{
	uint64_t one = c->stretch_ns + c->stretch_ns / 16 + OVERHEAD_GUESS_NS;

	if (counted)
		one += c->stretch_ns / TRIAL_COUNT_SHARE;
	return openloop_is_auto(c) ? OPENLOOP_RATES * one : one;
}

uint64_t runner_block_ns(const struct plan *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct cell *c = &p->cell[i];

		if (c->skip[0])
			continue;
		sum += c->trial_ns ? c->trial_ns : guess_ns(c, p->counted);
	}
	return sum;
}

uint64_t runner_estimate_ns(const struct plan *p)
{
	return runner_block_ns(p) * p->reps;
}

static void scale_stretch(struct plan *p, double by)
{
	for (size_t i = 0; i < p->n; i++) {
		struct cell *c = &p->cell[i];
		uint64_t was = c->stretch_ns;

		c->stretch_ns = (uint64_t)((double)was * by);
		if (c->stretch_ns < RUNNER_LEAST_STRETCH_NS)
			c->stretch_ns = RUNNER_LEAST_STRETCH_NS;
		if (c->n)
			c->n = (uint64_t)((clock_u128)c->n * c->stretch_ns / was);
		if (c->n == 0 && c->workload->ending != ENDING_FLAG)
			c->n = 1;
	}
	p->trial_ns = (uint64_t)((double)p->trial_ns * by);
}

static uint64_t reps_within(const struct plan *p, uint64_t budget_ns)
{
	uint64_t one = runner_block_ns(p), fit = one ? budget_ns / one : p->reps;

	return fit < 1 ? 1 : fit < p->reps ? fit : p->reps;
}

bool runner_fit_budget(struct plan *p, uint64_t budget_ns)
{
	uint64_t least = p->reps < RUNNER_LEAST_REPS ? p->reps : RUNNER_LEAST_REPS, overhead, want;

	if (runner_estimate_ns(p) <= budget_ns)
		return false;
	p->reps = reps_within(p, budget_ns);
	if (p->reps >= least)
		return true;
	overhead = OVERHEAD_GUESS_NS * (uint64_t)p->n;
	want = budget_ns / least;
	if (want > overhead && runner_block_ns(p) > overhead)
		scale_stretch(
			p, (double)(want - overhead) / (double)(runner_block_ns(p) - overhead));
	else
		scale_stretch(p, 0);
	p->reps = least;
	p->reps = reps_within(p, budget_ns);
	return true;
}
