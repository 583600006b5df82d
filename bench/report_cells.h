/*
 * report_cells.h - the last chapter of REPORT.md: a table of all cells.
 *
 * Writes what it is given, in the order of the cells' keys; errors stay in the
 * stream (ferror).  Any thread.
 */
#ifndef BENCH_REPORT_CELLS_H
#define BENCH_REPORT_CELLS_H

#include <stddef.h>
#include <stdio.h>

#include "bench/samples.h"

/* A line per cell: medians with their bounds, trials, noisy ones, what was not ok and why. */
void report_cells(FILE *to, const struct sample *rows, size_t n);

#endif
