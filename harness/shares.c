/* shares.c - who got how much, and who was passed over; see conduct.h. */
#include <math.h>

#include "harness/conduct.h"

/* Least and most of one side, of what each would have if all had the same. */
static void figure_side(struct trial *t, unsigned side)
{
	const struct trial_spec *spec = t->crew.spec;
	unsigned from = side ? spec->side_a : 0, n = side ? spec->side_b : spec->side_a;
	double sum = 0, min = INFINITY, max = 0;

	for (unsigned i = from; i < from + n; i++) {
		double share = (double)arena_slot(t->crew.arena, i)->counted;

		sum += share;
		min = fmin(min, share);
		max = fmax(max, share);
	}
	if (n < 2 || sum == 0)
		return;
	t->result->share_min[side] = min * n / sum;
	t->result->share_max[side] = max * n / sum;
}

static void figure_fairness(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	bool a = spec->side_a >= spec->side_b;
	unsigned from = a ? 0 : spec->side_a, n = a ? spec->side_a : spec->side_b;
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < n; i++) {
		double share = (double)arena_slot(t->crew.arena, from + i)->counted;

		sum += share;
		squares += share * share;
	}
	t->result->fairness = squares > 0 ? sum * sum / (n * squares) : 1;
}

/* Where a lock loses updates its counter may even go backwards. */
static void figure_overtakes(struct trial *t)
{
	struct trial_result *r = t->result;

	if (!workload_contends(t->crew.workload) || (t->crew.mech->flags & MECH_RACY))
		return;
	for (unsigned i = 0; i < t->crew.arena->workers && i < TRIAL_MAX_HISTS; i++) {
		const struct worker *w = &arena_slot(t->crew.arena, i)->w;

		r->overtakes += w->overtakes;
		if (w->overtakes_max > r->overtakes_max)
			r->overtakes_max = w->overtakes_max;
	}
}

void shares_measured(struct trial *t)
{
	figure_fairness(t);
	figure_side(t, 0);
	figure_side(t, 1);
	figure_overtakes(t);
}
