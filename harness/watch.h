/*
 * watch.h - what a long stretch did from one tenth of a second to the next.
 *
 * The leader looks at counters that the workers keep anyway: deliveries booked
 * in the ledgers, the counter that a lock guards, arrivals at a barrier,
 * operations claimed where nothing is booked; and at the bins of side a's
 * histograms.  The loops do nothing for it.  All of these are relaxed atomics,
 * so that a look is never torn, only a moment old.
 *
 * What it costs: the leader wakes for some 10 us per stamping worker every
 * WATCH_PERIOD_NS, on whatever processor is idle; where every processor has a
 * worker of its own it displaces one for so long, ten times a second.  The lines
 * of the histograms that it has read have to be fetched back once.
 *
 * Stretches that are planned to last less than WATCH_LEAST_NS, calibration,
 * soaking, and a barrier for one (its loop leaves nothing to see) are not
 * watched.  One thread, the leader.
 */
#ifndef HARNESS_WATCH_H
#define HARNESS_WATCH_H

#include "harness/crew.h"

#define WATCH_PERIOD_NS UINT64_C(100000000)
#define WATCH_LEAST_NS  UINT64_C(1000000000)

struct watch {
	struct crew *crew;
	struct trial_result *result; /* NULL: nothing is watched */
	uint64_t period_ns, due_ns;  /* CLOCK_MONOTONIC */
	uint64_t begin_ticks, last_ticks;
	uint64_t ops; /* at last_ticks */
	uint64_t ops_at_end;
	unsigned now;                /* which of the looks is the next one; the other is the last */
	uint32_t look[2][HIST_BINS]; /* bins of side a's histograms, added up */
	struct hist lap;             /* samples between the two */
};

/*
 * How long the pieces of such a stretch are: WATCH_PERIOD_NS, or a multiple of it
 * where half of TRIAL_MAX_INTERVALS would not hold them; 0: not watched.
 */
uint64_t watch_period(const struct trial_spec *spec);

/*
 * Begin before the order to measure (flag-ended: when counting begins), if such a
 * stretch is watched; one that is begun again starts from nothing.
 */
void watch_begin(struct watch *w, struct crew *c, struct trial_result *r);

/* When to look next, CLOCK_MONOTONIC; UINT64_MAX: never. */
uint64_t watch_due(const struct watch *w);

/* Look, if it is time to and all have begun. */
void watch_look(struct watch *w);

/* The stretch is over: look no more.  Before the next order is given. */
void watch_over(struct watch *w);

/*
 * The stretch is over and nobody counts any more: the last piece, and what lies
 * between the pieces and the times in the result, which begin with the first
 * start (flag-ended: with counting).
 */
void watch_end(struct watch *w, uint64_t begin_ticks, uint64_t end_ticks);

#endif
