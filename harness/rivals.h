/*
 * rivals.h - several receivers of one channel: how many messages the others had while one of
 * them waited for its own.
 *
 * Each receiver books what it has received in a ledger of its own (evidence.h), whose counts
 * are relaxed atomics.  Who wants to know how often it was overtaken adds up the others' when
 * it asks for a message and again when it has one; the difference is what they had meanwhile,
 * give or take one message of each that was just being booked.  k receivers that are served in
 * the order in which they ask: k - 1.
 *
 * A look fetches the others' cache lines twice, and they have to fetch them back.  So there is
 * one only at operations that are stamped anyway, and at most one in RIVALS_GAP_NS for each line
 * that it reads: where a line takes 200 ns that is under 1 % of the time, of all together.  No
 * other operation pays for it, and there is no counter that all of them write.
 *
 * One thread, the worker that it belongs to.
 */
#ifndef HARNESS_RIVALS_H
#define HARNESS_RIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/clock.h"
#include "harness/compiler.h"

struct worker;

enum { RIVALS_GAP_NS = 100000 };

struct rivals {
	const void *ledgers; /* the first receiver's; the others' follow at `stride` */
	size_t stride;
	uint32_t n, self; /* receivers; which of them this is */
	uint64_t gap_ticks;
	uint64_t due_ticks; /* the next look; 0: the stretch has just begun */
	uint64_t had;       /* by the others, when this one asked */
	bool looking;
};

/* n receivers whose ledgers lie there, of messages of so many producers. */
void rivals_init(struct rivals *r, const void *ledgers, size_t stride, uint32_t n, uint32_t self,
	uint32_t producers, const struct clock *clock);

/* Before a stretch. */
void rivals_reset(struct rivals *r);

/* Around a stamped receive: it asks, at that tick; it has a message, and w books it. */
COLD void rivals_ask(struct rivals *r, uint64_t ticks);
COLD void rivals_had(struct rivals *r, struct worker *w);

#endif
