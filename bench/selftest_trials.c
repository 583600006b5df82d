/* selftest_trials.c - the trials of the self-test, and their repetition; see selftest.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/launch.h"
#include "bench/registry.h"
#include "bench/row.h"
#include "bench/selftest.h"
#include "primitives/selftest.h"

enum {
	THREAD = BIT(DOMAIN_THREAD),
	BOTH = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	FLOOR_N = 5000000,
	BUSY_N = 4096,
	STREAM_N = 16384, /* p50 needs 200 samples, and one in 64 is taken */
	SLEEP_N = 100,
	HOLD_N = 65536,
	HOLD_NS = 50000000,
	LATE_N = 100000, /* p99.9 needs 100 samples beyond */
	FAULT_N = 4096,
	FAULT_STALL_NS = 150000000,
	TRIAL_NS = 50000000, /* what the deadline of count-ended ones is made from */
};

#define FAULTY(name, what, a, b)                                                                   \
	{                                                                                          \
		.check = name, .mechanism = "selftest/" name, .workload = "stream",                \
		.placement = "unpinned", .domains = BOTH, .side_a = a, .side_b = b, .n = FAULT_N,  \
		.stall_ns = FAULT_STALL_NS, .look = selftest_look_fault, .fault = what             \
	}

static const struct selftest_scene scenes[] = {
	{"floor", "channel/null", "uncontended", "unpinned", THREAD, 1, 1, FLOOR_N,
		.look = selftest_look_floor},
	{"floor", "channel/null", "stream", "unpinned", THREAD, 1, 1, FLOOR_N,
		.look = selftest_look_floor},
	{"floor", "lock/null", "uncontended", "unpinned", THREAD, 1, 0, FLOOR_N,
		.look = selftest_look_floor},
	{"busy", "selftest/busy", "uncontended", "unpinned", BOTH, 1, 1, BUSY_N,
		.look = selftest_look_alone},
	{"busy", "selftest/busy", "pingpong", "unpinned", BOTH, 1, 1, BUSY_N,
		.look = selftest_look_trips},
	{"busy", "selftest/busy", "stream", "unpinned", BOTH, 1, 1, STREAM_N,
		.look = selftest_look_stream},
	{"sleep", "selftest/sleep", "pingpong", "unpinned", BOTH, 1, 1, SLEEP_N,
		.look = selftest_look_sleep},
	{"hold", "selftest/hold", "uncontended", "unpinned", BOTH, 1, 0, HOLD_N,
		.look = selftest_look_held},
	{"hold", "selftest/hold", "contend", "unpinned", BOTH, 1, 0, .stretch_ns = HOLD_NS,
		.look = selftest_look_hold},
	{"hold", "selftest/hold", "contend", "nearest", BOTH, 2, 0, .stretch_ns = HOLD_NS,
		.look = selftest_look_hold},
	{"late", "selftest/late", "pingpong", "same-pu", BOTH, 1, 1, LATE_N,
		.look = selftest_look_late},
	FAULTY("drop", SELFTEST_LOST, 1, 1),
	FAULTY("drop", SELFTEST_LOST, 2, 2),
	FAULTY("duplicate", SELFTEST_DUPLICATED, 1, 1),
	FAULTY("duplicate", SELFTEST_DUPLICATED, 2, 2),
	FAULTY("swap", SELFTEST_REORDERED, 1, 1),
	FAULTY("swap", SELFTEST_REORDERED, 2, 2),
	FAULTY("flip", SELFTEST_CORRUPT, 1, 1),
	FAULTY("flip", SELFTEST_CORRUPT, 2, 2),
};

_Static_assert(FAULT_N % SELFTEST_FAULT_EVERY == 0, "the faults of one sender are known");

/* ---- one trial ------------------------------------------------------------- */

/* Two PUs, so that two workers do meet; where there is one they share it. */
static const char *placement_here(const struct selftest *t, const struct selftest_scene *s)
{
	if (strcmp(s->placement, "nearest") == 0 && topo_pu_count(t->topo) == 1)
		return "same-pu";
	return s->placement;
}

static void make_cell(const struct selftest *t, const struct selftest_scene *s, enum domain domain,
	struct cell *c)
{
	const struct mech *m = selftest_find(s->mechanism);
	const char *why;

	m = m ? m : registry_find(s->mechanism);
	*c = (struct cell){
		.mech = m,
		.workload = workload_find(s->workload, m->family),
		.domain = domain,
		.wait = cell_default_wait(m, DOMAIN_THREAD),
		.side_a = s->side_a,
		.side_b = s->side_b,
		.msg_bytes = SELFTEST_BYTES,
		.capacity = CELL_DEFAULT_CAPACITY,
	};
	snprintf(c->placement, sizeof(c->placement), "%s", placement_here(t, s));
	why = cell_normalise(c, s->side_b == 0);
	if (why)
		snprintf(c->skip, sizeof(c->skip), "%s", why);
	c->n = s->n;
	c->block = SELFTEST_FAULT_BLOCK;
	c->stretch_ns = s->stretch_ns ? s->stretch_ns : TRIAL_NS;
}

static void skip(struct selftest *t, const char *why)
{
	memset(t->result, 0, sizeof(*t->result));
	t->result->status = TRIAL_SKIP;
	snprintf(t->result->reason, sizeof(t->result->reason), "%s", why);
}

/* No warm-up: the mechanism's clocks run from its first operation on. */
static int launch(struct selftest *t, const struct selftest_scene *s, const struct cell *c)
{
	struct trial_spec spec;
	uint64_t wall = 0;
	size_t len = 0;
	char *xml = NULL;
	int code = 0;

	cell_spec(c, &t->clock, topo_pu_count(t->topo), false, &spec);
	spec.warm_n = 0;
	spec.warm_ns = 0;
	if (s->stall_ns)
		spec.stall_ns = s->stall_ns;
	if (c->pu[0] != PLACE_PU_NONE)
		code = topo_export_restricted(
			t->topo, c->pu, cell_workers(c), &xml, &len, t->err, sizeof(t->err));
	spec.xml_len = (uint32_t)len;
	if (!code)
		code = launch_trial(NULL, &spec, xml, t->result, &wall, t->err, sizeof(t->err));
	free(xml);
	return code;
}

static int run_trial(struct selftest *t, const struct selftest_scene *s, struct cell *c)
{
	const struct row_common common = {
		.run_id = "selftest",
		.host = "",
		.clock = &t->clock,
		.cpus = topo_pu_count(t->topo),
	};
	struct row_place at = {.attempt = 1};
	int code = 0;

	if (c->skip[0])
		skip(t, c->skip);
	else
		code = launch(t, s, c);
	noise_unknown(&at.noise);
	if (!code)
		row_fill(&t->row, &common, c, t->result, &at);
	return code;
}

/* ---- as often as needed ----------------------------------------------------- */

/* It says nothing of what it was made for. */
static void no_figures(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct trial_result *r = t->result;
	struct selftest_figure *f = selftest_add(t, s->check, SELFTEST_EXACT, SELFTEST_COUNT, NAN,
		NAN, "%s, %s", s->workload, where);

	if (r->status == TRIAL_SKIP) {
		f->verdict = SELFTEST_NOT_RUN;
		snprintf(f->reason, sizeof(f->reason), "%s", r->reason);
		return;
	}
	snprintf(f->reason, sizeof(f->reason), "%s: %s",
		trial_status_name((enum trial_status)r->status), r->reason);
}

static bool has_figures(const struct selftest_scene *s, const struct trial_result *r)
{
	return r->status == TRIAL_OK || (s->fault && r->status == TRIAL_FAIL);
}

static bool any_wrong(const struct selftest *t)
{
	for (unsigned i = 0; i < t->n_figures; i++) {
		if (t->figure[i].verdict == SELFTEST_WRONG)
			return true;
	}
	return false;
}

static void show_figures(struct selftest *t, unsigned tries)
{
	for (unsigned i = 0; i < t->n_figures; i++) {
		t->figure[i].tries = tries;
		t->verdicts[t->figure[i].verdict]++;
		t->show(&t->figure[i], t->show_arg);
	}
	t->again += tries - 1;
}

static void forget_figures(struct selftest *t)
{
	t->n_figures = 0;
	t->missed = false;
}

static int do_scene(struct selftest *t, const struct selftest_scene *s, enum domain domain)
{
	struct cell c;
	char fan[24], where[48];
	unsigned tries = 0;
	int code;

	make_cell(t, s, domain, &c);
	code = cell_place(&c, t->topo, t->err, sizeof(t->err));
	cell_fan(&c, fan, sizeof(fan));
	snprintf(where, sizeof(where), "%s %s", domain_name(domain), fan);
	do {
		forget_figures(t);
		code = code ? code : run_trial(t, s, &c);
		if (code || launch_stop)
			return code;
		if (has_figures(s, t->result))
			s->look(t, s, where);
		else
			no_figures(t, s, where);
		tries++;
	} while (any_wrong(t) && !t->missed && tries < t->tries);
	show_figures(t, tries);
	return 0;
}

static void do_clock(struct selftest *t)
{
	unsigned tries = 0;

	do {
		forget_figures(t);
		selftest_look_clock(t);
		tries++;
	} while (any_wrong(t) && tries < t->tries);
	show_figures(t, tries);
}

int selftest_trials(struct selftest *t, const char *check)
{
	int code = 0;

	if (strcmp(check, "clock") == 0)
		do_clock(t);
	for (size_t i = 0; i < ARRAY_LEN(scenes) && !code && !launch_stop; i++) {
		const struct selftest_scene *s = &scenes[i];

		for (int d = 0; d < DOMAIN_COUNT && !code && !launch_stop; d++) {
			if (strcmp(s->check, check) == 0 && (s->domains & BIT(d)))
				code = do_scene(t, s, (enum domain)d);
		}
	}
	return code;
}
