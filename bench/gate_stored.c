/* gate_stored.c - see gate_stored.h. */
#include "bench/gate_stored.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gate_stats.h"
#include "bench/gate_stored_part.h"
#include "bench/stats.h"
#include "bench/student.h"

const double stored_q = 0.05;
const double stored_suite_p = 0.01;
const double stored_shift_most = 0.05;

static const double power_z = 0.8416212335729143; /* 80 % */
static const double mad_to_sd = 1.482602218505602;

/* Cells of a family mostly have the same degrees of freedom. */
struct quantile {
	double p, df, t;
};

static double quantile_of(struct quantile *last, double p, double df)
{
	if (last->p != p || last->df != df)
		*last = (struct quantile){p, df, student_quantile_upper(p, df)};
	return last->t;
}

/* ---- variances ---------------------------------------------------------------- */

void stored_prior(const double *s2, const double *d, size_t n, double *d0, double *s02)
{
	double mean = 0, spread = 0, chance = 0;

	for (size_t i = 0; i < n; i++)
		mean += log(fmax(s2[i], stored_least_s2)) - digamma(d[i] / 2) + log(d[i] / 2);
	mean /= (double)n;
	for (size_t i = 0; i < n; i++) {
		double e = log(fmax(s2[i], stored_least_s2)) - digamma(d[i] / 2) + log(d[i] / 2) -
			   mean;

		spread += e * e / (double)(n - 1);
		chance += trigamma(d[i] / 2) / (double)n;
	}
	*d0 = INFINITY;
	*s02 = exp(mean);
	if (spread <= chance)
		return;
	*d0 = 2 * trigamma_inverse(spread - chance);
	*s02 = exp(mean + digamma(*d0 / 2) - log(*d0 / 2));
}

/* What a family is judged with. */
struct scale {
	double d0, s02; /* d0 0: no prior */
	double across;  /* spread of the differences over its cells; NAN: too few */
};

struct cell {
	struct group base, fresh;
	double d, s2; /* s2 NAN where d is 0 */
};

static struct cell cell_of(const struct stored_input *in, size_t i)
{
	const double *cost = costs_of(in, i);
	struct cell c = {group_of(cost, in->base), group_of(cost + in->base, in->fresh), 0, NAN};
	size_t n = c.base.n + c.fresh.n;

	if (c.base.n && c.fresh.n && n > 2) {
		c.d = (double)(n - 2);
		c.s2 = (c.base.squares + c.fresh.squares) / c.d;
	}
	return c;
}

/* work: 4 n. */
static struct scale scale_of(
	const struct stored_input *in, const struct cell *cell, int family, double *work)
{
	struct scale s = {0, 0, NAN};
	double *s2 = work, *d = work + in->n, *diff = work + 2 * in->n, *more = work + 3 * in->n;
	size_t spreads = 0, diffs = 0;

	for (size_t i = 0; i < in->n; i++) {
		if (in->family[i] != family || !cell[i].base.n || !cell[i].fresh.n)
			continue;
		diff[diffs++] = cell[i].fresh.mean - cell[i].base.mean;
		if (cell[i].d > 0) {
			s2[spreads] = cell[i].s2;
			d[spreads++] = cell[i].d;
		}
	}
	if (diffs >= STORED_SHIFT_CELLS)
		s.across = mad_to_sd * stats_mad(diff, diffs, more);
	if (spreads >= STORED_PRIOR_CELLS)
		stored_prior(s2, d, spreads, &s.d0, &s.s02);
	return s;
}

/* One campaign a side: all there is is how cells differ, or trials within. */
static void judge_by_spread(
	const struct stored_input *in, size_t i, const struct scale *s, struct stored_finding *f)
{
	struct group a, b;
	double within = NAN;

	if (in->within) {
		a = group_of(in->within + i * (in->base + in->fresh), in->base);
		b = group_of(in->within + i * (in->base + in->fresh) + in->base, in->fresh);
		within = hypot(a.mean, b.mean);
	}
	f->df = INFINITY;
	f->se = fmax(within, s->across); /* the other one where one is NAN */
}

static void judge_by_t(const struct cell *c, const struct scale *s, struct stored_finding *f)
{
	double s2 = fmax(c->s2, stored_least_s2);

	f->df = c->d + s->d0;
	if (isinf(s->d0))
		s2 = s->s02;
	else
		s2 = (s->d0 * s->s02 + c->d * s2) / f->df;
	f->se = sqrt(s2 * one_each(&c->base, &c->fresh));
}

/* Campaigns a side until the interval would end at the tolerance, or the margin be passed. */
static uint32_t needs_of(
	const struct stored_finding *f, const struct cell *c, const struct stored_rule *rule)
{
	double s2 = f->se * f->se / one_each(&c->base, &c->fresh);
	double room = log1p(rule->tolerance) - f->diff, z = 1.96, n;

	if (room < f->diff - log1p(rule->margin)) {
		room = f->diff - log1p(rule->margin);
		z = 2.33 + power_z;
	}
	n = ceil(2 * s2 * z * z / (room * room));
	if (!(n > STORED_BASE))
		return STORED_BASE;
	return n < 1e6 ? (uint32_t)n : 0;
}

static void finish_cell(const struct stored_rule *rule, const struct cell *c, struct quantile *last,
	struct stored_finding *f)
{
	double margin = log1p(rule->margin), half;

	if (isnan(f->se))
		return;
	half = quantile_of(last, (1 - stored_confidence) / 2, f->df) * f->se;
	f->lo = f->diff - half;
	f->hi = f->diff + half;
	f->p_slower = student_upper((f->diff - margin) / f->se, f->df);
	f->p_faster = student_upper((-f->diff - margin) / f->se, f->df);
	f->resolved = f->hi < log1p(rule->tolerance);
	f->needs = f->resolved ? 0 : needs_of(f, c, rule);
}

static void judge_cell(const struct stored_input *in, size_t i, const struct cell *c,
	const struct scale *s, struct quantile *last, struct stored_finding *f)
{
	*f = (struct stored_finding){.base = c->base.n,
		.fresh = c->fresh.n,
		.diff = c->fresh.mean - c->base.mean,
		.lo = NAN,
		.hi = NAN,
		.se = NAN,
		.df = NAN,
		.p_slower = NAN,
		.p_faster = NAN,
		.q_slower = NAN,
		.q_faster = NAN,
		.mde = NAN};
	if (!c->base.n || !c->fresh.n)
		return;
	if (c->d > 0)
		judge_by_t(c, s, f);
	else
		judge_by_spread(in, i, s, f);
	finish_cell(&in->rule[in->family[i]], c, last, f);
}

/* ---- decisions over all cells --------------------------------------------------- */

static bool takes_part(const struct stored_input *in, size_t i, const struct stored_finding *f)
{
	return in->gated[i] && !isnan(f->p_slower) && f->base >= STORED_BASE &&
	       f->fresh >= STORED_NEW;
}

/* Those that take part: how many; where they are, and their p. */
static size_t take_p(const struct stored_input *in, const struct stored_finding *out, bool faster,
	size_t *at, double *p)
{
	size_t m = 0;

	for (size_t i = 0; i < in->n; i++) {
		if (takes_part(in, i, &out[i])) {
			p[m] = faster ? out[i].p_faster : out[i].p_slower;
			at[m++] = i;
		}
	}
	return m;
}

/* Below the minimum too: that is where a reader asks what could have been seen. */
static void set_mde(const struct stored_input *in, struct stored_finding *out)
{
	struct quantile last = {0};
	size_t m = 0;

	for (size_t i = 0; i < in->n; i++)
		m += in->gated[i] && !isnan(out[i].se);
	for (size_t i = 0; i < in->n; i++) {
		if (!isnan(out[i].se))
			out[i].mde = log1p(in->rule[in->family[i]].margin) +
				     (quantile_of(
					      &last, stored_q / (double)(m ? m : 1), out[i].df) +
					     power_z) *
					     out[i].se;
	}
}

static int decide(const struct stored_input *in, struct stored_finding *out)
{
	size_t *at = calloc(2 * in->n + 1, sizeof(*at)), m = 0;
	double *p = calloc(2 * in->n + 1, sizeof(*p)), *q = p + in->n;

	for (int faster = 0; at && p && faster < 2; faster++) {
		m = take_p(in, out, faster, at, p);
		gate_false_discovery(p, m, q, at + in->n);
		for (size_t k = 0; k < m; k++) {
			struct stored_finding *f = &out[at[k]];

			*(faster ? &f->q_faster : &f->q_slower) = q[k];
			*(faster ? &f->faster : &f->slower) = in->decide && q[k] <= stored_q;
		}
	}
	if (!at || !p) {
		free(at);
		free(p);
		return -ENOMEM;
	}
	set_mde(in, out);
	free(at);
	free(p);
	return 0;
}

/* ---- all together --------------------------------------------------------------- */

/* The costs without what the family did together.  shift: base + fresh. */
static int remove_shift(
	const struct stored_input *in, int family, double *cost, struct stored_shift *out)
{
	size_t columns = in->base + in->fresh;
	double *shift = calloc(columns + 1, sizeof(*shift));
	int code = shift ? stored_campaign_shifts(in, family, shift) : -ENOMEM;

	for (size_t i = 0; i < in->n && !code; i++)
		out->cells += in->family[i] == family && group_of(costs_of(in, i), in->base).n &&
			      group_of(costs_of(in, i) + in->base, in->fresh).n;
	if (!code)
		stored_shift_between(shift, in->base, in->fresh, out);
	out->removed = out->cells >= STORED_SHIFT_CELLS;
	for (size_t i = 0; i < in->n && !code && out->removed; i++) {
		for (size_t k = 0; k < columns && in->family[i] == family; k++)
			cost[i * columns + k] -= isnan(shift[k]) ? 0 : shift[k];
	}
	free(shift);
	return code;
}

static void judge_family(const struct stored_input *in, int family, struct cell *cell, double *work,
	struct stored_finding *out)
{
	struct quantile last = {0};
	struct scale s;

	for (size_t i = 0; i < in->n; i++) {
		if (in->family[i] == family)
			cell[i] = cell_of(in, i);
	}
	s = scale_of(in, cell, family, work);
	for (size_t i = 0; i < in->n; i++) {
		if (in->family[i] == family)
			judge_cell(in, i, &cell[i], &s, &last, &out[i]);
	}
}

int stored_judge(
	const struct stored_input *in, struct stored_finding *out, struct stored_shift *shift)
{
	size_t values = in->n * (in->base + in->fresh);
	double *cost = malloc((values + 1) * sizeof(*cost));
	struct cell *cell = calloc(in->n + 1, sizeof(*cell));
	double *work = calloc(4 * in->n + 1, sizeof(*work));
	struct stored_input moved = *in;
	int code = cost && cell && work ? 0 : -ENOMEM;

	if (!code && values)
		memcpy(cost, in->cost, values * sizeof(*cost));
	moved.cost = cost;
	for (size_t f = 0; f < in->families && !code; f++) {
		shift[f] = (struct stored_shift){0};
		code = remove_shift(in, (int)f, cost, &shift[f]);
		if (!code)
			judge_family(&moved, (int)f, cell, work, out);
	}
	if (!code)
		code = decide(in, out);
	free(cost);
	free(cell);
	free(work);
	return code;
}
