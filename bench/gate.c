/*
 * gate.c - the stages; see gate.h.  The verdicts are in gate_judge.c.
 *
 * The constants are those that had no false alarm in 300 synthetic runs of identical binaries, and
 * 79 % power at 10 of 200 cells 10 % slower (tests/test_gate.c runs that model).
 */
#include "bench/gate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats.h"

enum { FIRST_ROOM = 32 };

const struct gate_rules gate_default_rules = {
	.screen_pairs = 8,
	.interim_pairs = 20,
	.confirm_most = 200,
	.resolve_least = 8,
	.resolve_most = 40,
	.fwer = 0.01,
	.screen_p = 0.20,
	.interim_p = 0.30,
	.select_share = 0.30,
	.select_least = 12,
	.better_p = 0.05,
	.better_share = 0.10,
	.better_least = 4,
	.mean_pairs = 24,
	.suite_margin = 0.00995, /* ln 1.01 */
	.suite_p = 0.01,
	.suite_trim = 0.05,
	.suite_least = 10,
	.open_share = 0.05,
};

/* ---- room ---------------------------------------------------------------- */

static int make_work(struct gate *g, size_t pairs)
{
	size_t need = stats_signed_rank_work(pairs) + g->cells; /* the suite's values too */
	double *values, *work;

	if (need <= g->work_room)
		return 0;
	values = realloc(g->values, (pairs + 1) * sizeof(*values));
	if (!values)
		return -ENOMEM;
	g->values = values;
	work = realloc(g->work, need * sizeof(*work));
	if (!work)
		return -ENOMEM;
	g->work = work;
	g->work_room = need;
	return 0;
}

int gate_init(struct gate *g, const struct gate_rules *rules, const struct gate_metric *metric,
	size_t metrics, size_t cells, uint64_t budget)
{
	uint64_t least = (uint64_t)rules->screen_pairs * cells;

	*g = (struct gate){.rules = *rules, .metric = metric, .metrics = metrics, .cells = cells};
	g->cell = calloc(cells + 1, sizeof(*g->cell));
	g->hyp = calloc(cells * metrics + 1, sizeof(*g->hyp));
	g->order = calloc(cells + 1, sizeof(*g->order));
	g->p = calloc(3 * cells * metrics + 1, sizeof(*g->p));
	g->index = calloc(cells * metrics + 1, sizeof(*g->index));
	g->budget = budget ? budget : (uint64_t)rules->mean_pairs * cells;
	g->budget = g->budget > least ? g->budget : least;
	if (!g->cell || !g->hyp || !g->order || !g->p || !g->index ||
		make_work(g, FIRST_ROOM) != 0) {
		gate_free(g);
		return -ENOMEM;
	}
	for (size_t i = 0; i < cells; i++)
		g->cell[i].want = rules->screen_pairs;
	for (size_t i = 0; i < cells * metrics; i++)
		g->hyp[i].gated = metric[i % metrics].gated;
	return 0;
}

void gate_free(struct gate *g)
{
	for (size_t i = 0; g->hyp && i < g->cells * g->metrics; i++)
		free(g->hyp[i].d);
	free(g->hyp);
	free(g->cell);
	free(g->order);
	free(g->p);
	free(g->index);
	free(g->values);
	free(g->work);
	for (int i = 0; i < GATE_SIGNS; i++)
		free(g->signs[i].below);
	*g = (struct gate){.cells = 0};
}

static int make_room(struct gate *g, size_t cell)
{
	struct gate_cell *c = &g->cell[cell];
	uint32_t room = c->room ? 2 * c->room : FIRST_ROOM;

	if (c->pairs < c->room)
		return 0;
	for (size_t m = 0; m < g->metrics; m++) {
		struct gate_hypothesis *h = &g->hyp[cell * g->metrics + m];
		double *more = realloc(h->d, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		h->d = more;
	}
	c->room = room;
	return make_work(g, room);
}

int gate_add(struct gate *g, size_t cell, const double *d)
{
	struct gate_cell *c = &g->cell[cell];
	int code = make_room(g, cell);

	if (code)
		return code;
	for (size_t m = 0; m < g->metrics; m++)
		g->hyp[cell * g->metrics + m].d[c->pairs] = d[m];
	c->pairs++;
	c->want -= c->want > 0;
	g->spent++;
	return 0;
}

void gate_drop(struct gate *g, size_t cell)
{
	g->cell[cell].out = true;
	g->cell[cell].want = 0;
}

void gate_ungate(struct gate *g, size_t cell)
{
	for (size_t m = 0; m < g->metrics; m++)
		g->hyp[cell * g->metrics + m].gated = false;
}

/* ---- the tests ----------------------------------------------------------- */

/* A handful of numbers of pairs is all that most cells have. */
const double *gate_signs(struct gate *g, size_t n)
{
	struct gate_signs *s = &g->signs[n % GATE_SIGNS];
	double *more;

	if (n == 0 || n > STATS_EXACT_SIGNED_RANK)
		return NULL;
	if (s->n == n)
		return s->below;
	more = realloc(s->below, stats_signs_len(n) * sizeof(*more));
	if (!more)
		return NULL;
	s->below = more;
	s->n = n;
	stats_signs(n, more);
	return more;
}

/*
 * P-value of "not beyond the margin" from the cell's pairs first .. last-1, with sign -1 for
 * improvements.  1 where a quarter of the pairs or more have no figure.
 */
static double test_pairs(
	struct gate *g, size_t hyp, double sign, double margin, uint32_t first, uint32_t last)
{
	const struct gate_hypothesis *h = &g->hyp[hyp];
	size_t n = 0;

	for (uint32_t i = first; i < last; i++) {
		if (isfinite(h->d[i]))
			g->values[n++] = sign * h->d[i];
	}
	if (n == 0 || 4 * n <= 3 * (size_t)(last - first))
		return 1.0;
	return stats_signed_rank_greater_by(gate_signs(g, n), g->values, n, margin, g->work);
}

static double screen_p(struct gate *g, size_t hyp, double sign)
{
	const struct gate_cell *c = &g->cell[hyp / g->metrics];

	if (c->out || !g->hyp[hyp].gated || c->pairs < g->rules.screen_pairs)
		return 1.0;
	return test_pairs(g, hyp, sign, 0.0, 0, g->rules.screen_pairs);
}

/* ---- screen -> interim --------------------------------------------------- */

static int by_p_then_cell(const void *a, const void *b)
{
	const struct gate_candidate *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->cell > y->cell) - (x->cell < y->cell);
}

/* Cells by the least p of their metrics. */
static void order_cells(struct gate *g, double sign)
{
	for (size_t c = 0; c < g->cells; c++) {
		g->order[c] = (struct gate_candidate){.p = 1.0, .cell = c};
		for (size_t m = 0; m < g->metrics; m++) {
			double p = screen_p(g, c * g->metrics + m, sign);

			g->order[c].p = p < g->order[c].p ? p : g->order[c].p;
		}
	}
	qsort(g->order, g->cells, sizeof(*g->order), by_p_then_cell);
}

static void select_cells(struct gate *g, double sign, double most_p, double share, uint32_t least)
{
	size_t most = (size_t)(share * (double)g->cells);

	most = most > least ? most : least;
	order_cells(g, sign);
	for (size_t i = 0; i < g->cells && i < most && g->order[i].p <= most_p; i++)
		g->cell[g->order[i].cell].want = g->rules.interim_pairs;
}

/* Of the cells that are measured again, whatever looks so. */
static void begin_interim(struct gate *g)
{
	const struct gate_rules *r = &g->rules;

	select_cells(g, 1.0, r->screen_p, r->select_share, r->select_least);
	select_cells(g, -1.0, r->better_p, r->better_share, r->better_least);
	for (size_t i = 0; i < g->cells * g->metrics; i++) {
		struct gate_hypothesis *h = &g->hyp[i];

		if (!g->cell[i / g->metrics].want)
			continue;
		h->slower = screen_p(g, i, 1.0) <= r->screen_p;
		h->faster = screen_p(g, i, -1.0) <= r->better_p;
	}
	g->stage = GATE_INTERIM;
}

/* ---- interim -> confirm -------------------------------------------------- */

static bool is_live(struct gate *g, size_t hyp)
{
	const struct gate_hypothesis *h = &g->hyp[hyp];
	const struct gate_cell *c = &g->cell[hyp / g->metrics];
	uint32_t first = g->rules.screen_pairs, last = first + g->rules.interim_pairs;
	double margin = g->metric[hyp % g->metrics].margin;

	if (c->out || c->pairs < last)
		return false;
	return (h->slower && test_pairs(g, hyp, 1.0, margin, first, last) <= g->rules.interim_p) ||
	       (h->faster && test_pairs(g, hyp, -1.0, margin, first, last) <= g->rules.interim_p);
}

static uint64_t pairs_left(const struct gate *g)
{
	return g->budget > g->spent ? g->budget - g->spent : 0;
}

static void begin_confirm(struct gate *g)
{
	uint64_t live = 0, each;

	for (size_t c = 0; c < g->cells; c++) {
		bool any = false;

		for (size_t m = 0; m < g->metrics; m++) {
			struct gate_hypothesis *h = &g->hyp[c * g->metrics + m];

			h->live = is_live(g, c * g->metrics + m);
			any = any || h->live;
		}
		g->cell[c].want = any;
		live += any;
	}
	each = pairs_left(g) / (live ? live : 1);
	g->confirm_pairs = each < g->rules.confirm_most ? (uint32_t)each : g->rules.confirm_most;
	for (size_t c = 0; c < g->cells; c++)
		g->cell[c].want = g->cell[c].want ? g->confirm_pairs : 0;
	g->stage = GATE_CONFIRM;
}

static void begin_resolve(struct gate *g)
{
	for (size_t c = 0; c < g->cells; c++)
		g->cell[c].tested = g->cell[c].pairs;
	g->stage = GATE_RESOLVE;
}

/* ---- resolve ------------------------------------------------------------- */

/* Further pairs that would settle all of a cell that is open; 0: none are, or none would. */
static uint64_t pairs_wanted(const struct gate *g, size_t cell)
{
	uint64_t most = 0;

	for (size_t m = 0; m < g->metrics; m++) {
		const struct gate_hypothesis *h = &g->hyp[cell * g->metrics + m];

		if (g->cell[cell].out || !h->gated || h->verdict != GATE_OPEN || !h->needs)
			continue;
		if (h->needs > h->pairs && h->needs - h->pairs > most)
			most = h->needs - h->pairs;
		else if (most == 0)
			most = 1;
	}
	return most;
}

/* The cheapest first: as many as can be are settled, and who can't be costs nobody anything. */
static void resolve_round(struct gate *g)
{
	uint64_t left = pairs_left(g);

	gate_judge(g);
	for (size_t c = 0; c < g->cells; c++) {
		uint64_t want = pairs_wanted(g, c);

		g->order[c] = (struct gate_candidate){
			.p = want ? (double)want : INFINITY, .cell = c};
	}
	qsort(g->order, g->cells, sizeof(*g->order), by_p_then_cell);
	for (size_t i = 0; i < g->cells && g->order[i].p <= (double)left; i++) {
		uint64_t want = (uint64_t)g->order[i].p;

		want = want < g->rules.resolve_least ? g->rules.resolve_least : want;
		want = want > g->rules.resolve_most ? g->rules.resolve_most : want;
		want = want < left ? want : left;
		g->cell[g->order[i].cell].want = (uint32_t)want;
		left -= want;
	}
}

/* ---- going on ------------------------------------------------------------ */

static bool wants_any(const struct gate *g)
{
	for (size_t c = 0; c < g->cells; c++) {
		if (g->cell[c].want)
			return true;
	}
	return false;
}

bool gate_next(struct gate *g)
{
	while (!wants_any(g) && g->stage != GATE_DONE) {
		switch (g->stage) {
		case GATE_SCREEN:
			begin_interim(g);
			break;
		case GATE_INTERIM:
			begin_confirm(g);
			break;
		case GATE_CONFIRM:
			begin_resolve(g);
			break;
		default:
			resolve_round(g);
			if (!wants_any(g))
				g->stage = GATE_DONE;
		}
	}
	return g->stage != GATE_DONE;
}

/* How far it came depends on the clock, not on what was measured: confirm may be cut anywhere. */
void gate_close(struct gate *g)
{
	for (size_t c = 0; c < g->cells; c++) {
		g->cell[c].want = 0;
		if (g->stage == GATE_CONFIRM)
			g->cell[c].tested = g->cell[c].pairs;
	}
	g->stage = GATE_DONE;
}
