/*
 * judged_print.h - a judgement on a terminal: what `ab` and `compare` print.
 *
 * Changed rows first, then what is inconclusive, then a line about what is fine, then
 * judged_last_line().  Control characters of names are shown as '?'.  Errors stay in the stream.
 * One thread.
 */
#ifndef BENCH_JUDGED_PRINT_H
#define BENCH_JUDGED_PRINT_H

#include <stdio.h>

#include "bench/judged.h"

/* `most` rows of each kind are shown, 0: all; how many are not is said. */
void judged_print(FILE *out, const struct judgement *j, size_t most);

#endif
