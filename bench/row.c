/* row.c - see row.h. */
#include "bench/row.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/cell_memory.h"
#include "harness/futex.h"

/* ---- steal --------------------------------------------------------------- */

static bool read_steal(struct steal_reading *r)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "re");
	int n = f ? fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
			    &v[3], &v[4], &v[5], &v[6], &v[7])
		  : 0;

	if (f)
		fclose(f);
	r->at_ns = monotonic_ns();
	r->steal = v[7];
	r->total = v[0] + v[1] + v[2] + v[3] + v[4] + v[5] + v[6] + v[7];
	return n == 8;
}

/* The youngest reading that is old enough, else the oldest there is. */
static const struct steal_reading *window_start(const struct steal_window *w, uint64_t now)
{
	const struct steal_reading *best = NULL;

	for (unsigned i = 0; i < w->used; i++) {
		const struct steal_reading *r =
			&w->reading[(w->next + STEAL_READINGS - 1 - i) % STEAL_READINGS];

		best = r;
		if (now - r->at_ns >= STEAL_WINDOW_NS)
			break;
	}
	return best;
}

double steal_percent(struct steal_window *w)
{
	struct steal_reading now;
	const struct steal_reading *from;
	double pct = NAN;

	if (!read_steal(&now))
		return NAN;
	from = window_start(w, now.at_ns);
	if (from && now.total > from->total && now.at_ns - from->at_ns >= STEAL_WINDOW_NS)
		pct = 100.0 * (double)(now.steal - from->steal) / (double)(now.total - from->total);
	w->reading[w->next] = now;
	w->next = (w->next + 1) % STEAL_READINGS;
	w->used = w->used < STEAL_READINGS ? w->used + 1 : STEAL_READINGS;
	return pct;
}

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
	if (c->domain != DOMAIN_THREAD)
		snprintf(s->start, sizeof(s->start), "%s", start_name(c->start));
	s->producers = c->side_a;
	s->consumers = c->side_b;
	s->procs = c->domain == DOMAIN_THREAD ? 1 : c->side_a + c->side_b;
	if (c->msg_bytes) {
		s->msg_bytes = c->msg_bytes;
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

static double percentile(const struct hist *h, double p)
{
	return hist_percentile_ok(h, p) ? (double)hist_value_at_percentile(h, p) : NAN;
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
	s->lat_p50_ns = percentile(h, 0.5);
	s->lat_p90_ns = percentile(h, 0.9);
	s->lat_p99_ns = percentile(h, 0.99);
	s->lat_p999_ns = percentile(h, 0.999);
	s->lat_p9999_ns = percentile(h, 0.9999);
}

static double known(uint64_t v)
{
	return v == UNKNOWN_COUNT ? NAN : (double)v;
}

/* Where operations are spaced, the CPU time is that of the spaces. */
static void put_costs(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	double ops = r->cpu_ops ? (double)r->cpu_ops : NAN;

	if (!workload_paced(c->workload)) {
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
}

static void put_figures(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	s->ops = (double)r->ops;
	s->elapsed_ns = (double)r->elapsed_ns;
	if (!workload_paced(c->workload))
		s->ops_per_s = (double)r->ops * 1e9 / (double)r->elapsed_ns;
	if (c->msg_bytes)
		s->bytes_per_s = s->ops_per_s * c->msg_bytes;
	s->start_skew_ns = (double)r->start_skew_ns;
	s->overlap_pct = r->overlap_permille / 10.0;
	s->fairness = r->fairness;
	put_latency(s, r);
	put_costs(s, c, r);
}

/* ---- quality ------------------------------------------------------------- */

static void add_reason(struct sample *s, const char *why)
{
	size_t used = strlen(s->quality_reason);

	snprintf(s->quality_reason + used, sizeof(s->quality_reason) - used, "%s%s",
		used ? " " : "", why);
}

static void judge_quality(struct sample *s, const struct row_common *common, const struct cell *c,
	const struct trial_result *r)
{
	bool room = c->pu[0] == PLACE_PU_NONE ? cell_workers(c) <= common->cpus
					      : c->workers_per_pu <= 1;

	if (s->steal_pct > NOISY_STEAL_PERCENT)
		add_reason(s, "steal");
	if (room && cell_workers(c) > 1 && r->overlap_permille < NOISY_OVERLAP_PERMILLE)
		add_reason(s, "overlap");
	if (r->migrated)
		add_reason(s, "migrated");
	if (r->elapsed_ns < c->stretch_ns / 2 || r->elapsed_ns > 2 * c->stretch_ns)
		add_reason(s, "stretch");
	snprintf(s->quality, sizeof(s->quality), "%s", s->quality_reason[0] ? "noisy" : "clean");
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
}

void row_fill(struct sample *s, const struct row_common *common, const struct cell *c,
	const struct trial_result *r, const struct row_place *at)
{
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
	if (cell_has_memory(c->mech))
		snprintf(s->pages, sizeof(s->pages), "%s", r->pages);
	put_figures(s, c, r);
	s->steal_pct = at->steal_pct;
	snprintf(s->clock, sizeof(s->clock), "%s",
		clock_source_name((enum clock_source)common->clock->source));
	s->clock_cost_ns = (double)common->clock->cost_ns_x100 / 100.0;
	judge_quality(s, common, c, r);
}
