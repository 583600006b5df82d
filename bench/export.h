/*
 * export.h - a run in the formats of other programs; `handoff export --to NAME`.
 *
 * A format is a row of the table in export.c.  Exporters only read the run; they
 * write files into the output's directory, each whole or not at all, in place of
 * older ones of the same name, and never print.
 */
#ifndef BENCH_EXPORT_H
#define BENCH_EXPORT_H

#include <stdio.h>

#include "bench/samples.h"
#include "bench/tails.h"

struct export_job {
	const char *run_dir;
	const char *out_dir;             /* is there */
	const struct sample *const *row; /* ok rows of plain loops that were asked for */
	size_t n;
	FILE *names; /* the path of each file, a line each */
};

/*
 * Returns how many files were written; -ENODATA: the run has nothing for this format; another
 * -errno.  A sentence in err for all but success.
 */
typedef int export_fn(const struct export_job *job, char *err, size_t err_len);

struct exporter {
	const char *name, *summary;
	const char *out; /* default directory, under the run's */
	export_fn *run;
};

/* NULL when there is none; `names` of export_list(): "hgrm, ...". */
const struct exporter *export_find(const char *name);
void export_list(char *out, size_t len);

/*
 * The name of a file for a cell and what of it: the key with characters that a file system or a
 * shell would trip over replaced; a long one ends in a hash of the whole.  Different for different
 * keys of one run.
 */
enum { EXPORT_NAME = 256 };
void export_name(const char *cell, const char *what, const char *suffix, char out[EXPORT_NAME]);

/* ---- HdrHistogram's percentile distribution: export_hgrm.c -------------------- */

export_fn export_hgrm;

/*
 * One histogram as text: Value in ns, Percentile 0 .. 1, TotalCount, 1/(1-Percentile), in five steps
 * for each halving of what lies beyond, as long as HIST_BEYOND_MIN samples do; then the maximum at
 * 1.0, without the fourth column, which would be infinite.  A Value is the highest of its bin.
 */
void export_hgrm_put(FILE *to, const struct hist *h);

#endif
