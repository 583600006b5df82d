/*
 * compare_print.h - what `handoff compare` says on the terminal: what it had, what all cells and
 * the controls did together, the ratios, what the verdict is.
 *
 * One thread.
 */
#ifndef BENCH_COMPARE_PRINT_H
#define BENCH_COMPARE_PRINT_H

#include <stdio.h>

#include "bench/compare.h"

/* At most `top` rows of ratios, 0: all; the rest is counted. */
void compare_print(
	FILE *out, const struct compared *c, const struct compare_ask *ask, uint64_t top);

#endif
