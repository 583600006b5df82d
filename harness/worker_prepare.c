/* worker_prepare.c - what a worker does before its first order and after its last. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/ballast.h"
#include "harness/family/channel.h"
#include "harness/pages.h"
#include "harness/place.h"
#include "harness/worker_part.h"

void worker_give_up(struct self *s, int err)
{
	s->slot->failed = 1;
	s->slot->skip = verdict_status_of(err) == TRIAL_SKIP;
	if (!s->slot->reason[0])
		snprintf(s->slot->reason, sizeof(s->slot->reason), "%s%s",
			s->crew->err[0] ? s->crew->err : strerror(-err), verdict_limit_of(err));
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

int worker_prepare(struct self *s)
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

void worker_clean_up(struct self *s)
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
