/*
 * Running gnuplot - one script, a time limit, no shell. Internal to plot.c.
 */
#ifndef BENCH_PLOT_RUN_H
#define BENCH_PLOT_RUN_H

#include <stddef.h>

/*
 * Runs `gnuplot -d script` in dir and waits for it, at most timeout_ms; then its process group is
 * killed. Returns 0 if it exited with 0, else -ENOENT, -ETIMEDOUT, -EIO or another -errno with one
 * sentence in err that quotes what gnuplot said. Any thread.
 */
int plot_run(const char *dir, const char *script, unsigned timeout_ms, char *err, size_t err_len);

#endif
