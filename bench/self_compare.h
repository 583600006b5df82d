/*
 * self_compare.h - how long `handoff compare` takes for two stored runs of a large matrix.
 *
 * One thread; a row of `make bench-self`.
 */
#ifndef BENCH_SELF_COMPARE_H
#define BENCH_SELF_COMPARE_H

#include "bench/selfcost.h"

/* Runs the program on two runs of 200 cells and 220 trials each, made in a directory of its own. */
void self_compare(struct selfcost *t, const char *program);

#endif
