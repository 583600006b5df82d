/* watch.c - see watch.h. */
#include "harness/watch.h"

#include <string.h>

#include "harness/family/lock.h"
#include "harness/futex.h"

uint64_t watch_period(const struct trial_spec *spec)
{
	uint64_t room = TRIAL_MAX_INTERVALS / 2 * WATCH_PERIOD_NS;

	if (spec->stretch_ns < WATCH_LEAST_NS || spec->calibrate || spec->load.soak_ns)
		return 0;
	return WATCH_PERIOD_NS * (1 + (spec->stretch_ns - 1) / room);
}

/* ---- what there is to see ------------------------------------------------- */

static uint64_t booked(const struct crew *c, unsigned from, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = from; i < from + n; i++) {
		const struct ledger *g = arena_ledger(c->arena, i);

		for (uint32_t p = 0; p < g->producers; p++)
			sum += load_relaxed(&g->from[p].count);
	}
	return sum;
}

/* By those who receive, if there are any.  What is claimed beyond the end is claimed in vain. */
static uint64_t claimed(const struct crew *c)
{
	bool b = c->workload->links == LINKS_ONE && c->spec->side_b > 0;
	uint64_t claims = load_relaxed(&c->arena->gate.claim[b][0]);

	return claims < c->spec->n ? claims : c->spec->n;
}

/* Where a workload's operations can be seen while it runs. */
enum source {
	NOWHERE,
	IN_CLAIMS,  /* nothing is booked; in blocks */
	IN_LEDGERS, /* deliveries, of the whole trial */
	IN_COUNTER, /* what a lock guards, of the whole trial */
	ON_BOARD,   /* arrivals at a barrier */
};

static enum source source_of(const struct crew *c)
{
	const struct workload *wl = c->workload;

	if (workload_crowds(wl) && wl->family == FAMILY_CHANNEL)
		return NOWHERE;
	if (wl->side_a == LOOP_VAIN)
		return IN_CLAIMS;
	if (wl->family == FAMILY_BARRIER)
		return wl->side_a == LOOP_MEET ? ON_BOARD : NOWHERE;
	if (wl->family == FAMILY_RWLOCK || workload_works_at_b(wl))
		return NOWHERE;
	if (wl->family == FAMILY_LOCK)
		return IN_COUNTER;
	return crew_has_ledgers(c) ? IN_LEDGERS : IN_CLAIMS;
}

/* Each delivery is an operation, but where everybody gets everything. */
static uint64_t delivered(const struct crew *c)
{
	const struct trial_spec *spec = c->spec;

	if (c->workload->links == LINKS_PAIR || workload_alone(c->workload))
		return booked(c, 0, spec->side_a);
	if (workload_to_all(c->workload))
		return booked(c, spec->side_a, spec->side_b) / spec->side_b;
	return booked(c, spec->side_a, spec->side_b);
}

/* Operations so far, as the row counts them; claims and boards: of this order alone. */
static uint64_t operations(const struct crew *c)
{
	struct port p = {.link = (struct link *)(uintptr_t)&c->link[0]};

	switch (source_of(c)) {
	case IN_CLAIMS:
		return claimed(c);
	case IN_LEDGERS:
		return delivered(c);
	case IN_COUNTER:
		return load_relaxed(((const struct lock_ops *)c->mech->ops)->guarded(&p));
	case ON_BOARD:
		return load_relaxed(&c->arena->gate.board[0].ready) / c->spec->side_a;
	default:
		return 0;
	}
}

static uint64_t operations_before(const struct crew *c)
{
	enum source s = source_of(c);

	return s == IN_LEDGERS || s == IN_COUNTER ? operations(c) : 0;
}

static const uint32_t *look_at_bins(struct watch *w)
{
	uint32_t *sum = w->look[w->now];

	memset(sum, 0, sizeof(w->look[0]));
	for (unsigned i = 0; i < w->crew->spec->side_a && i < TRIAL_MAX_HISTS; i++)
		hist_add_bins(sum, arena_hist(w->crew->arena, i));
	w->now = !w->now;
	return sum;
}

/* ---- pieces ---------------------------------------------------------------- */

static uint64_t percentile(const struct hist *h, double p)
{
	return hist_percentile_ok(h, p) ? hist_value_at_percentile(h, p) : 0;
}

/* The samples since the last look. */
static void put_samples(struct watch *w, struct trial_interval *to)
{
	const uint32_t *now, *before;
	struct hist *lap = &w->lap;

	if (w->crew->workload->kind_a == KIND_NONE)
		return;
	before = w->look[!w->now];
	now = look_at_bins(w);
	hist_reset(lap);
	for (size_t i = 0; i < HIST_BINS; i++) {
		uint32_t n = now[i] - before[i];

		if (n == 0)
			continue;
		lap->bin[i] = n;
		lap->count += n;
		lap->min = lap->min == UINT64_MAX ? hist_value_low(i) : lap->min;
		lap->max = hist_value_high(i);
	}
	to->samples = lap->count;
	to->p50_ns = percentile(lap, 0.5);
	to->p99_ns = percentile(lap, 0.99);
}

static void put_piece(struct watch *w, uint64_t now_ticks, uint64_t ops)
{
	const struct clock *clock = &w->crew->spec->clock;
	struct trial_interval *to = &w->result->interval[w->result->intervals++];

	to->begin_ns = clock_ns(clock, w->last_ticks - w->begin_ticks);
	to->length_ns = clock_ns(clock, now_ticks - w->last_ticks);
	to->ops = ops - w->ops;
	put_samples(w, to);
	w->ops = ops;
	w->last_ticks = now_ticks;
}

/* The loops empty their histograms before they begin: the look before is of nothing. */
void watch_begin(struct watch *w, struct crew *c, struct trial_result *r)
{
	uint64_t period = watch_period(c->spec);

	if (period == 0 || source_of(c) == NOWHERE)
		return;
	memset(w, 0, sizeof(*w)); /* and touched: no fault is left for later */
	w->crew = c;
	w->result = r;
	r->intervals = 0;
	w->period_ns = period;
	w->due_ns = monotonic_ns() + period;
	w->begin_ticks = w->last_ticks = clock_read(&c->spec->clock);
	w->ops = operations_before(c);
}

uint64_t watch_due(const struct watch *w)
{
	return w->result ? w->due_ns : UINT64_MAX;
}

/* The last place is kept for the end. */
void watch_look(struct watch *w)
{
	uint64_t now = monotonic_ns(), ticks;

	if (!w->result || now < w->due_ns)
		return;
	if (load_acquire(&w->crew->arena->gate.started) < w->crew->arena->workers)
		return;
	if (w->result->intervals + 1 == TRIAL_MAX_INTERVALS) {
		w->due_ns = UINT64_MAX;
		return;
	}
	ticks = clock_read(&w->crew->spec->clock);
	put_piece(w, ticks, operations(w->crew));
	w->due_ns += w->period_ns * (1 + (now - w->due_ns) / w->period_ns);
}

void watch_over(struct watch *w)
{
	w->due_ns = UINT64_MAX;
	if (w->result)
		w->ops_at_end = operations(w->crew);
}

/* Pieces were counted from when the leader began to look: now from the first start. */
static void shift(struct watch *w, uint64_t ns)
{
	for (uint32_t i = 0; i < w->result->intervals; i++) {
		struct trial_interval *v = &w->result->interval[i];
		uint64_t cut = i ? 0 : ns < v->length_ns ? ns : v->length_ns;

		v->begin_ns = v->begin_ns > ns ? v->begin_ns - ns : 0;
		v->length_ns -= cut;
	}
}

void watch_end(struct watch *w, uint64_t begin_ticks, uint64_t end_ticks)
{
	if (!w->result)
		return;
	if ((int64_t)(end_ticks - w->last_ticks) > 0)
		put_piece(w, end_ticks, w->ops_at_end);
	else if (w->result->intervals) /* done while the leader looked */
		w->result->interval[w->result->intervals - 1].ops += w->ops_at_end - w->ops;
	if ((int64_t)(begin_ticks - w->begin_ticks) > 0)
		shift(w, clock_ns(&w->crew->spec->clock, begin_ticks - w->begin_ticks));
}
