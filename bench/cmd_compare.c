/* cmd_compare.c - is NEW slower than what was measured before? */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/cmd.h"
#include "bench/compare.h"
#include "bench/compare_print.h"
#include "bench/differences.h"
#include "bench/opt.h"

enum { ERR = 1000, NAME = 256 };

static const char me[] = "handoff compare";

struct compare_options {
	struct opt_list under_test, allow_missing;
	const char *out;
	uint64_t top;
	bool strict, advisory, no_kept;
};

#define FIELD(f) offsetof(struct compare_options, f)

static const struct opt opts[] = {
	{"out", 'o', OPT_STR, FIELD(out), "DIR", NULL,
		"Also write DIR/judgement.csv; a name that ends in .csv is the file itself."},
	{"under-test", 0, OPT_LIST, FIELD(under_test), "KEY", NULL,
		"What is being compared and may differ: kernel, compiler, libc, cpu, mitigations, or a "
		"key of environment.csv."},
	{"allow-missing", 0, OPT_LIST, FIELD(allow_missing), "GLOB", NULL,
		"Cells or mechanisms that NEW may lack."},
	{"strict", 0, OPT_FLAG, FIELD(strict), NULL, NULL,
		"Exit with 4 where any gated metric is not settled (else: more than 5 % of them)."},
	{"advisory", 0, OPT_FLAG, FIELD(advisory), NULL, NULL,
		"Say the same, but exit with 0 for a regression and where nothing was decided."},
	{"no-kept", 0, OPT_FLAG, FIELD(no_kept), NULL, NULL,
		"Compare what is named only, without the kept campaigns of the same machine and build."},
	{"top", 0, OPT_U64, FIELD(top), "N", "40",
		"Print at most so many rows of ratios and say how many are left; 0: all of them."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "compare",
	.synopsis = "[options] BASE... -- NEW...",
	.summary =
		"Judge NEW against what was measured before, where the old program or kernel cannot "
		"run beside the new one (else `handoff ab` is the better way).  Each is a run, a "
		"samples.csv, a campaign file, or a directory of campaign files such as a baseline.  "
		"Prints the ratio of every metric of every cell with its interval; calls something "
		"slower only with 6 campaigns of BASE and 3 of NEW, each from 3 boots or 3 hours.",
	.opts = opts,
	.after =
		"  handoff compare results/monday -- results/tuesday\n"
		"  handoff compare results/baselines/6.1 -- results/latest --under-test kernel\n"
		"\n"
		"Exit codes: 0 nothing is slower, 1 something is, 2 bad input, 3 not comparable or a\n"
		"cell is missing, 4 not decided: too few campaigns, or the machine itself moved.\n",
};

/* The two sides as they are read. */
struct sides {
	struct campaign_set base, fresh;
	char base_name[NAME], fresh_name[NAME];
};

static int fail(int code, const char *err)
{
	fprintf(stderr, "handoff compare: %s\n", err);
	return code;
}

/* ---- operands ---------------------------------------------------------------------- */

static int read_side(struct campaign_set *s, const char *const *path, size_t n, char *name)
{
	char err[ERR];

	for (size_t i = 0; i < n; i++) {
		if (campaign_set_add(s, path[i], err, sizeof(err)) != 0)
			return fail(EXIT_USAGE, err);
	}
	if (n == 1)
		snprintf(name, NAME, "%.250s", path[0]);
	else
		snprintf(name, NAME, "%.200s and %zu more", path[0], n - 1);
	return EXIT_FINE;
}

static void warn_about(const struct campaign_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct campaign *c = &s->item[i];

		if (c->cut_short)
			fprintf(stderr,
				"handoff compare: %.300s: its last line is not whole and was left "
				"out\n",
				c->from);
		if (c->unfinished)
			fprintf(stderr,
				"handoff compare: %.300s: %zu of its trials were interrupted and not "
				"made up for\n",
				c->from, c->unfinished);
	}
}

static int check_same(const struct sides *s)
{
	const struct campaign *twice = campaign_set_same(&s->base, &s->base);
	char err[ERR];

	twice = twice ? twice : campaign_set_same(&s->fresh, &s->fresh);
	twice = twice ? twice : campaign_set_same(&s->base, &s->fresh);
	if (!twice)
		return EXIT_FINE;
	snprintf(err, sizeof(err), "%.300s is given twice; give each run once, on one side",
		twice->from);
	return fail(EXIT_USAGE, err);
}

/* ---- comparable ---------------------------------------------------------------------- */

/* Each is held against the first; what is under test may differ between the sides only. */
static int check_comparable(const struct sides *s, const struct opt_list *under_test)
{
	const struct campaign *base = &s->base.item[0], *fresh = &s->fresh.item[0];
	const char *host[2] = {facts_get(&base->facts, "host"), facts_get(&fresh->facts, "host")};

	if (differences_hard(me, base, &s->base, NULL) +
			differences_hard(me, fresh, &s->fresh, NULL) +
			differences_hard(me, base, &s->fresh, under_test) >
		0)
		return fail(EXIT_NOTHING,
			"not comparable; name what is compared on purpose with --under-test KEY");
	if (base->knows_machine && fresh->knows_machine) {
		differences_soft(me, base, fresh);
		return EXIT_FINE;
	}
	if (strcmp(host[0], host[1]) == 0)
		return EXIT_FINE;
	differences_say(me, base, fresh, "host", host[0], host[1]);
	return fail(EXIT_NOTHING, "not comparable: without environment.csv beside both, their "
				  "host must be the same");
}

/* Both sides' kept campaigns would be the same ones where machine and build are. */
static int add_kept(struct sides *s)
{
	struct campaign_set *set[2] = {&s->base, &s->fresh};
	char err[ERR], print[2][FACTS_FINGERPRINT];
	const char *binary[2];
	size_t added;

	for (int i = 0; i < 2; i++) {
		facts_fingerprint(&set[i]->item[0].facts, print[i]);
		binary[i] = facts_get(&set[i]->item[0].facts, "binary_id");
	}
	if (strcmp(print[0], print[1]) == 0 && strcmp(binary[0], binary[1]) == 0)
		return EXIT_FINE;
	for (int i = 0; i < 2; i++) {
		if (campaign_set_add_kept(set[i], &added, err, sizeof(err)) != 0)
			return fail(EXIT_USAGE, err);
		if (added)
			printf("%s: with %zu kept campaign%s of the same machine and build\n",
				i ? "NEW" : "BASE", added, added == 1 ? "" : "s");
	}
	return EXIT_FINE;
}

/* ---- the end ------------------------------------------------------------------------- */

static int write_out(const struct compare_options *o, const struct judgement *j)
{
	size_t len = strlen(o->out);
	char path[4200], err[ERR];

	if (len > 4 && strcmp(o->out + len - 4, ".csv") == 0) {
		snprintf(path, sizeof(path), "%s", o->out);
	} else if (mkdir(o->out, 0777) != 0 && errno != EEXIST) {
		snprintf(err, sizeof(err), "cannot make %.300s: %s", o->out, strerror(errno));
		return fail(EXIT_USAGE, err);
	} else {
		snprintf(path, sizeof(path), "%.4000s/judgement.csv", o->out);
	}
	if (judged_write(path, j, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	return EXIT_FINE;
}

static int judge(const struct compare_options *o, const struct sides *s)
{
	struct compare_ask ask = {.base = &s->base,
		.fresh = &s->fresh,
		.under_test = &o->under_test,
		.allow_missing = &o->allow_missing,
		.base_name = s->base_name,
		.fresh_name = s->fresh_name,
		.advisory = o->advisory,
		.strict = o->strict};
	struct compared c;
	char err[ERR];
	int code;

	if (compare_judge(&c, &ask, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	code = o->out ? write_out(o, &c.judgement) : EXIT_FINE;
	if (!code) {
		compare_print(stdout, &c, &ask, o->top);
		code = judged_exit(&c.judgement);
	}
	compared_free(&c);
	return code;
}

static int compare(const struct compare_options *o, const char *const *path, size_t base, size_t n)
{
	struct sides s = {.base_name = ""};
	int code = read_side(&s.base, path, base, s.base_name);

	if (!code)
		code = read_side(&s.fresh, path + base, n - base, s.fresh_name);
	if (!code)
		code = check_same(&s);
	if (!code)
		code = check_comparable(&s, &o->under_test);
	if (!code && !o->no_kept)
		code = add_kept(&s);
	if (!code) {
		warn_about(&s.base);
		warn_about(&s.fresh);
		code = judge(o, &s);
	}
	campaign_set_free(&s.base);
	campaign_set_free(&s.fresh);
	return code;
}

/* How many operands stand behind the "--", which getopt_long() takes away. */
static size_t behind_dashes(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return (size_t)(argc - i - 1);
	}
	return 0;
}

static int check_options(const struct compare_options *o, size_t *fresh, size_t n)
{
	char err[ERR];

	if (o->strict && o->advisory)
		return fail(EXIT_USAGE, "--strict and --advisory are opposites; give one of them");
	if (facts_check_under_test(&o->under_test, err, sizeof(err)) != 0)
		return fail(EXIT_USAGE, err);
	if (*fresh == 0 && n == 2) /* two can only mean one thing */
		*fresh = 1;
	if (*fresh == 0 || *fresh >= n)
		return fail(EXIT_USAGE, "say what is compared with what: BASE... -- NEW...");
	return EXIT_FINE;
}

int cmd_compare(int argc, char **argv)
{
	size_t fresh = behind_dashes(argc, argv);
	struct compare_options o;
	const char **operands;
	int n, code = opt_parse(&cmd, &o, argc, argv, &operands, &n);

	if (code != OPT_RUN)
		return code;
	code = check_options(&o, &fresh, (size_t)n);
	if (!code)
		code = compare(&o, operands, (size_t)n - fresh, (size_t)n);
	opt_free(&cmd, &o);
	return code;
}
