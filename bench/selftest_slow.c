/*
 * selftest_slow.c - a program that is slower by a known amount: its probed twins burn time at a
 * point that one worker passes once in each operation, while nothing else goes on; see
 * selftest_gate.h.
 */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/random.h"
#include "bench/selftest_gate.h"
#include "bench/stats.h"
#include "harness/futex.h"

enum { SPINS = 20000000, LOOKS = 5, STREAM_CELLS = 21 };

/* "GLOB=10%"; a key has "=" in it, too. */
int gate_test_parse_change(struct gate_test *t, const char *text)
{
	const char *eq = strrchr(text, '=');
	struct gate_test_change *c = &t->change[t->changes];
	char *end = NULL;
	double pct = eq ? strtod(eq + 1, &end) : 0;

	if (!eq || eq == text || end == eq + 1 || strcmp(end, "%") != 0 || !(pct > 0) ||
		pct > 1000 || (size_t)(eq - text) >= sizeof(c->glob) ||
		t->changes == GATE_TEST_CHANGES) {
		snprintf(t->err, RUN_ERR,
			"\"%.200s\" is not CELL=PERCENT, as 'channel/pipe/*=10%%', up to 1000 %%",
			text);
		return -EINVAL;
	}
	snprintf(c->glob, sizeof(c->glob), "%.*s", (int)(eq - text), text);
	c->share = pct / 100;
	t->changes++;
	return 0;
}

/* ---- slowing down ------------------------------------------------------------------- */

/* What one of probe.c's spins takes; the least of several looks. */
void gate_test_measure_spin(struct gate_test *t)
{
	double least = INFINITY;

	for (int look = 0; look < LOOKS; look++) {
		uint64_t begin = monotonic_ns();
		double each;

		for (uint64_t i = 0; i < SPINS; i++)
			__asm__ volatile("" ::: "memory");
		each = (double)(monotonic_ns() - begin) / SPINS;
		least = each < least ? each : least;
	}
	t->spin_ns = least;
}

static double change_of(const struct gate_test *t, const char *key)
{
	for (size_t i = 0; i < t->changes; i++) {
		if (fnmatch(t->change[i].glob, key, 0) == 0)
			return t->change[i].share;
	}
	return 0;
}

/* One worker passes one point in each operation, and nothing else goes on meanwhile. */
static bool can_be_slowed(const struct cell *c)
{
	const char *w = c->workload->name;

	return c->side_a == 1 && c->side_b <= 1 &&
	       (strcmp(w, "pingpong") == 0 || strcmp(w, "uncontended") == 0);
}

/* ns of an operation of the probed twin: the median of some trials of OLD. */
static int time_operation(struct ab *ab, size_t cell, double *ns)
{
	struct runner *r = &ab->run.runner;
	struct trial_fault none = {.act = PROBE_NONE};
	double seen[LOOKS], work[LOOKS];
	size_t n = 0;
	int code = 0;

	r->binary = ab->side[AB_OLD].path;
	r->probed = &none;
	for (int i = 0; i < LOOKS && !code && !launch_stop; i++) {
		code = runner_trial(r, &ab->run.plan.cell[cell], false, ab->err, RUN_ERR);
		if (!code && r->result->status == TRIAL_OK && r->result->ops)
			seen[n++] = (double)r->result->elapsed_ns / (double)r->result->ops;
	}
	*ns = stats_median(seen, n, work);
	return launch_stop ? -EINTR : code;
}

static int arm(struct ab *ab, struct gate_test *t, size_t cell, double share)
{
	double ns = 0;
	int code = time_operation(ab, cell, &ns);

	if (code || !isfinite(ns)) {
		if (!code)
			snprintf(ab->err, RUN_ERR, "%.300s does not run here: %.100s",
				ab->run.plan.cell[cell].key, ab->run.runner.result->reason);
		return code ? code : -EINVAL;
	}
	ab->cell[cell].fault = (struct trial_fault){
		.act = PROBE_BURN,
		.point = POINT_BEFORE_SEND,
		.nth = 1,
		.value = (uint64_t)(share * ns / t->spin_ns + 0.5),
	};
	t->run.effect_pct = 100 * share;
	return 0;
}

/* Of the cells that match, those that are drawn. */
int gate_test_arm(struct ab *ab)
{
	struct gate_test *t = ab->adjust_arg;
	uint64_t state = random_stream(ab->run.plan.seed, 0, STREAM_CELLS);
	size_t match = 0, left;
	int code = 0;

	for (size_t i = 0; i < ab->run.plan.n; i++)
		match += ab->cell[i].standing == AB_JUDGED &&
			 can_be_slowed(&ab->run.plan.cell[i]) &&
			 change_of(t, ab->run.plan.cell[i].key) > 0;
	left = t->set.cells && t->set.cells < match ? t->set.cells : match;
	if (match == 0) {
		snprintf(ab->err, RUN_ERR,
			"no cell of the matrix that matches can be slowed: round trips and what "
			"one worker does alone can");
		return -EINVAL;
	}
	for (size_t i = 0; i < ab->run.plan.n && !code; i++) {
		const struct cell *c = &ab->run.plan.cell[i];
		double share = change_of(t, c->key);

		if (ab->cell[i].standing != AB_JUDGED || !can_be_slowed(c) || !(share > 0))
			continue;
		if (random_below(&state, match--) < left) {
			code = arm(ab, t, i, share);
			left--;
		}
	}
	return code;
}
