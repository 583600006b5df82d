/* cell.c - see cell.h; keys are in cell_key.c, what is possible in cell_rules.c. */
#include "bench/cell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/broker.h"
#include "bench/cell_memory.h"
#include "bench/cell_tasks.h"

enum {
	WARM_NS = 2 * 1000 * 1000,
	WARM_SHARE = 16,
	DEADLINE_NS_FLOOR = 10,
	SILENT_GAPS = 50,
};

void cell_fan(const struct cell *c, char *out, size_t out_len)
{
	if (workload_one_role(c->workload))
		snprintf(out, out_len, "%u", c->side_a);
	else
		snprintf(out, out_len, "%ux%u", c->side_a, c->side_b);
}

void cell_capacity(const struct cell *c, char *out, size_t out_len)
{
	if (c->capacity)
		snprintf(out, out_len, "%u", c->capacity);
	else
		snprintf(out, out_len, "%s", c->mech->flags & MECH_GROWS ? "unbounded" : "native");
}

enum wait cell_default_wait(const struct mech *m, enum domain d)
{
	for (int w = 0; w < WAIT_COUNT; w++) {
		if (mech_waits(m, d) & BIT(w))
			return (enum wait)w;
	}
	return WAIT_BLOCK;
}

/* ---- on this machine ----------------------------------------------------- */

static void ask_mechanism(struct cell *c)
{
	struct link l = {
		.mech = c->mech,
		.msg_bytes = c->msg_bytes,
		.capacity = c->capacity,
		.fds = c->extra.fds + 1,
		.alive = c->extra.alive + 1,
		.rss_bytes = c->extra.rss_bytes,
		.senders = c->side_a,
		.receivers = c->side_b,
		.domain = c->domain,
		.start = c->start,
		.self = workload_alone(c->workload),
		.tuning = c->extra.tuning,
	};
	const char *why = c->mech->probe ? c->mech->probe() : NULL;

	if (!why)
		why = broker_absent(c->mech->broker);
	if (!why && c->mech->fits)
		why = c->mech->fits(&l);
	if (why)
		snprintf(c->skip, sizeof(c->skip), "%s", why);
}

/* A location of several processors has given each worker one of them. */
static void place_on_one_thread(struct cell *c)
{
	for (uint32_t i = 1; i < cell_workers(c); i++)
		c->pu[i] = c->pu[0];
	c->workers_per_pu = c->pu[0] == PLACE_PU_NONE ? 0 : cell_workers(c);
}

int cell_place(struct cell *c, const struct topo *topo, char *err, size_t err_len)
{
	struct placement where;
	char why[TRIAL_REASON];
	int code = place_parse(topo, c->placement, &where, why, sizeof(why));

	if (!code)
		code = place_choose_pair(topo, &where, c->extra.pair, why, sizeof(why));
	if (code == -ENOENT) {
		snprintf(c->skip, sizeof(c->skip), "%s", why);
		return 0;
	}
	if (code) {
		snprintf(err, err_len, "%s", why);
		return code;
	}
	snprintf(c->place_class, sizeof(c->place_class), "%s", where.resolved);
	if (workload_one_role(c->workload))
		code = place_assign_alternate(&where, topo, c->side_a, c->pu, &c->workers_per_pu);
	else
		code = place_assign(&where, topo, c->side_a, c->side_b, c->pu, &c->workers_per_pu);
	if (code) {
		snprintf(err, err_len, "placement %s: %s", c->placement, strerror(-code));
		return code;
	}
	if (c->domain == DOMAIN_COROUTINE)
		place_on_one_thread(c);
	ask_mechanism(c);
	cell_memory_place(c, topo);
	return 0;
}

/* Spinning to the start is for workers that have a PU each. */
static bool own_pus(const struct cell *c, unsigned cpus)
{
	if (c->domain == DOMAIN_COROUTINE || cell_has_tasks(c))
		return false;
	if (c->pu[0] == PLACE_PU_NONE)
		return cell_workers(c) <= cpus;
	return c->workers_per_pu <= 1;
}

void cell_spec(const struct cell *c, const struct clock *clock, unsigned cpus, bool calibrate,
	struct trial_spec *spec)
{
	uint64_t warm = c->stretch_ns / WARM_SHARE < WARM_NS ? c->stretch_ns / WARM_SHARE : WARM_NS;
	/* no gap of a Poisson process is that long in a lifetime */
	uint64_t silence = c->extra.rate_per_s
				   ? SILENT_GAPS * UINT64_C(1000000000) / c->extra.rate_per_s
				   : 0;

	*spec = (struct trial_spec){
		.magic = TRIAL_MAGIC,
		.protocol = TRIAL_PROTOCOL,
		.size = sizeof(*spec),
		.domain = c->domain,
		.start = c->start,
		.wait = c->wait,
		.side_a = c->side_a,
		.side_b = c->side_b,
		.msg_bytes = c->msg_bytes,
		.capacity = c->capacity,
		.calibrate = calibrate,
		.spin_start = own_pus(c, cpus),
		.n = c->n,
		.block = c->block,
		.stretch_ns = c->stretch_ns,
		.warm_ns = warm,
		.warm_n = (uint64_t)((clock_u128)c->n * warm / (c->stretch_ns ? c->stretch_ns : 1)),
		.deadline_ns = DEADLINE_NS_FLOOR * 1000000000ull + 20 * c->stretch_ns + silence,
		.stall_ns = 2000000000ull + 2 * c->stretch_ns + silence,
		.clock = *clock,
		.extra = c->extra,
		.parent = (uint32_t)getpid(),
	};
	snprintf(spec->mechanism, sizeof(spec->mechanism), "%s", c->mech->name);
	snprintf(spec->workload, sizeof(spec->workload), "%s", c->workload->name);
	memcpy(spec->pu, c->pu, sizeof(c->pu));
	cell_tasks_spec(c, spec);
}
