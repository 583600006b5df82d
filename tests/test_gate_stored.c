/* Judging campaigns against stored ones: the arithmetic, false alarms and power on made-up noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gate_stored.h"
#include "bench/random.h"
#include "bench/student.h"

enum { CELLS = 200, MOST = 24, SLOWED = 10 };

static const struct stored_rule rule = {.margin = 0.03, .tolerance = 0.10};

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9 * (1 + fabs(b)))

/* ---- functions -------------------------------------------------------------------- */

static void student_tails_are_those_of_the_tables(void **state)
{
	(void)state;
	NEAR(student_upper(0, 3), 0.5);
	NEAR(student_upper(1, 1), 0.25); /* atan */
	NEAR(student_upper(-1, 1), 0.75);
	NEAR(student_upper(sqrt(2), 2), 0.5 - 1 / (2 * sqrt(2))); /* closed form */
	NEAR(student_upper(1.959963984540054, INFINITY), 0.025);
	assert_true(fabs(student_quantile_upper(0.025, 7) - 2.364624251592785) < 1e-9);
	assert_true(fabs(student_quantile_upper(0.025, 1) - 12.70620473617471) < 1e-8);
	assert_true(fabs(student_quantile_upper(0.005, 30) - 2.749995653567228) < 1e-9);
	assert_true(fabs(student_quantile_upper(0.95, 9) + 1.833112932653634) < 1e-9);
}

static void student_quantiles_undo_the_tails(void **state)
{
	static const double df[] = {0.5, 1, 2.5, 9, 40, 1e6, INFINITY};

	(void)state;
	for (size_t i = 0; i < sizeof(df) / sizeof(*df); i++) {
		for (double p = 1e-6; p < 1; p = p < 0.1 ? p * 10 : p + 0.2)
			assert_true(
				fabs(student_upper(student_quantile_upper(p, df[i]), df[i]) / p -
					1) < 1e-7);
	}
}

static void digamma_and_trigamma_have_their_known_values(void **state)
{
	(void)state;
	NEAR(digamma(1), -0.5772156649015329);
	NEAR(digamma(0.5), -1.9635100260214235);
	NEAR(digamma(100), 4.600161852738087);
	NEAR(trigamma(1), 1.6449340668482264);
	NEAR(trigamma(0.5), 4.934802200544679);
	NEAR(trigamma(20), 0.05127082293520315);
	for (double x = 0.05; x < 1e5; x *= 3)
		NEAR(trigamma_inverse(trigamma(x)), x);
}

/* ---- noise ------------------------------------------------------------------------ */

static double uniform(uint64_t *s)
{
	return ((double)(random_next(s) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *s)
{
	double radius = sqrt(-2 * log(uniform(s)));

	return radius * cos(2 * M_PI * uniform(s));
}

struct world {
	double cost[CELLS * MOST], shift_sd, slow;
	uint8_t family[CELLS];
	bool gated[CELLS];
	struct stored_input in;
	struct stored_finding out[CELLS];
	struct stored_shift shift;
};

/*
 * Campaigns of cells that differ in how much they vary (1 to 4 % between campaigns), with a drift
 * common to all cells of a campaign; the first SLOWED cells of NEW are slower by w->slow.
 */
static void make_world(struct world *w, uint64_t seed, size_t base, size_t fresh)
{
	uint64_t s = random_stream(seed, 1, 2);
	size_t columns = base + fresh;
	double shift[MOST];

	for (size_t k = 0; k < columns; k++)
		shift[k] = w->shift_sd * normal(&s);
	for (size_t i = 0; i < CELLS; i++) {
		double centre = 5 + 5 * uniform(&s), sd = 0.01 * exp(1.4 * uniform(&s));

		w->gated[i] = true;
		w->family[i] = 0;
		for (size_t k = 0; k < columns; k++)
			w->cost[i * columns + k] = centre + shift[k] + sd * normal(&s) +
						   (k >= base && i < SLOWED ? log1p(w->slow) : 0);
	}
	w->in = (struct stored_input){.n = CELLS,
		.base = base,
		.fresh = fresh,
		.cost = w->cost,
		.family = w->family,
		.gated = w->gated,
		.rule = &rule,
		.families = 1,
		.decide = true};
	assert_int_equal(stored_judge(&w->in, w->out, &w->shift), 0);
}

static size_t count_slower(const struct world *w, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += w->out[i].slower;
	return n;
}

static struct world *new_world(double shift_sd, double slow)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->shift_sd = shift_sd;
	w->slow = slow;
	return w;
}

static void stored_gate_is_quiet_on_campaigns_of_the_same_thing(void **state)
{
	struct world *w = new_world(0.05, 0);
	size_t red = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		make_world(w, seed, STORED_BASE, STORED_NEW);
		red += count_slower(w, 0, CELLS) > 0;
	}
	if (red > 1)
		fail_msg("%zu of 100 comparisons of the same thing were red", red);
	free(w);
}

static void stored_gate_finds_a_slow_down_of_twenty_per_cent(void **state)
{
	struct world *w = new_world(0.05, 0.20);
	size_t found = 0, wrong = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		make_world(w, seed, STORED_BASE, STORED_NEW);
		found += count_slower(w, 0, SLOWED);
		wrong += count_slower(w, SLOWED, CELLS);
	}
	if (found < 40 * SLOWED * 9 / 10 || wrong > 2)
		fail_msg("found %zu of %d, wrongly %zu", found, 40 * SLOWED, wrong);
	free(w);
}

/* Of effects as large as it prints, it finds 80 %. */
static void stored_gate_prints_the_effect_that_it_can_find(void **state)
{
	struct world *w = new_world(0.03, 0.10);
	size_t above = 0, found_above = 0, below = 0, found_below = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		make_world(w, seed, 9, 5);
		for (size_t i = 0; i < SLOWED; i++) {
			bool could = log1p(w->slow) >= w->out[i].mde;

			above += could;
			found_above += could && w->out[i].slower;
			below += !could;
			found_below += !could && w->out[i].slower;
		}
	}
	if (above < 100 || below < 100)
		fail_msg("%zu above, %zu below", above, below);
	assert_true(found_above * 10 >= above * 8);
	assert_true(found_below * 10 <= below * 9);
	free(w);
}

static void stored_gate_takes_out_what_all_cells_did_and_says_so(void **state)
{
	struct world *w = new_world(0, 0);
	double *cost = w->cost;

	(void)state;
	make_world(w, 7, 6, 3);
	for (size_t i = 0; i < CELLS; i++) {
		for (size_t k = 6; k < 9; k++)
			cost[i * 9 + k] += log(1.30);
	}
	assert_int_equal(stored_judge(&w->in, w->out, &w->shift), 0);
	assert_int_equal(count_slower(w, 0, CELLS), 0);
	assert_true(w->shift.removed && w->shift.cells == CELLS);
	assert_true(fabs(w->shift.diff - log(1.30)) < 0.005);
	assert_true(w->shift.lo > 0.25 && w->shift.hi < 0.28 && w->shift.p < 1e-6);
	free(w);
}

/* With few cells the common shift would be the slow-down itself. */
static void stored_gate_takes_nothing_out_of_a_few_cells(void **state)
{
	struct world *w = new_world(0, 0.30);

	(void)state;
	make_world(w, 3, 6, 3);
	w->in.n = 3;
	assert_int_equal(stored_judge(&w->in, w->out, &w->shift), 0);
	assert_false(w->shift.removed);
	assert_int_equal(count_slower(w, 0, 3), 3);
	free(w);
}

static void stored_gate_never_decides_below_its_minimum(void **state)
{
	static const size_t few[][2] = {{5, 3}, {6, 2}, {1, 1}, {2, 1}, {1, 9}};
	struct world *w = new_world(0, 3);

	(void)state;
	for (size_t i = 0; i < sizeof(few) / sizeof(*few); i++) {
		make_world(w, 5, few[i][0], few[i][1]);
		assert_int_equal(count_slower(w, 0, CELLS), 0);
		assert_true(isnan(w->out[0].q_slower));
		assert_true(w->out[0].diff > 1);
		assert_true(w->out[0].lo < w->out[0].diff && w->out[0].hi > w->out[0].diff);
		for (size_t k = 0; k < CELLS; k++) { /* yet says what it could have seen */
			assert_true(w->out[k].mde > log1p(rule.margin) + 2 * w->out[k].se);
			assert_true(isfinite(w->out[k].mde));
		}
	}
	make_world(w, 5, 6, 3);
	assert_int_equal(count_slower(w, 0, SLOWED), SLOWED);
	w->in.decide = false;
	assert_int_equal(stored_judge(&w->in, w->out, &w->shift), 0);
	assert_int_equal(count_slower(w, 0, SLOWED), 0);
	free(w);
}

static void stored_gate_tells_improvements_by_the_same_rule(void **state)
{
	struct world *w = new_world(0.02, -0.30);
	size_t faster = 0;

	(void)state;
	make_world(w, 11, 6, 3);
	for (size_t i = 0; i < CELLS; i++) {
		faster += w->out[i].faster;
		assert_false(w->out[i].slower);
		assert_true(!w->out[i].faster || i < SLOWED);
	}
	assert_int_equal(faster, SLOWED);
	free(w);
}

static void stored_gate_leaves_out_what_was_not_measured(void **state)
{
	struct world *w = new_world(0, 0);

	(void)state;
	make_world(w, 2, 6, 3);
	for (size_t k = 0; k < 6; k++)
		w->cost[k] = NAN;
	w->cost[9] = NAN;
	assert_int_equal(stored_judge(&w->in, w->out, &w->shift), 0);
	assert_true(isnan(w->out[0].diff) && isnan(w->out[0].p_slower) && !w->out[0].base);
	assert_int_equal(w->out[1].base, 5);
	assert_true(isnan(w->out[1].q_slower)); /* below the minimum by itself */
	assert_true(w->out[2].q_slower >= 0);
	free(w);
}

/* The prior of variances that were drawn from one is found again. */
static void moderated_variances_find_the_prior_that_they_were_drawn_from(void **state)
{
	enum { N = 20000, D = 6, PRIOR = 4 };
	double *s2 = calloc(2 * N, sizeof(*s2)), *d = s2 + N, d0, s02;
	uint64_t s = 9;

	(void)state;
	assert_non_null(s2);
	for (size_t i = 0; i < N; i++) {
		double chi0 = 0, chi = 0;

		for (int k = 0; k < PRIOR; k++)
			chi0 += pow(normal(&s), 2);
		for (int k = 0; k < D; k++)
			chi += pow(normal(&s), 2);
		s2[i] = 0.0004 * PRIOR / chi0 * chi / D;
		d[i] = D;
	}
	stored_prior(s2, d, N, &d0, &s02);
	assert_true(fabs(d0 - PRIOR) < 0.3);
	assert_true(fabs(s02 / 0.0004 - 1) < 0.05);
	for (size_t i = 0; i < N; i++)
		s2[i] = 0.5;
	stored_prior(s2, d, N, &d0, &s02);
	assert_true(isinf(d0) && isfinite(s02));
	free(s2);
}

static void campaigns_that_lie_apart_are_found(void **state)
{
	const double shift[] = {0.001, -0.01, 0.004, 0.12, -0.002, NAN};
	const double few[] = {0, 0, 9};
	bool out[6];
	double work[12];

	(void)state;
	assert_int_equal(stored_outliers(shift, 6, out, work), 1);
	assert_true(out[3] && !out[0] && !out[5]);
	assert_int_equal(stored_outliers(few, 3, out, work), 0);
}

static void stored_gate_is_a_function_of_its_input(void **state)
{
	struct world *a = new_world(0.03, 0.1), *b = new_world(0.03, 0.1);

	(void)state;
	make_world(a, 4, 6, 4);
	make_world(b, 4, 6, 4);
	assert_memory_equal(&a->shift, &b->shift, sizeof(a->shift));
	for (size_t i = 0; i < CELLS; i++)
		assert_memory_equal(&a->out[i].diff, &b->out[i].diff, 8 * sizeof(double));
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(student_tails_are_those_of_the_tables),
		cmocka_unit_test(student_quantiles_undo_the_tails),
		cmocka_unit_test(digamma_and_trigamma_have_their_known_values),
		cmocka_unit_test(stored_gate_is_quiet_on_campaigns_of_the_same_thing),
		cmocka_unit_test(stored_gate_finds_a_slow_down_of_twenty_per_cent),
		cmocka_unit_test(stored_gate_prints_the_effect_that_it_can_find),
		cmocka_unit_test(stored_gate_takes_out_what_all_cells_did_and_says_so),
		cmocka_unit_test(stored_gate_takes_nothing_out_of_a_few_cells),
		cmocka_unit_test(stored_gate_never_decides_below_its_minimum),
		cmocka_unit_test(stored_gate_tells_improvements_by_the_same_rule),
		cmocka_unit_test(stored_gate_leaves_out_what_was_not_measured),
		cmocka_unit_test(moderated_variances_find_the_prior_that_they_were_drawn_from),
		cmocka_unit_test(campaigns_that_lie_apart_are_found),
		cmocka_unit_test(stored_gate_is_a_function_of_its_input),
	};

	return cmocka_run_group_tests_name("gate_stored", tests, NULL, NULL);
}
