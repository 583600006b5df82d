/* gate_judge.c - verdicts and estimates from the pairs that there are; see gate.h. */
#include <math.h>

#include "bench/gate.h"
#include "bench/gate_stats.h"
#include "bench/stats.h"

#define POWER 0.80
#define Z_95  1.959963985
#define COVER 0.95

enum { LEAST_PAIRS = 6 }; /* an interval of that cover needs them */

/* ---- estimates ----------------------------------------------------------- */

/* The figures of a cell's pairs up to `last`, without gaps. */
static size_t collect(struct gate *g, const struct gate_hypothesis *h, uint32_t last)
{
	size_t n = 0;

	for (uint32_t i = 0; i < last; i++) {
		if (isfinite(h->d[i]))
			g->values[n++] = h->d[i];
	}
	return n;
}

/* Switches are, in most cells; with so many pairs the interval is that point. */
static bool are_tied(const double *x, size_t n)
{
	size_t i = 1;

	while (i < n && x[i] == x[0])
		i++;
	return i >= n;
}

static void estimate(struct gate *g, size_t hyp)
{
	struct gate_hypothesis *h = &g->hyp[hyp];
	struct stats_interval e;
	uint32_t pairs = g->cell[hyp / g->metrics].pairs;

	if (h->looked == pairs && pairs)
		return;
	h->looked = pairs;
	h->pairs = (uint32_t)collect(g, h, pairs);
	if (h->pairs >= LEAST_PAIRS && are_tied(g->values, h->pairs))
		e.estimate = e.lo = e.hi = g->values[0];
	else if (!stats_hodges_lehmann_by(
			 gate_signs(g, h->pairs), g->values, h->pairs, COVER, &e, g->work))
		e.lo = e.hi = (double)NAN;
	h->estimate = e.estimate;
	h->lo = e.lo;
	h->hi = e.hi;
}

static bool has_figure(const struct gate *g, size_t hyp)
{
	const struct gate_hypothesis *h = &g->hyp[hyp];
	const struct gate_cell *c = &g->cell[hyp / g->metrics];

	return !c->out && h->pairs && 4 * (uint64_t)h->pairs > 3 * (uint64_t)c->pairs;
}

static void first_verdict(struct gate *g, size_t hyp)
{
	struct gate_hypothesis *h = &g->hyp[hyp];
	const struct gate_metric *m = &g->metric[hyp % g->metrics];

	h->p = h->q = h->detectable = (double)NAN;
	h->needs = 0;
	h->verdict = GATE_NO_FIGURE;
	if (!has_figure(g, hyp))
		return;
	h->verdict = h->hi < m->tolerance ? GATE_FINE : GATE_OPEN;
	if (h->verdict == GATE_OPEN && isfinite(h->hi))
		h->needs = gate_pairs_needed(h->pairs, h->estimate, h->hi, m->tolerance, m->margin);
}

/* ---- the test ------------------------------------------------------------ */

/* Of the pairs behind the screen; 1 for what was let go. */
static double test_p(struct gate *g, size_t hyp, double sign)
{
	const struct gate_hypothesis *h = &g->hyp[hyp];
	const struct gate_cell *c = &g->cell[hyp / g->metrics];
	size_t n = 0;

	if (!h->live || c->out)
		return 1.0;
	for (uint32_t i = g->rules.screen_pairs; i < c->tested; i++) {
		if (isfinite(h->d[i]))
			g->values[n++] = sign * h->d[i];
	}
	return stats_signed_rank_greater_by(
		gate_signs(g, n), g->values, n, g->metric[hyp % g->metrics].margin, g->work);
}

static bool is_selected(const struct gate_hypothesis *h, double sign)
{
	return sign > 0 ? h->slower : h->faster;
}

/*
 * One side: p of all that the screen selected, Holm over them.  Returns how many they are.
 * Before the test is due all are 1: nothing is rejected early.
 */
static size_t test_side(struct gate *g, double sign, enum gate_verdict found)
{
	size_t n = 0, all = g->cells * g->metrics;
	double *p = g->p, *adjusted = g->p + all, *q = g->p + 2 * all;

	for (size_t i = 0; i < all; i++) {
		if (is_selected(&g->hyp[i], sign))
			p[n++] = g->stage >= GATE_RESOLVE ? test_p(g, i, sign) : 1.0;
	}
	stats_holm(p, n, adjusted, g->index);
	gate_false_discovery(p, n, q, g->index);
	n = 0;
	for (size_t i = 0; i < all; i++) {
		struct gate_hypothesis *h = &g->hyp[i];

		if (!is_selected(h, sign))
			continue;
		if (h->verdict != GATE_NO_FIGURE && (isnan(h->p) || p[n] < h->p)) {
			h->p = p[n];
			h->q = q[n];
		}
		if (h->verdict != GATE_NO_FIGURE && adjusted[n] <= g->rules.fwer)
			h->verdict = found;
		n++;
	}
	return n;
}

/* ---- what could have been seen ------------------------------------------- */

static struct gate_steps steps(const struct gate *g)
{
	const struct gate_rules *r = &g->rules;
	double level = r->fwer / (double)(g->selected ? g->selected : 1);

	return (struct gate_steps){
		.screen_z = gate_normal_quantile(1.0 - r->screen_p),
		.interim_z = gate_normal_quantile(1.0 - r->interim_p),
		.test_z = gate_normal_quantile(1.0 - level),
	};
}

static void detectable(struct gate *g, size_t hyp, struct gate_steps *s)
{
	const struct gate_rules *r = &g->rules;
	struct gate_hypothesis *h = &g->hyp[hyp];
	double sd = (h->hi - h->lo) / (2 * Z_95) * sqrt((double)h->pairs);

	s->screen_se = sd / sqrt(r->screen_pairs);
	s->interim_se = sd / sqrt(r->interim_pairs);
	s->test_se = sd / sqrt(r->interim_pairs + g->confirm_pairs);
	s->margin = g->metric[hyp % g->metrics].margin;
	if (isfinite(sd) && h->verdict != GATE_NO_FIGURE)
		h->detectable = gate_detectable(s, POWER);
}

/* ---- all cells together -------------------------------------------------- */

/* The estimate of a cell's first gated metric that has one, from the screen's pairs. */
static bool screen_estimate(struct gate *g, size_t cell, double *out)
{
	const struct gate_cell *c = &g->cell[cell];
	uint32_t last = c->pairs < g->rules.screen_pairs ? c->pairs : g->rules.screen_pairs;
	struct stats_interval e;

	for (size_t m = 0; m < g->metrics; m++) {
		size_t hyp = cell * g->metrics + m, n;

		if (!g->hyp[hyp].gated || !has_figure(g, hyp))
			continue;
		n = collect(g, &g->hyp[hyp], last);
		stats_hodges_lehmann_by(gate_signs(g, n), g->values, n, COVER, &e, g->work);
		*out = e.estimate;
		return isfinite(e.estimate);
	}
	return false;
}

static void judge_suite(struct gate *g)
{
	const struct gate_rules *r = &g->rules;
	double mean, se;
	size_t n = 0;

	g->suite = g->suite_lo = g->suite_hi = (double)NAN;
	g->suite_slower = false;
	for (size_t c = 0; c < g->cells; c++)
		n += screen_estimate(g, c, &g->p[n]);
	if (n < r->suite_least)
		return;
	mean = gate_trimmed_mean(g->p, n, r->suite_trim, &se, g->work);
	g->suite = mean;
	g->suite_lo = mean - Z_95 * se;
	g->suite_hi = mean + Z_95 * se;
	g->suite_slower = mean - r->suite_margin > se * gate_normal_quantile(1.0 - r->suite_p);
}

static void count(struct gate *g)
{
	g->gated = g->open = g->regressed = g->improved = 0;
	for (size_t i = 0; i < g->cells * g->metrics; i++) {
		const struct gate_hypothesis *h = &g->hyp[i];

		if (!h->gated || h->verdict == GATE_NO_FIGURE)
			continue;
		g->gated++;
		g->open += h->verdict == GATE_OPEN;
		g->regressed += h->verdict == GATE_REGRESSED;
		g->improved += h->verdict == GATE_IMPROVED;
	}
}

void gate_judge(struct gate *g)
{
	struct gate_steps s;

	for (size_t i = 0; i < g->cells * g->metrics; i++) {
		estimate(g, i);
		first_verdict(g, i);
	}
	g->selected = test_side(g, 1.0, GATE_REGRESSED);
	test_side(g, -1.0, GATE_IMPROVED);
	s = steps(g);
	for (size_t i = 0; i < g->cells * g->metrics; i++)
		detectable(g, i, &s);
	judge_suite(g);
	count(g);
}

bool gate_is_open(const struct gate *g)
{
	return (double)g->open > g->rules.open_share * (double)g->gated;
}
