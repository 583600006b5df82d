/* cell_tasks.c - see cell_tasks.h. */
#include "bench/cell_tasks.h"

/* Of a task, in a trial that begins it several times over: far more than it takes. */
enum { PATIENCE_NS = 12 * 1000 * 1000 };

bool cell_tasks_offered(const struct mech *m, enum domain d)
{
	const unsigned both = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS);

	return d == DOMAIN_MIXED ? (m->domains & both) == both : (m->domains & BIT(d)) != 0;
}

uint32_t cell_crowd(const struct cell *c)
{
	if (!workload_crowds(c->workload))
		return 0;
	return c->extra.crowd ? c->extra.crowd : TRIAL_CROWD;
}

uint32_t cell_procs(const struct cell *c)
{
	if (c->domain == DOMAIN_MIXED)
		return c->extra.procs ? c->extra.procs : TRIAL_PROCS;
	return domain_has_processes(c->domain) ? cell_workers(c) : 1;
}

bool cell_has_tasks(const struct cell *c)
{
	return workload_begins_tasks(c->workload);
}

/* Half of the crowd on each side of the placement. */
static const char *normalise_crowd(struct cell *c)
{
	if (!workload_crowds(c->workload)) {
		c->extra.crowd = 0;
		return NULL;
	}
	/* the pairs' links lie beside the memory that these are about */
	c->extra.memory = MEMORY_NORMAL;
	c->extra.node = NODE_ANY;
	c->extra.touch = TOUCH_LEADER;
	c->side_a = workload_one_role(c->workload) ? 2 : 1;
	c->side_b = workload_one_role(c->workload) ? 0 : 1;
	if (c->domain == DOMAIN_MIXED)
		return "oversubscribed: its light workers are those of one process, or of two";
	if (c->start == START_EXEC)
		return "oversubscribed: its links are inherited, start=fork only";
	if (c->mech->flags & MECH_NO_EVIDENCE)
		return "nothing is handed over: there is nobody to wait for";
	return cell_crowd(c) % 2 ? "oversubscribed: a crowd is pairs, hence even" : NULL;
}

static const char *normalise_procs(struct cell *c)
{
	if (c->domain != DOMAIN_MIXED) {
		c->extra.procs = 0;
		return NULL;
	}
	if (cell_workers(c) > cell_procs(c))
		return NULL;
	return "mixed: it takes more workers than processes (one in each is domain=process)";
}

const char *cell_tasks_normalise(struct cell *c)
{
	const char *why = normalise_crowd(c);

	if (!workload_spawns(c->workload)) {
		c->extra.alive = 0;
		c->extra.rss_bytes = 0;
	}
	return why ? why : normalise_procs(c);
}

void cell_tasks_plan(struct cell *c, const struct trial_result *r)
{
	uint64_t each = workload_spawns(c->workload) ? c->extra.alive + 1u : cell_crowd(c) / 2;
	uint64_t rounds = each ? c->n / each : 0;

	if (each <= 1 || r->ops == 0)
		return;
	c->n = each * (rounds ? rounds : 1);
	if (rounds == 0)
		c->stretch_ns = (uint64_t)((clock_u128)r->elapsed_ns * c->n / r->ops);
}

void cell_tasks_spec(const struct cell *c, struct trial_spec *spec)
{
	uint64_t alive = c->extra.alive + 1u;
	uint64_t tasks = workload_spawns(c->workload) ? alive * c->side_a : cell_crowd(c);

	spec->deadline_ns += tasks * PATIENCE_NS;
	if (workload_spawns(c->workload) && spec->warm_n < alive)
		spec->warm_n = 0;
}
