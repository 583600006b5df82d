/*
 * floors.h - the floors of a run: floors.csv, one row per part, pair of PUs and
 * pass.
 *
 * A run measures the parts (harness/floor.h) of every pair of PUs that its plan
 * uses, before its first trial and after its last one, never while a trial runs.
 * What counts is the minimum over all passes so far.  Lines, switches and
 * wake-ups belong to their pair; what one thread alone does (system calls,
 * copies ...) counts from whatever PU did it fastest.
 *
 * One thread.  Errors: -errno and a sentence.
 */
#ifndef BENCH_FLOORS_H
#define BENCH_FLOORS_H

#include "bench/plan.h"
#include "harness/floor.h"

enum {
	FLOORS_PAIRS = 16,          /* measured at most */
	FLOORS_NAMED = 64,          /* of the others; more are counted only */
	FLOORS_AGAIN = 2,           /* further passes, before rows are called below their floor */
	FLOORS_PAIR_NS = 120000000, /* for a pair, a pass; less in short runs, at least ... */
	FLOORS_LEAST_NS = 10000000,
	FLOORS_SHARE = 50, /* ... and one part in so many of the run, both passes together */
	FLOORS_WHY = 120,
};

struct floors_pair {
	unsigned a, b; /* OS numbers */
};

/* A row of floors.csv. */
struct floors_row {
	uint64_t pass; /* from 1 on; --resume goes on counting */
	struct floors_pair pair;
	int part; /* enum floor_part; -1: nothing of this pair was measured */
	uint32_t bytes;
	double min_ns, median_ns, spread_ns;
	uint64_t n;
	char why[FLOORS_WHY]; /* why there is no figure */
};

struct floors {
	const struct topo *topo;
	const struct clock *clock;
	struct floors_pair pair[FLOORS_PAIRS]; /* to be measured */
	size_t n_pairs;
	struct floors_pair other[FLOORS_NAMED]; /* not to be measured */
	size_t n_other, n_uncounted;            /* ... and that many more, or more */
	bool all;                               /* the pairs are all of this machine */
	uint32_t bytes[FLOOR_SIZES];            /* ascending */
	size_t n_bytes;
	struct floors_row *row;
	size_t n, room;
	uint64_t pass;   /* of the last rows; 0: nothing was measured yet */
	unsigned again;  /* FLOORS_AGAIN so far */
	uint32_t *below; /* blocks of each cell of the plan that were below the floor */
};

/* Which pairs and sizes a plan wants.  Zeroes the rest.  0 or -ENOMEM. */
int floors_plan(struct floors *f, const struct plan *p, const struct topo *t,
	const struct clock *clock, char *err, size_t err_len);
void floors_free(struct floors *f);

/* Time for each pair in a pass, in a run that takes so long. */
uint64_t floors_pair_ns(const struct floors *f, uint64_t run_ns);

/* Both passes, about. */
uint64_t floors_estimate_ns(const struct floors *f, uint64_t run_ns);

/*
 * One more pass over all pairs; stops early when launch_stop is set.  An error is that of the last
 * pair that could not be measured; the others are.
 */
int floors_measure(struct floors *f, uint64_t pair_ns, char *err, size_t err_len);

/* Room for one more row; NULL: no memory. */
struct floors_row *floors_new_row(struct floors *f);

/* The rows of a measured pair, or of one that is not (why), as the next ones of a pass. */
int floors_add(struct floors *f, struct floors_pair pair, const struct floor_result *r);
int floors_add_other(struct floors *f, struct floors_pair pair, const char *why);

/*
 * The minimum over all passes; NAN: never measured.  floors_alone(): on any PU.
 * FLOOR_COPY: of *bytes, or else of the largest measured size below it, which *bytes
 * then is.
 */
double floors_of_pair(const struct floors *f, struct floors_pair pair, enum floor_part part);
double floors_alone(const struct floors *f, enum floor_part part);
double floors_copy(const struct floors *f, uint32_t *bytes);
bool floors_has(const struct floors *f, struct floors_pair pair);

/* The file, whole; reading appends to what f has and sets pass. */
int floors_write(const struct floors *f, const char *path, char *err, size_t err_len);
int floors_read(struct floors *f, const char *path, char *err, size_t err_len);

/*
 * The pairs between a cell's sides, each PU of it in one; at most room.  0: unpinned.
 */
size_t floors_cell_pairs(const struct cell *c, struct floors_pair *out, size_t room);

#endif
