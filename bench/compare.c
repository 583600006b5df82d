/* compare.c - see compare.h. */
#include "bench/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/compare_table.h"
#include "bench/select.h"
#include "bench/stats.h"

static const double open_share = 0.05; /* of the gated: above it nothing was decided */

/* ---- may it decide ------------------------------------------------------------------ */

static void say_lack(struct compared *c, const char *side, size_t have, size_t need, int i)
{
	size_t at = strlen(c->lacks);

	if (have < need) {
		snprintf(c->lacks + at, sizeof(c->lacks) - at, "%s%s has %zu of %zu campaigns",
			at ? "; " : "", side, have, need);
		at = strlen(c->lacks);
	}
	if (c->boots[i] < STORED_BOOTS && c->span_s[i] < STORED_SPAN_S)
		snprintf(c->lacks + at, sizeof(c->lacks) - at,
			"%s%s is of %zu boot%s and %.1f h, not of %d boots or %d h", at ? "; " : "",
			side, c->boots[i], c->boots[i] == 1 ? "" : "s", c->span_s[i] / 3600,
			STORED_BOOTS, STORED_SPAN_S / 3600);
}

static bool all_know(const struct campaign_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!s->item[i].knows_machine)
			return false;
	}
	return true;
}

static void check_enough(struct compared *c, const struct compare_ask *ask)
{
	const struct campaign_set *set[2] = {ask->base, ask->fresh};

	for (int i = 0; i < 2; i++) {
		c->boots[i] = campaign_set_boots(set[i]);
		c->span_s[i] = campaign_set_span(set[i]);
		say_lack(c, i ? "NEW" : "BASE", set[i]->n - (i ? 0 : c->quarantined),
			i ? STORED_NEW : STORED_BASE, i);
	}
	c->machine_known = all_know(ask->base) && all_know(ask->fresh);
	c->enough = !c->lacks[0] && c->machine_known;
}

/* ---- controls ------------------------------------------------------------------------- */

static double mean_control(const struct campaign_set *s, int k, uint32_t bytes)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (isnan(s->item[i].control_ns[k]) ||
			(k == CONTROL_COPY && s->item[i].copy_bytes != bytes))
			continue;
		sum += log(s->item[i].control_ns[k]);
		n++;
	}
	return n ? sum / (double)n : (double)NAN;
}

/* A kernel under test brings its own way into it; the others stay as they are. */
static void find_controls(struct compared *c, const struct compare_ask *ask)
{
	uint32_t bytes = ask->base->n ? ask->base->item[0].copy_bytes : 0;

	for (int k = 0; k < CONTROLS; k++) {
		struct compare_control *at = &c->control[k];
		double before = mean_control(ask->base, k, bytes);

		at->moved = expm1(mean_control(ask->fresh, k, bytes) - before);
		at->counts = k != CONTROL_SYSCALL || !facts_exempt(ask->under_test, "kernel");
		if (!at->counts || isnan(at->moved))
			continue;
		c->controls_known = true;
		c->machine_moved |= fabs(log1p(at->moved)) > log1p(stored_shift_most);
	}
}

/* ---- quarantine ------------------------------------------------------------------------ */

static int find_outliers(struct compared *c, struct compare_table *t, const struct stored_input *in)
{
	size_t columns = in->base + in->fresh;
	double *shift = calloc(columns + 2 * in->base + 1, sizeof(*shift));
	int code = shift ? stored_campaign_shifts(in, -1, shift) : -ENOMEM;

	c->out = calloc(in->base + 1, sizeof(*c->out));
	if (!code && !c->out)
		code = -ENOMEM;
	if (!code)
		c->quarantined = stored_outliers(shift, in->base, c->out, shift + columns);
	for (size_t k = 0; k < in->base && !code; k++) {
		for (size_t i = 0; i < in->n && c->out[k]; i++)
			t->cost[i * columns + k] = NAN;
	}
	free(shift);
	return code;
}

static int find_suite(struct compared *c, const struct stored_input *in)
{
	double *shift = calloc(in->base + in->fresh + 1, sizeof(*shift));
	int code = shift ? stored_campaign_shifts(in, -1, shift) : -ENOMEM;

	c->suite.cells = in->n;
	if (!code)
		stored_shift_between(shift, in->base, in->fresh, &c->suite);
	free(shift);
	return code;
}

/* ---- the judgement --------------------------------------------------------------------- */

static double median_value(
	const struct campaign_set *s, const struct hypothesis *h, const bool *out)
{
	double *x = calloc(2 * s->n + 1, sizeof(*x)), median;
	size_t n = 0;

	for (size_t i = 0; x && i < s->n; i++) {
		const struct campaign_cell *c = campaign_find(&s->item[i], h->key);

		if (c && !(out && out[i]) && !isnan(c->figure[h->metric].value))
			x[n++] = c->figure[h->metric].value;
	}
	median = x ? stats_median(x, n, x + n) : (double)NAN;
	free(x);
	return median;
}

static enum judged_verdict verdict_of(const struct stored_finding *f)
{
	if (f->slower)
		return JUDGED_REGRESSED;
	if (f->faster)
		return JUDGED_IMPROVED;
	return f->resolved && !isnan(f->q_slower) ? JUDGED_OK : JUDGED_INCONCLUSIVE;
}

static void say_inconclusive(
	const struct compared *c, const struct stored_finding *f, struct judged *r)
{
	if (!c->machine_known)
		snprintf(r->reason, sizeof(r->reason), "what machine each ran on is not known");
	else if (!c->enough)
		snprintf(r->reason, sizeof(r->reason), "too few campaigns for a verdict");
	else if (c->machine_moved)
		snprintf(r->reason, sizeof(r->reason), "the machine moved");
	else if (isnan(f->q_slower))
		snprintf(r->reason, sizeof(r->reason),
			"only %zu campaigns of BASE and %zu of NEW have it", f->base, f->fresh);
	else
		snprintf(r->reason, sizeof(r->reason), "%s",
			f->needs ? "the interval is too wide"
				 : "too close to a limit for any number of campaigns");
}

static void put_finding(
	const struct compared *c, const struct stored_finding *f, bool gated, struct judged *r)
{
	r->verdict = verdict_of(f);
	r->gated = gated;
	r->ratio = exp(f->diff);
	r->lo = exp(f->lo);
	r->hi = exp(f->hi);
	r->p = f->p_slower;
	r->q = f->q_slower;
	r->mde = exp(f->mde);
	r->pairs = (uint32_t)(f->base + f->fresh);
	if (r->verdict != JUDGED_INCONCLUSIVE)
		return;
	r->needs = f->resolved && !c->enough ? STORED_BASE : f->needs;
	say_inconclusive(c, f, r);
}

static void put_lack(struct compared *c, const struct compare_ask *ask, const struct hypothesis *h,
	struct judged *r)
{
	char mechanism[CELL_KEY];
	bool red = h->at && campaign_is_red(h->at);

	campaign_mechanism(h->key, mechanism, sizeof(mechanism));
	r->verdict = h->verdict;
	if (!h->at)
		snprintf(r->reason, sizeof(r->reason), "%s has no such cell", h->side);
	else if (strcmp(h->at->status, "ok") == 0)
		snprintf(r->reason, sizeof(r->reason), "%s has no such figure", h->side);
	else
		snprintf(r->reason, sizeof(r->reason), "%s: %s: %.110s", h->side, h->at->status,
			h->at->reason);
	if (h->verdict == JUDGED_MISSING)
		r->gated = compare_is_gated(h->key) && !select_match(ask->allow_missing, h->key) &&
			   !select_match(ask->allow_missing, mechanism);
	if (h->verdict == JUDGED_NA && red && strcmp(h->side, "NEW") == 0 && !isnan(r->old_value)) {
		r->gated = true;
		c->red++;
	}
}

static int put_rows(
	struct compared *c, const struct compare_table *t, const struct stored_finding *f)
{
	struct judgement *j = &c->judgement;
	size_t at = 0;

	j->row = calloc(t->n + 1, sizeof(*j->row));
	if (!j->row)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		const struct hypothesis *h = &t->hyp[i];
		struct judged *r = &j->row[j->n++];

		*r = (struct judged){.ratio = NAN, .lo = NAN, .hi = NAN, .p = NAN, .q = NAN};
		r->mde = NAN;
		snprintf(r->cell, sizeof(r->cell), "%s", h->key);
		snprintf(r->metric, sizeof(r->metric), "%s", cost_name(h->metric));
		snprintf(r->unit, sizeof(r->unit), "%s", cost_unit(h->metric, h->key));
		r->margin = cost_rules[h->metric].margin;
		r->old_value = median_value(t->ask->base, h, c->out);
		r->new_value = median_value(t->ask->fresh, h, NULL);
		if (h->verdict == JUDGED_OK) {
			put_finding(c, &f[at], t->gated[at], r);
			at++;
		} else {
			put_lack(c, t->ask, h, r);
		}
	}
	return 0;
}

static void put_machine(struct judgement *j, const struct compare_ask *ask)
{
	const struct campaign *c = &ask->fresh->item[0];

	j->mode = JUDGED_STORED;
	j->fwer = stored_q;
	j->advisory = ask->advisory;
	snprintf(j->old_name, sizeof(j->old_name), "%.255s", ask->base_name);
	snprintf(j->new_name, sizeof(j->new_name), "%.255s", ask->fresh_name);
	if (c->knows_machine)
		snprintf(j->machine, sizeof(j->machine), "%.80s, %.8s CPUs, %.48s",
			facts_get(&c->facts, "cpu_model"),
			facts_get(&c->facts, "cpus_online_count"), facts_get(&c->facts, "kernel"));
	for (size_t i = 0; i < ask->fresh->n; i++) {
		if (strcmp(ask->fresh->item[i].began, j->began) > 0)
			snprintf(j->began, sizeof(j->began), "%s", ask->fresh->item[i].began);
	}
}

static void put_suite(struct compared *c)
{
	struct judgement *j = &c->judgement;
	double most = log1p(stored_shift_most);

	j->suite_ratio = exp(c->suite.diff);
	j->suite_lo = exp(c->suite.lo);
	j->suite_hi = exp(c->suite.hi);
	j->suite_flagged = c->enough && c->controls_known && !c->machine_moved &&
			   c->suite.diff > most && c->suite.p < stored_suite_p;
}

static void put_note(struct compared *c)
{
	struct judgement *j = &c->judgement;

	if (!c->machine_known)
		snprintf(j->note, sizeof(j->note),
			"no environment.csv: whether both ran on one machine is not known");
	else if (!c->enough)
		snprintf(j->note, sizeof(j->note), "not enough to decide: %.220s", c->lacks);
	else if (c->machine_moved)
		snprintf(j->note, sizeof(j->note),
			"the machine moved, not only the mechanisms: a control did by more than "
			"%.0f %%",
			100 * stored_shift_most);
	else if (fabs(c->suite.diff) > log1p(stored_shift_most) && !c->controls_known)
		snprintf(j->note, sizeof(j->note),
			"all cells moved together, and without controls (floors.csv) it is not "
			"known whether the machine did");
}

static int code_of(const struct compared *c, bool strict)
{
	const struct judgement *j = &c->judgement;

	if (j->count[JUDGED_MISSING])
		return EXIT_NOTHING;
	if (j->count[JUDGED_REGRESSED] || j->suite_flagged || c->red)
		return EXIT_FINDING;
	if (j->note[0] || (strict && j->count[JUDGED_INCONCLUSIVE]) ||
		(double)j->count[JUDGED_INCONCLUSIVE] > open_share * (double)j->gated)
		return EXIT_INCONCLUSIVE;
	return EXIT_FINE;
}

static int judge_table(struct compared *c, struct compare_table *t)
{
	struct stored_input in = {.n = t->judged,
		.base = t->ask->base->n,
		.fresh = t->ask->fresh->n,
		.cost = t->cost,
		.within = t->within,
		.family = t->family,
		.gated = t->gated,
		.rule = cost_rules,
		.families = COSTS};
	struct stored_finding *f = calloc(t->judged + 1, sizeof(*f));
	int code = f ? find_outliers(c, t, &in) : -ENOMEM;

	if (!code) {
		check_enough(c, t->ask);
		find_controls(c, t->ask);
		in.decide = c->enough && !c->machine_moved;
		code = find_suite(c, &in);
	}
	if (!code)
		code = stored_judge(&in, f, c->shift);
	if (!code)
		code = put_rows(c, t, f);
	free(f);
	return code;
}

int compare_judge(struct compared *c, const struct compare_ask *ask, char *err, size_t err_len)
{
	struct compare_table t = {.ask = ask};
	int code;

	*c = (struct compared){.boots = {0}};
	code = compare_table_make(&t);
	if (!code)
		code = judge_table(c, &t);
	compare_table_free(&t);
	if (code) {
		snprintf(err, err_len, "no memory to compare so many cells");
		compared_free(c);
		return code;
	}
	put_machine(&c->judgement, ask);
	put_suite(c);
	put_note(c);
	judged_sort(&c->judgement);
	c->judgement.exit_code = code_of(c, ask->strict);
	return 0;
}

int compare_outliers(
	const struct campaign_set *s, bool *out, double *shift, char *err, size_t err_len)
{
	const struct campaign_set none = {0};
	const struct compare_ask ask = {.base = s, .fresh = &none};
	struct compare_table t = {.ask = &ask};
	struct compared c = {.out = NULL};
	int code = compare_table_make(&t);
	struct stored_input in = {
		.n = t.judged, .base = s->n, .cost = t.cost, .family = t.family, .gated = t.gated};

	if (!code)
		code = stored_campaign_shifts(&in, -1, shift);
	if (!code)
		code = find_outliers(&c, &t, &in);
	for (size_t i = 0; i < s->n && !code; i++)
		out[i] = c.out[i];
	compared_free(&c);
	compare_table_free(&t);
	if (code)
		snprintf(err, err_len, "no memory to compare so many cells");
	return code;
}

void compared_free(struct compared *c)
{
	judged_free(&c->judgement);
	free(c->out);
	c->out = NULL;
}
