/* costs.c - see costs.h. */
#include "bench/costs.h"

#include <math.h>
#include <string.h>

static const double switches_floor = 0.05;

struct metric {
	const char *name, *unit;
};

static const struct metric metrics[COSTS] = {
	[COST_THROUGHPUT] = {"throughput", "op/s"},
	[COST_P50] = {"p50", "ns"},
	[COST_P99] = {"p99", "ns"},
	[COST_CPU] = {"cpu", "ns/op"},
	[COST_SWITCHES] = {"switches", "1/op"},
};

/*
 * The method's starting values, for ab and compare alike.  No spread of relinked programs has
 * been measured yet from which they would be set; those of switches are a judgement, no figure.
 */
const struct stored_rule cost_rules[COSTS] = {
	[COST_THROUGHPUT] = {.margin = 0.03, .tolerance = 0.10},
	[COST_P50] = {.margin = 0.03, .tolerance = 0.10},
	[COST_P99] = {.margin = 0.05, .tolerance = 0.25},
	[COST_CPU] = {.margin = 0.03, .tolerance = 0.10},
	[COST_SWITCHES] = {.margin = 0.05, .tolerance = 0.50},
};

const char *cost_name(enum cost c)
{
	return metrics[c].name;
}

int cost_of_name(const char *name)
{
	for (int c = 0; c < COSTS; c++) {
		if (strcmp(metrics[c].name, name) == 0)
			return c;
	}
	return -1;
}

const char *cost_unit(enum cost c, const char *cell)
{
	if (c == COST_THROUGHPUT &&
		(strncmp(cell, "channel/", 8) == 0 || strncmp(cell, "bus/", 4) == 0))
		return "msg/s";
	return metrics[c].unit;
}

double cost_value(const struct sample *s, enum cost c)
{
	switch (c) {
	case COST_THROUGHPUT:
		return s->ops_per_s;
	case COST_P50:
		return s->lat_p50_ns;
	case COST_P99:
		return s->lat_p99_ns;
	case COST_CPU:
		return s->cpu_ns_per_op;
	case COST_SWITCHES:
		return s->ctx_voluntary_per_op + s->ctx_involuntary_per_op;
	default:
		return NAN;
	}
}

double cost_log(enum cost c, double value)
{
	if (c == COST_SWITCHES)
		return value >= 0 ? log(value + switches_floor) : (double)NAN;
	if (!(value > 0))
		return NAN;
	return c == COST_THROUGHPUT ? -log(value) : log(value);
}
