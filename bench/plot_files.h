/*
 * What gnuplot reads - data, texts and scripts of one picture. Internal to plot.c.
 */
#ifndef BENCH_PLOT_FILES_H
#define BENCH_PLOT_FILES_H

#include "bench/plot.h"

/* A request with what was found out about it. */
struct plot {
	const struct plot_request *req;
	double x_min, x_max, y_min, y_max; /* of what is drawn, intervals included */
	size_t drawn;                      /* series with a point */
	size_t in_panel[PLOT_PANELS];      /* of them */
	char *err;
	size_t err_len;
};

bool plot_drawable(const struct plot_point *pt);

/* Both ends of the interval around y (x) fit on a logarithmic axis. */
bool plot_has_interval(const struct plot_point *pt);
bool plot_has_x_interval(const struct plot_point *pt);

/* How many points of a series can be drawn. */
size_t plot_count(const struct plot_series *s);

/* Everything; 0, or -errno with a sentence in p->err. */
int plot_files_write(const struct plot *p);

#endif
