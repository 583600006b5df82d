/* worker.c - the body of a worker; see crew.h. */
#include "harness/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/ballast.h"
#include "harness/conduct.h"
#include "harness/coroutine.h"
#include "harness/crowd.h"
#include "harness/family/channel.h"
#include "harness/family/event.h"
#include "harness/family/spawn.h"
#include "harness/pages.h"
#include "harness/place.h"
#include "harness/quiet.h"

enum { LEFTOVER_MAX = 64 };

/* Everything of a worker that is not in shared memory. */
struct self {
	struct crew *crew;
	struct worker_slot *slot;
	unsigned index, side;
	loop_fn *loop;
	struct port ports[2]; /* out, in; the same one where it is both */
	unsigned n_ports;
	void *local[2];
	uint8_t *kept;
	struct schedule_table *table;
	struct rivals rivals;
	struct hist *service; /* past TRIAL_MAX_HISTS */
	void *ballast;
	struct crowd_host *host; /* of light workers; else NULL */
	bool prepared;
	bool last; /* it ended the stretch on its thread */
};

static uint64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

/* ---- what the kernel counts, before and after the stretch ---------------- */

static uint64_t read_field(const char *path, const char *key, unsigned field)
{
	char buf[4096], *p = buf;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return UNKNOWN_COUNT;
	buf[n] = '\0';
	if (key) {
		p = strstr(buf, key);
		p = p ? strchr(p, ':') : NULL;
		return p ? strtoull(p + 1, NULL, 10) : UNKNOWN_COUNT;
	}
	while (field-- && p)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : UNKNOWN_COUNT;
}

static void read_costs(struct costs *c)
{
	c->runq_wait_ns = read_field("/proc/thread-self/schedstat", NULL, 1);
	c->migrations = read_field("/proc/thread-self/sched", "nr_migrations", 0);
	getrusage(RUSAGE_THREAD, &c->usage);
}

static uint64_t since(uint64_t before, uint64_t after)
{
	return before == UNKNOWN_COUNT || after == UNKNOWN_COUNT ? UNKNOWN_COUNT : after - before;
}

static void report_costs(struct worker_report *r, const struct costs *a, const struct costs *b)
{
	r->runq_wait_ns = since(a->runq_wait_ns, b->runq_wait_ns);
	r->migrations = since(a->migrations, b->migrations);
	r->cpu_user_ns = timeval_ns(b->usage.ru_utime) - timeval_ns(a->usage.ru_utime);
	r->cpu_sys_ns = timeval_ns(b->usage.ru_stime) - timeval_ns(a->usage.ru_stime);
	r->ctx_voluntary = (uint64_t)(b->usage.ru_nvcsw - a->usage.ru_nvcsw);
	r->ctx_involuntary = (uint64_t)(b->usage.ru_nivcsw - a->usage.ru_nivcsw);
	r->minor_faults = (uint64_t)(b->usage.ru_minflt - a->usage.ru_minflt);
	r->stopped = quiet_was_stopped();
	r->elsewhere = 0;
}

/* A coroutine whose thread goes on with others: its costs are the last one's to report. */
static void report_no_costs(struct worker_report *r)
{
	r->runq_wait_ns = r->migrations = 0;
	r->cpu_ns = r->cpu_user_ns = r->cpu_sys_ns = 0;
	r->ctx_voluntary = r->ctx_involuntary = r->minor_faults = 0;
	r->stopped = 0;
	r->elsewhere = 1;
}

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

/* ---- preparation --------------------------------------------------------- */

static int give_up(struct self *s, int err)
{
	s->slot->failed = 1;
	s->slot->skip = verdict_status_of(err) == TRIAL_SKIP;
	if (!s->slot->reason[0])
		snprintf(s->slot->reason, sizeof(s->slot->reason), "%s%s",
			s->crew->err[0] ? s->crew->err : strerror(-err), verdict_limit_of(err));
	return err;
}

/* Zeroed, aligned, touched: no fault is left for the timed stretch. */
static void *private_memory(size_t bytes)
{
	void *mem = aligned_alloc(WORKER_STRIDE, ROUND_UP(bytes + 1, WORKER_STRIDE));

	if (mem)
		memset(mem, 0, ROUND_UP(bytes + 1, WORKER_STRIDE));
	return mem;
}

/* Each port of each worker rests at moments of its own. */
static void load_probe(struct self *s, struct port *p)
{
	const struct trial_load *load = &s->crew->spec->load;

	p->probe.verify = load->verify;
	p->probe.seed = load->seed;
	p->probe.rest = (struct probe_rest){
		.every = load->rest_every,
		.burst = load->burst,
		.longest_ns = load->rest_ns,
	};
	probe_rest_init(&p->probe.rest, load->seed + 2 * s->index + s->n_ports);
}

static void arm_probe(struct self *s, struct port *p)
{
	const struct trial_fault *f = &s->crew->spec->fault;

	if (s->crew->spec->probed)
		load_probe(s, p);
	p->probe.ledger = arena_ledger(s->crew->arena, s->index);
	if (f->act == PROBE_NONE || f->worker != s->index)
		return;
	p->probe.act = f->act;
	p->probe.point = f->point;
	p->probe.nth = f->nth;
	p->probe.value = f->value;
	p->probe.domain = s->crew->spec->domain;
	p->probe.death = &s->crew->arena->gate.arrived;
	p->probe.fired = &s->crew->arena->gate.fired;
	p->probe.kept = s->kept;
}

static int open_port(struct self *s, unsigned link, enum role role, uint32_t index)
{
	unsigned i = s->n_ports;
	struct port *p = &s->ports[i];
	struct link *l = &s->crew->link[link];
	int err = 0;

	s->local[i] = private_memory(l->mech->local_bytes);
	if (!s->local[i])
		return -ENOMEM;
	*p = (struct port){
		.link = l,
		.local = s->local[i],
		.role = role,
		.index = index,
		.awaits = &s->slot->awaits,
	};
	arm_probe(s, p);
	if (l->mech->attach)
		err = l->mech->attach(p);
	if (!err)
		s->n_ports++;
	return err;
}

/*
 * Side a sends on link 0; with a second link side b sends back on that.
 * Receiving ends first: opening a sending one may wait for them.
 */
static int open_ports(struct self *s)
{
	const struct workload *w = s->crew->workload;
	bool pair = w->links == LINKS_PAIR, alone = workload_alone(w);
	bool duplex = pair && s->crew->arena->links == 1, alike = family_one_role(w->family);
	uint32_t index = s->side && !alike ? s->index - s->crew->spec->side_a : s->index;
	unsigned out = arena_out_link(s->crew, s->side), in = arena_out_link(s->crew, !s->side);
	int err = 0;

	s->slot->w.out = s->slot->w.in = NULL;
	if (!alike && !duplex && (s->side == 1 || pair || alone)) {
		err = open_port(s, in, ROLE_RECEIVER, index);
		if (!err)
			s->slot->w.in = &s->ports[s->n_ports - 1];
	}
	if (!err && (s->side == 0 || pair || alike)) {
		err = open_port(s, out, duplex && s->side ? ROLE_RECEIVER : ROLE_SENDER, index);
		if (!err)
			s->slot->w.out = &s->ports[s->n_ports - 1];
	}
	if (duplex) /* one port is both */
		s->slot->w.in = s->slot->w.out;
	return err;
}

/* A forked worker inherits every fd: keep those of its own roles only. */
static void drop_foreign_fds(struct self *s)
{
	struct crew *c = s->crew;

	if (!domain_has_processes(c->spec->domain) || c->spec->domain == DOMAIN_MIXED ||
		c->spec->start == START_EXEC || workload_alone(c->workload) ||
		family_one_role(c->workload->family))
		return;
	crowd_close_others(c, s->side ? ROLE_RECEIVER : ROLE_SENDER);
	if (c->arena->links == 2) {
		link_close_others(&c->link[s->side], ROLE_SENDER);
		link_close_others(&c->link[!s->side], ROLE_RECEIVER);
	} else {
		link_close_others(&c->link[0], s->side ? ROLE_RECEIVER : ROLE_SENDER);
	}
}

static int pin(struct self *s)
{
	uint32_t pu = s->crew->spec->pu[s->index];

	if (pu == PLACE_PU_NONE)
		return 0;
	return place_pin(s->crew->topo, pu, s->slot->reason, sizeof(s->slot->reason));
}

/* Where a worker books two times of an operation: the second ones. */
static int init_second_times(struct self *s)
{
	struct worker *w = &s->slot->w;

	if (!workload_two_times(s->crew->workload))
		return 0;
	w->service = arena_service_hist(s->crew->arena, s->index);
	if (!w->service)
		w->service = s->service = private_memory(sizeof(struct hist));
	return w->service ? 0 : -ENOMEM;
}

/* Open loop: the sender's schedule. */
static int init_open_loop(struct self *s)
{
	const struct trial_spec *spec = s->crew->spec;
	struct worker *w = &s->slot->w;
	bool random = spec->extra.arrivals == ARRIVALS_POISSON;

	if (!workload_scheduled(s->crew->workload))
		return 0;
	w->started = &s->crew->arena->gate.started;
	w->workers = s->crew->arena->workers;
	s->table = private_memory(sizeof(*s->table));
	if (!s->table)
		return -ENOMEM;
	schedule_table_init(s->table);
	schedule_init(&w->schedule, &spec->clock, spec->extra.rate_per_s, spec->side_a, s->index,
		random ? s->table : NULL, spec->schedule_seed);
	w->schedule.yields = !spec->spin_start;
	return 0;
}

/* Where it may be overtaken: by the other receivers, or at a barrier. */
static void init_overtaking(struct self *s)
{
	const struct arena *a = s->crew->arena;
	const struct trial_spec *spec = s->crew->spec;
	struct worker *w = &s->slot->w;

	w->rivals = NULL;
	w->rounds = arena_rounds(a, s->index);
	if (!crew_has_rivals(s->crew, s->side))
		return;
	rivals_init(&s->rivals, arena_ledger(a, spec->side_a), a->ledger_stride, spec->side_b,
		s->index - spec->side_a, spec->side_a, &spec->clock);
	w->rivals = &s->rivals;
}

static void reset_overtaking(struct worker *w)
{
	w->overtakes = w->overtakes_max = w->overtakes_n = 0;
	if (w->rivals)
		rivals_reset(w->rivals);
	if (w->rounds)
		rounds_reset(w->rounds, w->n);
}

static void init_worker(struct self *s)
{
	const struct trial_spec *spec = s->crew->spec;
	struct worker *w = &s->slot->w;

	w->clock = &spec->clock;
	w->hist = arena_hist(s->crew->arena, s->index);
	w->ledger = arena_ledger(s->crew->arena, s->index);
	w->claim = s->crew->arena->gate.claim[s->side];
	w->stretch = &s->crew->arena->gate.stretch;
	w->finished = &s->crew->arena->gate.finished;
	w->senders = spec->side_a;
	w->msg_bytes = spec->msg_bytes;
	w->id = s->side ? 0 : s->index;
	w->wait = spec->wait;
	w->own_pu = spec->spin_start;
	init_overtaking(s);
}

/* Else the first lap over the shared memory would fault, in the stretch where n is small. */
static void map_in_shared(const struct crew *c)
{
	void *area = c->area ? c->area : (char *)c->arena + c->arena->area_offset;

	if (domain_has_processes(c->spec->domain) && c->arena->area_bytes)
		pages_map_in(area, c->arena->area_bytes);
}

static int prepare(struct self *s)
{
	const struct trial_spec *spec = s->crew->spec;
	enum loop loop = s->side ? s->crew->workload->side_b : s->crew->workload->side_a;
	int err = pin(s);

	if (err)
		return err;
	s->loop = (*s->crew->mech->loops)[loop][spec->probed != 0];
	s->kept = private_memory(spec->msg_bytes);
	init_worker(s);
	s->slot->w.msg = private_memory(spec->msg_bytes);
	if (!s->kept || !s->slot->w.msg)
		return -ENOMEM;
	if (!s->slot->w.hist) /* past TRIAL_MAX_HISTS: stamps go nowhere */
		s->slot->w.hist = private_memory(sizeof(struct hist));
	if (!s->slot->w.hist)
		return -ENOMEM;
	err = init_second_times(s);
	if (!err)
		err = init_open_loop(s);
	if (!err)
		err = ballast_take(&s->ballast, spec->extra.rss_bytes, s->crew->arena->workers,
			s->slot->reason, sizeof(s->slot->reason));
	if (err)
		return err;
	drop_foreign_fds(s);
	map_in_shared(s->crew);
	if (workload_crowds(s->crew->workload))
		return crowd_open(&s->host, s->crew, s->side ? s->side : s->index, s->loop,
			s->slot->reason, sizeof(s->slot->reason));
	return open_ports(s);
}

static void clean_up(struct self *s)
{
	if (s->host && s->prepared)
		crowd_close(s->host);
	for (unsigned i = 0; i < s->n_ports; i++) {
		struct port *p = &s->ports[i];

		probe_hit(&p->probe, POINT_CLEANUP);
		if (family_has_messages(p->link->mech->family))
			channel_close(p->link->mech->ops, p);
		if (p->link->mech->detach)
			p->link->mech->detach(p);
	}
	if (s->slot->w.hist && s->index >= TRIAL_MAX_HISTS)
		free(s->slot->w.hist);
	free(s->slot->w.msg);
	s->slot->w.msg = NULL;
	free(s->kept);
	free(s->table);
	free(s->service);
	ballast_drop(s->ballast, s->crew->spec->extra.rss_bytes);
	free(s->local[0]);
	free(s->local[1]);
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
		read_costs(&t->before);
	await_start(s);
	r->cpu_before = (uint32_t)sched_getcpu();
	if (s->host)
		crowd_begin(s->host, w);
	add_acq_rel(&g->started, 1u);
	if (is_first(s, &t->started)) {
		if (counters)
			counters_start(counters);
		t->cpu_ns = thread_cpu_ns();
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
		r->cpu_ns = thread_cpu_ns() - t->cpu_ns;
		if (counters)
			counters_stop(counters);
		read_costs(&after);
		report_costs(r, &t->before, &after);
		if (s->host)
			crowd_add_costs(s->host, r);
	} else {
		report_no_costs(r);
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
	err = prepare(&s);
	s.prepared = err == 0;
	s.slot->attached = s.prepared;
	if (err)
		give_up(&s, err);
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
	clean_up(&s);
}
