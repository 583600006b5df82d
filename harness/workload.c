/* workload.c - see workload.h. */
#include "harness/workload.h"

#include <string.h>

static const struct workload rows[] = {
#define WORKLOAD(name_, family_, a, b, links_, ending_, kind_a_, kind_b_, summary_)                \
	{                                                                                          \
		.name = #name_,                                                                    \
		.family = FAMILY_##family_,                                                        \
		.side_a = LOOP_##a,                                                                \
		.side_b = LOOP_##b,                                                                \
		.links = LINKS_##links_,                                                           \
		.ending = ENDING_##ending_,                                                        \
		.kind_a = KIND_##kind_a_,                                                          \
		.kind_b = KIND_##kind_b_,                                                          \
		.summary = summary_,                                                               \
	},
#include "harness/workloads.def"
#undef WORKLOAD
};

static const char *const family_names[FAMILY_COUNT] = {
	[FAMILY_CHANNEL] = "channel",
	[FAMILY_LOCK] = "lock",
	[FAMILY_EVENT] = "event",
	[FAMILY_BARRIER] = "barrier",
	[FAMILY_RWLOCK] = "rwlock",
	[FAMILY_BUS] = "bus",
	[FAMILY_TIMER] = "timer",
	[FAMILY_SPAWN] = "spawn",
};
static const char *const domain_names[DOMAIN_NAMES] = {
	[DOMAIN_THREAD] = "thread",
	[DOMAIN_PROCESS] = "process",
	[DOMAIN_COROUTINE] = "coroutine",
	[DOMAIN_MIXED] = "mixed",
};
static const char *const start_names[START_COUNT] = {
	[START_FORK] = "fork",
	[START_EXEC] = "exec",
};
static const char *const wait_names[WAIT_COUNT] = {
	[WAIT_BLOCK] = "block",
	[WAIT_SPIN] = "spin",
	[WAIT_YIELD] = "yield",
	[WAIT_SPIN_BLOCK] = "spin-then-block",
	[WAIT_EPOLL] = "epoll",
	[WAIT_AWAIT] = "await",
};
static const char *const kind_names[KIND_COUNT] = {
	[KIND_NONE] = "",
	[KIND_RTT] = "rtt",
	[KIND_OP] = "op",
	[KIND_WAIT] = "wait",
	[KIND_WAKE] = "wake",
	[KIND_RESPONSE] = "response",
	[KIND_SERVICE] = "service",
	[KIND_START] = "start",
	[KIND_JOINED] = "joined",
	[KIND_LATE] = "late",
};

const struct workload *workload_all(size_t *n)
{
	*n = ARRAY_LEN(rows);
	return rows;
}

const struct workload *workload_find(const char *name, enum family family)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].family == family && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static int find(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

const char *family_name(enum family f)
{
	return family_names[f];
}

const char *domain_name(enum domain d)
{
	return domain_names[d];
}

const char *start_name(enum start s)
{
	return start_names[s];
}

const char *wait_name(enum wait w)
{
	return wait_names[w];
}

const char *kind_name(enum kind k)
{
	return kind_names[k];
}

int domain_parse(const char *name)
{
	return find(domain_names, DOMAIN_NAMES, name);
}

int start_parse(const char *name)
{
	return find(start_names, START_COUNT, name);
}

int wait_parse(const char *name)
{
	return find(wait_names, WAIT_COUNT, name);
}
