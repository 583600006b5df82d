/*
 * quiet.h - what a trial itself sees of noise: the facts behind a row's quality.
 *
 * Nothing here runs inside a timed stretch.  The leader of the trial looks at the
 * PUs before the workers exist and after they have gone; a worker asks once, after
 * its loop, whether it was stopped.
 */
#ifndef HARNESS_QUIET_H
#define HARNESS_QUIET_H

#include "harness/conduct.h"

enum {
	QUIET_PU_NS = 300000,   /* spent looking at one PU ... */
	QUIET_ALL_NS = 1000000, /* ... at all of them; each gets at least QUIET_LEAST_NS */
	QUIET_LEAST_NS = 60000,
	QUIET_PUS = 16,          /* of more, the first in the order of the workers */
	QUIET_YIELD_NS = 50000,  /* give way so often: who waits for the PU then shows */
	QUIET_LOST_NS = 1000000, /* after such a gap there is no more to learn */
	QUIET_PATIENCE_NS = 4000000,
	QUIET_ARRIVAL_NS = 500000, /* to get to a PU that sleeps may take so long */
};

/*
 * Read the clock without pause on each PU of the spec and return the longest time between two
 * readings, in ns.  Unpinned: on each that may be used; as many as there are workers count, the
 * best of them.  It is done by a thread of the policy
 * SCHED_IDLE that gives way every now and then: whoever else wants a PU takes it, and shows.  It
 * takes QUIET_PU_NS a PU, QUIET_ALL_NS at most.  Where others hold a PU the caller waits for
 * QUIET_PATIENCE_NS more; the thread then ends as soon as it is let, and its weight is too small to
 * be felt until then.  UNKNOWN_COUNT where nothing can be
 * said: not one of the PUs may be used, or one is held and unpinned workers have room elsewhere.  For the leader, as long
 * as no worker exists.
 */
uint64_t quiet_gap_ns(const struct trial_spec *spec);

/*
 * SIGCONT is kept pending in a trial (quiet_hold_cont(), inherited by all workers): who finds
 * it there was stopped and let go on.  Works for threads and processes, and sets no handler,
 * hence cuts no system call short.
 */
void quiet_hold_cont(void);
bool quiet_was_stopped(void);

/* From the workers' reports to result->noise, gaps apart. */
void quiet_figure(struct trial *t);

#endif
