/*
 * rank.h - from rows to rankings.
 *
 * Rows of one workload, domain, start, size, fan and placement make a group;
 * within it each mechanism, wait strategy and capacity is an entry.  Entries
 * that sleep and entries that spin are ordered apart.  An entry's value is the
 * median over its trials; its interval the 95 % order-statistic interval, or
 * the range when there are fewer than six.  Noisy rows are left out where at
 * least RANK_ENOUGH_CLEAN clean ones exist, and counted.  Entries that cannot be
 * told from the first of a rank share that rank (1, 1, 3): by the exact signed
 * rank test over the blocks that both have, six or more; else by whether
 * intervals overlap.
 *
 * Rows of openloop have a figure but no rank: each mechanism has rates of its own.
 *
 * Pure functions of the rows; results are malloc'd, rank_free().
 */
#ifndef BENCH_RANK_H
#define BENCH_RANK_H

#include "bench/samples.h"

enum { RANK_ENOUGH_CLEAN = 3, RANK_INTERVAL_TRIALS = 6 };

struct rank_value {
	double median, lo, hi;
	bool range; /* lo and hi are the range: too few trials for an interval */
};

struct rank_entry {
	char label[96]; /* "channel/ring-spsc (spin)", with " x16" where capacities differ */
	char mechanism[48], wait[20], capacity[16];
	bool spins;
	const struct sample *first; /* one of its rows */
	const struct sample **row;  /* used rows */
	size_t n;
	size_t noisy_left_out, noisy_used;
	struct rank_value figure; /* what the group is ordered by */
	struct rank_value bytes;  /* bytes per second, where there are messages */
	struct rank_value cpu_ns; /* per operation */
	unsigned rank;            /* 1 is best; shared where not separable */
};

struct rank_group {
	const struct sample *key; /* a row that has the group's axes */
	bool lower_is_better;
	const char *unit;         /* "ns" or "per_s" */
	struct rank_entry *entry; /* sleeping ones first, each part best first */
	size_t n, sleeping;
};

struct ranking {
	struct rank_group *group;
	size_t n;
	const struct sample **rows; /* behind the entries */
};

/* Floors and races are no mechanisms to choose: the caller knows which. */
typedef bool rank_filter_fn(const char *mechanism);

/* 0 or -ENOMEM. */
int rank_rows(struct ranking *r, const struct sample *rows, size_t n, rank_filter_fn *rankable);
void rank_free(struct ranking *r);

/*
 * Leave only groups whose further axes are all at their default, for those who
 * compare mechanisms and not axes.
 */
void rank_keep_usual(struct ranking *r);

/* Its way to wait is part of its name: not the one that every mechanism is first known by. */
bool rank_names_wait(const struct rank_entry *e);

/* The figure of one row, by its workload; NAN when it has none. */
double rank_figure(const struct sample *s);

/* Whether that figure is a time, the shorter the better; else operations a second. */
bool rank_lower_is_better(const struct sample *s);

/* Median with interval or range of n values; n > 0. */
void rank_summarise(const double *v, size_t n, struct rank_value *out);

/* "4.31 us [4.20 .. 4.55 us]" as the group's unit wants; "range" said where it is one. */
void rank_format(const struct rank_value *v, const char *unit, char *out, size_t out_len);

/* NULL when there is no such group.  start and fan are the defaults. */
const struct rank_group *rank_find(const struct ranking *r, const char *workload,
	const char *domain, double msg_bytes, const char *placement);

#endif
