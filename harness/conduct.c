/* conduct.c - orders and deadlines; see conduct.h. */
#include "harness/conduct.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/futex.h"
#include "harness/link.h"

enum {
	SLICE_NS = 50 * 1000 * 1000,
	STILL_NS = 1000 * 1000 * 1000, /* who wakes up this much too late stood still */
	LEAVE_NS = 2000 * 1000 * 1000,
	SEAL_NS = 200 * 1000 * 1000,
	REFUSED_BEATS = 10,
	START_MARGIN_NS = 200 * 1000,
	START_MARGIN_PER_WORKER_NS = 50 * 1000,
	FEW_OPERATIONS = 4096,
	DEAR_OP_NS = 5000,
	CLAIM_BLOCK = 64,
	SOAK_ROUNDS = 8, /* at least so many, once they have grown */
	LONG_ENOUGH = 4, /* a quarter of the target is extrapolated from */
	LEAST_TRIES = 3,
	MOST_TRIES = 8,    /* of a stretch that is longer than expected ... */
	TRIES_TARGETS = 4, /* ... within so many targets */
};

static bool shared(const struct trial *t)
{
	return domain_has_processes(t->crew.spec->domain);
}

/* Messages booked by all receivers so far; read while they run, for stalls only. */
static uint64_t progress(const struct trial *t)
{
	uint64_t sum = 0;

	if (t->crew.workload->family == FAMILY_BARRIER)
		return load_relaxed(&t->crew.arena->gate.board[0].ready);
	for (unsigned i = 0; i < t->crew.arena->workers && crew_has_tallies(&t->crew); i++) {
		const struct ledger_tally *y = &arena_ledger(t->crew.arena, i)->tally;

		sum += load_relaxed(&y->given) + load_relaxed(&y->taken);
	}
	if (crew_has_tallies(&t->crew))
		return sum;
	if (!crew_has_ledgers(&t->crew))
		return monotonic_ns(); /* cannot be told: never stalls */
	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct ledger *g = arena_ledger(t->crew.arena, i);

		for (uint32_t p = 0; p < g->producers; p++)
			sum += load_relaxed(&g->from[p].count);
	}
	return sum;
}

static bool somebody_refused(const struct trial *t)
{
	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		if (arena_slot(t->crew.arena, i)->failed)
			return true;
	}
	return false;
}

static uint64_t soonest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Who could not attach never will: others may wait for it inside the kernel, for ever. */
static bool attach_refused(const struct trial *t)
{
	return load_relaxed(&t->crew.arena->gate.orders) == 0 && somebody_refused(t);
}

/* While workers attach or leave, only the deadline counts. */
static bool handing_over(const struct gate *g)
{
	return load_relaxed(&g->orders) > 0 &&
	       (g->order == DO_WARM || g->order == DO_MEASURE || g->order == DO_COUNT);
}

/* A machine, or a leader, that was to wake up at `due` and stood still has had nothing of that time. */
static uint64_t lost(uint64_t due, uint64_t now)
{
	return now > due + STILL_NS ? now - due : 0;
}

enum outcome conduct_await(struct trial *t)
{
	struct gate *g = &t->crew.arena->gate;
	uint64_t moved = progress(t), beats = 0, refused = 0, due = monotonic_ns();
	uint32_t seen = load_acquire(&g->arrived);

	for (;;) {
		uint32_t v = load_acquire(&g->arrived);
		uint64_t now = monotonic_ns(), p = progress(t);

		t->deadline_ns += lost(due, now);
		watch_look(&t->watch);
		if (v == t->crew.arena->workers)
			return somebody_refused(t) ? OUTCOME_REFUSED : OUTCOME_FINE;
		crew_reap(&t->roster);
		if (v >= GATE_DEATH || t->roster.ended > 0)
			return OUTCOME_DIED;
		if (now >= t->deadline_ns)
			return OUTCOME_LATE;
		refused = attach_refused(t) ? refused + 1 : 0;
		if (refused > REFUSED_BEATS)
			return OUTCOME_REFUSED;
		/* Beats, not time: a machine that stood still is not a stall. */
		beats = p == moved && v == seen && handing_over(g) ? beats + 1 : 0;
		seen = v;
		moved = p;
		if (beats * SLICE_NS > t->crew.spec->stall_ns)
			return OUTCOME_STALLED;
		due = soonest(now + SLICE_NS, t->deadline_ns);
		futex_wait(&g->arrived, v, due, shared(t));
	}
}

static void clear_board(struct board *b)
{
	store_relaxed(&b->ready, 0);
	store_relaxed(&b->woken, 0);
	store_relaxed(&b->round, 0);
}

/* Publish an order; with a start time for those that are timed. */
static void give_order(struct trial *t, enum order_kind order, uint64_t n, uint64_t block)
{
	struct gate *g = &t->crew.arena->gate;
	uint64_t margin = START_MARGIN_NS + START_MARGIN_PER_WORKER_NS * t->crew.arena->workers;

	g->order = order;
	g->n = n;
	g->block = block;
	g->start_ticks = 0;
	store_relaxed(&g->claim[0][0], 0);
	store_relaxed(&g->claim[1][0], 0);
	store_relaxed(&g->arrived, 0);
	store_relaxed(&g->started, 0);
	store_relaxed(&g->finished, 0);
	for (unsigned i = 0; i < ARENA_MAX_LINKS; i++)
		clear_board(&g->board[i]);
	if (order == DO_MEASURE || order == DO_COUNT) {
		g->start_monotonic_ns = monotonic_ns() + margin;
		g->start_ticks = clock_read(&t->crew.spec->clock) +
				 clock_ticks(&t->crew.spec->clock, margin);
	}
	add_acq_rel(&g->orders, 1u);
	futex_wake(&g->orders, UINT32_MAX, shared(t));
}

enum outcome conduct_order(struct trial *t, enum order_kind order, uint64_t n, uint64_t block)
{
	give_order(t, order, n, block);
	return conduct_await(t);
}

static void nap(uint64_t ns)
{
	struct timespec ts = link_timespec(ns);

	nanosleep(&ts, NULL);
}

static enum outcome await_started(struct trial *t)
{
	struct gate *g = &t->crew.arena->gate;
	uint64_t due = monotonic_ns(), now;

	while (load_acquire(&g->started) < t->crew.arena->workers) {
		crew_reap(&t->roster);
		if (t->roster.ended > 0 || load_acquire(&g->arrived) >= GATE_DEATH)
			return OUTCOME_DIED;
		now = monotonic_ns();
		t->deadline_ns += lost(due, now);
		if (now >= t->deadline_ns)
			return OUTCOME_LATE;
		due = now + 100000;
		nap(100000);
	}
	return OUTCOME_FINE;
}

/* Sleep to an absolute time unless somebody dies first; looking now and then. */
static void sleep_through(struct trial *t, uint64_t until_ns)
{
	struct gate *g = &t->crew.arena->gate;

	while (monotonic_ns() < until_ns && load_acquire(&g->arrived) == 0) {
		uint64_t due = soonest(until_ns, watch_due(&t->watch));

		futex_wait(&g->arrived, 0, due, shared(t));
		t->deadline_ns += lost(due, monotonic_ns());
		watch_look(&t->watch);
	}
}

static enum outcome flagged_once(struct trial *t, enum order_kind order, uint64_t stretch)
{
	const struct trial_spec *spec = t->crew.spec;
	struct gate *g = &t->crew.arena->gate;
	enum outcome o;
	uint64_t begin;

	store_relaxed(&g->stretch, STRETCH_WARM);
	give_order(t, order, UINT64_MAX, 1);
	o = await_started(t);
	if (o == OUTCOME_FINE) {
		sleep_through(t, monotonic_ns() + spec->warm_ns);
		if (order == DO_MEASURE)
			watch_begin(&t->watch, &t->crew, t->result);
		store_relaxed(&g->stretch, STRETCH_COUNTED);
		begin = clock_read(&spec->clock);
		sleep_through(t, monotonic_ns() + stretch);
		store_relaxed(&g->stretch, STRETCH_OVER);
		t->counted_ticks = clock_read(&spec->clock) - begin;
		if (order == DO_MEASURE)
			watch_over(&t->watch);
		o = conduct_await(t);
	}
	store_relaxed(&g->stretch, STRETCH_OVER);
	return o;
}

static uint64_t counted_operations(const struct trial *t)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < t->crew.arena->workers; i++)
		sum += arena_slot(t->crew.arena, i)->counted;
	return sum;
}

/* A machine that stood still through the whole stretch has measured nothing: once more. */
enum outcome conduct_flagged(struct trial *t, enum order_kind order, uint64_t stretch)
{
	enum outcome o;

	do
		o = flagged_once(t, order, stretch);
	while (o == OUTCOME_FINE && counted_operations(t) == 0 && monotonic_ns() < t->deadline_ns);
	return o;
}

/* One stretch of the spec's n operations: what the trial is for. */
enum outcome conduct_counted(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	enum outcome o;

	watch_begin(&t->watch, &t->crew, t->result);
	o = conduct_order(t, DO_MEASURE, spec->n, spec->block);
	watch_over(&t->watch);
	return o;
}

/* First start to last end of what has just been run. */
static uint64_t stretch_ns(const struct trial *t)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct worker_report *r = &arena_slot(t->crew.arena, i)->report;

		first = r->start_ticks < first ? r->start_ticks : first;
		last = r->end_ticks > last ? r->end_ticks : last;
	}
	return last > first ? clock_ns(&t->crew.spec->clock, last - first) : 1;
}

static uint64_t claim_block(uint64_t n, uint64_t ns)
{
	return n >= FEW_OPERATIONS || ns / n < DEAR_OP_NS ? CLAIM_BLOCK : 1;
}

/* One stretch of n operations; *ns is how long it took. */
static enum outcome try_n(struct trial *t, uint64_t n, uint64_t *ns)
{
	enum outcome o = conduct_order(t, DO_MEASURE, n, n >= FEW_OPERATIONS ? CLAIM_BLOCK : 1);

	*ns = stretch_ns(t);
	return o;
}

/*
 * A stretch of n operations that looks long enough, tried again; *ns becomes the shortest time.
 * Whoever holds the processor for a while makes a short stretch look long, also twice in a row: two
 * tries are enough only where the time is what shorter ones have promised.
 */
static enum outcome try_again(struct trial *t, uint64_t n, bool promised, uint64_t *ns)
{
	const uint64_t target = t->crew.spec->stretch_ns;
	unsigned most = promised ? 2 : MOST_TRIES;
	uint64_t spent = *ns;
	enum outcome o = OUTCOME_FINE;

	for (unsigned i = 1; i < most && o == OUTCOME_FINE && *ns >= target / LONG_ENOUGH; i++) {
		uint64_t again;

		if (i >= LEAST_TRIES && spent > TRIES_TARGETS * target)
			break;
		o = try_n(t, n, &again);
		spent += again;
		*ns = soonest(*ns, again);
	}
	return o;
}

/* Grow n two- to sixteenfold until a stretch is surely long enough to extrapolate from. */
enum outcome conduct_calibrate(struct trial *t)
{
	const uint64_t target = t->crew.spec->stretch_ns;
	uint64_t n = 2, ns, factor, promise = 0;

	for (;;) {
		enum outcome o = try_n(t, n, &ns);

		if (o == OUTCOME_FINE && ns >= target / LONG_ENOUGH)
			o = try_again(t, n, ns <= promise, &ns);
		if (o != OUTCOME_FINE)
			return o;
		if (ns >= target / LONG_ENOUGH || n >= UINT64_MAX / 64)
			break;
		factor = target / LONG_ENOUGH / ns;
		factor = factor < 2 ? 2 : factor > 16 ? 16 : factor;
		promise = ns * factor * 2;
		n *= factor;
	}
	t->result->n = (uint64_t)((clock_u128)n * target / ns);
	t->result->n = t->result->n < 2 ? 2 : t->result->n;
	t->result->block = claim_block(n, ns);
	return OUTCOME_FINE;
}

enum outcome conduct_soak(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	const struct trial_load *load = &spec->load;
	uint64_t most = load->most_n ? load->most_n : UINT64_MAX / 2;
	uint64_t begin = monotonic_ns(), now = begin, round, n = spec->n, done = 0;

	while (now - begin < load->soak_ns && done + n + spec->n <= most) {
		enum outcome o = conduct_order(t, DO_WARM, n, spec->block);

		if (o != OUTCOME_FINE)
			return o;
		done += n;
		round = monotonic_ns() - now;
		now += round;
		if (round < load->soak_ns / SOAK_ROUNDS)
			n = soonest(2 * n, most > done + spec->n ? most - done - spec->n : 1);
	}
	return OUTCOME_FINE;
}

enum outcome conduct_leave(struct trial *t)
{
	uint64_t until = soonest(t->deadline_ns, monotonic_ns() + LEAVE_NS);

	give_order(t, DO_LEAVE, 0, 1);
	for (;;) {
		uint64_t due = monotonic_ns() + SLICE_NS;

		if (crew_join(&t->roster, due) == 0)
			break;
		until += lost(due, monotonic_ns());
		if (load_acquire(&t->crew.arena->gate.arrived) >= GATE_DEATH)
			return OUTCOME_DIED;
		if (monotonic_ns() >= until)
			return OUTCOME_LATE;
	}
	return t->roster.died ? OUTCOME_DIED : OUTCOME_FINE;
}

/* Survivors may still notice the end of their peer by themselves. */
void conduct_seal(struct trial *t)
{
	struct gate *g = &t->crew.arena->gate;
	uint64_t until = monotonic_ns() + SEAL_NS;

	store_relaxed(&g->stretch, STRETCH_OVER);
	while (monotonic_ns() < until) {
		uint32_t v = load_acquire(&g->arrived);

		crew_reap(&t->roster);
		if ((v % GATE_DEATH) + (v / GATE_DEATH) + t->roster.ended >= t->crew.arena->workers)
			break;
		nap(1000000);
	}
	crew_kill(&t->roster);
}
