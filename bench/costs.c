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
 * Margins hold the spread of relinked programs, for ab and compare alike.  In 10 gates over gate60
 * (five links of the same objects, in turn; commit 1743b590afa3, gcc 12 -O2, a VM with 2 vCPUs of a
 * Xeon at 2.50 GHz, 2026-11-22; results/kept/gate) nine in ten estimates lay within 2.9 %
 * (throughput), 1.5 % (p50), 1.8 % (p99), 2.1 % (cpu) and 0.5 % (switches) of 1, and no gate went
 * red.  Of one program twice it was 3.2, 1.4, 2.6, 2.0 and 0.5 %, in 20 gates: what relinking does is
 * less than what this machine does.  p50 keeps the margin of throughput, which says the same of a
 * round trip; p99 has few cells there, switches are near 0 in many: both have more than was seen.
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
