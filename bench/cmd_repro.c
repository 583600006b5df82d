/* cmd_repro.c - do campaigns of one matrix on one machine say the same? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/repro_print.h"

enum { ERR = 1000, WHY = 400 };

struct repro_settings {
	const char *format, *out;
	uint64_t top;
};

#define FIELD(f) offsetof(struct repro_settings, f)

static const struct opt opts[] = {
	{"format", 0, OPT_STR, FIELD(format), "text|csv|markdown", "text",
		"How to print; csv: every cell of every pair."},
	{"top", 0, OPT_U64, FIELD(top), "N", "20",
		"Name at most so many cells of a pair that did not agree (text, markdown)."},
	{"out", 'o', OPT_STR, FIELD(out), "DIR", NULL,
		"Also write campaigns.csv, pairs.csv, cells.csv and swaps.csv (what did not agree) there."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "repro",
	.synopsis = "[options] RUN RUN...",
	.summary =
		"Judge whether runs of one matrix on one machine say the same.  Each pair: is 0 in "
		"the 95 % interval of the difference for 90 % of the cells, and is Kendall's tau-b "
		"at least 0.95 among rows of a ranking that differ by more than 10 %?  What did not "
		"agree is named.  Exit code 4: a goal is not met; 3: another machine, kernel, "
		"setting or build, or no two rows that differ, so that nothing could be ranked.",
	.opts = opts,
	.after =
		"  handoff repro results/monday results/tuesday\n"
		"  make campaign-repro            measures such campaigns, an hour or a boot apart\n",
};

static int fail(int code, const char *err)
{
	fprintf(stderr, "handoff repro: %s\n", err);
	return code;
}

/* Are the runs given once each, and of one machine?  An exit code. */
static int check_runs(const struct report_run *run, size_t n)
{
	char err[ERR], why[WHY];

	for (size_t b = 1; b < n; b++) {
		for (size_t a = 0; a < b; a++) {
			if (repro_same_run(&run[a], &run[b])) {
				snprintf(err, sizeof(err),
					"%.300s and %.300s are the same run; give each run once",
					run[a].dir, run[b].dir);
				return fail(EXIT_USAGE, err);
			}
			if (repro_comparable(&run[a], &run[b], why, sizeof(why)))
				continue;
			snprintf(err, sizeof(err),
				"%.200s and %.200s are not comparable: %.400s; for runs of "
				"several machines there is `handoff report RUN RUN`",
				run[a].dir, run[b].dir, why);
			return fail(EXIT_NOTHING, err);
		}
	}
	return EXIT_FINE;
}

static int put(const struct repro_settings *s, const struct repro *r)
{
	char err[ERR];

	if (strcmp(s->format, "csv") == 0)
		repro_csv(stdout, r);
	else if (strcmp(s->format, "markdown") == 0)
		repro_markdown(stdout, r, s->top);
	else
		repro_text(stdout, r, s->top);
	if (s->out && repro_keep(r, s->out, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	return EXIT_FINE;
}

/* Has every pair something to judge?  An exit code. */
static int check_common(const struct repro *r)
{
	for (size_t i = 0; i < r->pairs; i++) {
		const size_t *count = r->pair[i].count;

		if (count[REPRO_AGREES] + count[REPRO_DIFFERS] + count[REPRO_TOO_FEW] == 0)
			return fail(EXIT_NOTHING, "two of the runs have no cell in common that is "
						  "ok in both");
	}
	return EXIT_FINE;
}

/* Every pair holds, or one does not, or of one nothing can be said about the order. */
static int verdict_of(const struct repro *r)
{
	size_t unknown = 0, failed = 0;

	for (size_t i = 0; i < r->pairs; i++) {
		const struct repro_pair *p = &r->pair[i];
		bool known = repro_order_known(p);

		unknown += !known;
		failed += !repro_cells_hold(p) || (known && !repro_order_holds(p));
	}
	if (unknown)
		return fail(EXIT_NOTHING, "nothing could be ranked: by two of the runs no two rows "
					  "of a ranking differ by more than 10 %");
	return failed ? EXIT_INCONCLUSIVE : EXIT_FINE;
}

static int judge(const struct repro_settings *s, const struct report_run *run, size_t n)
{
	struct repro_pair *pair = calloc(n * (n - 1) / 2, sizeof(*pair));
	struct repro r = {.run = run, .runs = n, .pair = pair};
	int code = pair ? 0 : -ENOMEM, verdict = EXIT_FINE;

	for (size_t b = 1; b < n && !code; b++) {
		for (size_t a = 0; a < b && !code; a++)
			code = repro_judge(&pair[r.pairs++], &run[a], &run[b]);
	}
	if (code)
		verdict = fail(EXIT_USAGE, "no memory to compare the runs");
	else
		verdict = check_common(&r);
	if (verdict == EXIT_FINE) {
		verdict = put(s, &r);
		verdict = verdict ? verdict : verdict_of(&r);
	}
	for (size_t i = 0; i < r.pairs; i++)
		repro_free(&pair[i]);
	free(pair);
	return verdict;
}

static int read_and_judge(const struct repro_settings *s, const char *const *dir, size_t n)
{
	struct report_run *run = calloc(n, sizeof(*run));
	char err[ERR];
	int code = EXIT_FINE;

	if (!run)
		return fail(EXIT_USAGE, "no memory to read the runs");
	for (size_t i = 0; i < n && !code; i++) {
		if (report_run_read(&run[i], dir[i], err, sizeof(err)) != 0)
			code = fail(EXIT_USAGE, err);
	}
	code = code ? code : check_runs(run, n);
	code = code ? code : judge(s, run, n);
	for (size_t i = 0; i < n; i++)
		report_run_free(&run[i]);
	free(run);
	return code;
}

static bool known_format(const char *format)
{
	return strcmp(format, "text") == 0 || strcmp(format, "csv") == 0 ||
	       strcmp(format, "markdown") == 0;
}

int cmd_repro(int argc, char **argv)
{
	struct repro_settings s;
	const char **operands;
	int n, code = opt_parse(&cmd, &s, argc, argv, &operands, &n);

	if (code != OPT_RUN)
		return code;
	if (!known_format(s.format))
		code = fail(EXIT_USAGE, "--format: there are text, csv and markdown");
	else if (n < 2)
		code = fail(EXIT_USAGE, "give two runs or more, of one matrix on one machine; see "
					"`handoff repro --help`");
	else
		code = read_and_judge(&s, operands, (size_t)n);
	opt_free(&cmd, &s);
	return code;
}
