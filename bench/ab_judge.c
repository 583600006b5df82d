/* ab_judge.c - from the rows of pairs to a judgement; see ab.h. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ab.h"
#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/stats.h"

enum { FIRST_ROOM = 32 };

/* ---- figures ----------------------------------------------------------------------- */

static int make_room(struct ab_cell *c)
{
	uint32_t room = c->room ? 2 * c->room : FIRST_ROOM;

	if (c->pairs < c->room)
		return 0;
	for (int i = 0; i < AB_SIDES; i++) {
		double *more = realloc(c->figure[i], room * COSTS * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->figure[i] = more;
	}
	c->room = room;
	return 0;
}

/* As pairs.csv gives it back: --resume judges the same figures.  Switches are two columns. */
static double figure_of(const struct sample *s, enum cost m)
{
	if (m == COST_SWITCHES)
		return csv_short(
			csv_short(s->ctx_voluntary_per_op) + csv_short(s->ctx_involuntary_per_op));
	return csv_short(cost_value(s, m));
}

int ab_book(struct ab *ab, size_t cell, const struct sample *old_row, const struct sample *new_row)
{
	struct ab_cell *c = &ab->cell[cell];
	double d[COSTS];
	int code = make_room(c);

	if (code)
		return code;
	for (enum cost m = 0; m < COSTS; m++) {
		double *old = &c->figure[AB_OLD][c->pairs * COSTS + m];
		double *new = &c->figure[AB_NEW][c->pairs * COSTS + m];

		*old = figure_of(old_row, m);
		*new = figure_of(new_row, m);
		d[m] = cost_log(m, *new) - cost_log(m, *old);
	}
	c->pairs++;
	return gate_add(&ab->gate, cell, d);
}

/* ---- rows of the judgement ----------------------------------------------------------- */

static struct judged *add_row(struct ab *ab, const char *cell, const char *metric)
{
	struct judged *row = &ab->judgement.row[ab->judgement.n++];
	double none = (double)NAN;

	*row = (struct judged){.old_value = none,
		.new_value = none,
		.ratio = none,
		.lo = none,
		.hi = none,
		.p = none,
		.q = none,
		.mde = none,
		.margin = none};
	snprintf(row->cell, sizeof(row->cell), "%s", cell);
	snprintf(row->metric, sizeof(row->metric), "%s", metric);
	return row;
}

/* Of the pairs that have a figure on both sides. */
static double median_of(
	const struct ab_cell *c, enum ab_which which, enum cost metric, double *work)
{
	size_t n = 0;

	for (uint32_t i = 0; i < c->pairs; i++) {
		double v = c->figure[which][i * COSTS + metric];

		if (isfinite(v) && isfinite(c->figure[!which][i * COSTS + metric]))
			work[n++] = v;
	}
	return stats_median(work, n, work + c->pairs);
}

static const char *why_no_figure(enum cost m)
{
	static const char *const why[COSTS] = {
		[COST_THROUGHPUT] = "its operations are spaced: there is no rate",
		[COST_P50] =
			"fewer than 100 samples beyond it in a trial: --trial-ms makes it longer",
		[COST_P99] =
			"fewer than 100 samples beyond it in a trial: --trial-ms makes it longer",
		[COST_CPU] =
			"coroutines space their operations: CPU time is that of the spaces too",
		[COST_SWITCHES] = "the kernel does not count them",
	};

	return why[m];
}

static enum judged_verdict word_of(enum gate_verdict v)
{
	static const enum judged_verdict word[] = {
		[GATE_NO_FIGURE] = JUDGED_NA,
		[GATE_REGRESSED] = JUDGED_REGRESSED,
		[GATE_IMPROVED] = JUDGED_IMPROVED,
		[GATE_FINE] = JUDGED_OK,
		[GATE_OPEN] = JUDGED_INCONCLUSIVE,
	};

	return word[v];
}

static void say_open(struct judged *row, const struct gate_hypothesis *h)
{
	row->needs = h->needs;
	if (h->needs)
		snprintf(row->reason, sizeof(row->reason), "the interval is too wide");
	else if (isfinite(h->hi))
		snprintf(row->reason, sizeof(row->reason),
			"too close to a limit for any number of pairs");
	else
		snprintf(row->reason, sizeof(row->reason), "too few pairs for an interval");
}

static int put_metric(struct ab *ab, size_t cell, enum cost m)
{
	const struct gate_hypothesis *h = &ab->gate.hyp[cell * COSTS + m];
	const struct ab_cell *c = &ab->cell[cell];
	const char *key = ab->run.plan.cell[cell].key;
	struct judged *row = add_row(ab, key, cost_name(m));
	double *work = calloc(2 * (size_t)c->pairs + 1, sizeof(*work));

	if (!work)
		return -ENOMEM;
	snprintf(row->unit, sizeof(row->unit), "%s", cost_unit(m, key));
	row->verdict = word_of(h->verdict);
	row->gated = h->gated && h->verdict != GATE_NO_FIGURE;
	row->margin = cost_rules[m].margin;
	row->pairs = h->pairs;
	if (h->verdict == GATE_NO_FIGURE) {
		snprintf(row->reason, sizeof(row->reason), "%s",
			c->pairs ? why_no_figure(m) : "nothing was measured");
	} else {
		row->old_value = median_of(c, AB_OLD, m, work);
		row->new_value = median_of(c, AB_NEW, m, work);
		row->ratio = exp(h->estimate);
		row->lo = exp(h->lo);
		row->hi = exp(h->hi);
		row->p = h->p;
		row->q = h->q;
		row->mde = exp(h->detectable);
	}
	if (h->verdict == GATE_OPEN)
		say_open(row, h);
	free(work);
	return 0;
}

/* May this cell be gone? */
static bool is_allowed(const struct ab *ab, const char *key)
{
	for (size_t i = 0; i < ab->set.allow_missing.n; i++) {
		if (fnmatch(ab->set.allow_missing.item[i], key, 0) == 0)
			return true;
	}
	return false;
}

static void put_whole(struct ab *ab, const char *key, enum ab_standing standing, const char *why)
{
	struct judged *row = add_row(ab, key, "cell");

	snprintf(row->reason, sizeof(row->reason), "%.159s", why);
	row->verdict = standing == AB_ONLY_NEW   ? JUDGED_NEW
		       : standing == AB_ONLY_OLD ? JUDGED_MISSING
						 : JUDGED_NA;
	row->gated = (standing == AB_ONLY_OLD && !is_allowed(ab, key)) ||
		     standing == AB_BROKE_NEW || standing == AB_BROKE_OLD;
}

static int put_cell(struct ab *ab, size_t cell)
{
	const struct ab_cell *c = &ab->cell[cell];
	int code = 0;

	if (c->standing != AB_JUDGED) {
		put_whole(ab, ab->run.plan.cell[cell].key, c->standing, c->reason);
		return 0;
	}
	for (enum cost m = 0; m < COSTS && !code; m++)
		code = put_metric(ab, cell, m);
	return code;
}

static void put_other(struct ab *ab, const struct ab_other *o)
{
	if (o->has[AB_OLD] && o->has[AB_NEW])
		put_whole(ab, o->key, AB_NO_FIGURE,
			"this program does not know the cell: compare with one of the two");
	else if (o->has[AB_OLD])
		put_whole(ab, o->key, AB_ONLY_OLD, "only in the old program");
	else
		put_whole(ab, o->key, AB_ONLY_NEW, "only in the new program");
}

/* ---- the whole ------------------------------------------------------------------------- */

/* What is run, and what it runs under: that may be all in which the sides differ. */
static void put_name(char *out, size_t len, const struct ab_side *s)
{
	size_t at = (size_t)snprintf(out, len, "%.200s (%s)", s->given, s->id);

	for (size_t i = 0; i < s->env.n && at < len; i++)
		at += (size_t)snprintf(
			out + at, len - at, "%s%s", i ? " " : " with ", s->env.item[i]);
	if (s->setup && at < len)
		at += (size_t)snprintf(out + at, len - at, " after `%s`", s->setup);
	if (at >= len)
		snprintf(out + len - 4, 4, "...");
}

static void put_head(struct ab *ab)
{
	struct judgement *j = &ab->judgement;
	const struct gate *g = &ab->gate;

	j->mode = JUDGED_PAIRED;
	put_name(j->old_name, sizeof(j->old_name), &ab->side[AB_OLD]);
	put_name(j->new_name, sizeof(j->new_name), &ab->side[AB_NEW]);
	snprintf(j->machine, sizeof(j->machine), "%.80s, %u PUs, kernel %.50s",
		env_cpu_model(&ab->run.facts), topo_pu_count(ab->run.topo),
		env_kernel(&ab->run.facts));
	snprintf(j->began, sizeof(j->began), "%s", ab->began);
	j->seed = ab->run.plan.seed;
	j->fwer = g->rules.fwer;
	j->suite_ratio = exp(g->suite);
	j->suite_lo = exp(g->suite_lo);
	j->suite_hi = exp(g->suite_hi);
	j->suite_flagged = g->suite_slower;
	j->advisory = ab->set.advisory;
	if (ab->time_was_up && g->stage == GATE_DONE && g->confirm_pairs == 0)
		snprintf(j->note, sizeof(j->note),
			"time was up before anything could be confirmed: a longer --budget, or "
			"fewer cells");
}

static bool stands(const struct ab *ab, enum ab_standing standing)
{
	for (size_t i = 0; i < ab->run.plan.n; i++) {
		if (ab->cell[i].standing == standing)
			return true;
	}
	return false;
}

/* 2 > 3 > 1 > 4 > 0. */
static int exit_code(const struct ab *ab)
{
	const struct judgement *j = &ab->judgement;

	if (stands(ab, AB_BROKE_OLD))
		return EXIT_USAGE;
	if (j->count[JUDGED_MISSING] || (ab->gate.gated == 0 && !stands(ab, AB_BROKE_NEW)))
		return EXIT_NOTHING;
	if (ab->gate.regressed || ab->gate.suite_slower || stands(ab, AB_BROKE_NEW))
		return EXIT_FINDING;
	if (gate_is_open(&ab->gate) || j->note[0] || (ab->set.strict && ab->gate.open))
		return EXIT_INCONCLUSIVE;
	return EXIT_FINE;
}

/* Why there is no verdict, where the rows themselves do not say it. */
static void put_note(const struct ab *ab, struct judgement *j)
{
	const char *why = "";

	if (j->exit_code == EXIT_USAGE)
		why = "OLD dies, hangs or loses messages in a cell: there is nothing to compare with";
	else if (j->exit_code == EXIT_NOTHING && j->count[JUDGED_MISSING])
		why = "NEW lacks cells that OLD has; --allow-missing GLOB lets them go";
	else if (j->exit_code == EXIT_NOTHING)
		why = "no cell has a figure on both sides";
	if (why[0])
		snprintf(j->note, sizeof(j->note), "%s", why);
	else if (!j->note[0]) /* decides nothing: the exit code is there */
		ab_say_forgiven(ab, j->note, sizeof(j->note));
}

int ab_judge(struct ab *ab)
{
	struct judgement *j = &ab->judgement;
	int code = 0;

	gate_judge(&ab->gate);
	j->row = calloc(ab->run.plan.n * COSTS + ab->n_other + 1, sizeof(*j->row));
	if (!j->row)
		return -ENOMEM;
	for (size_t i = 0; i < ab->run.plan.n && !code; i++)
		code = put_cell(ab, i);
	for (size_t i = 0; i < ab->n_other; i++)
		put_other(ab, &ab->other[i]);
	put_head(ab);
	judged_sort(j);
	j->exit_code = exit_code(ab);
	put_note(ab, j);
	return code;
}
