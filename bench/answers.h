/*
 * answers.h - the four standing questions, answered from rows.
 *
 * Between two threads and between two processes, for 64 B and for 64 KiB: the
 * fastest mechanism that sleeps and the fastest that spins, by round trip, with
 * round trip, throughput, interval and CPU cost.  Where the trials cannot tell
 * mechanisms apart it says so; where another one wins throughput it says that;
 * where nothing was measured it says that too.
 */
#ifndef BENCH_ANSWERS_H
#define BENCH_ANSWERS_H

#include <stdio.h>

#include "bench/rank.h"

/* Table, answers, and the sentence on belief.  `markdown`: for REPORT.md. */
void answers_print(FILE *to, const struct sample *rows, size_t n, rank_filter_fn *rankable,
	const char *belief, bool markdown);

/* One group as a table. */
void answers_group(FILE *to, const struct rank_group *g, bool markdown);

/* "pingpong, 2 processes, 64 B, nearest (same-l3)" */
void answers_title(const struct rank_group *g, char *out, size_t out_len);

/* The class that a row's nearest or farthest meant; "" where it named one itself. */
const char *answers_class(const struct sample *s);

#endif
