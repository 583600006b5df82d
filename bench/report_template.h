/*
 * report_template.h - prose with references: everything outside {{ }} is copied,
 * everything inside is replaced by what the run says.
 *
 *	{{name word word ...}}   a reference; words are separated by blanks
 *	{{# anything }}          a remark; a line that holds nothing else disappears
 *
 * What names there are is the resolver's business (report_part.h).  References
 * do not nest, there are no conditions and no loops, and two opening braces
 * cannot be written otherwise: a report that needs them wants a new reference.
 *
 * Pure functions; one thread per render.
 */
#ifndef BENCH_REPORT_TEMPLATE_H
#define BENCH_REPORT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TEMPLATE_WORDS = 16, TEMPLATE_REFERENCE = 1000 };

/*
 * Writes what the words stand for.  0; -ENOENT: well formed, but this run has no such row; another
 * -errno: wrong.  In both cases one sentence in why, and what was written is dropped.
 */
typedef int template_fn(
	void *ctx, FILE *to, size_t n, char *const *word, char *why, size_t why_len);

struct template
{
	const char *path; /* for messages */
	const char *text;
	template_fn *resolve;
	void *ctx;
	bool demand; /* a reference to what this run does not have is an error */
};

/*
 * 0, or -errno with "path:line: {{reference}}: why" in err.  Without demand, *not in this run*
 * stands where there is no row.
 */
int template_render(const struct template *t, FILE *to, char *err, size_t err_len);

/*
 * Replaces what stands between lines <!-- table:REFERENCE --> and <!-- /table --> by what the
 * reference says, and copies everything else, the marks too.  Errors as above; also for a mark
 * without its end, or no mark at all.
 */
int template_fill(const struct template *t, FILE *to, char *err, size_t err_len);

/* A whole text file, NUL-terminated, to be freed; NULL with a sentence. */
char *template_read(const char *path, char *err, size_t err_len);

#endif
