/*
 * selftest_row.c - what one gate whose right answer is known leaves: its row; see selftest_gate.h,
 * gate_runs.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/selftest_gate.h"
#include "bench/version.h"

/* ---- what it said ------------------------------------------------------------------ */

static bool has_regressed(const struct judgement *j, const char *key)
{
	for (size_t i = 0; i < j->n; i++) {
		if (j->row[i].verdict == JUDGED_REGRESSED && j->row[i].gated &&
			strcmp(j->row[i].cell, key) == 0)
			return true;
	}
	return false;
}

/* Slower, or said to break with NEW alone: what a gate is red for. */
static bool is_red(const struct ab *ab, size_t cell)
{
	return ab->cell[cell].standing == AB_BROKE_NEW ||
	       has_regressed(&ab->judgement, ab->run.plan.cell[cell].key);
}

static void count_cells(struct gate_run *r, const struct ab *ab)
{
	for (size_t i = 0; i < ab->run.plan.n; i++) {
		bool slowed = ab->cell[i].fault.act == PROBE_BURN;
		bool named = is_red(ab, i);

		r->injected += slowed;
		r->found += slowed && named;
		r->false_cells += !slowed && named;
	}
}

/* ---- how far from nothing ------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct gate_shift shift_of(const struct ab *ab, enum cost m, double *work)
{
	size_t n = 0;

	for (size_t i = 0; i < ab->run.plan.n; i++) {
		const struct gate_hypothesis *h = &ab->gate.hyp[i * COSTS + m];

		if (ab->cell[i].standing == AB_JUDGED && ab->cell[i].fault.act == PROBE_NONE &&
			h->verdict != GATE_NO_FIGURE && isfinite(h->estimate))
			work[n++] = 100 * fabs(expm1(h->estimate));
	}
	if (n == 0)
		return (struct gate_shift){NAN, NAN};
	qsort(work, n, sizeof(*work), ascending);
	return (struct gate_shift){work[(size_t)(0.9 * (double)(n - 1) + 0.5)], work[n - 1]};
}

static void find_shifts(struct gate_run *r, const struct ab *ab)
{
	double *work = calloc(ab->run.plan.n + 1, sizeof(*work));

	for (enum cost m = 0; m < COSTS; m++)
		r->shift[m] = work ? shift_of(ab, m, work) : (struct gate_shift){NAN, NAN};
	free(work);
}

void gate_test_row(struct gate_test *t, const struct ab *ab, int code, double wall_s)
{
	struct gate_run *r = &t->run;

	snprintf(r->kind, sizeof(r->kind), "%s", t->kind);
	snprintf(r->began, sizeof(r->began), "%s", ab->began);
	snprintf(r->matrix, sizeof(r->matrix), "%.63s", t->set.ab.matrix);
	snprintf(r->old_id, sizeof(r->old_id), "%s", ab->side[AB_OLD].id);
	snprintf(r->new_id, sizeof(r->new_id), "%s", ab->side[AB_NEW].id);
	snprintf(r->commit, sizeof(r->commit), "%.23s", version_commit);
	ab_rules_id(ab, r->rules);
	r->seed = (double)ab->run.plan.seed;
	r->pairs = (double)ab->gate.spent;
	r->cells = (double)ab->run.plan.n;
	r->gated = (double)ab->gate.gated;
	r->open = (double)ab->gate.open;
	r->suite = ab->gate.suite_slower;
	r->exit_code = code;
	r->wall_s = wall_s;
	count_cells(r, ab);
	find_shifts(r, ab);
}
