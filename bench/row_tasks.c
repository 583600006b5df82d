/* row_tasks.c - of a row: children, timers, crowds, and who lives in which process; see row.h. */
#include <stdio.h>

#include "bench/cell_tasks.h"
#include "bench/openloop.h"
#include "bench/row.h"
#include "bench/tails.h"

static void put_children(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	const struct hist *h = &r->hist[1];

	openloop_gate(s, "start", &r->hist[0], c->oneway_bound_ns);
	if (c->oneway_bound_ns != UINT64_MAX)
		s->oneway_bound_ns = (double)c->oneway_bound_ns;
	s->oneway_negative = (double)r->oneway_negative;
	if (h->count == 0)
		return;
	TAILS_PUT(s, joined_p50, h, 0.5);
	TAILS_PUT(s, joined_p99, h, 0.99);
	s->joined_max_ns = (double)h->max;
}

/* "0 1 0 1": worker by worker, side a first. */
static void put_processes(struct sample *s, const struct cell *c)
{
	size_t used = 0;

	for (uint32_t i = 0; i < cell_workers(c) && used + 12 < sizeof(s->process_of); i++)
		used += (size_t)snprintf(s->process_of + used, sizeof(s->process_of) - used, "%s%u",
			i ? " " : "", i % cell_procs(c));
}

void row_put_tasks(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	if (workload_spawns(c->workload))
		put_children(s, c, r);
	if (workload_timed(c->workload))
		s->cancelled = (double)r->cancelled;
	if (c->domain == DOMAIN_MIXED)
		put_processes(s, c);
}
