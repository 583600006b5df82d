/*
 * session.h - a run's directory and its files.
 *
 * results/<utc>-<host>/, made before anything is measured, with plan.csv,
 * samples.csv, histograms.csv, environment.csv, topology.xml, and knees.csv where
 * rates were searched for.  A trial's
 * histogram lines go out before its row; the row is one write(2) on O_APPEND and
 * is the commit.  A reader drops histogram lines without a row.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <stdbool.h>

#include "bench/cell.h"
#include "bench/csv.h"
#include "bench/samples.h"

enum { SESSION_PATH = 1024 };

struct session {
	char dir[SESSION_PATH];
	char run_id[48];
	char host[64];
	int samples_fd, hists_fd, lock_fd;
	int intervals_fd;          /* -1: no trial was long enough so far */
	bool made_dir, made_files; /* by session_create() */
	struct csv_row row;
	char *bins; /* room for one histogram as text */
	size_t bins_len;
};

/* "was stopped before its plan was made ...": what follows the directory of such a run. */
extern const char session_no_plan[];

/*
 * A new directory: `out`, which must not hold any file of a run yet, or one under
 * results/.  0, or -errno with a sentence (read-only, full, a FIFO ...): nothing was
 * measured then.
 */
int session_create(struct session *s, const char *out, char *err, size_t err_len);

/* Nothing was measured: remove what session_create() and its caller made, and nothing else. */
void session_discard(struct session *s);

/* An existing one, to be gone on with: cuts an unfinished last line off its files. */
int session_resume(struct session *s, const char *dir, char *err, size_t err_len);

/* Path of a file in the run. */
const char *session_path(const struct session *s, const char *file, char buf[SESSION_PATH + 64]);

/* Pieces of a long trial, histograms, then the row.  0, or -errno with a sentence: the disk is full, say. */
int session_commit(struct session *s, const struct sample *row, const struct trial_result *r,
	char *err, size_t err_len);

/* Down to the disk; once a block. */
int session_sync(struct session *s, char *err, size_t err_len);

/* Point results/latest here; not for runs outside results/.  Best effort. */
void session_publish(const struct session *s);

void session_close(struct session *s);

#endif
