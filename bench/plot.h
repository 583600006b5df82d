/*
 * Pictures - hands series of points to gnuplot, which draws NAME.svg and NAME.png.
 *
 * Beside the pictures stay NAME.gp, NAME-series.gp, NAME-caption.gp, NAME.csv (all points) and what
 * the scripts share (style.gp, axis.gp, legend.gp): whoever wants another look edits NAME.gp or
 * style.gp and runs `gnuplot -d NAME.gp` there.
 *
 * gnuplot runs without a shell, with a time limit, in its own process group. No text of the
 * request reaches it but as a quoted string: control characters, bytes above 126 and single
 * quotes are replaced.
 *
 * All functions may be called from any thread, for one dir from one thread at a time.
 */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stdbool.h>
#include <stddef.h>

enum { PLOT_PANELS = 2, PLOT_LABEL = 96, PLOT_ERR = 300 };

/*
 * Axes of figures are logarithmic: a point with x or y not above 0, or not finite, is not drawn.
 * x counts categories (below) where the script has them.
 */
struct plot_point {
	double x, y;
	double lo, hi;     /* interval around y; NAN or 0 when there is none */
	double x_lo, x_hi; /* the same around x */
};

/* Index of colour, shape and dashes; all are taken modulo what style.gp has of them. */
struct plot_look {
	unsigned tint, mark, dash;
	bool hollow;
};

struct plot_series {
	char label[PLOT_LABEL];
	const struct plot_point *point;
	size_t n;
	unsigned panel; /* below PLOT_PANELS */
	struct plot_look look;
};

/* A place on an axis that counts: a fan, a row; a heading has no points. */
struct plot_category {
	char label[PLOT_LABEL];
	double at;
	bool heading;
};

/* Texts may be NULL, which is "". */
struct plot_request {
	const char *script;     /* of script_dir, without suffix:
				   "throughput": x in bytes, y figures;
				   "latency": x = 1 / (1 - percentile), y in ns;
				   "fans": x a category, y figures;
				   "dots": x the row (a category), y figures, drawn to the right;
				   "cost": x a time, y CPU time, both in ns */
	const char *dir;        /* where everything is written; created if only it is missing */
	const char *script_dir; /* where the scripts and what they share are */
	const char *name;       /* of the output: [a-z0-9-], no dash first, unique in dir */
	const char *title;
	const char *caption;            /* n, machine and date; broken into lines here */
	const char *panel[PLOT_PANELS]; /* headings; one without series is not drawn */
	const char *x_title;            /* of categories */
	const char *y_title;            /* of figures */
	const char *unit;               /* of y: "ns", else per second */
	const struct plot_point *also;  /* on the axes, not drawn: pages of one picture agree */
	size_t n_also;
	const struct plot_category *category;
	size_t n_categories;
	const struct plot_series *series;
	size_t n_series;
	unsigned timeout_ms; /* for gnuplot; 0 = 30 s */
};

/*
 * Writes what gnuplot reads. A series without a point that can be drawn is left out. Returns 0, or,
 * with one sentence in err: -EINVAL a bad name or nothing to draw, another -errno where a file
 * could not be read or written. Pictures of that name are removed.
 */
int plot_write(const struct plot_request *request, char *err, size_t err_len);

/* A picture that plot_write() prepared. */
struct plot_job {
	const char *name;
	int rc; /* set to 0, or as plot_draw() returns */
	char err[PLOT_ERR];
};

/*
 * Draws the pictures prepared in dir, two at a time; timeout_ms for each, 0 = 30 s. A job's failure
 * is its own, but for a gnuplot that is missing, too old or hangs: that one is not tried again, and
 * every job that is left says why.
 */
void plot_render(const char *dir, struct plot_job *job, size_t n, unsigned timeout_ms);

/*
 * Writes and draws one. Returns 0 when both pictures are there, whole, or, with one sentence in err
 * and neither picture there: as plot_write(), or -ENOENT no gnuplot on PATH, -ENOTSUP it is too
 * old, -ETIMEDOUT it ran too long, -EINTR launch_stop was set, -EIO it failed or left no whole
 * picture.
 */
int plot_draw(const struct plot_request *request, char *err, size_t err_len);

#endif
