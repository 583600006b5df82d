/*
 * picture_lines.h - the rows of a grid as lines: sleeping ones in the left panel, spinning ones in
 * the right, the fastest of each on the first page. Internal to picture_*.c.
 */
#ifndef BENCH_PICTURE_LINES_H
#define BENCH_PICTURE_LINES_H

#include "bench/picture_set.h"

enum { LINES_POINTS = 80 };

struct picture_lines {
	struct plot_series series[2 * PICTURE_LINES];
	struct plot_point point[2 * PICTURE_LINES][LINES_POINTS];
	size_t n;
};

/* Fills at most LINES_POINTS points of a row (counted from 0); returns how many. */
typedef size_t picture_points_fn(
	void *ctx, const struct grid *g, size_t row, struct plot_point *to);

/*
 * Adds the pages of a grid. page: name, title, chapter, note and plot's script and axes; `points`
 * gives a row's points, in no more than LINES_POINTS.
 */
void picture_add_lines(struct picture_set *s, const struct grid *g, struct picture_page *page,
	picture_points_fn *points, void *ctx);

extern const char *const picture_wait_title[2]; /* sleeping, spinning */

#endif
