/* cmd_export.c - a run's figures in the formats of other programs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/cmd.h"
#include "bench/export.h"
#include "bench/filter.h"

enum { PATH_BYTES = 4200, ERR = 600 };

struct export_settings {
	struct row_filter filter;
	const char *to, *out;
	bool clean;
};

#define FIELD(f) offsetof(struct export_settings, f)

static const struct opt opts[] = {
	{"to", 't', OPT_STR, FIELD(to), "FORMAT", NULL,
		"hgrm: HdrHistogram percentile distributions in ns, a file per cell and kind of "
		"sample, all ok trials merged; percentiles end where fewer than 100 samples lie "
		"beyond, the last line is the maximum."},
	{"out", 'o', OPT_STR, FIELD(out), "DIR", NULL,
		"Where to write; files of the same name are replaced.  Default: RUN/FORMAT."},
	{"clean", 0, OPT_FLAG, FIELD(clean), NULL, NULL, "Leave noisy trials out."},
	FILTER_OPTS(struct export_settings, filter),
	{0},
};

static const struct opt_cmd cmd = {
	.name = "export",
	.synopsis = "--to FORMAT [options] [RUN]",
	.summary = "Write a run's figures (default: results/latest) in the formats of other "
		   "programs, and print the names of the files.",
	.opts = opts,
};

static int fail(int exit_code, const char *err)
{
	fprintf(stderr, "handoff export: %s\n", err);
	return exit_code;
}

/* The rows that were asked for, as pointers into rows; NULL: no memory. */
static const struct sample **choose(
	const struct export_settings *s, const struct sample *rows, size_t n, size_t *chosen)
{
	const struct sample **row = calloc(n + 1, sizeof(*row));

	*chosen = 0;
	for (size_t i = 0; row && i < n; i++) {
		if (sample_usable(&rows[i], s->clean) && filter_takes(&s->filter, &rows[i]))
			row[(*chosen)++] = &rows[i];
	}
	return row;
}

static int make_out(const char *dir, char *err, size_t err_len)
{
	struct stat st;

	if (mkdir(dir, 0755) == 0)
		return 0;
	if (errno == EEXIST && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	snprintf(err, err_len, "cannot make the directory %.400s: %s", dir,
		strerror(errno == EEXIST ? ENOTDIR : errno));
	return -errno;
}

static int export(const struct exporter *e, const struct export_settings *s, const char *run,
	const struct sample *const *row, size_t n)
{
	char out[PATH_BYTES], err[ERR];
	struct export_job job = {
		.run_dir = run, .out_dir = out, .row = row, .n = n, .names = stdout};
	int code;

	if (n == 0)
		return fail(EXIT_NOTHING, "the run has no such ok row");
	if (s->out)
		snprintf(out, sizeof(out), "%s", s->out);
	else
		snprintf(out, sizeof(out), "%s/%s", run, e->out);
	if (make_out(out, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	code = e->run(&job, err, sizeof(err));
	if (code < 0)
		return fail(code == -ENODATA ? EXIT_NOTHING : EXIT_USAGE, err);
	return EXIT_FINE;
}

static int export_run(const struct exporter *e, const struct export_settings *s, const char *run)
{
	char path[PATH_BYTES], err[ERR];
	const struct sample **row;
	struct sample *rows = NULL;
	size_t n = 0, chosen;
	int code;

	if (filter_check(&s->filter, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	snprintf(path, sizeof(path), "%s/samples.csv", run);
	if (samples_read(path, &rows, &n, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	row = choose(s, rows, n, &chosen);
	code = row ? export(e, s, run, row, chosen)
		   : fail(EXIT_USAGE, "no memory for the rows of this run");
	free(row);
	free(rows);
	return code;
}

static const struct exporter *wanted_format(const char *to)
{
	const struct exporter *e = to ? export_find(to) : NULL;
	char known[ERR], err[2 * ERR];

	if (e)
		return e;
	export_list(known, sizeof(known));
	if (to)
		snprintf(err, sizeof(err), "--to \"%.60s\": there is %s", to, known);
	else
		snprintf(err, sizeof(err), "say which format by --to; there is %s", known);
	fail(EXIT_USAGE, err);
	return NULL;
}

int cmd_export(int argc, char **argv)
{
	struct export_settings s;
	const struct exporter *e;
	const char **operands;
	int n, code = opt_parse(&cmd, &s, argc, argv, &operands, &n);

	if (code != OPT_RUN)
		return code;
	e = wanted_format(s.to);
	if (!e)
		code = EXIT_USAGE;
	else if (n > 1)
		code = fail(EXIT_USAGE, "one run at a time");
	else
		code = export_run(e, &s, n ? operands[0] : "results/latest");
	opt_free(&cmd, &s);
	return code;
}
