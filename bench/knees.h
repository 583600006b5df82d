/*
 * knees.h - rates that are to be found: the search in a run, and knees.csv.
 *
 * A cell with rate=auto is a base: trials search for its knee (knee.h), the
 * highest rate whose 99th percentile of the response time stays under the
 * service level, and cells at fixed fractions of the knee take its place in the
 * plan.  Where no rate is fine the fractions are those of the capacity, which is
 * what came through with everything due at once.
 *
 * knees.csv has a row for each base.  Trials of the search are no samples.
 */
#ifndef BENCH_KNEES_H
#define BENCH_KNEES_H

#include "bench/runner.h"

struct knee_row {
	char cell[CELL_KEY]; /* the base */
	uint64_t slo_ns;
	uint64_t knee_per_s; /* 0: no rate was fine, or the search failed */
	uint64_t capacity_per_s;
	uint64_t trials;
	char reason[TRIAL_REASON]; /* why there is no knee */
};

struct knees {
	struct knee_row *row;
	size_t n;
};

/*
 * Search for the knee of every base of the runner's plan that can run.  A base
 * whose trial does not succeed has the reason in its row.  knees_free().  0;
 * -EINTR after a signal; -errno with a sentence.
 */
int knees_search(struct runner *r, uint64_t slo_ns, struct knees *k, char *err, size_t err_len);

/*
 * Put cells at their rates in the place of the bases that have a rate to start
 * from; the others stay and say in their own trials what is wrong.  0 or -errno.
 */
int knees_expand(struct plan *p, const struct knees *k, char *err, size_t err_len);

/* 0 or -errno with a sentence. */
int knees_write(const struct knees *k, const char *path, char *err, size_t err_len);

/* As written.  No such file: 0 rows and 0.  -EINVAL with a sentence for another file. */
int knees_read(struct knees *k, const char *path, char *err, size_t err_len);

void knees_free(struct knees *k);

#endif
