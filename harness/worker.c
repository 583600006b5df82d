/* worker.c - the body of a worker; see crew.h. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/coroutine.h"
#include "harness/family/channel.h"
#include "harness/family/event.h"
#include "harness/family/spawn.h"
#include "harness/worker_part.h"

enum { LEFTOVER_MAX = 64 };

/* True of each worker; of coroutines, of the first that comes here in a stretch. */
static bool is_first(const struct self *s, unsigned *count)
{
	return !s->crew->together || (*count)++ == 0;
}

/* True of each worker; of coroutines, of the one that ends a stretch. */
static bool is_last(const struct self *s)
{
	struct together *t = s->crew->together;

	if (!t)
		return true;
	if (++t->ended < t->workers)
		return false;
	t->come = t->started = t->ended = 0;
	return true;
}

/* ---- orders -------------------------------------------------------------- */

/* Only the last wakes the leader, which would take a processor from those in their timed stretch. */
static void arrive(const struct self *s, bool shared)
{
	struct gate *g = &s->crew->arena->gate;

	if (add_acq_rel(&g->arrived, 1u) + 1 >= s->crew->arena->workers)
		futex_wake(&g->arrived, 1, shared);
}

/* Each has a PU of its own: spin to the tick.  Else leave the PU to the others. */
static void await_start(const struct self *s)
{
	const struct gate *g = &s->crew->arena->gate;
	const struct clock *clock = &s->crew->spec->clock;
	struct timespec until = link_timespec(g->start_monotonic_ns);

	if (g->start_ticks == 0)
		return;
	if (s->crew->together) {
		while (monotonic_ns() < g->start_monotonic_ns)
			coro_park(g->start_monotonic_ns);
		return;
	}
	if (!s->crew->spec->spin_start) {
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		return;
	}
	while ((int64_t)(clock_read(clock) - g->start_ticks) < 0)
		cpu_pause();
}

static int port_error(const struct worker *w, const struct port *p)
{
	return w->in && w->in->err ? w->in->err : p->err;
}

/* A broker's end is none of the mechanism's. */
static bool server_gone(const struct self *s, const struct port *p)
{
	int err = port_error(&s->slot->w, p);

	return s->crew->mech->broker != BROKER_NONE && s->slot->w.result == OP_ERROR &&
	       (err == -ECONNRESET || err == -EPIPE);
}

/* What grows, or begins threads or processes, has come to a limit of the machine: a skip that names it. */
static void explain_error(struct self *s, int err)
{
	s->slot->skip = err == -ENOMEM || err == -ENOSPC ||
			(workload_begins_tasks(s->crew->workload) &&
				verdict_status_of(err) == TRIAL_SKIP);
	snprintf(s->slot->reason, sizeof(s->slot->reason), "worker %u: operation failed: %s%s",
		s->index, strerror(-err), s->slot->skip ? verdict_limit_of(err) : "");
}

static void explain_result(struct self *s)
{
	struct worker *w = &s->slot->w;
	const struct port *p = w->out ? w->out : w->in;

	if (w->result == OP_DONE)
		return;
	s->slot->failed = 1;
	if (!p) { /* a host's light workers have ports, it has none */
		snprintf(s->slot->reason, sizeof(s->slot->reason),
			"worker %u: an operation of its light workers failed", s->index);
		return;
	}
	s->slot->skip = server_gone(s, p);
	if (s->slot->skip)
		snprintf(s->slot->reason, sizeof(s->slot->reason),
			"worker %u: the server has gone: %s", s->index,
			strerror(-port_error(w, p)));
	else if (w->result == OP_CLOSED)
		snprintf(s->slot->reason, sizeof(s->slot->reason),
			"worker %u: the other side has gone", s->index);
	else
		explain_error(s, port_error(w, p));
}

static void reset_overtaking(struct worker *w)
{
	w->overtakes = w->overtakes_max = w->overtakes_n = 0;
	if (w->rivals)
		rivals_reset(w->rivals);
	if (w->rounds)
		rounds_reset(w->rounds, w->n);
}

static void zero_waits(struct self *s)
{
	for (unsigned i = 0; i < s->n_ports; i++)
		s->ports[i].full_waits = s->ports[i].empty_waits = s->ports[i].acquisitions =
			s->ports[i].vain_wakeups = 0;
}

/*
 * How this stretch ends for who cannot know: the measured one as the workload says, those
 * before it, after which it goes on, by sentinels.
 */
static enum ending ending_of(const struct self *s, bool measured)
{
	enum ending e = s->crew->workload->ending;

	return measured && !s->crew->spec->calibrate ? e : ENDING_ENDS;
}

/* Whoever sends ends waits first until all that was sent has been processed. */
static enum result join_receivers(
	struct worker *w, const struct channel_ops *o, bool last, struct how how)
{
	bool sends_ends = last || w->out->link->receivers == 1;

	return sends_ends ? o->join(w->out, how) : OP_DONE;
}

/* Side a has sent all of this stretch: those that cannot know hear of it. */
static void finish_sending(struct self *s, bool measured)
{
	const struct how how = {s->crew->spec->wait, MODE_BLOCK, false};
	const struct channel_ops *o = s->crew->mech->ops;
	struct worker *w = &s->slot->w;
	bool last = add_acq_rel(&s->crew->arena->gate.finished, 1u) + 1 == w->senders;
	enum ending ending = ending_of(s, measured);

	if (!workload_has_end(s->crew->workload) || w->result != OP_DONE)
		return;
	if (ending == ENDING_CLOSE)
		channel_close(o, w->out);
	if (ending == ENDING_JOIN)
		w->result = join_receivers(w, o, last, how);
	if (w->result == OP_DONE && (ending == ENDING_ENDS || ending == ENDING_JOIN))
		w->result = channel_send_ends(o, w, last, how);
}

/*
 * One call of the role loop between two readings of everything that counts; with the
 * processor's counters (NULL: without) nobody looks at the times.
 */
static void run_loop(struct self *s, bool measured, const struct counters *counters)
{
	struct worker *w = &s->slot->w;
	struct gate *g = &s->crew->arena->gate;
	struct worker_report *r = &s->slot->report;
	struct together own = {0}, *t = s->crew->together ? s->crew->together : &own;
	struct costs after;

	w->n = g->n;
	w->block = g->block;
	hist_reset(w->hist);
	if (w->service)
		hist_reset(w->service);
	reset_overtaking(w);
	zero_waits(s);
	if (is_first(s, &t->come))
		worker_read_costs(&t->before);
	await_start(s);
	r->cpu_before = (uint32_t)sched_getcpu();
	if (s->host)
		crowd_begin(s->host, w);
	add_acq_rel(&g->started, 1u);
	if (is_first(s, &t->started)) {
		if (counters)
			counters_start(counters);
		t->cpu_ns = worker_cpu_ns();
	}
	r->start_ticks = clock_read(w->clock);
	w->last_ticks = 0;
	w->to_silence = ending_of(s, measured) == ENDING_SILENCE;
	w->outside = 0;
	if (s->host)
		crowd_run(s->host, w);
	else
		s->loop(w);
	if (s->side == 0)
		finish_sending(s, measured);
	r->end_ticks = w->last_ticks ? w->last_ticks : clock_read(w->clock);
	r->cpu_after = (uint32_t)sched_getcpu();
	s->last = is_last(s);
	if (s->last) {
		r->cpu_ns = worker_cpu_ns() - t->cpu_ns;
		if (counters)
			counters_stop(counters);
		worker_read_costs(&after);
		worker_report_costs(r, &t->before, &after);
		if (s->host)
			crowd_add_costs(s->host, r);
	} else {
		worker_report_no_costs(r);
	}
	s->slot->all_ops += w->all_ops;
	s->slot->outside += w->outside;
	s->slot->counted = w->ops;
	if (measured) {
		for (unsigned i = 0; i < s->n_ports; i++) {
			probe_hit(&s->ports[i].probe, POINT_LAST);
			s->slot->full_waits += s->ports[i].full_waits;
			s->slot->empty_waits += s->ports[i].empty_waits;
			s->slot->acquisitions += s->ports[i].acquisitions;
			s->slot->vain_wakeups += s->ports[i].vain_wakeups;
		}
	}
	explain_result(s);
}

/* Closed again before anything is timed: open ones cost at each context switch. */
static void run_counted(struct self *s)
{
	struct together own = {0}, *t = s->crew->together ? s->crew->together : &own;

	if (t->come == 0)
		counters_open(&t->counters, &s->crew->spec->counters);
	run_loop(s, false, &t->counters);
	if (!s->last) {
		memset(s->slot->counter, 0, sizeof(s->slot->counter));
		return;
	}
	counters_read(&t->counters, s->slot->counter);
	counters_close(&t->counters);
}

/* One message, or one signal, if there is any. */
static enum result take_one(struct self *s)
{
	const struct how how = {s->crew->spec->wait, MODE_TRY, false};
	struct worker *w = &s->slot->w;
	uint32_t len;

	if (s->crew->mech->family == FAMILY_EVENT)
		return ((const struct event_ops *)s->crew->mech->ops)->wait(w->in, how);
	return ((const struct channel_ops *)s->crew->mech->ops)
		->recv(w->in, w->msg, w->msg_bytes, &len, how);
}

/* Everything was received: whatever is still there is one too many. */
static void count_leftovers(struct self *s)
{
	struct worker *w = &s->slot->w;

	if (w->out && s->crew->mech->family == FAMILY_SPAWN) {
		const struct spawn_ops *o = s->crew->mech->ops;

		s->slot->leftover += o->left ? o->left(w->out) : 0;
	}
	/* one looks for all, where each message has one receiver */
	if (!w->in || !crew_has_ledgers(s->crew) ||
		(w->in->index != 0 && !workload_to_all(s->crew->workload)))
		return;
	while (s->slot->leftover < LEFTOVER_MAX && take_one(s) == OP_DONE)
		s->slot->leftover++;
}

/* False: leave. */
static bool obey(struct self *s)
{
	switch (s->crew->arena->gate.order) {
	case DO_WARM:
		run_loop(s, false, NULL);
		return true;
	case DO_MEASURE:
		run_loop(s, true, NULL);
		return true;
	case DO_COUNT:
		run_counted(s);
		return true;
	case DO_LEFTOVERS:
		count_leftovers(s);
		return true;
	default:
		return false;
	}
}

static void await_orders(const struct self *s, uint32_t seen, bool shared)
{
	atomic_u32 *orders = &s->crew->arena->gate.orders;

	while (load_acquire(orders) == seen) {
		if (s->crew->together)
			coro_await_word(orders, seen);
		else
			futex_wait(orders, seen, FUTEX_FOREVER, shared);
	}
}

void worker_body(struct crew *c, unsigned index)
{
	struct self s = {
		.crew = c,
		.slot = arena_slot(c->arena, index),
		.index = index,
		.side = index >= c->spec->side_a,
	};
	struct gate *g = &c->arena->gate;
	bool shared = domain_has_processes(c->spec->domain);
	uint32_t seen = 0;
	int err;

	s.slot->tid = (uint32_t)gettid();
	err = worker_prepare(&s);
	s.prepared = err == 0;
	s.slot->attached = s.prepared;
	if (err)
		worker_give_up(&s, err);
	else
		for (unsigned i = 0; i < s.n_ports; i++)
			probe_hit(&s.ports[i].probe, POINT_READY);
	for (;;) {
		arrive(&s, shared);
		await_orders(&s, seen, shared);
		seen++;
		if (g->order == DO_LEAVE || !obey(&s))
			break;
		s.slot->done_orders = seen;
	}
	worker_clean_up(&s);
}
