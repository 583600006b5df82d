/*
 * Pictures - hands series of points to gnuplot, which draws NAME.svg and NAME.png.
 *
 * Beside the pictures stay NAME.gp, style.gp, NAME-series.gp, NAME-caption.gp and a NAME-NNN.csv
 * per series: whoever wants another look edits NAME.gp and runs `gnuplot NAME.gp` there.
 *
 * gnuplot runs without a shell, with a time limit, in its own process group. No text of the
 * request reaches it but as a quoted string: control characters, bytes above 126 and single
 * quotes are replaced.
 *
 * plot_draw() may be called from any thread, for one dir from one thread at a time.
 */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stddef.h>

/* Both axes are logarithmic: a point with x or y not above 0, or not finite, is not drawn. */
struct plot_point {
	double x, y;
	double lo, hi; /* interval around y; NAN when there is none */
};

struct plot_series {
	char label[96];
	const struct plot_point *point;
	size_t n;
};

struct plot_request {
	const char *script;     /* "throughput": x in bytes, y in messages a second;
				   "latency": x = 1 / (1 - percentile), y in ns */
	const char *dir;        /* where everything is written; created if only it is missing */
	const char *script_dir; /* where throughput.gp, latency.gp and style.gp are */
	const char *name;       /* of the output: [a-z0-9-], unique in dir */
	const char *title;
	const char *caption; /* n, machine and date; broken into lines here */
	const struct plot_series *series;
	size_t n_series;
	unsigned timeout_ms; /* for gnuplot; 0 = 30 s */
};

/*
 * Draws. A series without a point that can be drawn is left out. Returns 0 when both pictures are
 * there, or, with one sentence in err and neither picture there:
 * -ENOENT no gnuplot on PATH (or no script), -ETIMEDOUT it ran too long, -EIO it failed or left no
 * picture, -EINVAL a bad name or nothing to draw, another -errno if a file could not be written.
 */
int plot_draw(const struct plot_request *request, char *err, size_t err_len);

#endif
