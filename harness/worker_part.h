/*
 * worker_part.h - what the parts of a worker's body share: worker.c has its loop and its orders,
 * worker_prepare.c what comes before the first order and after the last, worker_costs.c what the
 * kernel counts for it.
 *
 * Internal to worker*.c.  A worker's own thread.
 */
#ifndef HARNESS_WORKER_PART_H
#define HARNESS_WORKER_PART_H

#include "harness/conduct.h"
#include "harness/crew.h"
#include "harness/crowd.h"
#include "harness/rivals.h"

/* Everything of a worker that is not in shared memory. */
struct self {
	struct crew *crew;
	struct worker_slot *slot;
	unsigned index, side;
	loop_fn *loop;
	struct port ports[2]; /* out, in; the same one where it is both */
	unsigned n_ports;
	void *local[2];
	uint8_t *kept;
	struct schedule_table *table;
	struct rivals rivals;
	struct hist *service; /* past TRIAL_MAX_HISTS */
	void *ballast;
	struct crowd_host *host; /* of light workers; else NULL */
	bool prepared;
	bool last; /* it ended the stretch on its thread */
};

/* ---- worker_costs.c -------------------------------------------------------- */

uint64_t worker_cpu_ns(void);
void worker_read_costs(struct costs *c);
void worker_report_costs(
	struct worker_report *r, const struct costs *before, const struct costs *after);

/* A coroutine whose thread goes on with others: its costs are the last one's to report. */
void worker_report_no_costs(struct worker_report *r);

/* ---- worker_prepare.c ------------------------------------------------------ */

/* Pinned, all memory touched, both ends open.  0 or -errno; worker_clean_up() in any case. */
int worker_prepare(struct self *s);
void worker_clean_up(struct self *s);

/* It takes no part: why, in its slot. */
void worker_give_up(struct self *s, int err);

#endif
