/*
 * cell_tasks.h - of a cell: the axes of workers that begin threads or processes of
 * their own, or are dealt to several processes.
 *
 * Pure functions.
 */
#ifndef BENCH_CELL_TASKS_H
#define BENCH_CELL_TASKS_H

#include "bench/cell.h"

/*
 * Set alive, rss, crowd and procs to their defaults where they say nothing, and the fan of a
 * crowd.  NULL, or why the combination is impossible (static text).
 */
const char *cell_tasks_normalise(struct cell *c);

/* Is the mechanism offered between workers of this domain?  Mixed: where both its parts are. */
bool cell_tasks_offered(const struct mech *m, enum domain d);

/* Workers of a crowd in all; 0: the workload has none. */
uint32_t cell_crowd(const struct cell *c);

/* Processes that hold the workers. */
uint32_t cell_procs(const struct cell *c);

/* Tasks of its own run beside the workers: a processor for each worker is not enough. */
bool cell_has_tasks(const struct cell *c);

/*
 * After a calibration that found c->n: as many whole rounds of children, or of operations of all
 * pairs, as fit, and at least one, however long that takes.
 */
void cell_tasks_plan(struct cell *c, const struct trial_result *r);

/* Children and crowds take their time to begin; one round of them is too long for a warm-up. */
void cell_tasks_spec(const struct cell *c, struct trial_spec *spec);

#endif
