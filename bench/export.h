/*
 * export.h - a run, or what was decided about two, in the formats of other programs;
 * `handoff export --to NAME`.
 *
 * A format is a row of the table in export.c.  Exporters only read; they never print.  Some write
 * files into the output's directory, each whole or not at all, in place of older ones of the same
 * name; the others write one text to a stream.
 */
#ifndef BENCH_EXPORT_H
#define BENCH_EXPORT_H

#include <stdio.h>

#include "bench/judged.h"
#include "bench/samples.h"
#include "bench/tails.h"

/*
 * The ok rows of plain loops that were asked for, in the order of the file; as often as wanted.
 * What on_row returns but 0 ends it, with its own sentence in err.
 */
typedef int export_each_fn(void *from, samples_fn *on_row, void *ctx, char *err, size_t err_len);

struct export_job {
	const char *run_dir;        /* where environment.csv and the like may be */
	const char *out_dir;        /* is there; of formats that are files */
	export_each_fn *each;       /* of formats of a run that are texts: rows are not held ... */
	void *from;                 /* ... its first argument ... */
	const struct sample *first; /* ... the first of them; there is one ... */
	const struct sample *const *row; /* of formats that are files: all of them, n */
	size_t n;
	const struct judgement *judgement; /* of formats that show one; they have no rows */
	FILE *names;                       /* the path of each file, a line each */
	FILE *to;                          /* of formats that are one text */
	FILE *notes;                       /* what was left out and why, a sentence a line */
	size_t limit_bytes;                /* of a text that may be cut; it says so then */
};

/*
 * Returns how many files were written (texts: 1); -ENODATA: the run has nothing for this format;
 * another -errno.  A sentence in err for all but success.
 */
typedef int export_fn(const struct export_job *job, char *err, size_t err_len);

enum export_kind {
	EXPORT_FILES,     /* of a run */
	EXPORT_TEXT,      /* of a run */
	EXPORT_JUDGEMENT, /* a text, of judgement.csv */
};

struct exporter {
	const char *name, *summary;
	enum export_kind kind;
	const char *out; /* files: default directory, under the run's */
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

/* ---- texts --------------------------------------------------------------------- */

export_fn export_markdown; /* changed rows first, the rest folded; export_markdown.c */
export_fn export_junit;    /* JUnit XML: a testcase for each metric of each cell; export_junit.c */
export_fn export_github;   /* workflow commands: annotations; export_github.c */
export_fn export_gbench;   /* google/benchmark's JSON, a repetition a trial; export_gbench.c */
export_fn export_gobench;  /* Go's benchmark text, a line a trial; export_gobench.c */

enum {
	EXPORT_LEAST_LIMIT = 16 * 1024, /* what is never left out of Markdown fits */
	EXPORT_GOBENCH_NAME = 1024,
};

/*
 * The name of a cell in Go's text: Benchmark, the workload with a capital, then the mechanism and
 * each axis as /key=value, for `benchstat -col /mechanism` and the like.  What is no letter or
 * digit or one of `_.:+=-` is %XX, a '/' of the mechanism '.'.  Different for different cells.
 */
void export_gobench_name(const char *cell, char out[EXPORT_GOBENCH_NAME]);

/* A value of RUN/environment.csv into out; "" where there is none, or no such file. */
void export_env(const char *run_dir, const char *key, char *out, size_t len);

#endif
