/*
 * export_rows.h - the trials of a run that were asked for, read as often as wanted: a file of any
 * length takes the room of one row, unless a format needs them all at once.
 *
 * Zeroed, with filter, side, clean and path set.  One thread.  Errors: -errno and a sentence.
 */
#ifndef BENCH_EXPORT_ROWS_H
#define BENCH_EXPORT_ROWS_H

#include "bench/export.h"
#include "bench/filter.h"

enum { EXPORT_PATH = 4200, EXPORT_MOST_HELD = 512 << 20 }; /* bytes of rows */

struct export_rows {
	const struct row_filter *filter;
	const char *side; /* "old", "new"; NULL: both */
	bool clean;
	char path[EXPORT_PATH];
	/* set by export_rows_count(): */
	size_t n;
	struct sample first;
	/* set by export_rows_keep(): */
	size_t kept;
	struct sample *all;
	const struct sample **row;
	/* who is being served */
	samples_fn *fn;
	void *ctx;
};

/* A run's samples.csv, or the pairs that `ab` left. */
void export_rows_path(const char *run, char out[EXPORT_PATH]);

export_each_fn export_rows_each;
int export_rows_count(struct export_rows *r, char *err, size_t err_len);

/* -E2BIG: they are more than EXPORT_MOST_HELD. */
int export_rows_keep(struct export_rows *r, char *err, size_t err_len);
void export_rows_free(struct export_rows *r);

#endif
