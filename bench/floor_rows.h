/*
 * floor_rows.h - rows and their floors: the columns, and what lies below.
 *
 * A row that is clearly below its floor is no fast row: it shows a floor that is
 * too high, a clock that is wrong or a loop that does less than it says.  Chance
 * is ruled out first: the third such block of a cell has the floors measured
 * again (at most FLOORS_AGAIN times a run), and only if it is below the least of
 * all passes is it marked noisy with the reason below-floor, as are those behind
 * it.  At the end of the run the cells are named that are below in three blocks
 * by what all passes together say.
 *
 * One thread; never while a trial runs.
 */
#ifndef BENCH_FLOOR_ROWS_H
#define BENCH_FLOOR_ROWS_H

#include <stdio.h>

#include "bench/floor_path.h"

#define FLOOR_BELOW 0.8 /* of the floor: measured less than that is below it */
enum { FLOOR_BLOCKS = 3 };

/*
 * Fill in the row's floor columns and mark it; `index`: of the cell in the plan.
 * Rows that are not ok stay as they are.
 */
void floor_row(
	struct floors *f, const struct cell *c, size_t index, unsigned cpus, struct sample *s);

/* Count the blocks of rows that an earlier part of the run left. */
void floor_rows_resume(struct floors *f, const struct plan *p, const struct sample *rows, size_t n);

/* Name the cells that are below by the least of all passes; how many. */
size_t floor_defects(FILE *to, const struct floors *f, const struct plan *p,
	const struct sample *rows, size_t n, unsigned cpus);

#endif
