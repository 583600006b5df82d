/* cell_rules.c - which combinations are possible, and which say the same; see cell.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bench/cell.h"
#include "bench/cell_memory.h"
#include "bench/cell_tasks.h"
#include "harness/schedule.h"

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
