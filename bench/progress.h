/*
 * progress.h - how far a run is, on stderr.
 *
 * One line that is rewritten on a terminal; elsewhere a plain line now and then.
 * Only ever called between trials: nothing is printed while one is timed.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool terminal;
	const char *what; /* "calibrating", "measuring" */
	size_t done, total;
	uint64_t begin_ns, said_ns;
};

void progress_begin(struct progress *p, const char *what, size_t done, size_t total);

/* About to run `cell`. */
void progress_step(struct progress *p, const char *cell);

/* True when it is time to say something again; a line of the caller's own, then. */
bool progress_due(struct progress *p);
void progress_line(const struct progress *p, const char *line);

/* One more is done. */
void progress_done(struct progress *p);

/* Clear the line. */
void progress_end(struct progress *p);

#endif
