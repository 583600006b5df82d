/*
 * coherence_map.h - the time of one way between every two processors: a matrix, its rows and
 * columns the PUs that may be used, in hwloc's order.
 *
 * Row a, column b: a begins, and has touched the memory.  A pair that could not be measured has a
 * reason and no figure, and stays in its place wherever the matrix is shown.
 *
 * One thread; nothing else should run while it is filled.
 */
#ifndef BENCH_COHERENCE_MAP_H
#define BENCH_COHERENCE_MAP_H

#include <stdint.h>
#include <stdio.h>

#include "harness/clock.h"
#include "harness/coherence.h"
#include "harness/topo.h"

enum {
	MAP_MOST_PUS = 1024,
	MAP_ROUNDS = 5,
	MAP_LINES = 4, /* of a round */
	MAP_SAMPLES = MAP_ROUNDS * MAP_LINES,
	MAP_REASON = 120,
};

struct map_pair {
	float ns[MAP_SAMPLES];
	unsigned n;
	uint16_t reason; /* of coherence_map.reason; those without samples */
};

/* Reasons are few, pairs many. */
enum { MAP_REASONS = 32 };

struct coherence_map {
	unsigned n;            /* PUs */
	unsigned *os;          /* their numbers */
	enum place_class *cls; /* [row * n + column] */
	struct map_pair *pair; /* [row * n + column] */
	char reason[MAP_REASONS][MAP_REASON];
	unsigned reasons;
	unsigned rounds; /* that went through all pairs */
};

/* An empty matrix of the topology's PUs.  0; -E2BIG or -ENOMEM with a sentence. */
int coherence_map_make(struct coherence_map *m, const struct topo *t, char *err, size_t err_len);
void coherence_map_free(struct coherence_map *m);

/*
 * Fill it: up to MAP_ROUNDS rounds over all pairs, both directions, each round in an order of its
 * own that follows from the seed, until the budget is spent or launch_stop is set.  What then has
 * no sample says why.
 */
void coherence_map_measure(struct coherence_map *m, const struct topo *t, const struct clock *clock,
	uint64_t budget_ns, uint64_t seed);

/* Add n samples; or say why there are none (they then go on to count). */
void coherence_map_add(
	struct coherence_map *m, unsigned row, unsigned column, const double *ns, unsigned n);
void coherence_map_lack(struct coherence_map *m, unsigned row, unsigned column, const char *reason);

/* Least and median of a pair; n == 0: there are none, and reason is set. */
struct coherence coherence_map_at(const struct coherence_map *m, unsigned row, unsigned column);
const char *coherence_map_reason(const struct coherence_map *m, unsigned row, unsigned column);

/* Pairs (both directions) that have samples; all are n * (n - 1). */
size_t coherence_map_measured(const struct coherence_map *m);

/* Medians as a table in ns, "-" where there is none; each class; what is missing and why. */
void coherence_map_text(const struct coherence_map *m, FILE *to);

/* pu_a,pu_b,class,min_ns,median_ns,n,reason: a row for each pair. */
void coherence_map_csv(const struct coherence_map *m, FILE *to);

/*
 * DIR/coherence.svg and .png by gnuplot, with script and data, as plot_draw(); -EINVAL where no
 * pair has a figure, -EFBIG where there are too many to be seen.  `where` says what machine it was.
 */
int coherence_map_draw(const struct coherence_map *m, const char *dir, const char *where, char *err,
	size_t err_len);

#endif
