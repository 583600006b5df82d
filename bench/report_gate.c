/*
 * report_gate.c - {{gate DIR}}: what gates did whose right answer was known, from the files of
 * DIR (.csv) beside the run, as rates with exact bounds; see report_part.h, gate_runs.h.
 *
 * Gates of one kind, matrix, slow-down, commit, pair of programs and set of constants add up.  A
 * gate whose row stands in two files counts once.  That there are none is said, also where all is
 * demanded.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/gate_runs.h"
#include "bench/gate_stats.h"
#include "bench/report_part.h"
#include "bench/report_text.h"

enum { PATH_BYTES = 4200 };

struct gate_rows {
	struct gate_run *run;
	size_t n;
};

/* The row of one gate, kept twice. */
static bool is_same(const struct gate_run *a, const struct gate_run *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->matrix, b->matrix) == 0 &&
	       strcmp(a->began, b->began) == 0 && strcmp(a->old_id, b->old_id) == 0 &&
	       a->seed == b->seed && a->effect_pct == b->effect_pct;
}

static void add_row(struct gate_rows *all, const struct gate_run *run)
{
	for (size_t i = 0; i < all->n; i++) {
		if (is_same(&all->run[i], run))
			return;
	}
	all->run[all->n++] = *run;
}

static int add_file(struct gate_rows *all, const char *path, char *why, size_t why_len)
{
	struct gate_run *run = NULL, *more;
	size_t n = 0;
	int code = gate_runs_read(path, &run, &n, why, why_len);

	if (code || n == 0) {
		free(run);
		return code;
	}
	more = realloc(all->run, (all->n + n) * sizeof(*more));
	if (more) {
		all->run = more;
		for (size_t i = 0; i < n; i++)
			add_row(all, &run[i]);
	} else {
		snprintf(why, why_len, "no memory for the gates in %.200s", path);
	}
	free(run);
	return more ? 0 : -ENOMEM;
}

/* The machine that the gates ran on may be kept beside them. */
static int is_rows(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && strcmp(entry->d_name + n - 4, ".csv") == 0 &&
	       strcmp(entry->d_name, "environment.csv") != 0;
}

/* A directory that is not there has no files. */
static int read_all(struct gate_rows *all, const char *dir, char *why, size_t why_len)
{
	struct dirent **entry = NULL;
	char path[2 * PATH_BYTES];
	int n = scandir(dir, &entry, is_rows, alphasort), code = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		if (!code)
			code = add_file(all, path, why, why_len);
		free(entry[i]);
	}
	free(entry);
	if (n >= 0 || code == -ENOENT)
		return n < 0 ? 0 : code;
	snprintf(why, why_len, "%.300s: %s", dir, strerror(-code));
	return code;
}

/* ---- sums ------------------------------------------------------------------------ */

/* k of n: 3 of 20 [3.2, 37.9]. */
static void put_share(FILE *to, double k, double n)
{
	double lo, hi;

	if (n < 1) {
		fputs(" - |", to);
		return;
	}
	gate_binomial_interval((uint64_t)k, (uint64_t)n, 0.95, &lo, &hi);
	fprintf(to, " %.0f of %.0f [%.2g, %.3g] |", k, n, 100 * lo, 100 * hi);
}

static void put_what(FILE *to, const struct gate_run *of)
{
	fputs("| ", to);
	if (strcmp(of->kind, "aa") == 0)
		fputs("the same program twice", to);
	else if (strcmp(of->kind, "aa2") == 0)
		fputs("the same objects, linked in another order", to);
	else if (strcmp(of->kind, "inject") == 0)
		fprintf(to, "%.3g %% slower in %.0f cells", of->effect_pct, of->injected);
	else
		report_text(to, of->kind);
	fputs(" | ", to);
	report_text(to, of->matrix);
	fputs(" | ", to);
	report_text(to, of->commit);
	fputs(" |", to);
}

static void put_group(FILE *to, const struct gate_rows *all, const struct gate_run *of)
{
	struct gate_sums s = gate_runs_sum(all->run, all->n, of);
	bool single = s.injected > 0 && !gate_run_uniform(of);

	put_what(to, of);
	put_share(to, s.alarms, s.runs);
	put_share(to, s.right, s.runs);
	put_share(to, s.found, single ? s.injected : 0);
	put_share(to, s.found, single ? s.found + s.false_cells : 0);
	put_share(to, s.open, s.gated);
	put_share(to, s.undecided, s.runs);
	fprintf(to, " %.0f | %.0f |\n", s.wall_s / s.runs, s.longest_s);
}

static bool is_first(const struct gate_rows *all, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (gate_runs_alike(&all->run[i], &all->run[k]))
			return false;
	}
	return true;
}

static void put_table(FILE *to, const struct gate_rows *all)
{
	fputs("| what was compared | matrix | commit | runs with a false alarm | runs wholly "
	      "right | slowed cells found | named cells that were slowed | figures left open | "
	      "runs without a verdict | seconds a run | the longest |\n"
	      "|---|---|---|---|---|---|---|---|---|--:|--:|\n",
		to);
	for (size_t i = 0; i < all->n; i++) {
		if (is_first(all, i))
			put_group(to, all, &all->run[i]);
	}
}

/* What margins are set from. */
static void put_shifts(FILE *to, const struct gate_rows *all)
{
	fputs("\nHow far the estimates of cells that were not slowed lie from 1, in %: the 90th "
	      "percentile of a run's cells (the mean over runs), and the largest of all.\n\n"
	      "| what was compared | matrix | commit |",
		to);
	for (enum cost m = 0; m < COSTS; m++)
		fprintf(to, " %s (margin %.0f %%) |", cost_name(m), 100 * cost_rules[m].margin);
	fputs("\n|---|---|---|---|---|---|---|---|\n", to);
	for (size_t i = 0; i < all->n; i++) {
		struct gate_sums s;

		if (!is_first(all, i))
			continue;
		s = gate_runs_sum(all->run, all->n, &all->run[i]);
		put_what(to, &all->run[i]);
		for (enum cost m = 0; m < COSTS; m++) {
			if (isfinite(s.shift[m].p90))
				fprintf(to, " %.2f, %.2f |", s.shift[m].p90, s.shift[m].most);
			else
				fputs(" - |", to);
		}
		fputc('\n', to);
	}
}

int report_gate(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct gate_rows all = {.n = 0};
	char dir[PATH_BYTES];
	int code;

	if (w->n != 1 || w->word[0][0] == '/' || strstr(w->word[0], "..")) {
		snprintf(why, why_len, "is written {{gate DIR}}, DIR below the run's parent");
		return -EINVAL;
	}
	snprintf(dir, sizeof(dir), "%s/../%s", r->run->dir, w->word[0]);
	code = read_all(&all, dir, why, why_len);
	if (!code && all.n) {
		put_table(to, &all);
		put_shifts(to, &all);
	}
	if (!code && !all.n) {
		fputs("*Not measured: no campaign of gates is kept in ", to);
		report_text(to, w->word[0]);
		fputs(" beside this run.*\n", to);
	}
	free(all.run);
	return code;
}
