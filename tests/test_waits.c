/*
 * One processor for sixteen workers: whoever spins there waits for somebody who
 * cannot run meanwhile, and must come to an end in bounded time all the same.
 *
 * Real trials, of every mechanism with every way to wait that it offers, with as many
 * workers as its contract allows.  A normal run draws some of them, as many as it has
 * time for; HANDOFF_TEST_LONG=1 runs all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/registry.h"
#include "harness/futex.h"
#include "tests/lab.h"
#include "tests/support.h"

enum {
	MANY = 8, /* on each side */
	MAX_CELLS = 1024,
	N = 192,         /* operations: of 16 workers each has some */
	N_PACED = 20,    /* wake-ups, which are spaced */
	N_ROUNDS = 1000, /* of 16 spinners: 50 s where they do not yield */
	FAST = 6,
	SAMPLE_NS = 2500 * 1000 * 1000u,
};

static struct {
	char key[MAX_CELLS][CELL_KEY];
	unsigned n, ran, skipped;
} sweep;

/* ---- what there is to try --------------------------------------------------- */

static unsigned at_most(uint32_t limit)
{
	return limit && limit < MANY ? limit : MANY;
}

/* The busiest workload of a family, and its fan. */
static const char *crowd_of(const struct mech *m, char *fan, size_t len)
{
	static const char *const workloads[FAMILY_COUNT] = {
		[FAMILY_CHANNEL] = "stream",
		[FAMILY_LOCK] = "contend",
		[FAMILY_EVENT] = "wake-all",
		[FAMILY_BARRIER] = "rendezvous",
		[FAMILY_RWLOCK] = "readers",
		[FAMILY_BUS] = "stream",
		[FAMILY_TIMER] = "lateness",
		[FAMILY_SPAWN] = "lifecycle",
	};

	if (family_one_role(m->family))
		snprintf(fan, len, "%u", 2 * at_most(m->max_senders));
	else if (m->family == FAMILY_EVENT)
		snprintf(fan, len, "1x%u", 2 * at_most(m->max_receivers) - 1);
	else
		snprintf(fan, len, "%ux%u", at_most(m->max_senders), at_most(m->max_receivers));
	return workloads[m->family];
}

static void add_cell(const struct mech *m, enum domain domain, enum wait wait)
{
	char fan[16];
	const char *workload = crowd_of(m, fan, sizeof(fan));

	assert_true(sweep.n < MAX_CELLS);
	snprintf(sweep.key[sweep.n++], CELL_KEY, "%s/%s?domain=%s&fan=%s&placement=same-pu&wait=%s",
		m->name, workload, domain_name(domain), fan, wait_name(wait));
}

static void find_cells(void)
{
	const struct mech *const *all = registry_all();

	for (size_t i = 0; i < registry_count(); i++) {
		for (int d = 0; d < (LAB_TSAN ? 1 : DOMAIN_COUNT); d++) {
			for (int w = 0; w < WAIT_COUNT; w++) {
				if ((all[i]->domains & BIT(d)) &&
					(mech_waits(all[i], (enum domain)d) & BIT(w)))
					add_cell(all[i], (enum domain)d, (enum wait)w);
			}
		}
	}
}

/* ---- trials ------------------------------------------------------------------- */

static void try_cell(const char *key, uint64_t n)
{
	static struct cell c;
	const char *why = lab_cell(&c, key);
	struct trial_spec spec;

	if (why || c.skip[0]) {
		print_message("%s: %s\n", key, why ? why : c.skip);
		sweep.skipped++;
		return;
	}
	if (c.workers_per_pu != cell_workers(&c))
		fail_msg("%s: not all on one processor", key);
	c.n = workload_paced(c.workload) ? N_PACED : n;
	c.block = 1;
	lab_spec(&c, &spec);
	spec.warm_n = 0;
	if (lab_run_spec(&c, &spec) != TRIAL_OK)
		fail_msg("%s: %s after %.1f s: %s", key,
			trial_status_name((enum trial_status)lab.result->status),
			(double)lab.wall_ns / 1e9, lab.result->reason);
	if (lab.wall_ns >= spec.deadline_ns)
		fail_msg("%s: its deadline passed", key);
	lab_nothing_left(key);
	sweep.ran++;
}

/* HANDOFF_TEST_SEED=N: another order. */
static void shuffle(void)
{
	uint64_t s = support_seed();

	print_message("order: HANDOFF_TEST_SEED=%llu\n", (unsigned long long)s);
	srandom((unsigned)s);
	for (unsigned i = sweep.n - 1; i > 0; i--) {
		unsigned k = (unsigned)random() % (i + 1);
		char key[CELL_KEY];

		memcpy(key, sweep.key[i], CELL_KEY);
		memcpy(sweep.key[i], sweep.key[k], CELL_KEY);
		memcpy(sweep.key[k], key, CELL_KEY);
	}
}

static void sixteen_workers_on_one_processor_come_to_an_end_however_they_wait(void **state)
{
	const char *more = getenv("HANDOFF_TEST_LONG");
	uint64_t until = monotonic_ns() + SAMPLE_NS;

	(void)state;
	find_cells();
	shuffle();
	for (unsigned i = 0; i < sweep.n; i++) {
		if (!(more && *more) && (monotonic_ns() >= until || (lab_is_fast() && i >= FAST)))
			break;
		try_cell(sweep.key[i], N);
	}
	print_message("%u of %u ran, %u cannot run here%s\n", sweep.ran, sweep.n, sweep.skipped,
		more && *more ? "" : "; all: HANDOFF_TEST_LONG=1");
	assert_true(sweep.ran > 0);
}

/* The hardest: who spins keeps the others from coming, and every round needs all sixteen. */
static void spinners_that_wait_for_all_sixteen_come_to_an_end(void **state)
{
	(void)state;
	try_cell("barrier/sense-reversing/rendezvous?fan=16&placement=same-pu&wait=spin", N_ROUNDS);
	try_cell("channel/ring-mpmc/stream?fan=8x8&placement=same-pu&wait=spin", N_ROUNDS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spinners_that_wait_for_all_sixteen_come_to_an_end),
		cmocka_unit_test(sixteen_workers_on_one_processor_come_to_an_end_however_they_wait),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
