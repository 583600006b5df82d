/* verdict_open.c - the figures of operations that have two times; see conduct.h. */
#include "harness/conduct.h"

/* Receivers alone book times: those from when it was due, those from the send. */
static void figure_open_hists(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;

	for (unsigned i = spec->side_a; i < t->crew.arena->workers && i < TRIAL_MAX_HISTS; i++) {
		hist_merge(&t->result->hist[0], arena_hist(t->crew.arena, i));
		hist_merge(&t->result->hist[1], arena_service_hist(t->crew.arena, i));
	}
}

/* From the first sender's start; Poisson gaps: what was offered, not what was asked for. */
static void figure_schedule(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	uint64_t start = UINT64_MAX, due = 0, end = 0;
	struct trial_result *r = t->result;

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct worker_slot *s = arena_slot(t->crew.arena, i);
		const struct schedule *plan = &s->w.schedule;

		if (i >= spec->side_a) {
			end = s->report.end_ticks > end ? s->report.end_ticks : end;
			r->oneway_negative += s->w.negative;
		} else if (plan->last_ticks) {
			start = plan->start_ticks < start ? plan->start_ticks : start;
			due = plan->last_ticks > due ? plan->last_ticks : due;
			r->late_sends += plan->late;
		}
	}
	if (due) {
		r->offered_ns = clock_ns(&spec->clock, due - start);
		r->served_ns = clock_ns(&spec->clock, end - start);
	}
}

void verdict_open_loop(struct trial *t)
{
	figure_open_hists(t);
	figure_schedule(t);
}

/* Of each child until it was joined; how long until it ran is booked as any other time. */
void verdict_children(struct trial *t)
{
	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		if (i < TRIAL_MAX_HISTS)
			hist_merge(&t->result->hist[1], arena_service_hist(t->crew.arena, i));
		t->result->oneway_negative += arena_slot(t->crew.arena, i)->w.negative;
	}
}
