/*
 * workload.h - the table behind workloads.def, and the names of the axes.
 *
 * Constant data; any thread.
 */
#ifndef HARNESS_WORKLOAD_H
#define HARNESS_WORKLOAD_H

#include "harness/mech.h"

enum links { LINKS_ONE, LINKS_PAIR, LINKS_CROWD };
enum ending {
	ENDING_COUNT,
	ENDING_FLAG,
	ENDING_ENDS,
	ENDING_CLOSE,
	ENDING_JOIN,
	ENDING_SILENCE,
};
enum kind {
	KIND_NONE,
	KIND_RTT,
	KIND_OP,
	KIND_WAIT,
	KIND_WAKE,
	KIND_RESPONSE,
	KIND_SERVICE,
	KIND_START,
	KIND_JOINED,
	KIND_LATE,
	KIND_COUNT
};

struct workload {
	const char *name;
	enum family family;
	enum loop side_a, side_b; /* LOOP_NONE: a one-role workload */
	enum links links;
	enum ending ending;
	enum kind kind_a, kind_b;
	const char *summary;
};

const struct workload *workload_all(size_t *n);

/* NULL when the family has no such workload. */
const struct workload *workload_find(const char *name, enum family family);

/* Workers that a workload has at one end only. */
static inline bool workload_one_role(const struct workload *w)
{
	return w->side_b == LOOP_NONE;
}

/* One worker alone: placement and fan mean nothing more. */
static inline bool workload_alone(const struct workload *w)
{
	return w->side_a == LOOP_SELF || w->side_a == LOOP_VAIN;
}

/* It tries, again and again where need be. */
static inline bool workload_tries(const struct workload *w)
{
	return w->side_a == LOOP_VAIN || w->side_a == LOOP_POLL || w->side_b == LOOP_POLL;
}

/* One worker signals, and spaces its signals on purpose. */
static inline bool workload_paced(const struct workload *w)
{
	return w->side_a == LOOP_RING || w->side_a == LOOP_RING_ALL;
}

/* Its workers wait for each other, all in the same rounds. */
static inline bool workload_meets(const struct workload *w)
{
	return w->side_a == LOOP_MEET;
}

/* What its operations are is done by side b; side a only waits, and says for how long. */
static inline bool workload_works_at_b(const struct workload *w)
{
	return w->side_b == LOOP_COMPUTE;
}

/* Its operations are due at times of a schedule, whatever became of those before. */
static inline bool workload_scheduled(const struct workload *w)
{
	return w->side_a == LOOP_OFFER;
}

/* Timers: most of the time nothing happens. */
static inline bool workload_timed(const struct workload *w)
{
	return w->side_a == LOOP_LATENESS;
}

/* Children are begun and joined; their two times are in two histograms. */
static inline bool workload_spawns(const struct workload *w)
{
	return w->side_a == LOOP_LIFECYCLE;
}

/* Its workers begin light ones of their own, which do the work; see crowd.h. */
static inline bool workload_crowds(const struct workload *w)
{
	return w->links == LINKS_CROWD;
}

/* Not all that is done is done by the workers' own threads. */
static inline bool workload_begins_tasks(const struct workload *w)
{
	return workload_crowds(w) || workload_spawns(w) || workload_timed(w);
}

/* Each worker books two times: see struct worker. */
static inline bool workload_two_times(const struct workload *w)
{
	return workload_scheduled(w) || workload_spawns(w);
}

/*
 * Its operations are spaced on purpose: how many there are in a second, and what
 * the processors do meanwhile, says nothing.
 */
static inline bool workload_spaced(const struct workload *w)
{
	return workload_paced(w) || workload_scheduled(w) || workload_timed(w);
}

/* Only side b's CPU time tells what its operations cost: side a spends its own on the spaces. */
static inline bool workload_costs_at_b(const struct workload *w)
{
	return workload_spaced(w) && w->side_b != LOOP_NONE;
}

/* Of coroutines, who share a thread, nobody can tell which side's CPU time it was. */
static inline bool workload_costs_known(const struct workload *w, enum domain d)
{
	return !workload_costs_at_b(w) || d != DOMAIN_COROUTINE;
}

/* Every worker of side b gets everything that side a gives. */
static inline bool workload_to_all(const struct workload *w)
{
	return w->side_a == LOOP_RING_ALL || w->side_b == LOOP_SUBSCRIBE;
}

/* Side b does not know how much is to come. */
static inline bool workload_has_end(const struct workload *w)
{
	return w->side_b == LOOP_DRAIN;
}

/* Names as they stand in keys, options and columns; parsing gives -1 if unknown. */
const char *family_name(enum family f);
const char *domain_name(enum domain d);
const char *start_name(enum start s);
const char *wait_name(enum wait w);
const char *kind_name(enum kind k); /* KIND_NONE: "" */
int domain_parse(const char *name);
int start_parse(const char *name);
int wait_parse(const char *name);

#endif
