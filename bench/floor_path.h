/*
 * floor_path.h - the floor of a cell: what stands on the shortest way through one
 * of its operations, summed up.
 *
 * A floor is a lower bound, and where two ways are possible the cheaper one
 * counts.  It follows from the contract, the wait strategy and the workload's
 * roles, never from a name:
 *
 *   round trip   two hand-overs.  One is a wake-up where it is proven that at
 *                least half of the operations had one (the voluntary switches of
 *                the row say so), else a line that moves and the kernel entries
 *                of one side; on one PU a switch.  Plus the copies: all of them
 *                up to a page, half of them above where a message goes through
 *                in parts, since both sides may then copy at once.
 *   wake-up      of one or of all: one hand-over, and the line that comes back.
 *   messages     per message: kernel entries, atomics and copies of the slower
 *                side, shared among its workers, or of both sides among all
 *                PUs, whichever is more.  Nobody need sleep, lines are moved
 *                while others are filled.  A channel that keeps `capacity`
 *                messages moves two lines for so many.
 *   sections     of a lock: its atomics; who has it may take it again and again
 *                before a line moves.
 *                Coroutines do all of both sides on one thread, and switch for
 *                less than any floor that is measured.
 *   rounds       of a barrier: one line, or switch; each sees the other come.
 *
 * Floors (mechanisms) and races have none.  Neither has a cell whose pairs of PUs
 * are not all measured: an unpinned one on a machine with more than five PUs.
 */
#ifndef BENCH_FLOOR_PATH_H
#define BENCH_FLOOR_PATH_H

#include "bench/floors.h"
#include "bench/samples.h"

enum { FLOOR_TEXT = sizeof(((struct sample *)0)->floor_parts) };

struct floor_sum {
	double ns;              /* NAN: there is none */
	char parts[FLOOR_TEXT]; /* "2 wake + 4 copy-64" */
	const char *why;        /* why there is none; NULL if there is one */
};

/*
 * `sleeps`: voluntary switches of all workers for each operation; `ops`: of the
 * stretch; `cpus`: PUs of the machine.
 */
void floor_path(const struct floors *f, const struct cell *c, double sleeps, double ops,
	unsigned cpus, struct floor_sum *out);

/* A time of this row that is to be at or above the floor; NAN: the row has none. */
double floor_figure_of(const struct sample *s);

#endif
