/*
 * knee.h - the search for the highest rate that a service level allows.
 *
 * A pure state machine: it says which rate to try, is told what was seen there,
 * and says the next one, until it knows the knee or its trials are used up.
 *
 * It doubles the rate until two levels in a row are too much and the last of
 * them was not kept up with, then halves the interval, on a logarithmic scale,
 * between the highest level that was fine and the next one that was not, down
 * to KNEE_TOLERANCE_PERCENT.  Nothing is taken to be monotone: low rates may be
 * too slow (processors that halt), the levels above are tried all the same.
 *
 * On the way noise is taken for what it mostly is, slower: what was clearly fine is
 * believed at once, what was just fine after two such trials, and that a level is
 * too much takes three.  The level that is left at the end is tried until it was fine
 * four times, or too much three times: then the search goes on below it.  A rate that
 * is kept in half of the trials only is none that a service level allows.
 */
#ifndef BENCH_KNEE_H
#define BENCH_KNEE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	KNEE_TOLERANCE_PERCENT = 5,
	KNEE_MAX_TRIALS = 64,
	KNEE_MAX_LEVELS = 40,
};

/* What a trial at a rate has shown. */
struct knee_seen {
	uint64_t rate_per_s;
	double p99_ns; /* NAN: too few samples, or no trial; never fine */
	bool missed;   /* the rate was not kept up with */
};

struct knee_level {
	uint64_t rate_per_s;
	unsigned fine; /* a clearly fine trial counts twice */
	unsigned good, not_fine;
	bool missed; /* in the last trial */
	bool last;   /* it may be the knee */
};

struct knee {
	double slo_ns;
	uint64_t min_per_s, max_per_s;
	struct knee_level level[KNEE_MAX_LEVELS];
	unsigned levels, now; /* now: the one that is being tried */
	unsigned trials;
	bool over;
};

/*
 * Start the search at `start_per_s`, or as near to it as the limits let; no rate below min_per_s
 * (at least 1: trials there last too long) or above max_per_s is tried.
 */
void knee_init(struct knee *k, uint64_t slo_ns, uint64_t start_per_s, uint64_t min_per_s,
	uint64_t max_per_s);

/* The rate to try now; 0: the search is over. */
uint64_t knee_next(const struct knee *k);

/* What was seen at the rate that knee_next() gave. */
void knee_tell(struct knee *k, const struct knee_seen *seen);

/* The highest rate that was fine so far; 0: none was. */
uint64_t knee_found(const struct knee *k);

#endif
