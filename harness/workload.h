/*
 * workload.h - the table behind workloads.def, and the names of the axes.
 *
 * Constant data; any thread.
 */
#ifndef HARNESS_WORKLOAD_H
#define HARNESS_WORKLOAD_H

#include "harness/mech.h"

enum links { LINKS_ONE, LINKS_PAIR };
enum ending { ENDING_COUNT, ENDING_FLAG };
enum kind { KIND_NONE, KIND_RTT, KIND_OP, KIND_WAIT, KIND_COUNT };

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
	return w->side_a == LOOP_SELF;
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
