/*
 * cell_memory.h - the axes memory, node and touch of a cell: where they mean something, and
 * whether this machine has what they ask for.
 *
 * Pure functions of their arguments.
 */
#ifndef BENCH_CELL_MEMORY_H
#define BENCH_CELL_MEMORY_H

#include "bench/cell.h"

/*
 * What workers hand over goes through shared memory of the harness: not through objects of the
 * kernel, nor through memory that the mechanism maps itself.
 */
bool cell_has_memory(const struct mech *m);

/*
 * Put axes that mean nothing for this cell at their default.  NULL, or why the combination is
 * impossible (static text).
 */
const char *cell_memory_normalise(struct cell *c);

/* After the placement: c->skip says what this machine lacks, where it lacks something. */
void cell_memory_place(struct cell *c, const struct topo *topo);

#endif
