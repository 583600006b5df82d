/* report_parts.c - the table of references, and those that list things; see report_part.h. */
#include "bench/report_part.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "bench/answers.h"
#include "bench/cmd.h"
#include "bench/pairs.h"
#include "bench/report_text.h"
#include "harness/compiler.h"

enum { BELIEF = 512 };

/* ---- what the machine was --------------------------------------------------- */

static int put_belief(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	const struct report_run *run = r->run;
	struct env_facts facts;
	char doubts[BELIEF];
	size_t ok = 0, noisy = 0;
	int code;

	(void)w;
	report_run_facts(run, &facts);
	env_believe(&facts, doubts, sizeof(doubts));
	for (size_t i = 0; i < run->n; i++) {
		ok += sample_usable(&run->rows[i], false);
		noisy += sample_usable(&run->rows[i], false) &&
			 strcmp(run->rows[i].quality, "noisy") == 0;
	}
	code = report_measured(r, to, &(struct words){0}, why, why_len);
	if (code)
		return code;
	fputc(' ', to);
	if (run->n_env)
		report_text(to, doubts);
	fprintf(to, " %.0f %% of the trials are marked noisy.",
		ok ? 100.0 * (double)noisy / (double)ok : 0);
	return 0;
}

static int put_machine(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	const struct report_run *run = r->run;

	(void)w;
	if (run->env_why[0]) {
		snprintf(why, why_len, "%s", run->env_why);
		if (r->demand)
			return -ENOENT;
		fputs("What machine this was cannot be said: ", to);
		report_text(to, run->env_why);
		fputs("\n\n", to);
	}
	if (run->n_env)
		fputs("| key | value | why there is none |\n|---|---|---|\n", to);
	for (size_t i = 0; i < run->n_env; i++) {
		fputs("| ", to);
		report_text(to, run->env[i].key);
		fputs(" | ", to);
		report_text(to, run->env[i].value);
		fputs(" | ", to);
		report_text(to, run->env[i].reason);
		fputs(" |\n", to);
	}
	return 0;
}

/* ---- what became of the trials ---------------------------------------------- */

static int put_status(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	static const char *const status[] = {
		"ok", "skip", "fail", "timeout", "crash", "interrupted"};
	const struct report_run *run = r->run;
	size_t noisy = 0;

	(void)w, (void)why, (void)why_len;
	fprintf(to, "%zu rows:", run->n);
	for (size_t s = 0; s < ARRAY_LEN(status); s++) {
		size_t n = 0;

		for (size_t i = 0; i < run->n; i++)
			n += strcmp(run->rows[i].status, status[s]) == 0;
		if (n)
			fprintf(to, " %zu %s", n, status[s]);
	}
	for (size_t i = 0; i < run->n; i++)
		noisy += strcmp(run->rows[i].quality, "noisy") == 0;
	fprintf(to, "; %zu of the ok ones are marked noisy.", noisy);
	return 0;
}

static int compare_reasons(const void *a, const void *b)
{
	const struct sample *x = *(const struct sample *const *)a;
	const struct sample *y = *(const struct sample *const *)b;
	int c = strcmp(x->status, y->status);

	return c ? c : strcmp(x->reason, y->reason);
}

static size_t put_reasons(
	FILE *to, const struct sample *const *bad, size_t n, bool status, const char *begin)
{
	size_t lines = 0, from = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && compare_reasons(&bad[from], &bad[i]) == 0)
			continue;
		fputs(begin, to);
		if (status) {
			report_text(to, bad[from]->status);
			fputs(": ", to);
		}
		report_text(to, bad[from]->reason[0] ? bad[from]->reason : "no reason given");
		fprintf(to, " (%zu row%s)\n", i - from, i - from == 1 ? "" : "s");
		from = i;
		lines++;
	}
	return lines;
}

size_t report_reasons(
	FILE *to, const struct sample *const *row, size_t n, const char *status, const char *begin)
{
	const struct sample **bad = calloc(n + 1, sizeof(*bad));
	size_t found = 0, lines;

	for (size_t i = 0; bad && i < n; i++) {
		if (status ? strcmp(row[i]->status, status) == 0
			   : strcmp(row[i]->status, "ok") != 0)
			bad[found++] = row[i];
	}
	if (found)
		qsort(bad, found, sizeof(*bad), compare_reasons);
	lines = bad ? put_reasons(to, bad, found, !status, begin) : 0;
	if (!bad)
		fprintf(to, "%sno memory to list the reasons\n", begin);
	free(bad);
	return lines;
}

/* What was asked for and is not on this machine, each reason once. */
static int put_absent(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	(void)w, (void)why, (void)why_len;
	if (report_reasons(to, r->run->by_cell, r->run->n, "skip", "- ") == 0)
		fputs("- Nothing that the matrix asked for was skipped. What it did not ask for "
		      "(other placements, NUMA, other kernels) is not said here.\n",
			to);
	return 0;
}

static int put_findings(
	struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	static const char *const bad[] = {"fail", "timeout", "crash", "interrupted"};
	size_t lines = 0;

	(void)w, (void)why, (void)why_len;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char begin[32];

		snprintf(begin, sizeof(begin), "- %s: ", bad[i]);
		lines += report_reasons(to, r->run->by_cell, r->run->n, bad[i], begin);
	}
	if (lines == 0)
		fputs("- No trial failed, timed out, crashed or was interrupted.\n", to);
	return 0;
}

/* ---- answers, pictures -------------------------------------------------------- */

/* As a program prints them: in a block of code, which indented lines cannot leave. */
static int put_answers_text(FILE *to, const struct ranking *ranking)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	if (memory)
		answers_text(memory, ranking);
	if (!memory || fclose(memory) != 0) {
		free(text);
		return -ENOMEM;
	}
	for (const char *c = text; *c; c++) {
		if (*c != '\n' && (c == text || c[-1] == '\n'))
			fputs("    ", to);
		fputc(*c == '\n' || (unsigned char)*c >= ' ' ? *c : ' ', to);
	}
	free(text);
	return 0;
}

static int put_answers(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	const char *how = w->n == 1 ? w->word[0] : "";

	if (w->n && strcmp(how, "brief") != 0 && strcmp(how, "text") != 0) {
		snprintf(why, why_len,
			"is written {{answers}}, {{answers brief}} or {{answers "
			"text}}");
		return -EINVAL;
	}
	if (r->demand && !answers_complete(&r->run->ranking, why, why_len))
		return -ENOENT;
	if (strcmp(how, "text") == 0)
		return put_answers_text(to, &r->run->ranking);
	if (how[0])
		answers_brief(to, &r->run->ranking);
	else
		answers_markdown(to, &r->run->ranking);
	return 0;
}

static bool wanted_picture(const struct picture *p, const struct words *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (fnmatch(w->word[i], p->name, 0) == 0)
			return true;
	}
	return w->n == 0;
}

/* {{pictures GLOB ...}}: those; {{pictures}}: whatever was not shown before. */
static int put_pictures(
	struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	size_t n = 0;

	for (size_t i = 0; i < r->pictures; i++) {
		const struct picture *p = &r->picture[i];

		if (r->shown[i] || !wanted_picture(p, w))
			continue;
		if (p->why[0] && r->demand) {
			snprintf(why, why_len, "picture %s: %.250s", p->name, p->why);
			return -ENOENT;
		}
		fputs(n++ ? "\n" : "", to);
		fputs(p->why[0] ? "*" : "![", to);
		report_text(to, p->title);
		if (p->why[0])
			fputs(": not drawn, see chapter 7*\n", to);
		else
			fprintf(to, "](%s/%s.svg)\n", r->plots, p->name);
		r->shown[i] = true;
	}
	if (n || w->n == 0)
		return 0;
	snprintf(why, why_len, "this run has no picture of that name");
	return -ENOENT;
}

static int put_undrawn(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	(void)w, (void)why, (void)why_len;
	for (size_t i = 0; i < r->pictures; i++) {
		if (!r->picture[i].why[0])
			continue;
		fputs("Picture ", to);
		report_text(to, r->picture[i].name);
		fputs(" was not drawn: ", to);
		report_text(to, r->picture[i].why);
		fputs("\n\n", to);
	}
	return 0;
}

/* ---- pairs of processors ------------------------------------------------------ */

static int put_pairs(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct pair_spread *spread;
	size_t n;

	(void)w;
	if (pairs_find(&r->run->all, cmd_rankable, &spread, &n) != 0) {
		snprintf(why, why_len, "no memory to compare pairs of processors");
		return -ENOMEM;
	}
	pairs_put(to, spread, n, true);
	free(spread);
	return 0;
}

/* ---- the table ---------------------------------------------------------------- */

static const struct part {
	const char *name;
	part_fn *fn;
} parts[] = {
	{"run", report_ref_run},
	{"env", report_ref_env},
	{"median", report_ref_median},
	{"value", report_ref_value},
	{"trials", report_ref_trials},
	{"ratio", report_ref_ratio},
	{"table", report_table},
	{"answers", put_answers},
	{"cards", report_cards},
	{"rows", report_rows},
	{"belief", put_belief},
	{"machine", put_machine},
	{"status", put_status},
	{"absent", put_absent},
	{"findings", put_findings},
	{"pairs", put_pairs},
	{"pictures", put_pictures},
	{"undrawn", put_undrawn},
	{"csv", report_csv},
	{"measured", report_measured},
	{"beside", report_beside},
	{"floors", report_floors},
	{"waits", report_waits},
	{"domains", report_domains},
	{"tails", report_tails},
	{"drift", report_drift},
	{"overlap", report_overlap},
	{"fairness", report_fairness},
	{"load", report_load},
	{"gate", report_gate},
};

int report_part(void *ctx, FILE *to, size_t n, char *const *word, char *why, size_t why_len)
{
	const struct words rest = {n - 1, word + 1};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (strcmp(parts[i].name, word[0]) == 0)
			return parts[i].fn(ctx, to, &rest, why, why_len);
	}
	snprintf(why, why_len, "there is no reference called \"%.40s\"", word[0]);
	return -EINVAL;
}

const char *report_part_name(size_t i)
{
	return i < ARRAY_LEN(parts) ? parts[i].name : NULL;
}
