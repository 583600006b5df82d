/*
 * The search for the knee against simulated servers, whose knee is known: one
 * queue, Poisson arrivals, service times all alike (M/D/1) or exponential
 * (M/M/1); with hiccups, with low rates that are slow, and hopeless ones.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/knee.h"
#include "bench/random.h"
#include "harness/hist.h"
#include "tests/support.h"

enum { MESSAGES = 10200, SEEDS = 12, MANY = 300000, MOST_TRIALS = 40 };

#define CAPACITY 1e6 /* per second */
#define LOWEST   UINT64_C(100)
#define HIGHEST  UINT64_C(1000000000)

struct server {
	bool exponential;
	double slo_ns;
	double hiccups;    /* share of trials in which the machine stands still for 5 ms */
	double slow_below; /* per second: each message takes longer there, but nothing queues */
	double floor_ns;   /* that every message takes besides */
	double flaky_above, flaky; /* per second: above it this share of trials is far too slow */
};

static struct hist hist;

static double uniform(uint64_t *state)
{
	return ((double)(random_next(state) >> 11) + 0.5) / 9007199254740992.0;
}

static double exponential(uint64_t *state, double mean)
{
	return -log(uniform(state)) * mean;
}

/* One trial: n messages through one queue. */
static struct knee_seen serve(const struct server *s, uint64_t rate, unsigned n, uint64_t *state)
{
	double at = 0, free_at = 0, service = 1e9 / CAPACITY, pause = -1;
	double extra = s->floor_ns + ((double)rate < s->slow_below ? 2 * s->slo_ns : 0);

	if (uniform(state) < s->hiccups)
		pause = uniform(state) * n;
	if (s->flaky_above > 0 && (double)rate > s->flaky_above && uniform(state) < s->flaky)
		extra += 100 * s->slo_ns;
	hist_reset(&hist);
	for (unsigned i = 0; i < n; i++) {
		at += exponential(state, 1e9 / (double)rate);
		if (pause >= 0 && i > pause) {
			free_at = fmax(free_at, at) + 5e6;
			pause = -1;
		}
		free_at = fmax(free_at, at) +
			  (s->exponential ? exponential(state, service) : service);
		hist_record(&hist, (uint64_t)(free_at - at + extra));
	}
	return (struct knee_seen){
		.rate_per_s = rate,
		.p99_ns = (double)hist_value_at_percentile(&hist, 0.99),
		.missed = at < 0.98 * free_at,
	};
}

/* The rate at which a long trial's p99 is the level, by halving. */
static double true_knee(const struct server *s)
{
	double low = CAPACITY / 100, high = CAPACITY;
	uint64_t state = 99;

	for (int i = 0; i < 12; i++) {
		double mid = (low + high) / 2;

		if (serve(s, (uint64_t)mid, MANY, &state).p99_ns <= s->slo_ns)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static void search(struct knee *k, const struct server *s, uint64_t start, uint64_t seed)
{
	uint64_t state = seed, rate;

	knee_init(k, (uint64_t)s->slo_ns, start, LOWEST, HIGHEST);
	while ((rate = knee_next(k)) != 0) {
		struct knee_seen seen = serve(s, rate, MESSAGES, &state);

		assert_true(rate >= LOWEST && rate <= HIGHEST);
		knee_tell(k, &seen);
	}
	assert_true(k->trials <= KNEE_MAX_TRIALS);
}

static void finds(const struct server *s, double truth, uint64_t start)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct knee k;

		search(&k, s, start, seed);
		if (fabs((double)knee_found(&k) - truth) > truth / 10)
			fail_msg("seed %u: knee at %u, not %.0f", (unsigned)seed,
				(unsigned)knee_found(&k), truth);
		if (k.trials > MOST_TRIALS)
			fail_msg("seed %u: %u trials", (unsigned)seed, k.trials);
	}
}

static void knee_of_exponential_service_is_found_within_a_tenth(void **state)
{
	static const double services[] = {10, 20, 40};

	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct server s = {
			.exponential = true, .slo_ns = services[i] * 1e9 / CAPACITY};

		finds(&s, CAPACITY - log(100) / s.slo_ns * 1e9, (uint64_t)CAPACITY / 4);
	}
}

static void knee_of_constant_service_is_found_within_a_tenth(void **state)
{
	static const double services[] = {5, 10, 20};

	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct server s = {.slo_ns = services[i] * 1e9 / CAPACITY};

		finds(&s, true_knee(&s), (uint64_t)CAPACITY / 4);
	}
}

static void knee_is_found_from_far_below_and_from_above(void **state)
{
	const struct server s = {.slo_ns = 1e4};
	double truth = true_knee(&s);

	(void)state;
	finds(&s, truth, 1000);
	finds(&s, truth, (uint64_t)CAPACITY * 3);
}

static void knee_is_found_though_the_machine_has_hiccups(void **state)
{
	const struct server s = {.slo_ns = 2e4, .hiccups = 0.1};
	const struct server quiet = {.slo_ns = 2e4};

	(void)state;
	finds(&s, true_knee(&quiet), (uint64_t)CAPACITY / 4);
}

/* A rate that is kept one time in five is none that the level allows. */
static void rate_that_is_kept_now_and_then_is_no_knee(void **state)
{
	const struct server s = {.slo_ns = 1e5, .flaky_above = CAPACITY / 4, .flaky = 0.8};
	unsigned above = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct knee k;

		search(&k, &s, (uint64_t)CAPACITY / 16, seed);
		above += (double)knee_found(&k) > 1.1 * s.flaky_above;
		assert_true((double)knee_found(&k) > 0.9 * s.flaky_above);
	}
	if (above > SEEDS / 3)
		fail_msg("%u of %d knees lie above", above, SEEDS);
}

static void knee_is_found_though_low_rates_are_too_slow(void **state)
{
	const struct server s = {.slo_ns = 2e4, .slow_below = CAPACITY / 3};
	const struct server quiet = {.slo_ns = 2e4};

	(void)state;
	finds(&s, true_knee(&quiet), (uint64_t)CAPACITY / 16);
}

static void knee_of_a_server_that_is_always_too_slow_is_none(void **state)
{
	const struct server s = {.slo_ns = 2e4, .floor_ns = 1e6};
	struct knee k;

	(void)state;
	search(&k, &s, (uint64_t)CAPACITY / 4, 1);
	assert_int_equal(knee_found(&k), 0);
	assert_true(k.over);
	assert_true(k.trials < MOST_TRIALS);
}

/* No server keeps the highest rate busy: the search ends there. */
static void knee_of_what_is_never_too_slow_is_the_highest_rate(void **state)
{
	struct knee k;
	uint64_t rate;

	(void)state;
	knee_init(&k, 1000, 12345, LOWEST, HIGHEST);
	while ((rate = knee_next(&k)) != 0) {
		struct knee_seen seen = {.rate_per_s = rate, .p99_ns = 10};

		knee_tell(&k, &seen);
	}
	assert_int_equal(knee_found(&k), HIGHEST);
}

static void one_bad_trial_moves_nothing_and_no_figure_is_never_fine(void **state)
{
	const struct knee_seen bad = {.p99_ns = 1e9, .missed = true}, none = {.p99_ns = NAN};
	const struct knee_seen good = {.p99_ns = 10};
	struct knee k;

	(void)state;
	knee_init(&k, 1000, 100, LOWEST, HIGHEST);
	knee_tell(&k, &bad);
	assert_int_equal(knee_next(&k), 100);
	knee_tell(&k, &good);
	assert_int_equal(knee_found(&k), 100);
	knee_init(&k, 1000, 100, LOWEST, HIGHEST);
	for (int i = 0; i < 3; i++)
		knee_tell(&k, &none);
	assert_int_equal(knee_found(&k), 0);
}

/* Random answers: it ends, within its trials, and names no rate that was not fine. */
static void knee_ends_whatever_it_is_told(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		uint64_t draw = seed, rate, fine[KNEE_MAX_TRIALS], n = 0;
		bool known = false;
		struct knee k;

		knee_init(&k, 1000, random_next(&draw) >> 40, LOWEST, HIGHEST);
		while ((rate = knee_next(&k)) != 0) {
			struct knee_seen seen = {.rate_per_s = rate,
				.p99_ns = (double)random_below(&draw, 2000),
				.missed = random_below(&draw, 3) == 0};

			if (!seen.missed && seen.p99_ns <= 1000)
				fine[n++] = rate;
			knee_tell(&k, &seen);
		}
		assert_true(k.trials <= KNEE_MAX_TRIALS && k.levels <= KNEE_MAX_LEVELS);
		for (uint64_t i = 0; i < n; i++)
			known |= fine[i] == knee_found(&k);
		assert_true(known || knee_found(&k) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knee_of_exponential_service_is_found_within_a_tenth),
		cmocka_unit_test(knee_of_constant_service_is_found_within_a_tenth),
		cmocka_unit_test(knee_is_found_from_far_below_and_from_above),
		cmocka_unit_test(knee_is_found_though_the_machine_has_hiccups),
		cmocka_unit_test(rate_that_is_kept_now_and_then_is_no_knee),
		cmocka_unit_test(knee_is_found_though_low_rates_are_too_slow),
		cmocka_unit_test(knee_of_a_server_that_is_always_too_slow_is_none),
		cmocka_unit_test(knee_of_what_is_never_too_slow_is_the_highest_rate),
		cmocka_unit_test(one_bad_trial_moves_nothing_and_no_figure_is_never_fine),
		cmocka_unit_test(knee_ends_whatever_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
