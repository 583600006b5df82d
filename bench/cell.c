/* cell.c - see cell.h. */
#include "bench/cell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bench/axis.h"
#include "bench/broker.h"
#include "bench/cell_memory.h"
#include "bench/cell_tasks.h"
#include "harness/schedule.h"
#include "primitives/registry.h"

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

/* "&name=value" of those axes behind the placement that `wanted` takes. */
static void put_axes(const struct cell *c, bool (*wanted)(enum axis a), char *out, size_t out_len)
{
	char value[AXIS_TEXT];
	size_t used = 0;
	enum axis a;

	out[0] = '\0';
	for (size_t i = 0; (a = axis_behind(i)) != AXIS_COUNT && used < out_len; i++) {
		if (wanted(a) && axis_get(c, a, value, sizeof(value)))
			used += (size_t)snprintf(
				out + used, out_len - used, "&%s=%s", axis_name(a), value);
	}
}

static bool any_axis(enum axis a)
{
	(void)a;
	return true;
}

void cell_further(const struct cell *c, char *out, size_t out_len)
{
	char all[CELL_KEY];

	put_axes(c, axis_is_further, all, sizeof(all));
	snprintf(out, out_len, "%s", all[0] ? all + 1 : "");
}

void cell_make_key(struct cell *c)
{
	char fan[24], size[24] = "";
	int used;

	cell_fan(c, fan, sizeof(fan));
	if (c->msg_bytes)
		snprintf(size, sizeof(size), "&size=%u", c->msg_bytes);
	used = snprintf(c->key, sizeof(c->key), "%s/%s?domain=%s&fan=%s%s&placement=%s",
		c->mech->name, c->workload->name, domain_name(c->domain), fan, size, c->placement);
	put_axes(c, any_axis, c->key + used, sizeof(c->key) - (size_t)used);
}

/* Its sections are single instructions, or there is no lock at all. */
static bool never_refuses(const struct mech *m)
{
	return strcmp(m->contract.owner, "anyone") == 0;
}

static const char *check_fan(struct cell *c, bool one_side)
{
	const struct mech *m = c->mech;

	if (workload_alone(c->workload)) {
		c->side_a = 1;
		c->side_b = 0;
		return NULL;
	}
	if (workload_one_role(c->workload)) {
		c->side_a += c->side_b;
		c->side_b = 0;
		return NULL;
	}
	if (one_side)
		return "a fan of one number is for workloads with one role";
	if (c->workload->links == LINKS_PAIR && (c->side_a != 1 || c->side_b != 1))
		return "the workload has one worker a side";
	if (c->side_a > 1 && workload_paced(c->workload))
		return "the workload has one worker that signals";
	if (c->side_b > 1 && c->workload->side_a == LOOP_RING && m->contract.wakes == WAKES_ALL)
		return "a signal wakes everybody: wake-one has one sleeper";
	if ((m->max_senders && c->side_a > m->max_senders) ||
		(m->max_receivers && c->side_b > m->max_receivers))
		return "the mechanism does not allow so many workers a side";
	return NULL;
}

/* What an end asks of the mechanism. */
static const char *check_end(const struct cell *c)
{
	const struct mech *m = c->mech;

	if (m->flags & MECH_NO_EVIDENCE)
		return "nothing is handed over: no end can be seen";
	if (c->workload->ending == ENDING_JOIN && !(m->flags & MECH_JOINS))
		return "its receivers do not say when a message has been processed";
	if (c->workload->ending == ENDING_SILENCE &&
		((m->flags & MECH_BUFFERS) || m->broker != BROKER_NONE))
		return "a silence does not tell the end from a message that is still on its way";
	if (m->contract.lossy)
		return c->workload->ending == ENDING_SILENCE
			       ? "a stream of a lossy channel ends so in any case"
			       : "an end may be lost like any message";
	if ((m->flags & MECH_BUFFERS) && c->side_a > 1 && c->side_b > 1)
		return "an end would overtake what other senders still hold in their buffers";
	if (m->contract.order == ORDER_FIFO || mech_overtakes(m)) /* these rank an end lowest */
		return NULL;
	return "an end would overtake what it ends";
}

/* What the workload asks of the mechanism. */
static const char *check_workload(const struct cell *c)
{
	const struct mech *m = c->mech;

	if (workload_tries(c->workload) &&
		((m->flags & MECH_FLOOR) || (m->family == FAMILY_LOCK && never_refuses(m))))
		return "the mechanism never refuses a try";
	if (workload_scheduled(c->workload) && (m->flags & MECH_NO_EVIDENCE))
		return "nothing is handed over: no message carries the time of its send";
	if (c->workload->side_a == LOOP_VAIN && m->family == FAMILY_LOCK &&
		(m->tunes & BIT(TUNE_DEPTH)))
		return "the mechanism does not refuse its holder";
	return workload_has_end(c->workload) ? check_end(c) : NULL;
}

/* The size that the mechanism and the workload can check. */
static const char *check_size(const struct cell *c)
{
	if (workload_scheduled(c->workload) && c->msg_bytes < SCHEDULE_MESSAGE_BYTES)
		return "openloop: a message holds two stamps and two times, 32 bytes at least";
	if (c->mech->family == FAMILY_RWLOCK && c->msg_bytes < 8)
		return "a state under 8 bytes does not hold its version";
	if (c->msg_bytes >= 8 || !family_has_messages(c->mech->family))
		return NULL;
	if (cell_workers(c) > 2)
		return "messages under 8 bytes carry no producer number: 1x1 only";
	if (c->mech->contract.lossy)
		return "messages under 8 bytes carry no number that survives a loss";
	if (mech_overtakes(c->mech))
		return "messages under 8 bytes carry no number of their own: they must come in order";
	return workload_has_end(c->workload) ? "messages under 8 bytes cannot carry an end" : NULL;
}

/* Whether it is a class, or a name for one; locations have a plus. */
static bool has_pairs(const char *placement)
{
	return strcasecmp(placement, "unpinned") != 0 && strcasecmp(placement, "compact") != 0 &&
	       strcasecmp(placement, "spread") != 0 && !strchr(placement, '+');
}

/* Further axes that say nothing here are at their default. */
static void drop_meaningless(struct cell *c)
{
	if (!workload_scheduled(c->workload)) {
		c->extra.rate_per_s = 0;
		c->extra.arrivals = ARRIVALS_FIXED;
	}
	if (!(c->mech->flags & MECH_FDS))
		c->extra.fds = 0;
	if (!has_pairs(c->placement))
		c->extra.pair = 0;
	if (!(c->mech->flags & MECH_TOPICS))
		c->extra.topics = 0;
}

/* Likewise those that mechanisms and loops read. */
static void drop_tuning(struct cell *c)
{
	struct tuning *t = &c->extra.tuning;
	unsigned heeds = c->mech->tunes;

	if (!(heeds & BIT(TUNE_DEPTH)))
		t->depth = 0;
	if (!(heeds & BIT(TUNE_PERMITS)) || workload_alone(c->workload))
		t->permits = 0;
	if (!(heeds & BIT(TUNE_TICKS)) || !workload_works_at_b(c->workload))
		t->ticks = 0;
	if (!(heeds & BIT(TUNE_INTERVAL)))
		t->interval_us = 0;
	if (c->mech->family != FAMILY_RWLOCK)
		t->reads_plus_1 = 0;
	if (!workload_works_at_b(c->workload))
		t->released_percent = 0;
}

/* Bytes that a lock guards: where it guards any, and only one worker is inside. */
static bool has_bytes(const struct cell *c)
{
	const struct mech *m = c->mech;

	if (family_has_size(m->family))
		return true;
	return m->family == FAMILY_LOCK && c->workload->side_a == LOOP_CONTEND &&
	       (!never_refuses(m) || (m->flags & MECH_RACY)) && !c->extra.tuning.permits;
}

/* "pu:0+pu:0": the same location for both sides. */
static bool is_one_location(const char *placement)
{
	const char *plus = strchr(placement, '+');
	size_t len = plus ? (size_t)(plus - placement) : 0;

	return plus && strlen(plus + 1) == len && strncasecmp(placement, plus + 1, len) == 0;
}

/* Who is alone, or shares one thread, runs on one processor. */
static const char *normalise_placement(struct cell *c)
{
	bool coroutines = c->domain == DOMAIN_COROUTINE;

	if (strcmp(c->placement, "unpinned") == 0 ||
		(coroutines && is_one_location(c->placement)) ||
		!(coroutines || workload_alone(c->workload)))
		return NULL;
	if (coroutines && strchr(c->placement, '+'))
		return "coroutines share a thread: name the same location for both sides";
	snprintf(c->placement, sizeof(c->placement), "same-pu");
	return NULL;
}

const char *cell_normalise(struct cell *c, bool fan_one_side)
{
	const struct mech *m = c->mech;
	const char *why;

	if (!cell_tasks_offered(m, c->domain))
		return "the mechanism is not offered in that domain";
	if (!domain_has_processes(c->domain))
		c->start = START_FORK;
	else if (c->start == START_EXEC && m->contract.reach < REACH_ANY)
		return "start=exec needs a mechanism that unrelated processes can reach";
	if (c->domain == DOMAIN_COROUTINE) /* they have no choice */
		c->wait = WAIT_AWAIT;
	if (!(mech_waits(m, c->domain) & BIT(c->wait)))
		return "the mechanism does not offer that wait strategy";
	why = check_fan(c, fan_one_side);
	if (!why)
		why = cell_tasks_normalise(c);
	if (!why)
		why = check_workload(c);
	if (!why)
		why = check_size(c);
	if (why)
		return why;
	drop_tuning(c);
	if (!has_bytes(c))
		c->msg_bytes = 0;
	if (!m->contract.bounded)
		c->capacity = 0;
	else if (c->capacity == 0 && !(m->flags & MECH_GROWS))
		return "capacity=native is for mechanisms that cannot keep an exact one";
	why = normalise_placement(c);
	if (why)
		return why;
	drop_meaningless(c);
	why = cell_memory_normalise(c);
	if (why)
		return why;
	cell_make_key(c);
	return NULL;
}

/* ---- from a key ---------------------------------------------------------- */

static int bad_key(char *err, size_t err_len, const char *key, const char *what)
{
	snprintf(err, err_len, "no cell: \"%s\": %s", key, what);
	return -EINVAL;
}

/* "size=64&size=65": neither is what the other says. */
static bool comes_again(const char *rest, const char *name)
{
	size_t n = strlen(name);

	for (; rest; rest = strchr(rest, '&')) {
		rest += *rest == '&';
		if (strncmp(rest, name, n) == 0 && rest[n] == '=')
			return true;
	}
	return false;
}

static bool parse_head(struct cell *c, char *head)
{
	char *slash = strrchr(head, '/');

	if (!slash)
		return false;
	*slash = '\0';
	c->mech = registry_find(head);
	c->workload = c->mech ? workload_find(slash + 1, c->mech->family) : NULL;
	return c->workload != NULL;
}

int cell_parse(struct cell *c, const char *key, char *err, size_t err_len)
{
	char copy[CELL_KEY], *save, *axis, *query;
	const char *why;
	char hint[200];
	bool one_side = false;
	enum axis a;

	if (strlen(key) >= sizeof(copy))
		return bad_key(err, err_len, key, "too long");
	memcpy(copy, key, strlen(key) + 1);
	query = strchr(copy, '?');
	if (query)
		*query++ = '\0';
	*c = (struct cell){.side_a = 1, .side_b = 1, .capacity = CELL_DEFAULT_CAPACITY};
	snprintf(c->placement, sizeof(c->placement), "nearest");
	if (!parse_head(c, copy))
		return bad_key(err, err_len, key, "this build has no such mechanism and workload");
	c->domain = (enum domain)__builtin_ctz(c->mech->domains);
	c->wait = cell_default_wait(c->mech, c->domain);
	c->msg_bytes = family_has_size(c->mech->family) ? 64 : 0;
	axis = query ? strtok_r(query, "&", &save) : NULL;
	for (; axis; axis = strtok_r(NULL, "&", &save)) {
		char *eq = strchr(axis, '=');

		if (eq)
			*eq = '\0';
		a = axis_find(axis);
		if (!eq || a < AXIS_DOMAIN || a == AXIS_COUNT ||
			axis_set(c, a, eq + 1, &one_side, hint, sizeof(hint)) != 0)
			return bad_key(err, err_len, key, axis);
		if (comes_again(save, axis))
			return bad_key(err, err_len, key, "it names an axis twice");
	}
	why = cell_normalise(c, one_side && !workload_one_role(c->workload));
	return why ? bad_key(err, err_len, key, why) : 0;
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
