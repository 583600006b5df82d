/*
 * gauges.h - what this machine lets us read of cost beside time: the processor's
 * counters, and energy.
 *
 * Asked once, before the first trial; what trials do not get they do not try.  Any
 * thread.
 */
#ifndef BENCH_GAUGES_H
#define BENCH_GAUGES_H

#include "harness/trial.h"

enum { GAUGES_TEXT = 320 };

struct gauges {
	struct counter_plan counters;
	bool energy;
	/* for environment.csv: what is read, and why something is not; "" */
	char counters_say[GAUGES_TEXT], counters_why[GAUGES_TEXT];
	char energy_say[GAUGES_TEXT], energy_why[GAUGES_TEXT];
};

/* Of this machine; `root` is put in front of what is read of /proc and /sys, "". */
void gauges_probe(struct gauges *g, const char *root);

/* A trial of this machine is to read them.  NULL: none of them. */
void gauges_spec(const struct gauges *g, struct trial_spec *spec);

#endif
