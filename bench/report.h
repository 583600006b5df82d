/*
 * report.h - documents about runs, from their files alone.
 *
 * REPORT.md is REPORT.in.md with every reference replaced by what the rows say
 * (report_template.h, report_part.h).  The same files give the same bytes,
 * whatever machine writes the report: no time of writing, no path.  A picture
 * that cannot be drawn (gnuplot missing, failing, hanging) costs neither the
 * report nor the exit code: the reason stands in chapter 7 and on stderr.
 *
 * Errors: -errno and one sentence, with line and reference where a template is
 * to blame; what was there before is then as it was.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct report_options {
	const char *template_path; /* NULL: REPORT.in.md that came with the program */
	const char *out_path;      /* NULL: RUN/REPORT.md */
	const char *fill_path;     /* a file whose tables are filled in too; NULL: none */
	bool demand;               /* what the run does not have is an error */
	bool keep_pictures;        /* RUN/plots as it is; nothing is drawn */
};

/* 0, or -errno with a sentence. */
int report_make(const char *run_dir, const struct report_options *o, char *err, size_t err_len);

/* The same with every option at its default. */
int report_write(const char *run_dir, char *err, size_t err_len);

/*
 * Several runs side by side: what differs between the machines, then every cell, a column each;
 * no verdict.  NULL for out_path: stdout.  -EEXIST where a run is given twice.
 */
int report_compare(
	const char *const *run_dir, size_t n, const char *out_path, char *err, size_t err_len);

/*
 * Write a file whole or not at all: `put` writes, then the file takes the place of the old one.
 * 0, what put returned (its own sentence in err), or -errno.
 */
typedef int report_put_fn(void *ctx, FILE *to, char *err, size_t err_len);
int report_save(const char *path, report_put_fn *put, void *ctx, char *err, size_t err_len);

#endif
