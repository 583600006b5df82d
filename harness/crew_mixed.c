/* crew_mixed.c - workers that are threads of several processes; see crew.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/conduct.h"
#include "harness/futex.h"
#include "harness/link.h"

/* One worker of this process. */
struct seat {
	struct crew *crew;
	unsigned index;
	pthread_t thread;
};

unsigned crew_processes(const struct trial_spec *spec)
{
	if (spec->domain == DOMAIN_MIXED)
		return spec->extra.procs ? spec->extra.procs : TRIAL_PROCS;
	return domain_has_processes(spec->domain) ? spec->side_a + spec->side_b : 1;
}

static void *seat_body(void *arg)
{
	const struct seat *s = arg;

	worker_body(s->crew, s->index);
	return NULL;
}

/* What its workers hold of the one link that mixed workloads have, and what none of them does. */
static void divide_link(struct crew *c, unsigned process, unsigned processes)
{
	bool one_role = family_one_role(c->workload->family);

	for (unsigned i = process; i < c->arena->workers; i += processes)
		add_relaxed(
			&c->own_ports[0][i < c->spec->side_a ? ROLE_SENDER : ROLE_RECEIVER], 1u);
	c->link[0].own_ports = c->own_ports[0];
	if (one_role)
		return;
	if (load_relaxed(&c->own_ports[0][ROLE_SENDER]) == 0)
		link_close_others(&c->link[0], ROLE_RECEIVER);
	if (load_relaxed(&c->own_ports[0][ROLE_RECEIVER]) == 0)
		link_close_others(&c->link[0], ROLE_SENDER);
}

/* It says so in the place of a worker that could not begin. */
static void refuse(struct crew *c, unsigned index, int err)
{
	struct worker_slot *slot = arena_slot(c->arena, index);

	slot->failed = 1;
	slot->skip = verdict_status_of(-err) == TRIAL_SKIP;
	snprintf(slot->reason, sizeof(slot->reason), "cannot start worker %u: %s%s", index,
		strerror(err), verdict_limit_of(-err));
	add_acq_rel(&c->arena->gate.arrived, 1u);
	futex_wake(&c->arena->gate.arrived, 1, true);
}

static void run_process(struct crew *c, unsigned process)
{
	unsigned processes = crew_processes(c->spec), n = 0;
	struct seat seat[TRIAL_MAX_WORKERS];

	divide_link(c, process, processes);
	for (unsigned i = process; i < c->arena->workers; i += processes) {
		struct seat *s = &seat[n];
		int err;

		*s = (struct seat){.crew = c, .index = i};
		err = pthread_create(&s->thread, NULL, seat_body, s);
		if (err)
			refuse(c, i, err);
		else
			n++;
	}
	while (n > 0)
		pthread_join(seat[--n].thread, NULL);
}

void crew_process_body(struct crew *c, unsigned index)
{
	if (c->spec->domain == DOMAIN_MIXED)
		run_process(c, index);
	else
		worker_body(c, index);
}
