/* Barriers: who comes late holds everybody back; nobody is let go too early. */
#include "tests/lab.h"

#include <stdio.h>

#include "bench/registry.h"

enum { LATE_SPINS = 4 * 1000 * 1000, ROUNDS = 20 };

/* Runs `check` in every domain and wait of every barrier with three workers; how many ran. */
static unsigned each_barrier(void (*check)(struct cell *c))
{
	unsigned ran = 0;
	char key[CELL_KEY];
	struct cell c;

	for (size_t i = 0; i < registry_count() * DOMAIN_COUNT * WAIT_COUNT; i++) {
		const struct mech *m = registry_all()[i / DOMAIN_COUNT / WAIT_COUNT];
		enum domain d = (enum domain)(i / WAIT_COUNT % DOMAIN_COUNT);
		enum wait w = (enum wait)(i % WAIT_COUNT);

		if (m->family != FAMILY_BARRIER || !(m->domains & BIT(d)) || !(m->waits & BIT(w)) ||
			(LAB_TSAN && d != DOMAIN_THREAD))
			continue;
		snprintf(key, sizeof(key),
			"%s/rendezvous?domain=%s&fan=3&placement=unpinned&wait=%s", m->name,
			domain_name(d), wait_name(w));
		lab_need_cell(&c, key);
		check(&c);
		ran++;
	}
	return ran;
}

/* Worker 0 is late in every round: the two others wait for most of it. */
static void check_late(struct cell *c)
{
	const struct trial_fault late = {
		.act = PROBE_BURN, .point = POINT_BEFORE_SEND, .nth = 1, .value = LATE_SPINS};
	struct trial_spec spec;
	double waited = 0, round = 1;

	lab_spec(c, &spec);
	spec.probed = 1;
	spec.n = ROUNDS;
	spec.fault = late;
	for (int i = 0; i < LAB_TRIES && waited < round / 2; i++) {
		if (lab_run_spec(c, &spec) != TRIAL_OK)
			fail_msg("%s: %s", c->key, lab.result->reason);
		waited = hist_mean(&lab.result->hist[0]); /* of all three */
		round = (double)lab.result->elapsed_ns / ROUNDS;
	}
	if (waited < round / 2)
		fail_msg("%s: a round takes %.0f ns, and workers wait for %.0f ns of it", c->key,
			round, waited);
	assert_int_equal(lab.result->ops, ROUNDS);
	lab_nothing_left(c->key);
}

static void a_late_worker_holds_all_others_back(void **state)
{
	(void)state;
	assert_true(each_barrier(check_late) > 0);
}

/* Rounds are operations: three workers that meet n times have met n times. */
static void check_rounds(struct cell *c)
{
	struct trial_spec spec;

	lab_spec(c, &spec);
	spec.warm_n = 10;
	if (lab_run_spec(c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", c->key, lab.result->reason);
	assert_int_equal(lab.result->ops, spec.n);
	assert_int_equal(lab.result->hist[0].count, 3 * spec.n);
	assert_int_equal(lab.result->attempted, 3 * (spec.n + spec.warm_n));
	assert_int_equal(lab.result->received, lab.result->attempted);
}

static void a_round_of_all_workers_is_one_operation(void **state)
{
	(void)state;
	assert_true(each_barrier(check_rounds) > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_late_worker_holds_all_others_back),
		cmocka_unit_test(a_round_of_all_workers_is_one_operation),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("barrier", tests, lab_setup, lab_teardown);
}
