/* report.c - see report.h. */
#include "bench/report.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/paths.h"
#include "bench/report_part.h"
#include "bench/report_pictures.h"
#include "bench/report_run.h"
#include "bench/report_template.h"

enum { PATH_BYTES = PATH_MAX + 64 };

/* ---- where a document finds the pictures ------------------------------------- */

/* The directory of a file that need not be there yet, with links followed; false: there is none. */
static bool directory_of(const char *file, char *out)
{
	char copy[PATH_BYTES];

	snprintf(copy, sizeof(copy), "%s", file);
	return realpath(dirname(copy), out) != NULL;
}

/* `to` as seen from the directory `from`; both absolute. */
static void relative(const char *from, const char *to, char *out, size_t len)
{
	size_t common = 0, i = 0;
	size_t used = 0;

	for (; from[i] && from[i] == to[i]; i++)
		common = from[i] == '/' ? i + 1 : common;
	if ((!from[i] && (!to[i] || to[i] == '/')) || (!to[i] && from[i] == '/'))
		common = i;
	out[0] = '\0';
	for (const char *up = from + common; *up && used < len;) {
		up += strspn(up, "/");
		if (*up)
			used += (size_t)snprintf(out + used, len - used, "../");
		up += strcspn(up, "/");
	}
	if (used < len)
		snprintf(out + used, len - used, "%s", to + common + (to[common] == '/'));
}

/* "plots" beside the run's own report, "results/kept/x/plots" from the root. */
static void find_plots(const char *run_dir, const char *document, char *out)
{
	char here[PATH_MAX], there[PATH_MAX], way[PATH_BYTES];
	size_t len;

	if (!directory_of(document, here) || !realpath(run_dir, there)) {
		snprintf(out, PATH_BYTES, "plots");
		return;
	}
	relative(here, there, way, sizeof(way));
	len = strlen(way);
	while (len && way[len - 1] == '/')
		way[--len] = '\0';
	snprintf(out, PATH_BYTES, "%.*s%splots", PATH_MAX, way, len ? "/" : "");
}

/* ---- making ----------------------------------------------------------------- */

struct document {
	struct template template;
	bool fill;
};

static int put_document(void *ctx, FILE *to, char *err, size_t err_len)
{
	const struct document *d = ctx;

	return d->fill ? template_fill(&d->template, to, err, err_len)
		       : template_render(&d->template, to, err, err_len);
}

/* One document from the template at `from`; path NULL: only whether it could be made. */
static int make(
	struct report *r, const char *from, const char *path, bool fill, char *err, size_t err_len)
{
	char plots[PATH_BYTES];
	char *text = template_read(from, err, err_len);
	struct document d = {
		.template = {.path = from,
			.text = text,
			.resolve = report_part,
			.ctx = r,
			.demand = r->demand},
		.fill = fill,
	};
	FILE *nowhere = path ? NULL : fopen("/dev/null", "we");
	int code = -ENOMEM;

	if (!text)
		code = -ENOENT;
	find_plots(r->run->dir, path ? path : from, plots);
	r->plots = plots;
	r->shown = text ? calloc(r->pictures + 1, sizeof(*r->shown)) : NULL;
	if (text && !r->shown)
		snprintf(err, err_len, "no memory for %zu pictures", r->pictures);
	if (r->shown && path)
		code = report_save(path, put_document, &d, err, err_len);
	else if (r->shown && nowhere)
		code = put_document(&d, nowhere, err, err_len);
	if (nowhere)
		fclose(nowhere);
	free(r->shown);
	free(text);
	return code;
}

/* Two documents or none. */
static int make_all(struct report *r, const struct report_options *o, char *err, size_t err_len)
{
	char from[PATH_BYTES], out[PATH_BYTES];
	const char *fill = o->fill_path;
	int code = fill ? make(r, fill, NULL, true, err, err_len) : 0;

	snprintf(from, sizeof(from), "%s/REPORT.in.md", share_dir());
	snprintf(out, sizeof(out), "%s/REPORT.md", r->run->dir);
	if (!code)
		code = make(r, o->template_path ? o->template_path : from,
			o->out_path ? o->out_path : out, false, err, err_len);
	if (!code && fill)
		code = make(r, fill, fill, true, err, err_len);
	return code;
}

int report_make(const char *run_dir, const struct report_options *o, char *err, size_t err_len)
{
	struct report_run run;
	struct report r = {.run = &run, .demand = o->demand};
	int code = report_run_read(&run, run_dir, err, err_len);

	if (!code)
		code = report_pictures(
			&run, o->keep_pictures, &r.picture, &r.pictures, err, err_len);
	if (!code)
		code = make_all(&r, o, err, err_len);
	free(r.picture);
	report_run_free(&run);
	return code;
}

int report_write(const char *run_dir, char *err, size_t err_len)
{
	return report_make(run_dir, &(struct report_options){0}, err, err_len);
}
