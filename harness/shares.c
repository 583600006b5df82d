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

/* What the workers themselves have counted. */
static void add_overtakes(struct trial *t)
{
	struct trial_result *r = t->result;

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct worker *w = &arena_slot(t->crew.arena, i)->w;

		r->overtakes += w->overtakes;
		r->overtakes_n += w->overtakes_n;
		if (w->overtakes_max > r->overtakes_max)
			r->overtakes_max = w->overtakes_max;
	}
}

/* Who came first and left last.  Of clocks that cannot be compared nothing follows. */
static void reckon_overtakes(struct trial *t)
{
	const struct arena *a = t->crew.arena;
	const struct rounds *first = arena_rounds(a, 0);
	const struct clock *clock = &t->crew.spec->clock;
	struct trial_result *r = t->result;
	uint64_t kept = rounds_kept(first, arena_slot(a, 0)->counted);

	if (clock->offset_bound_ns == UINT64_MAX || a->workers < 2)
		return;
	rounds_overtaken(first, a->workers, kept, clock_ticks(clock, clock->offset_bound_ns),
		&r->overtakes, &r->overtakes_max);
	r->overtakes_n = kept * a->workers;
}

/* Where a lock loses updates its counter may even go backwards. */
static void figure_overtakes(struct trial *t)
{
	if (t->crew.mech->flags & MECH_RACY)
		return;
	if (arena_rounds(t->crew.arena, 0))
		reckon_overtakes(t);
	else
		add_overtakes(t);
}

void shares_measured(struct trial *t)
{
	figure_fairness(t);
	figure_side(t, 0);
	figure_side(t, 1);
	figure_overtakes(t);
}
