/* cost.c - what a trial costs beside time, as the processor counts it; see conduct.h. */
#include "harness/conduct.h"

static bool is_counted(const struct trial *t)
{
	return t->crew.spec->counters.scope != COUNTERS_NONE &&
	       t->crew.arena->workers <= COUNTERS_MAX_WORKERS &&
	       !workload_spaced(t->crew.workload) && !workload_begins_tasks(t->crew.workload);
}

/* What one worker does not know is not known of all. */
static void sum_counters(struct trial *t)
{
	for (int c = 0; c < COUNTER_COUNT; c++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < t->crew.arena->workers && sum != UNKNOWN_COUNT; i++) {
			uint64_t one = arena_slot(t->crew.arena, i)->counter[c];

			sum = one == UNKNOWN_COUNT ? UNKNOWN_COUNT : sum + one;
		}
		t->result->counter[c] = sum;
	}
}

enum outcome cost_count(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	uint64_t n = spec->n < TRIAL_COUNT_SHARE ? spec->n : spec->n / TRIAL_COUNT_SHARE, ops;
	enum outcome o;

	if (!is_counted(t))
		return OUTCOME_FINE;
	if (t->crew.workload->ending == ENDING_FLAG)
		o = conduct_flagged(t, DO_COUNT, spec->stretch_ns / TRIAL_COUNT_SHARE);
	else
		o = conduct_order(t, DO_COUNT, n, spec->block);
	if (o == OUTCOME_FINE) {
		verdict_operations(t, &ops, &t->result->counter_ops);
		sum_counters(t);
	}
	return o;
}

/* ---- energy -------------------------------------------------------------- */

void cost_energy_begin(struct trial *t)
{
	char why[TRIAL_REASON]; /* the runner has said it already */

	if (!t->crew.spec->energy_root[0] || workload_spaced(t->crew.workload) ||
		energy_open(&t->energy, t->crew.spec->energy_root, why, sizeof(why)) != 0)
		return;
	energy_read(&t->energy, &t->energy_before);
}

void cost_energy_end(struct trial *t)
{
	struct energy_reading after;
	uint64_t uj;

	if (t->energy.n == 0)
		return;
	energy_read(&t->energy, &after);
	uj = energy_between(&t->energy, &t->energy_before, &after);
	t->result->energy_uj = uj == ENERGY_UNKNOWN ? 0 : uj;
	energy_close(&t->energy);
}
