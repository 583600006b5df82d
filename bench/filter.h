/*
 * filter.h - which rows of a run a command looks at: what -m, -w, -d, -s and -p
 * say to those that read runs.  An axis that is not named takes every row.
 *
 * A struct row_filter stands in the command's settings; FILTER_OPTS() puts its
 * options into the command's table.
 */
#ifndef BENCH_FILTER_H
#define BENCH_FILTER_H

#include "bench/opt.h"
#include "bench/samples.h"

struct row_filter {
	struct opt_list mechanism, workload, domain, size, placement;
};

#define FILTER_OPTS(settings, field)                                                               \
	{"mechanism", 'm', OPT_LIST, offsetof(settings, field.mechanism), "GLOB", NULL,            \
		"Only these mechanisms; !GLOB takes away."},                                       \
		{"workload", 'w', OPT_LIST, offsetof(settings, field.workload), "GLOB", NULL,      \
			"Only these workloads; !GLOB takes away."},                                \
		{"domain", 'd', OPT_LIST, offsetof(settings, field.domain), "GLOB", NULL,          \
			"Only these domains."},                                                    \
		{"size", 's', OPT_LIST, offsetof(settings, field.size), "BYTES", NULL,             \
			"Only these message sizes."},                                              \
	{                                                                                          \
		"placement", 'p', OPT_LIST, offsetof(settings, field.placement), "GLOB", NULL,     \
			"Only these placements."                                                   \
	}

/* A size that is none would select nothing and look like an empty run: 0, or -EINVAL and why. */
int filter_check(const struct row_filter *f, char *err, size_t err_len);

bool filter_takes(const struct row_filter *f, const struct sample *s);

#endif
