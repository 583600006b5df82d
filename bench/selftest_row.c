/*
 * selftest_row.c - what one gate whose right answer is known leaves: its row; see selftest_gate.h,
 * gate_runs.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/selftest_gate.h"
#include "bench/version.h"

/* ---- what decides ------------------------------------------------------------------ */

/* FNV-1a, as for programs. */
static void add_bytes(uint64_t *hash, const char *text)
{
	for (; *text; text++)
		*hash = (*hash ^ (unsigned char)*text) * 0x100000001b3u;
}

static void __attribute__((format(printf, 2, 3))) add(uint64_t *hash, const char *format, ...)
{
	char text[CELL_KEY + 200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_bytes(hash, text);
}

static void add_rules(uint64_t *hash, const struct gate_rules *r)
{
	add(hash, "%u %u %u %u %u ", r->screen_pairs, r->interim_pairs, r->confirm_most,
		r->resolve_least, r->resolve_most);
	add(hash, "%.9g %.9g %.9g %.9g %u ", r->fwer, r->screen_p, r->interim_p, r->select_share,
		r->select_least);
	add(hash, "%.9g %.9g %u %u ", r->better_p, r->better_share, r->better_least, r->mean_pairs);
	add(hash, "%.9g %.9g %.9g %u %.9g\n", r->suite_margin, r->suite_p, r->suite_trim,
		r->suite_least, r->open_share);
}

void gate_test_rules_id(const struct ab *ab, char out[20])
{
	uint64_t hash = 0xcbf29ce484222325u;

	add_rules(&hash, &ab->gate.rules);
	for (enum cost m = 0; m < COSTS; m++)
		add(&hash, "%s %.9g %.9g\n", cost_name(m), cost_rules[m].margin,
			cost_rules[m].tolerance);
	add(&hash, "%d %d %d\n", AB_STEAL_PERCENT, AB_REPEAT_PERCENT, AB_REPEATS);
	add(&hash, "%" PRIu64 " %" PRIu64 "\n", ab_mean_pairs(ab), ab->run.plan.trial_ns);
	for (size_t i = 0; i < ab->run.plan.n; i++)
		add(&hash, "%s\n", ab->run.plan.cell[i].key);
	snprintf(out, 20, "%016" PRIx64, hash);
}

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

void gate_test_row(struct gate_test *t, const struct ab *ab, int code, double wall_s)
{
	struct gate_run *r = &t->run;

	snprintf(r->kind, sizeof(r->kind), "%s", t->kind);
	snprintf(r->began, sizeof(r->began), "%s", ab->began);
	snprintf(r->matrix, sizeof(r->matrix), "%.63s", t->set.ab.matrix);
	snprintf(r->old_id, sizeof(r->old_id), "%s", ab->side[AB_OLD].id);
	snprintf(r->new_id, sizeof(r->new_id), "%s", ab->side[AB_NEW].id);
	snprintf(r->commit, sizeof(r->commit), "%.23s", version_commit);
	gate_test_rules_id(ab, r->rules);
	r->seed = (double)ab->run.plan.seed;
	r->pairs = (double)ab->gate.spent;
	r->cells = (double)ab->run.plan.n;
	r->gated = (double)ab->gate.gated;
	r->open = (double)ab->gate.open;
	r->suite = ab->gate.suite_slower;
	r->exit_code = code;
	r->wall_s = wall_s;
	count_cells(r, ab);
}
