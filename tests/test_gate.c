/*
 * The gate's decisions, on made-up trials of a noisy machine whose truth is known (gate_sim.h)
 * and on small ones by hand.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/gate.h"
#include "bench/version.h"
#include "tests/gate_sim.h"
#include "tests/support.h"

enum { CELLS = 200, FEWER = 60, SLOWED = 10, PARTS = 6 };

static const struct gate_metric metrics[] = {
	{.margin = 0.03125, .tolerance = 0.1, .gated = true},
	{.margin = 0.03125, .tolerance = 0.1, .gated = true},
};

/* What many runs found. */
struct tally {
	unsigned runs, failing, false_cells, found, suite, better;
};

static bool any_is(const struct gate *g, size_t cell, enum gate_verdict v)
{
	for (size_t m = 0; m < g->metrics; m++) {
		if (g->hyp[cell * g->metrics + m].verdict == v)
			return true;
	}
	return false;
}

static void count_run(struct tally *t, const struct gate *g, size_t slowed)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < g->cells; i++) {
		bool found = any_is(g, i, GATE_REGRESSED);

		t->found += found && i < slowed;
		wrong += found && i >= slowed;
		t->better += any_is(g, i, GATE_IMPROVED);
	}
	t->runs++;
	t->false_cells += wrong;
	t->suite += g->suite_slower;
	t->failing += wrong || (g->suite_slower && slowed == 0);
}

static struct tally simulate(struct gate_sim_setting s, unsigned runs)
{
	struct tally t = {.runs = 0};

	for (unsigned i = 0; i < runs; i++) {
		struct gate_metric m[COSTS];
		struct gate g;

		s.seed++;
		gate_sim_run(&g, m, &s);
		count_run(&t, &g, s.slowed);
		gate_free(&g);
	}
	return t;
}

static unsigned many(unsigned n)
{
	return getenv("HANDOFF_TEST_LONG") ? n * 5 : support_fast() ? n / 5 : n;
}

/* ---- what it costs to be wrong ---------------------------------------------- */

static void say(const char *what, const struct tally *t)
{
	print_message("%s: %u of %u runs failed, %u improvements\n", what, t->failing, t->runs,
		t->better);
}

static void add_tally(struct tally *to, const struct tally *t)
{
	to->runs += t->runs;
	to->failing += t->failing;
	to->better += t->better;
}

/*
 * As many cells as gates are measured with on real machines.  What it takes is that of the quickest
 * part, times the parts: others on the same core slow it down for a while.
 */
static void three_hundred_runs_of_identical_binaries_stay_green(void **state)
{
	struct tally all = {.runs = 0};
	double least_s = INFINITY;

	(void)state;
	for (unsigned part = 0; part < PARTS; part++) {
		clock_t begin = clock();
		struct tally t = simulate(
			(struct gate_sim_setting){.cells = FEWER, .seed = 1000 * (part + 1)},
			many(300 / PARTS));

		least_s = fmin(least_s, (double)(clock() - begin) / CLOCKS_PER_SEC / t.runs);
		add_tally(&all, &t);
	}
	say("identical", &all);
	print_message("%.2f s of CPU time for 300\n", 300 * least_s);
	assert_true(all.failing * 100 <= all.runs);
	assert_true(all.better * 100 <= all.runs);
	if (strcmp(version_flavour, "release") == 0)
		assert_true(300 * least_s < 2.0);
}

static void identical_binaries_of_two_hundred_cells_stay_green(void **state)
{
	struct tally t = simulate(
		(struct gate_sim_setting){.cells = CELLS, .seed = 20000}, many(50));

	(void)state;
	say("identical, 200 cells", &t);
	assert_true(t.failing * 100 <= t.runs);
}

/* The goal is 2 %. */
static void relinked_binaries_stay_green(void **state)
{
	struct tally t = simulate(
		(struct gate_sim_setting){.cells = FEWER, .relinked_sd = 0.007, .seed = 5000},
		many(150));

	(void)state;
	say("relinked", &t);
	assert_true(t.failing * 50 <= t.runs);
}

static void ten_slowed_cells_of_two_hundred_are_found(void **state)
{
	static const struct {
		unsigned percent, least; /* of the slowed cells found, in % */
	} goal[] = {{5, 40}, {10, 75}, {20, 95}};

	(void)state;
	for (size_t i = 0; i < sizeof(goal) / sizeof(*goal); i++) {
		struct tally t = simulate((struct gate_sim_setting){.cells = CELLS,
						  .slowed = SLOWED,
						  .effect = log1p(goal[i].percent / 100.0),
						  .seed = 9000},
			many(20));

		print_message("%u %%: %u of %u found, %u wrong\n", goal[i].percent, t.found,
			t.runs * SLOWED, t.false_cells);
		assert_true(t.found * 100 >= goal[i].least * t.runs * SLOWED);
		assert_true(t.false_cells * 99 <= t.found);
	}
}

static void a_little_of_every_cell_shows_in_the_suite_and_nothing_does_not(void **state)
{
	struct gate_sim_setting s = {
		.cells = CELLS, .seed = 3000, .all_effect = log(1.02), .budget = CELLS * 8};
	struct tally slower = simulate(s, many(100)), same; /* the screen's pairs show it */

	(void)state;
	s.all_effect = 0;
	same = simulate(s, many(50));
	print_message("+2 %%: %u of %u; +0 %%: %u\n", slower.suite, slower.runs, same.suite);
	assert_true(slower.suite * 100 >= 95 * slower.runs);
	assert_int_equal(same.suite, 0);
}

static void the_rest_of_the_budget_leaves_few_cells_open(void **state)
{
	struct gate_sim_setting s = {.cells = CELLS, .seed = 77};
	unsigned before = 0, after = 0;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct gate_metric m[COSTS];
		struct gate g;

		s.seed++;
		s.resolve = false;
		gate_sim_run(&g, m, &s);
		before += (unsigned)g.open;
		gate_free(&g);
		s.resolve = true;
		gate_sim_run(&g, m, &s);
		after += (unsigned)g.open;
		assert_true(g.spent <= g.budget);
		assert_false(gate_is_open(&g));
		gate_free(&g);
	}
	print_message("open: %u before, %u after\n", before, after);
	assert_true(4 * after <= before);
}

/* ---- the same again ---------------------------------------------------------- */

static void the_same_figures_are_judged_the_same(void **state)
{
	struct gate_sim_setting s = {
		.cells = 60, .slowed = 5, .effect = 0.1, .resolve = true, .seed = 4};
	struct gate_metric m[COSTS];
	struct gate a, b;

	(void)state;
	gate_sim_run(&a, m, &s);
	gate_sim_run(&b, m, &s);
	assert_int_equal(a.spent, b.spent);
	for (size_t i = 0; i < a.cells * COSTS; i++) {
		struct gate_hypothesis x = a.hyp[i], y = b.hyp[i];

		x.d = y.d = NULL; /* where they lie */
		assert_memory_equal(&x, &y, sizeof(x));
	}
	assert_memory_equal(&a.suite, &b.suite, sizeof(a.suite));
	gate_free(&a);
	gate_free(&b);
}

/* ---- by hand ----------------------------------------------------------------- */

static struct gate start(size_t cells, uint64_t budget)
{
	struct gate g;

	assert_int_equal(gate_init(&g, &gate_default_rules, metrics, 2, cells, budget), 0);
	return g;
}

/* All that is wanted now: the first cell differs by d and second, the rest by next to nothing. */
static void feed(struct gate *g, double d, double second)
{
	for (size_t c = 0; c < g->cells; c++) {
		while (g->cell[c].want) {
			double tiny = g->cell[c].pairs % 2 ? -1e-4 : 1e-4;
			double both[] = {c ? tiny : d + tiny, c ? tiny : second};

			tiny *= 1 + g->cell[c].pairs / 100.0;
			assert_int_equal(gate_add(g, c, both), 0);
		}
	}
}

static void run_all(struct gate *g, double d, double second)
{
	while (gate_next(g))
		feed(g, d, second);
	gate_judge(g);
}

static void a_slower_metric_fails_alone_of_its_cell(void **state)
{
	struct gate g = start(20, 0);

	(void)state;
	run_all(&g, 0.2, 0.0);
	assert_int_equal(g.hyp[0].verdict, GATE_REGRESSED);
	assert_int_equal(g.hyp[1].verdict, GATE_FINE);
	assert_int_equal(g.regressed, 1);
	assert_int_equal(g.open, 0);
	assert_true(g.hyp[0].lo > 0.19 && g.hyp[0].hi < 0.21);
	assert_true(g.hyp[0].p < 1e-6 && g.hyp[0].q < 1e-5);
	gate_free(&g);
}

static void a_faster_one_is_an_improvement_and_fails_nothing(void **state)
{
	struct gate g = start(20, 0);

	(void)state;
	run_all(&g, -0.2, 0.0);
	assert_int_equal(g.hyp[0].verdict, GATE_IMPROVED);
	assert_int_equal(g.regressed, 0);
	assert_int_equal(g.improved, 1);
	gate_free(&g);
}

static void a_change_within_the_margin_is_none(void **state)
{
	struct gate g = start(20, 0);

	(void)state;
	run_all(&g, 0.025, -0.025);
	assert_int_equal(g.hyp[0].verdict, GATE_FINE);
	assert_int_equal(g.hyp[1].verdict, GATE_FINE);
	gate_free(&g);
}

/* A cell that the screen selects; of the interim's 20 pairs `above` are beyond the margin. */
static double wavering(uint32_t pair, uint32_t above)
{
	if (pair < 8)
		return 0.5;
	return 0.03125 + (pair - 8 < above ? 0.015625 : -0.015625); /* exact: they are tied */
}

/* Screen and interim of a gate whose budget ends there, all `cells` wavering. */
static struct gate waver(size_t cells, uint32_t above)
{
	struct gate g = start(20, 8 * 20);

	while (gate_next(&g) && g.stage < GATE_RESOLVE) {
		for (size_t c = 0; c < g.cells; c++) {
			while (g.cell[c].want) {
				uint32_t pair = g.cell[c].pairs;
				double d[] = {c < cells ? wavering(pair, above) : 0.0, 0.0};

				assert_int_equal(gate_add(&g, c, d), 0);
			}
		}
	}
	assert_int_equal(g.confirm_pairs, 0);
	assert_true(g.hyp[0].slower && g.hyp[0].live);
	gate_judge(&g);
	return g;
}

static void the_screens_pairs_are_not_in_the_test(void **state)
{
	struct gate g = waver(1, 12);

	(void)state;
	/* 12 or more of 20, as coins fall; with the screen's pairs it would be 0.004 */
	assert_true(fabs(g.hyp[0].p - 0.2517223) < 1e-6);
	assert_int_equal(g.regressed, 0);
	gate_free(&g);
}

static void pairs_of_the_last_stage_are_not_in_the_test(void **state)
{
	struct gate g = waver(1, 12);

	(void)state;
	for (int i = 0; i < 60; i++)
		assert_int_equal(gate_add(&g, 0, (double[]){0.5, 0.0}), 0);
	gate_judge(&g);
	assert_true(fabs(g.hyp[0].p - 0.2517223) < 1e-6);
	assert_int_equal(g.regressed, 0);
	gate_free(&g);
}

static void what_one_cell_is_judged_by_ten_cells_are_not(void **state)
{
	struct gate one = waver(1, 16), ten = waver(10, 16);

	(void)state;
	assert_true(fabs(one.hyp[0].p - 0.0059090) < 1e-6);
	assert_true(one.hyp[0].p == ten.hyp[0].p);
	assert_int_equal(one.regressed, 1);
	assert_int_equal(ten.selected, 10);
	assert_int_equal(ten.regressed, 0); /* 1 % for all of them together */
	gate_free(&one);
	gate_free(&ten);
}

static void the_test_itself_is_against_the_margin(void **state)
{
	struct gate g = start(20, 0);

	(void)state;
	while (gate_next(&g) && g.stage < GATE_RESOLVE) {
		for (size_t c = 0; c < g.cells; c++) {
			while (g.cell[c].want) {
				uint32_t pair = g.cell[c].pairs;
				double later = 0.02 + pair * 1e-6, early = wavering(pair, 12);
				double d[] = {c ? 0.0 : pair < 28 ? early : later, 0.0};

				assert_int_equal(gate_add(&g, c, d), 0);
			}
		}
	}
	gate_judge(&g);
	assert_true(g.hyp[0].live && g.cell[0].tested > 100);
	assert_true(g.hyp[0].p > 0.9);
	assert_int_equal(g.regressed, 0);
	gate_free(&g);
}

static void a_metric_with_figures_in_half_of_its_pairs_has_no_verdict(void **state)
{
	struct gate g = start(12, 0);

	(void)state;
	assert_true(gate_next(&g));
	for (size_t c = 0; c < g.cells; c++) {
		for (int i = 0; i < 8; i++)
			gate_add(&g, c,
				(double[]){i % 2 ? (double)NAN : 0.2, i ? 0.0 : (double)NAN});
	}
	gate_close(&g);
	gate_judge(&g);
	assert_int_equal(g.hyp[0].verdict, GATE_NO_FIGURE);
	assert_int_equal(g.hyp[1].verdict, GATE_FINE);
	assert_int_equal(g.hyp[1].pairs, 7);
	gate_free(&g);
}

static void a_metric_without_figures_has_no_verdict(void **state)
{
	struct gate g = start(12, 0);

	(void)state;
	run_all(&g, (double)NAN, 0.0);
	assert_int_equal(g.hyp[0].verdict, GATE_NO_FIGURE);
	assert_int_equal(g.hyp[1].verdict, GATE_FINE);
	assert_int_equal(g.gated, 23);
	gate_free(&g);
}

static void a_dropped_cell_wants_nothing_and_has_no_verdict(void **state)
{
	struct gate g = start(12, 0);

	(void)state;
	gate_drop(&g, 0);
	assert_int_equal(g.cell[0].want, 0);
	run_all(&g, 1.0, 1.0);
	assert_int_equal(g.hyp[0].verdict, GATE_NO_FIGURE);
	assert_int_equal(g.cell[0].pairs, 0);
	gate_free(&g);
}

static void an_ungated_cell_is_reported_and_fails_nothing(void **state)
{
	struct gate g = start(12, 0);

	(void)state;
	gate_ungate(&g, 0);
	run_all(&g, 0.3, 0.3);
	assert_int_equal(g.hyp[0].verdict, GATE_OPEN);
	assert_true(g.hyp[0].estimate > 0.29);
	assert_int_equal(g.regressed + g.open, 0);
	gate_free(&g);
}

static void a_gate_that_is_cut_short_rejects_nothing_early(void **state)
{
	struct gate g = start(10, 0);

	(void)state;
	assert_true(gate_next(&g));
	feed(&g, 0.5, 0.5);
	assert_true(gate_next(&g));
	assert_int_equal(g.stage, GATE_INTERIM);
	gate_add(&g, 0, (double[]){0.5, 0.5});
	gate_close(&g);
	assert_false(gate_next(&g));
	gate_judge(&g);
	assert_int_equal(g.regressed, 0);
	assert_int_equal(g.hyp[0].verdict, GATE_OPEN);
	assert_true(gate_is_open(&g));
	gate_free(&g);
}

static void too_many_open_cells_are_inconclusive_and_say_what_they_need(void **state)
{
	struct gate g = start(10, 0);
	int turn = 0;

	(void)state;
	while (gate_next(&g)) {
		for (size_t c = 0; c < g.cells; c++) {
			while (g.cell[c].want) {
				double d = c < 4 ? (turn % 2 ? -0.4 : 0.4) * (1 + turn % 7 / 10.0)
						 : 0.0;

				turn++;
				gate_add(&g, c, (double[]){d, 0.0});
			}
		}
	}
	gate_judge(&g);
	assert_int_equal(g.hyp[0].verdict, GATE_OPEN);
	assert_true(g.hyp[0].needs > g.hyp[0].pairs);
	assert_true(g.hyp[0].detectable > 0.1);
	assert_true(gate_is_open(&g));
	gate_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_hundred_runs_of_identical_binaries_stay_green),
		cmocka_unit_test(identical_binaries_of_two_hundred_cells_stay_green),
		cmocka_unit_test(relinked_binaries_stay_green),
		cmocka_unit_test(ten_slowed_cells_of_two_hundred_are_found),
		cmocka_unit_test(a_little_of_every_cell_shows_in_the_suite_and_nothing_does_not),
		cmocka_unit_test(the_rest_of_the_budget_leaves_few_cells_open),
		cmocka_unit_test(the_same_figures_are_judged_the_same),
		cmocka_unit_test(a_slower_metric_fails_alone_of_its_cell),
		cmocka_unit_test(a_faster_one_is_an_improvement_and_fails_nothing),
		cmocka_unit_test(a_change_within_the_margin_is_none),
		cmocka_unit_test(the_screens_pairs_are_not_in_the_test),
		cmocka_unit_test(pairs_of_the_last_stage_are_not_in_the_test),
		cmocka_unit_test(what_one_cell_is_judged_by_ten_cells_are_not),
		cmocka_unit_test(the_test_itself_is_against_the_margin),
		cmocka_unit_test(a_metric_with_figures_in_half_of_its_pairs_has_no_verdict),
		cmocka_unit_test(a_metric_without_figures_has_no_verdict),
		cmocka_unit_test(a_dropped_cell_wants_nothing_and_has_no_verdict),
		cmocka_unit_test(an_ungated_cell_is_reported_and_fails_nothing),
		cmocka_unit_test(a_gate_that_is_cut_short_rejects_nothing_early),
		cmocka_unit_test(too_many_open_cells_are_inconclusive_and_say_what_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
