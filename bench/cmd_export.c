/* cmd_export.c - a run's figures, or what was decided, in the formats of other programs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cmd.h"
#include "bench/export.h"
#include "bench/export_rows.h"
#include "bench/report.h"

enum { PATH_BYTES = 4200, ERR = 600 };

struct export_settings {
	struct row_filter filter;
	const char *to, *out, *side;
	uint64_t limit_bytes;
	bool clean, step_summary;
};

#define FIELD(f) offsetof(struct export_settings, f)

static const struct opt opts[] = {
	{"to", 't', OPT_STR, FIELD(to), "FORMAT", NULL,
		"Of what `ab` or `compare` left in a directory: markdown (changed rows first, the "
		"rest folded), junit (JUnit XML), github (annotations of a workflow).  Of a run: "
		"gbench (google/benchmark JSON), gobench (Go's text, for benchstat), hgrm "
		"(HdrHistogram percentile distributions in ns, a file per cell and kind of sample, "
		"all ok trials merged; percentiles end where fewer than 100 samples lie beyond, the "
		"last line is the maximum)."},
	{"out", 'o', OPT_STR, FIELD(out), "PATH", NULL,
		"Where to write: hgrm a directory, where files of the same name are replaced "
		"(default: RUN/hgrm), the others a file (default: standard output)."},
	{"limit", 0, OPT_SIZE, FIELD(limit_bytes), "SIZE", "1000K",
		"markdown: rows that do not fit into so much are counted, not written; a step's "
		"summary may have 1 MiB, a comment 64 KiB."},
	{"step-summary", 0, OPT_FLAG, FIELD(step_summary), NULL, NULL,
		"github: also append the Markdown to the file that GITHUB_STEP_SUMMARY names."},
	{"side", 0, OPT_STR, FIELD(side), "old|new", NULL,
		"Of the pairs of `ab`: only this side's trials."},
	{"clean", 0, OPT_FLAG, FIELD(clean), NULL, NULL, "Leave noisy trials out."},
	FILTER_OPTS(struct export_settings, filter),
	{0},
};

static const struct opt_cmd cmd = {
	.name = "export",
	.synopsis = "--to FORMAT [options] [FROM]",
	.summary = "Write a run's figures (FROM: a run, default results/latest), or what `ab` or "
		   "`compare` decided (FROM: the directory they left), in the formats of other "
		   "programs.",
	.opts = opts,
	.after =
		"  handoff export --to markdown gate >summary.md\n"
		"  handoff export --to junit --out junit.xml gate\n"
		"  handoff export --to gobench results/monday >old.txt   # benchstat old.txt new.txt\n",
};

static int fail(int exit_code, const char *err)
{
	fprintf(stderr, "handoff export: %s\n", err);
	return exit_code;
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

/* What an exporter of files or one text is run with. */
struct work {
	const struct exporter *e;
	struct export_job *job;
	int code;
};

static int put_text(void *ctx, FILE *to, char *err, size_t err_len)
{
	struct work *w = ctx;

	w->job->to = to;
	w->code = w->e->run(w->job, err, err_len);
	return w->code < 0 ? w->code : 0;
}

static int put_files(const struct export_settings *s, struct work *w, char *err, size_t err_len)
{
	char out[PATH_BYTES];

	if (s->out)
		snprintf(out, sizeof(out), "%s", s->out);
	else
		snprintf(out, sizeof(out), "%s/%s", w->job->run_dir, w->e->out);
	w->code = make_out(out, err, err_len);
	w->job->out_dir = out;
	if (w->code == 0)
		w->code = w->e->run(w->job, err, err_len);
	return w->code < 0 ? w->code : 0;
}

/* Run the exporter, to where it was asked for; an exit code. */
static int export(const struct exporter *e, const struct export_settings *s, struct export_job *job)
{
	struct work w = {.e = e, .job = job};
	char err[ERR];
	int code;

	job->names = stdout;
	job->notes = stderr;
	job->limit_bytes = (size_t)s->limit_bytes;
	if (e->kind == EXPORT_FILES)
		code = put_files(s, &w, err, sizeof(err));
	else if (s->out)
		code = report_save(s->out, put_text, &w, err, sizeof(err));
	else
		code = put_text(&w, stdout, err, sizeof(err));
	if (code < 0)
		return fail(code == -ENODATA ? EXIT_NOTHING : EXIT_USAGE, err);
	return EXIT_FINE;
}

static int export_all(const struct exporter *e, const struct export_settings *s, const char *run,
	struct export_rows *r)
{
	struct export_job job = {.run_dir = run, .each = export_rows_each, .from = r};
	char err[ERR];

	if (export_rows_count(r, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	if (r->n == 0)
		return fail(EXIT_NOTHING, "the run has no such ok row");
	if (e->kind == EXPORT_FILES && export_rows_keep(r, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	job.first = &r->first;
	job.row = r->row;
	job.n = r->kept;
	return export(e, s, &job);
}

static int export_run(const struct exporter *e, const struct export_settings *s, const char *run)
{
	struct export_rows *r;
	char err[ERR];
	int code;

	if (filter_check(&s->filter, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	r = calloc(1, sizeof(*r));
	if (!r)
		return fail(EXIT_USAGE, "no memory for a row");
	r->filter = &s->filter;
	r->side = s->side;
	r->clean = s->clean;
	export_rows_path(run, r->path);
	code = export_all(e, s, run, r);
	export_rows_free(r);
	free(r);
	return code;
}

/* ---- what was decided ------------------------------------------------------------ */

static int append_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

/* What the summary still holds; what is in it was written by the step's other commands. */
static int append_markdown(int fd, const struct judgement *j, uint64_t limit_bytes)
{
	struct export_job job = {.judgement = j};
	struct stat st;
	char *text = NULL, err[ERR];
	size_t n = 0, used;
	int code;

	if (fstat(fd, &st) != 0)
		return -errno;
	used = st.st_size > 0 ? (size_t)st.st_size : 0;
	job.limit_bytes = used < limit_bytes ? (size_t)limit_bytes - used : 0;
	if (job.limit_bytes < EXPORT_LEAST_LIMIT) {
		fprintf(stderr,
			"handoff export: the step's summary holds %zu bytes already, no "
			"room is left below --limit: nothing appended\n",
			used);
		return 0;
	}
	job.to = open_memstream(&text, &n);
	if (!job.to)
		return -ENOMEM;
	export_markdown(&job, err, sizeof(err));
	code = fclose(job.to) == 0 ? append_all(fd, text, n) : -ENOMEM;
	free(text);
	return code;
}

/* An exit code. */
static int step_summary(const struct judgement *j, uint64_t limit_bytes)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	char err[ERR];
	int code, fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	code = fd < 0 ? -errno : append_markdown(fd, j, limit_bytes);
	if (fd >= 0)
		close(fd);
	if (!code)
		return EXIT_FINE;
	snprintf(err, sizeof(err), "cannot append to GITHUB_STEP_SUMMARY, %.400s: %s", path,
		strerror(-code));
	return fail(EXIT_USAGE, err);
}

static int export_judgement(
	const struct exporter *e, const struct export_settings *s, const char *from)
{
	char path[PATH_BYTES], err[ERR];
	struct judgement j;
	struct export_job job = {.run_dir = from, .judgement = &j};
	int code;

	cmd_run_path(from, "judgement.csv", path, sizeof(path));
	if (judged_read(&j, path, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	code = export(e, s, &job);
	if (code == EXIT_FINE && s->step_summary)
		code = step_summary(&j, s->limit_bytes);
	judged_free(&j);
	return code;
}

/* ---- the command ----------------------------------------------------------------- */

/* What does not go together is refused before anything is read; an exit code. */
static int check(const struct exporter *e, const struct export_settings *s)
{
	const char *summary = getenv("GITHUB_STEP_SUMMARY");

	if (s->step_summary && strcmp(e->name, "github") != 0)
		return fail(EXIT_USAGE, "--step-summary goes with --to github only");
	if (s->step_summary && (!summary || !summary[0]))
		return fail(EXIT_USAGE, "--step-summary: GITHUB_STEP_SUMMARY is not set; it names "
					"the file in steps of a workflow, elsewhere redirect "
					"`export --to markdown`");
	if (s->limit_bytes < EXPORT_LEAST_LIMIT)
		return fail(EXIT_USAGE, "--limit must be 16K or more");
	if (s->side && strcmp(s->side, "old") != 0 && strcmp(s->side, "new") != 0)
		return fail(EXIT_USAGE, "--side is old or new");
	return EXIT_FINE;
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
	else if (check(e, &s) != EXIT_FINE)
		code = EXIT_USAGE;
	else if (e->kind == EXPORT_JUDGEMENT)
		code = n ? export_judgement(e, &s, operands[0])
			 : fail(EXIT_USAGE, "say which directory `ab` or `compare` left");
	else
		code = export_run(e, &s, n ? operands[0] : "results/latest");
	opt_free(&cmd, &s);
	return code;
}
