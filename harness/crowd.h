/*
 * crowd.h - workload oversubscribed: many light workers on few processors.
 *
 * The trial's own workers (two, as everywhere) are hosts: each begins half of the
 * crowd as threads with small stacks, which inherit its processor, attach ports of
 * their own and play the workload's role.  So the crowd costs other rows nothing:
 * the arena, the spec and the result know two workers.  In domain process the two
 * hosts are two processes; in domain coroutine light ones are coroutines of the hosts' thread.
 *
 * Channels: the i-th light one of host a sends to the i-th of host b, over a link
 * of their own; each pair does the same number of operations.  Locks: all contend
 * for one.  The first CROWD_HISTS of a host stamp.
 *
 * A limit that is met (descriptors, tasks, memory) is an error of its own kind:
 * -EMFILE, -EAGAIN, -ENOMEM; the verdict makes it a skip that names the limit.
 */
#ifndef HARNESS_CROWD_H
#define HARNESS_CROWD_H

#include "harness/arena.h"

struct crowd_host;

enum { CROWD_HISTS = 32 };

/* How many there are in all. */
uint32_t crowd_size(const struct trial_spec *spec);

/* ---- the leader, before workers begin and after they have left ------------- */

/* The links of all pairs, set up; into c->crowd.  0 or -errno with a sentence in c->err. */
int crowd_create(struct crew *c);

/* Named objects of all pairs can go; those of a role that this process does not play are closed. */
void crowd_forget_names(struct crew *c);
void crowd_close_others(struct crew *c, enum role role);

/* Tear the links down.  c->crowd may be NULL. */
void crowd_tear_down(struct crew *c);

/* What the pairs of a channel have sent and received. */
void crowd_judge(const struct crew *c, struct evidence *e);

/* ---- a host, in its own worker ---------------------------------------------- */

/* Begin the light workers of side 0 or 1 and attach them.  0 or -errno with a sentence in err. */
int crowd_open(struct crowd_host **out, struct crew *c, unsigned side, loop_fn *loop, char *err,
	size_t err_len);

/* Where a flag ends the workload: let them go, and wait until all run. */
void crowd_begin(struct crowd_host *h, const struct worker *w);

/*
 * The hosts' role loop: let them go where nobody has, wait for all, and leave sums in w and, of
 * what they cost, in r.  w->result says whether all were fine.
 */
void crowd_run(struct crowd_host *h, struct worker *w);
void crowd_add_costs(const struct crowd_host *h, struct worker_report *r);

/* Close, detach, join. */
void crowd_close(struct crowd_host *h);

#endif
