/*
 * costs.h - what of a row is judged: five metrics, each as what an operation costs.
 *
 * In log cost more is slower, for rates too, which enter inverted.  Pure; any thread.
 */
#ifndef BENCH_COSTS_H
#define BENCH_COSTS_H

#include "bench/gate_stored.h"
#include "bench/samples.h"

enum cost { COST_THROUGHPUT, COST_P50, COST_P99, COST_CPU, COST_SWITCHES, COSTS };

/* "throughput", "p50", "p99", "cpu", "switches"; and back, -1 where there is no such metric. */
const char *cost_name(enum cost c);
int cost_of_name(const char *name);

/* "msg/s" where messages are handed over, else "op/s"; "ns", "ns/op", "1/op". */
const char *cost_unit(enum cost c, const char *cell);

/* What a row has, in that unit; NAN: not measured. */
double cost_value(const struct sample *s, enum cost c);

/*
 * Its logarithm as a cost; NAN where it has none: a time or rate of 0 is below what the clock
 * can tell.  Switches count from a twentieth of one per operation, since most cells have next to
 * none and a ratio of two such figures says nothing.
 */
double cost_log(enum cost c, double value);

/* Margin and tolerance of each metric. */
extern const struct stored_rule cost_rules[COSTS];

#endif
