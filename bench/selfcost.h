/*
 * selfcost.h - what `make bench-self` found: printed line by line, and kept as
 * self.csv beside the environment.csv of the machine.
 *
 * One thread.
 */
#ifndef BENCH_SELFCOST_H
#define BENCH_SELFCOST_H

#include <stddef.h>

/* Zeroed, then selfcost_begin(). */
struct selfcost {
	const char *dir; /* NULL: printed only */
	int fd;          /* of self.csv.new, self.csv in the end */
	int code;        /* of the first row that was not written */
	unsigned broken; /* limits that were surely not kept */
};

/* Makes dir if need be; NULL: nothing is kept.  0, or -errno with a sentence. */
int selfcost_begin(struct selfcost *t, const char *dir, char *err, size_t err_len);

/*
 * The median of n values in this unit, with its interval (the range where n < 6).  A limit
 * (NAN: none) is kept if the whole interval is at most it, broken if it is above it.
 */
void selfcost_put(struct selfcost *t, const char *what, const char *against, const char *unit,
	const double *v, size_t n, double limit);

void selfcost_absent(struct selfcost *t, const char *what, const char *against, const char *why);

/* Both files are whole and in place.  0, or -errno with a sentence. */
int selfcost_end(struct selfcost *t, char *err, size_t err_len);

#endif
