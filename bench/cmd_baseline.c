/* cmd_baseline.c - keep what later runs are compared with. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/baseline_red.h"
#include "bench/cmd.h"
#include "bench/compare.h"
#include "bench/differences.h"
#include "bench/opt.h"

enum { ERR = 1000 };

static const char me[] = "handoff baseline";

struct baseline_options {
	struct opt_list accept, under_test;
	const char *dir;
	bool replace, no_kept;
};

#define FIELD(f) offsetof(struct baseline_options, f)

static const struct opt opts[] = {
	{"accept", 0, OPT_LIST, FIELD(accept), "CELL=WHY", NULL,
		"save: this cell is known to fail or to be slower, and why that is all right (no comma in "
		"it); `all` for all cells together."},
	{"replace", 0, OPT_FLAG, FIELD(replace), NULL, NULL, "save: in place of one of that name."},
	{"no-kept", 0, OPT_FLAG, FIELD(no_kept), NULL, NULL,
		"save: only the runs that are named, without the kept campaigns of the same machine and "
		"build."},
	{"under-test", 0, OPT_LIST, FIELD(under_test), "KEY", NULL,
		"What may differ: kernel, compiler, libc, cpu, mitigations, or a key of "
		"environment.csv.  save: between the last baseline and what is saved, where kernel, "
		"compiler and libc always may."},
	{"dir", 0, OPT_STR, FIELD(dir), "DIR", "results/baselines", "Where baselines are."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "baseline",
	.synopsis = "[options] save NAME [RUN...] | list | show NAME | verify NAME [RUN]",
	.summary =
		"Keep campaigns under a name for `handoff compare`.  save takes runs (default: "
		"results/latest) with the kept campaigns of the same machine and build; runs with "
		"failures are refused, and what is slower than the last baseline (or was found slower by "
		"`compare --out RUN`); campaigns that lie apart from the others go to quarantine.  "
		"verify holds a baseline against its own hashes, and against a run or this machine.",
	.opts = opts,
	.after =
		"  handoff baseline save 6.1 results/latest\n"
		"  handoff baseline verify 6.1\n"
		"  handoff compare results/baselines/6.1 -- results/latest\n"
		"\n"
		"Exit codes: 1 a failure or a slower cell was not accepted, 2 bad input or a damaged\n"
		"baseline, 3 another machine, setting or build.\n",
};

static int fail(int code, const char *err)
{
	fprintf(stderr, "%s: %s\n", me, err);
	return code;
}

/* ---- save --------------------------------------------------------------------------- */

struct saving {
	const struct baseline_options *o;
	struct campaign_set set;
	struct baseline_red red;
};

static int check_whole(const struct campaign *c)
{
	char err[ERR];

	if (!c->knows_machine)
		snprintf(err, sizeof(err),
			"%.300s: no environment.csv is beside it: what machine it ran on is not known",
			c->from);
	else if (c->cut_short || c->unfinished)
		snprintf(err, sizeof(err),
			"%.300s is not finished; go on with `handoff run --resume` first", c->from);
	else
		return EXIT_FINE;
	return fail(c->knows_machine ? EXIT_FINDING : EXIT_USAGE, err);
}

static int check_red(struct saving *s, const char *name)
{
	struct baseline_red *r = &s->red;
	char err[ERR];

	*r = (struct baseline_red){.command = me,
		.accept = &s->o->accept,
		.under_test = &s->o->under_test,
		.root = s->o->dir,
		.replaces = s->o->replace ? name : ""};
	if (baseline_red_find(r, &s->set, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	if (r->refused)
		return fail(EXIT_FINDING,
			"a run with failures or slower cells makes no baseline; accept what is "
			"known with --accept 'CELL=WHY'");
	if (r->n_accepted < s->o->accept.n) {
		snprintf(err, sizeof(err),
			"--accept: %zu of %zu name no cell that failed or became slower; write "
			"'CELL=WHY' with the cell's whole key and no comma",
			s->o->accept.n - r->n_accepted, s->o->accept.n);
		return fail(EXIT_USAGE, err);
	}
	return EXIT_FINE;
}

/* One machine, one build, each campaign once. */
static int check_alike(const struct saving *s)
{
	const struct campaign *first = &s->set.item[0], *twice;
	const char *build = facts_get(&first->facts, "binary_id");
	char err[ERR];

	twice = campaign_set_same(&s->set, &s->set);
	if (twice) {
		snprintf(
			err, sizeof(err), "%.300s is given twice; give each run once", twice->from);
		return fail(EXIT_USAGE, err);
	}
	if (differences_hard(me, first, &s->set, NULL) > 0)
		return fail(EXIT_NOTHING, "a baseline is of one machine, setting and kernel");
	for (size_t i = 1; i < s->set.n; i++) {
		const struct campaign *c = &s->set.item[i];
		const char *other = facts_get(&c->facts, "binary_id");
		const char *cells[2] = {
			facts_get(&first->facts, "cells"), facts_get(&c->facts, "cells")};

		if (strcmp(build, other) != 0)
			differences_say(me, first, c, "binary_id", build, other);
		else if (strcmp(cells[0], cells[1]) != 0)
			differences_say(me, first, c, "their cells", cells[0], cells[1]);
		else
			continue;
		return fail(EXIT_NOTHING, "a baseline is of one build and one matrix");
	}
	return EXIT_FINE;
}

static int write_it(const struct saving *s, const char *dir)
{
	bool *out = calloc(s->set.n, sizeof(*out));
	double *shift = calloc(s->set.n, sizeof(*shift));
	char err[ERR] = "no memory for a baseline";
	int code = out && shift ? compare_outliers(&s->set, out, shift, err, sizeof(err)) : -ENOMEM;
	size_t apart = 0;

	if (!code)
		code = baseline_write(dir, &s->set, out, shift, s->red.accepted, s->red.n_accepted,
			s->o->replace, err, sizeof(err));
	for (size_t i = 0; i < s->set.n && !code; i++) {
		apart += out[i];
		if (out[i])
			printf("quarantined: %s, whose cells together lie %+.1f %% from the others\n",
				s->set.item[i].from, 100 * expm1(shift[i]));
	}
	if (!code)
		printf("%s: %zu campaigns, %zu in quarantine\n", dir, s->set.n - apart, apart);
	free(out);
	free(shift);
	return code ? fail(EXIT_USAGE, err) : EXIT_FINE;
}

static int read_runs(struct saving *s, const char *const *run, size_t n)
{
	static const char *const latest[] = {"results/latest"};
	char err[ERR];
	size_t added = 0;
	int code = 0;

	for (size_t i = 0; i < (n ? n : 1) && !code; i++)
		code = campaign_set_add(&s->set, n ? run[i] : latest[0], err, sizeof(err));
	if (!code && !s->o->no_kept)
		code = campaign_set_add_kept(&s->set, &added, err, sizeof(err));
	return code ? fail(EXIT_USAGE, err) : EXIT_FINE;
}

static int save(const struct baseline_options *o, const char *name, const char *dir,
	const char *const *run, size_t n)
{
	struct saving *s = calloc(1, sizeof(*s));
	int code = s ? EXIT_FINE : fail(EXIT_USAGE, "no memory for a baseline");
	char err[ERR];

	if (!s)
		return code;
	s->o = o;
	if (facts_check_under_test(&o->under_test, err, sizeof(err)) != 0)
		code = fail(EXIT_USAGE, err);
	if (!code)
		code = read_runs(s, run, n);
	for (size_t i = 0; i < s->set.n && !code; i++)
		code = check_whole(&s->set.item[i]);
	if (!code)
		code = check_alike(s);
	if (!code)
		code = check_red(s, name);
	if (!code)
		code = write_it(s, dir);
	campaign_set_free(&s->set);
	free(s);
	return code;
}

/* ---- list, show, verify ---------------------------------------------------------------- */

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void list_one(const char *dir, const char *name)
{
	struct baseline b;
	char err[ERR];

	if (baseline_read(&b, dir, err, sizeof(err)) != 0) {
		printf("%-20s damaged: %s\n", name, err);
		return;
	}
	printf("%-20s %2zu campaigns, %.1f h, saved %s, %s, kernel %s, build %s, fingerprint %s\n",
		name, b.set.n, campaign_set_span(&b.set) / 3600, facts_get(&b.facts, "saved_utc"),
		facts_get(&b.facts, "cpu_model"), facts_get(&b.facts, "kernel"),
		facts_get(&b.facts, "handoff_commit"), facts_get(&b.facts, "fingerprint"));
	baseline_free(&b);
}

static int list(const char *root)
{
	struct dirent **entry = NULL;
	int n = scandir(root, &entry, visible, alphasort);
	char dir[CAMPAIGN_PATH], err[ERR];

	if (n < 0 && errno != ENOENT) {
		snprintf(err, sizeof(err), "%.300s: %s", root, strerror(errno));
		return fail(EXIT_USAGE, err);
	}
	for (int i = 0; i < n; i++) {
		if (baseline_dir(root, entry[i]->d_name, dir, err, sizeof(err)) == 0)
			list_one(dir, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	if (n <= 0)
		printf("no baseline in %s\n", root);
	return EXIT_FINE;
}

static int show(const struct baseline *b)
{
	for (size_t i = 0; i < b->facts.n; i++)
		printf("%-16s %s\n", b->facts.fact[i].key, b->facts.fact[i].value);
	printf("\n%zu campaigns from %zu boots within %.1f h, %zu in quarantine\n", b->set.n,
		campaign_set_boots(&b->set), campaign_set_span(&b->set) / 3600,
		baseline_quarantined(b));
	for (size_t i = 0; i < b->set.n; i++) {
		const struct campaign *c = &b->set.item[i];

		printf("  %s %-40s %zu cells, %zu rows, seed %s\n", c->began, c->run_id, c->n,
			c->rows, facts_get(&c->facts, "seed"));
	}
	return EXIT_FINE;
}

/* Against a run, or the machine as it is. */
static int verify(const struct baseline_options *o, const struct baseline *b, const char *run)
{
	struct campaign_set other = {0};
	struct campaign now = {.from = "this machine", .knows_machine = true};
	struct campaign_set set = {.item = &now, .n = 1};
	const struct campaign *first = &b->set.item[0];
	char err[ERR];
	size_t hard, lacks;
	int code;

	if (facts_check_under_test(&o->under_test, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	if (run)
		code = campaign_set_add(&other, run, err, sizeof(err));
	else
		code = baseline_now(&now.facts, &first->facts, err, sizeof(err));
	if (code)
		return fail(EXIT_USAGE, err);
	hard = differences_hard(me, first, run ? &other : &set, &o->under_test);
	lacks = differences_cells(me, first, &other);
	if (!hard)
		differences_soft(me, first, run ? &other.item[0] : &now);
	facts_free(&now.facts);
	campaign_set_free(&other);
	if (hard)
		return fail(EXIT_NOTHING,
			"another machine or setting than the baseline's; name what "
			"is compared on purpose with --under-test KEY");
	if (lacks)
		return fail(EXIT_NOTHING, "not the baseline's cells");
	printf("%s: %zu campaigns as they were saved, comparable\n", b->dir, b->set.n);
	return EXIT_FINE;
}

static int with_baseline(
	const struct baseline_options *o, bool showing, const char *dir, const char *run)
{
	struct baseline b;
	char err[ERR];
	int code;

	if (baseline_read(&b, dir, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	code = showing ? show(&b) : verify(o, &b, run);
	baseline_free(&b);
	return code;
}

static int run_verb(const struct baseline_options *o, const char **word, size_t n)
{
	char dir[CAMPAIGN_PATH], err[ERR];

	if (n == 1 && strcmp(word[0], "list") == 0)
		return list(o->dir);
	if (n < 2)
		return fail(EXIT_USAGE, "save NAME [RUN...], list, show NAME or verify NAME [RUN]; "
					"see `handoff baseline --help`");
	if (baseline_dir(o->dir, word[1], dir, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	if (strcmp(word[0], "save") == 0)
		return save(o, word[1], dir, word + 2, n - 2);
	if (strcmp(word[0], "show") == 0 && n == 2)
		return with_baseline(o, true, dir, NULL);
	if (strcmp(word[0], "verify") == 0 && n <= 3)
		return with_baseline(o, false, dir, n == 3 ? word[2] : NULL);
	return fail(EXIT_USAGE, "save NAME [RUN...], list, show NAME or verify NAME [RUN]; see "
				"`handoff baseline --help`");
}

int cmd_baseline(int argc, char **argv)
{
	struct baseline_options o;
	const char **operands;
	int n, code = opt_parse(&cmd, &o, argc, argv, &operands, &n);

	if (code != OPT_RUN)
		return code;
	code = run_verb(&o, operands, (size_t)n);
	opt_free(&cmd, &o);
	return code;
}
