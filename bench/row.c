/* row.c - see row.h. */
#include "bench/row.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/cell_memory.h"
#include "bench/cell_tasks.h"
#include "bench/openloop.h"

/* ---- parts of a row ------------------------------------------------------ */

static void put_identity(struct sample *s, const struct row_common *common, const struct cell *c,
	const struct row_place *at)
{
	time_t now = time(NULL);
	struct tm tm;

	s->schema_version = SAMPLES_SCHEMA;
	snprintf(s->run_id, sizeof(s->run_id), "%s", common->run_id);
	snprintf(s->host, sizeof(s->host), "%s", common->host);
	gmtime_r(&now, &tm);
	strftime(s->timestamp_utc, sizeof(s->timestamp_utc), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(s->cell, sizeof(s->cell), "%s", c->key);
	snprintf(s->family, sizeof(s->family), "%s", family_name(c->mech->family));
	snprintf(s->mechanism, sizeof(s->mechanism), "%s", c->mech->name);
	snprintf(s->impl, sizeof(s->impl), "c");
	snprintf(s->workload, sizeof(s->workload), "%s", c->workload->name);
	snprintf(s->loop, sizeof(s->loop), "plain");
	s->block = (double)at->block;
	s->order = (double)at->order;
	s->rep = (double)at->rep;
	s->attempt = (double)at->attempt;
}

static void put_axes(struct sample *s, const struct cell *c)
{
	snprintf(s->domain, sizeof(s->domain), "%s", domain_name(c->domain));
	if (domain_has_processes(c->domain))
		snprintf(s->start, sizeof(s->start), "%s", start_name(c->start));
	s->producers = c->side_a;
	s->consumers = c->side_b;
	if (cell_crowd(c)) {
		s->producers = workload_one_role(c->workload) ? cell_crowd(c) : cell_crowd(c) / 2;
		s->consumers = cell_crowd(c) - s->producers;
	}
	s->procs = cell_procs(c);
	if (c->msg_bytes) {
		s->msg_bytes = c->msg_bytes;
		if (!family_one_role(c->mech->family))
			cell_capacity(c, s->capacity, sizeof(s->capacity));
	}
	snprintf(s->wait, sizeof(s->wait), "%s", wait_name(c->wait));
	snprintf(s->placement, sizeof(s->placement), "%s", c->placement);
	if (c->place_class[0] && strcmp(c->place_class, c->placement) != 0)
		snprintf(s->params, sizeof(s->params), "class=%s", c->place_class);
	s->workers_per_pu = c->workers_per_pu;
	if (c->extra.rate_per_s)
		s->rate_per_s = (double)c->extra.rate_per_s;
	cell_further(c, s->axes, sizeof(s->axes));
}

static void put_cpus(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	size_t used = 0;

	for (uint32_t i = 0; i < cell_workers(c) && used + 12 < sizeof(s->cpus); i++) {
		uint32_t cpu = c->pu[i] == PLACE_PU_NONE ? r->cpu[i] : c->pu[i];

		used += (size_t)snprintf(
			s->cpus + used, sizeof(s->cpus) - used, "%s%u", i ? " " : "", cpu);
	}
}

static void put_latency(struct sample *s, const struct trial_result *r)
{
	const struct hist *h = &r->hist[0];

	if (r->hist_kind[0] == KIND_NONE)
		return;
	snprintf(s->kind, sizeof(s->kind), "%s", kind_name((enum kind)r->hist_kind[0]));
	s->lat_count = (double)h->count;
	if (h->count == 0)
		return;
	s->lat_min_ns = (double)h->min;
	s->lat_max_ns = (double)h->max;
	s->lat_mean_ns = hist_mean(h);
}

static double known(uint64_t v)
{
	return v == UNKNOWN_COUNT ? NAN : (double)v;
}

/* Counted in a stretch of their own; energy in the timed one. */
static void put_gauges(struct sample *s, const struct trial_result *r)
{
	double ops = r->counter_ops ? (double)r->counter_ops : NAN;

	s->cycles_per_op = known(r->counter[COUNTER_CYCLES]) / ops;
	s->instructions_per_op = known(r->counter[COUNTER_INSTRUCTIONS]) / ops;
	s->cache_misses_per_op = known(r->counter[COUNTER_CACHE_MISSES]) / ops;
	if (r->energy_uj && r->cpu_ops)
		s->energy_uj_per_op = (double)r->energy_uj / (double)r->cpu_ops;
}

/* Where operations are spaced, the CPU time of who spaces them is that of the spaces. */
static void put_costs(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	double ops = r->cpu_ops ? (double)r->cpu_ops : NAN;

	if (workload_costs_known(c->workload, c->domain)) {
		s->cpu_ns_per_op = (double)r->cpu_ns / ops;
		s->cpu_user_ns_per_op = (double)r->cpu_user_ns / ops;
		s->cpu_sys_ns_per_op = (double)r->cpu_sys_ns / ops;
	}
	s->ctx_voluntary_per_op = (double)r->ctx_voluntary / ops;
	s->ctx_involuntary_per_op = (double)r->ctx_involuntary / ops;
	s->full_waits_per_op = known(r->full_waits) / ops;
	s->empty_waits_per_op = known(r->empty_waits) / ops;
	s->runq_wait_ns = known(r->runq_wait_ns);
	s->minor_faults = (double)r->minor_faults;
	s->migrations = known(r->migrations);
	s->vain_wakeups_per_acquisition = known(r->vain_wakeups) / known(r->acquisitions);
}

static void put_figures(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	s->ops = (double)r->ops;
	s->elapsed_ns = (double)r->elapsed_ns;
	if (c->workload->ending != ENDING_FLAG && !workload_scheduled(c->workload))
		s->planned_ns = (double)c->stretch_ns;
	if (!workload_spaced(c->workload))
		s->ops_per_s = (double)r->ops * 1e9 / (double)r->elapsed_ns;
	if (c->msg_bytes)
		s->bytes_per_s = s->ops_per_s * c->msg_bytes;
	s->start_skew_ns = (double)r->start_skew_ns;
	s->overlap_pct = r->overlap_permille / 10.0;
	s->fairness = r->fairness;
	put_latency(s, r);
	put_costs(s, c, r);
	put_gauges(s, r);
}

/* ---- quality ------------------------------------------------------------- */

static bool has_room(const struct row_common *common, const struct cell *c)
{
	if (c->domain == DOMAIN_COROUTINE) /* for their one thread */
		return true;
	if (cell_has_tasks(c))
		return false;
	return c->pu[0] == PLACE_PU_NONE ? cell_workers(c) <= common->cpus : c->workers_per_pu <= 1;
}

static void take_facts(struct quality_facts *f, const struct row_common *common,
	const struct cell *c, const struct trial_result *r, const struct row_place *at)
{
	const struct trial_noise *n = &r->noise;

	*f = (struct quality_facts){
		.room = has_room(common, c),
		.pinned = c->pu[0] != PLACE_PU_NONE,
		.apart = (c->mech->flags & MECH_NO_EVIDENCE) != 0,
		.helped = (c->mech->flags & MECH_HELPED) || c->mech->broker,
		.device = (c->mech->flags & MECH_DEVICE) != 0,
		.spins = (c->wait == WAIT_SPIN || c->wait == WAIT_YIELD) &&
			 !workload_paced(c->workload),
		.yields = c->wait == WAIT_YIELD,
		.kept_awake = c->extra.keep_awake,
		.workers = c->domain == DOMAIN_COROUTINE ? 1 : cell_workers(c),
		.elapsed_ns = (double)r->elapsed_ns,
		.overlap_permille = r->overlap_permille,
		.migrated = r->migrated,
		.stopped = n->stopped,
		.involuntary = known(n->involuntary),
		.voluntary = known(n->voluntary),
		.runq_wait_ns = known(n->runq_wait_ns),
		.away_ns = known(n->away_ns),
		.gap_before_ns = known(n->gap_before_ns),
		.gap_after_ns = known(n->gap_after_ns),
		.machine = at->noise,
	};
}

static void put_quality(struct sample *s, const struct quality_facts *f)
{
	unsigned why = quality_judge(f);

	s->steal_pct = f->machine.steal_pct;
	s->steal_used_pct = f->machine.steal_used_pct;
	s->throttled_us = f->machine.throttled_us;
	s->frozen_us = f->machine.frozen_us;
	s->thermal_events = f->machine.thermal;
	s->irq_per_s = f->machine.irq_per_s;
	s->sibling_busy_pct = f->machine.sibling_busy_pct;
	s->gap_before_ns = f->gap_before_ns;
	s->gap_after_ns = f->gap_after_ns;
	s->involuntary_per_s = quality_involuntary_per_s(f);
	s->queue_pct = quality_queue_pct(f);
	s->away_pct = quality_away_pct(f);
	s->stopped = f->stopped;
	quality_say(why, s->quality_reason, sizeof(s->quality_reason));
	snprintf(s->quality, sizeof(s->quality), "%s", why ? "noisy" : "clean");
}

/* Counted faults are a verdict, not a figure: they stand in failed rows too. */
static void put_evidence(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	bool counted = r->status == TRIAL_OK ||
		       (r->status == TRIAL_FAIL &&
			       (r->lost | r->duplicated | r->reordered | r->corrupt));

	if (!counted || (c->mech->flags & MECH_NO_EVIDENCE))
		return;
	s->lost = (double)r->lost;
	s->duplicated = (double)r->duplicated;
	if (!mech_overtakes(c->mech))
		s->reordered = (double)r->reordered;
	s->corrupt = (double)r->corrupt;
	if (c->mech->callbacks) {
		s->unread = (double)r->unread;
		s->callbacks_failed = (double)r->callbacks_failed;
	}
}

void row_fill(struct sample *s, const struct row_common *common, const struct cell *c,
	const struct trial_result *r, const struct row_place *at)
{
	struct quality_facts facts;

	sample_init(s);
	put_identity(s, common, c, at);
	put_axes(s, c);
	snprintf(s->status, sizeof(s->status), "%s",
		trial_status_name((enum trial_status)r->status));
	snprintf(s->reason, sizeof(s->reason), "%s", r->reason);
	put_evidence(s, c, r);
	if (r->status != TRIAL_OK)
		return;
	put_cpus(s, c, r);
	if (cell_has_memory(c->mech) && !cell_crowd(c))
		snprintf(s->pages, sizeof(s->pages), "%s", r->pages);
	snprintf(s->stored, sizeof(s->stored), "%s", r->stored);
	put_figures(s, c, r);
	row_put_tails(s, c, r);
	if (workload_scheduled(c->workload)) /* it may have to leave percentiles out */
		openloop_row(s, c, r);
	row_put_tasks(s, c, r);
	snprintf(s->clock, sizeof(s->clock), "%s",
		clock_source_name((enum clock_source)common->clock->source));
	s->clock_cost_ns = (double)common->clock->cost_ns_x100 / 100.0;
	take_facts(&facts, common, c, r, at);
	put_quality(s, &facts);
}

/* ---- marks that are not the machine's --------------------------------------- */

void row_mark(struct sample *s, const char *reason)
{
	size_t used = strlen(s->quality_reason);

	snprintf(s->quality_reason + used, sizeof(s->quality_reason) - used, "%s%s",
		used ? " " : "", reason);
	snprintf(s->quality, sizeof(s->quality), "noisy");
}

bool row_mark_short(struct sample *s, const struct cell *c)
{
	bool counted = c->workload->ending != ENDING_FLAG && !workload_scheduled(c->workload);

	if (!counted || !sample_usable(s, false) ||
		s->elapsed_ns * ROW_SHORT_SHARE >= (double)c->stretch_ns)
		return false;
	row_mark(s, "short");
	return true;
}
