/*
 * Running gnuplot - a child with a time limit, no shell. Internal to plot.c.
 *
 * A child belongs to the thread that began it.
 */
#ifndef BENCH_PLOT_RUN_H
#define BENCH_PLOT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PLOT_SAID = 4096 };

/* A gnuplot that runs. */
struct plot_child {
	pid_t pid;
	int fd; /* what it says; non-blocking */
	int64_t end_ms;
	unsigned timeout_ms;
	char what[160]; /* its argument */
	char said[PLOT_SAID];
	size_t len;
};

/*
 * Starts `gnuplot -d script` in dir, or `gnuplot --version` where script is NULL. 0, -ENOENT or
 * another -errno with one sentence in err. It must be ended by plot_run_end().
 */
int plot_run_begin(struct plot_child *c, const char *dir, const char *script, unsigned timeout_ms,
	char *err, size_t err_len);

/* Listens, waits for at most a few ms; whether it has ended, its time is over or we are to stop. */
bool plot_run_over(struct plot_child *c);

/*
 * Kills its process group, reaps it. 0 if it exited with 0, else -ETIMEDOUT, -EINTR (launch_stop
 * was set) or -EIO with one sentence in err that quotes what gnuplot said.
 */
int plot_run_end(struct plot_child *c, char *err, size_t err_len);

/* All three: a picture's script, to its end. */
int plot_run(const char *dir, const char *script, unsigned timeout_ms, char *err, size_t err_len);

/* Whether gnuplot is there and new enough: 0, or -errno with a sentence. */
int plot_run_version(unsigned timeout_ms, char *err, size_t err_len);

#endif
