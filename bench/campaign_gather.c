/*
 * campaign_gather.c - the trials of a samples.csv, cell by cell; see campaign.h.
 *
 * Of each trial five figures are kept, and where its row began: what stands there twice is said
 * with both lines.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/campaign.h"
#include "bench/gate_stats.h"
#include "bench/stats.h"
#include "harness/compiler.h"

enum { CELLS_MOST = 100000, TRIALS_MOST = 4000000 };

static const double trim = 0.2;

struct trial {
	double value[COSTS];
	double block, rep, attempt;
	uint64_t line;
	bool ok, clean, interrupted;
};

struct gathered_cell {
	char *key;
	struct trial *trial;
	size_t n, room;
	char status[16], reason[128];
};

struct gathered {
	struct campaign *campaign;
	const char *path;
	struct gathered_cell **cell; /* by key */
	size_t n, room, trials;
	char *err;
	size_t err_len;
};

__attribute__((format(printf, 3, 4))) static int bad(
	const struct gathered *g, uint64_t line, const char *format, ...)
{
	char what[CAMPAIGN_PATH];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	snprintf(g->err, g->err_len, "%s:%" PRIu64 ": %s", g->path, line, what);
	return -EINVAL;
}

static int no_memory(const struct gathered *g)
{
	snprintf(g->err, g->err_len, "%s: no memory for its trials", g->path);
	return -ENOMEM;
}

/* ---- rows ---------------------------------------------------------------------- */

/* Where the key is, or would be. */
static size_t place_of(const struct gathered *g, const char *key, bool *there)
{
	size_t lo = 0, hi = g->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(g->cell[mid]->key, key);

		if (c == 0) {
			*there = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*there = false;
	return lo;
}

static struct gathered_cell *new_cell(struct gathered *g, size_t at, const char *key)
{
	struct gathered_cell *c;

	if (g->n == g->room) {
		size_t room = g->room ? 2 * g->room : 64;
		struct gathered_cell **more = realloc(g->cell, room * sizeof(*more));

		if (!more)
			return NULL;
		g->cell = more;
		g->room = room;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->key = strdup(key);
	if (!c->key) {
		free(c);
		return NULL;
	}
	memmove(&g->cell[at + 1], &g->cell[at], (g->n - at) * sizeof(struct gathered_cell *));
	g->cell[at] = c;
	g->n++;
	return c;
}

static struct gathered_cell *cell_of(struct gathered *g, const char *key)
{
	bool there;
	size_t at = place_of(g, key, &there);

	return there ? g->cell[at] : new_cell(g, at, key);
}

static struct trial *new_trial(struct gathered_cell *c)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 8;
		struct trial *more = realloc(c->trial, room * sizeof(*more));

		if (!more)
			return NULL;
		c->trial = more;
		c->room = room;
	}
	return &c->trial[c->n++];
}

/* The worst of a cell's trials is what is said of it. */
static int badness(const char *status)
{
	static const char *const worse[] = {
		"ok", "skip", "interrupted", "timeout", "fail", "crash"};

	for (int i = 0; i < (int)ARRAY_LEN(worse); i++) {
		if (strcmp(worse[i], status) == 0)
			return i;
	}
	return -1;
}

static void note_status(struct gathered_cell *c, const struct sample *s)
{
	if (c->status[0] && badness(s->status) <= badness(c->status))
		return;
	snprintf(c->status, sizeof(c->status), "%s", s->status);
	snprintf(c->reason, sizeof(c->reason), "%.127s", s->reason);
}

static int check_row(const struct gathered *g, uint64_t line, const struct sample *s)
{
	if (!s->cell[0])
		return bad(g, line, "a row of no cell");
	if (badness(s->status) < 0)
		return bad(g, line, "status \"%s\": there is no such one", s->status);
	if (s->side[0])
		return bad(g, line,
			"side \"%s\": these are trials of both sides of a paired comparison, which "
			"has its own judgement.csv",
			s->side);
	for (int c = 0; c < COSTS; c++) {
		if (cost_value(s, (enum cost)c) < 0)
			return bad(g, line, "%s is below 0", cost_name((enum cost)c));
	}
	if (g->n >= CELLS_MOST || g->trials >= TRIALS_MOST)
		return bad(g, line, "more %s than can be compared",
			g->n >= CELLS_MOST ? "cells" : "trials");
	return 0;
}

static void note_run(struct campaign *c, const struct sample *s)
{
	if (!c->run_id[0])
		snprintf(c->run_id, sizeof(c->run_id), "%s", s->run_id);
	if (s->timestamp_utc[0] && (!c->began[0] || strcmp(s->timestamp_utc, c->began) < 0))
		snprintf(c->began, sizeof(c->began), "%s", s->timestamp_utc);
	c->rows++;
}

static int on_row(void *ctx, uint64_t line, const struct sample *s)
{
	struct gathered *g = ctx;
	struct gathered_cell *c;
	struct trial *t;
	int code = check_row(g, line, s);

	if (code)
		return code;
	c = cell_of(g, s->cell);
	t = c ? new_trial(c) : NULL;
	if (!t)
		return no_memory(g);
	*t = (struct trial){.block = s->block,
		.rep = s->rep,
		.attempt = s->attempt,
		.line = line,
		.ok = sample_usable(s, false),
		.clean = sample_usable(s, true),
		.interrupted = strcmp(s->status, "interrupted") == 0};
	for (int m = 0; m < COSTS; m++)
		t->value[m] = cost_value(s, (enum cost)m);
	g->trials++;
	note_status(c, s);
	note_run(g->campaign, s);
	if (g->campaign->rows == 1 && facts_set(&g->campaign->facts, "host", s->host))
		return no_memory(g);
	return 0;
}

/* ---- trials of a cell --------------------------------------------------------------- */

static int compare_numbers(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(b) - isnan(a);
	return (a > b) - (a < b);
}

/* The same trial: also in the order of their lines, for the sentence. */
static int compare_trials(const void *a, const void *b)
{
	const struct trial *x = a, *y = b;
	int c = compare_numbers(x->block, y->block);

	c = c ? c : compare_numbers(x->rep, y->rep);
	c = c ? c : compare_numbers(x->attempt, y->attempt);
	return c ? c : (x->line > y->line) - (x->line < y->line);
}

static bool same_place(const struct trial *a, const struct trial *b)
{
	return compare_numbers(a->block, b->block) == 0 && compare_numbers(a->rep, b->rep) == 0;
}

static int check_trials(const struct gathered *g, struct gathered_cell *c)
{
	qsort(c->trial, c->n, sizeof(*c->trial), compare_trials);
	for (size_t i = 1; i < c->n; i++) {
		const struct trial *a = &c->trial[i - 1], *b = &c->trial[i];

		if (!same_place(a, b) || compare_numbers(a->attempt, b->attempt) != 0)
			continue;
		return bad(g, b->line,
			"%.320s, block %g, attempt %g stands there for the second time, first in "
			"line %" PRIu64,
			c->key, b->block, b->attempt, a->line);
	}
	return 0;
}

/* Trials that were interrupted and never made up for. */
static size_t unfinished(const struct gathered_cell *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		bool last = i + 1 == c->n || !same_place(&c->trial[i], &c->trial[i + 1]);

		n += last && c->trial[i].interrupted;
	}
	return n;
}

/* work: 3 n. */
static struct campaign_figure figure_of(
	const struct gathered_cell *c, enum cost m, bool clean_only, double *work)
{
	struct campaign_figure f = {NAN, NAN, NAN, 0, 0};
	double *value = work + c->n, *more = work + 2 * c->n;

	for (size_t i = 0; i < c->n; i++) {
		const struct trial *t = &c->trial[i];
		double x = cost_log(m, t->value[m]);

		if (!t->ok || (clean_only && !t->clean) || isnan(x))
			continue;
		f.noisy += !t->clean;
		value[f.trials] = t->value[m];
		work[f.trials++] = x;
	}
	if (f.trials == 0)
		return f;
	f.value = stats_median(value, f.trials, more);
	f.cost = work[0];
	if (f.trials > 1)
		f.cost = gate_trimmed_mean(work, f.trials, trim, &f.within, more);
	return f;
}

static int settle_cell(const struct gathered *g, struct gathered_cell *from)
{
	struct campaign_cell *to = &g->campaign->cell[g->campaign->n];
	double *work = calloc(3 * from->n + 1, sizeof(*work));
	size_t clean = 0;
	int code = work ? check_trials(g, from) : no_memory(g);

	if (code) {
		free(work);
		return code;
	}
	*to = (struct campaign_cell){.key = from->key};
	from->key = NULL;
	g->campaign->n++;
	snprintf(to->status, sizeof(to->status), "%s", from->status);
	snprintf(to->reason, sizeof(to->reason), "%s", from->reason);
	for (size_t i = 0; i < from->n; i++) {
		to->trials += from->trial[i].ok;
		clean += from->trial[i].clean;
	}
	for (int m = 0; m < COSTS; m++)
		to->figure[m] = figure_of(from, (enum cost)m, clean >= CAMPAIGN_ENOUGH_CLEAN, work);
	g->campaign->unfinished += unfinished(from);
	free(work);
	return 0;
}

static int settle(struct gathered *g)
{
	int code = 0;

	g->campaign->cell = calloc(g->n + 1, sizeof(*g->campaign->cell));
	if (!g->campaign->cell)
		return no_memory(g);
	for (size_t i = 0; i < g->n && !code; i++)
		code = settle_cell(g, g->cell[i]);
	return code;
}

static void gathered_free(struct gathered *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->cell[i]->key);
		free(g->cell[i]->trial);
		free(g->cell[i]);
	}
	free(g->cell);
}

int campaign_gather(struct campaign *c, const char *path, char *err, size_t err_len)
{
	struct gathered g = {.campaign = c, .path = path, .err = err, .err_len = err_len};
	int code = samples_each(path, on_row, &g, &c->cut_short, err, err_len);

	if (!code)
		code = settle(&g);
	gathered_free(&g);
	return code;
}
