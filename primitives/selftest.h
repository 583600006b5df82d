/*
 * selftest.h - mechanisms of known cost and of known faults, and what is known
 * of them.
 *
 * They go through the same loops, clocks, evidence and verdict as every other
 * mechanism; what the harness says of them is compared with what they read from
 * a clock of their own (primitives/selftest/parts/second.h), or with the faults
 * that they are built to make.  The registry (registry.h) does not hold them.
 *
 * Constant data; any thread.
 */
#ifndef PRIMITIVES_SELFTEST_H
#define PRIMITIVES_SELFTEST_H

#include "harness/mech.h"

enum {
	SELFTEST_BYTES = 64, /* the largest message of those that keep one */

	SELFTEST_BUSY_NS = 10000,   /* selftest/busy: one send */
	SELFTEST_SLEEP_NS = 500000, /* selftest/sleep: one send, at least */
	SELFTEST_HOLD_NS = 500,     /* selftest/hold: one section */

	SELFTEST_LATE_NS = 1000000,      /* selftest/late: this much more for ... */
	SELFTEST_LATE_EVERY = 1000,      /* ... one message in so many of each sender ... */
	SELFTEST_LATE_SEEN_NS = 900000,  /* ... counted where a round trip takes this long, */
	SELFTEST_LATE_MORE_NS = 2000000, /* and where not so long its time is added up */

	/*
	 * The faulty ones: one message in so many of each sender.  Where a sender
	 * claims in blocks of SELFTEST_FAULT_BLOCK, or multiples of it, the fault lies
	 * in the middle of one: a message that was held back is never the last.
	 */
	SELFTEST_FAULT_EVERY = 256,
	SELFTEST_FAULT_AT = 32, /* its place, from 0 */
	SELFTEST_FAULT_BLOCK = 64,
	SELFTEST_SWAP_BEHIND = 8, /* selftest/swap, several receivers: so many go first */
};

/* By full name ("selftest/busy"); NULL when there is none. */
const struct mech *selftest_find(const char *name);

/* All of them in the order of selftest.def; *n of them. */
const struct mech *const *selftest_all(size_t *n);

#endif
