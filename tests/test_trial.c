/*
 * Whole trials: every mechanism on every axis, and what is refused, skipped or
 * ended in time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/registry.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { MAX_CELLS = 8192, TRIES = 5, LONGER = 4, DOMAINS = DOMAIN_COUNT };

#define BITS(set) ((unsigned)__builtin_popcount(set))

static const char *const placements[] = {"nearest", "same-pu", "unpinned"};
static const char *const channel_fans[] = {"1x1", "2x1", "1x2", "2x2", "4x4"};
static const char *const lock_fans[] = {"1", "2", "4", "8"};

/* ThreadSanitizer does not follow forks. */
static bool is_tested(enum domain d)
{
	return !(LAB_TSAN && domain_has_processes(d));
}

/* ---- the sweep ----------------------------------------------------------- */

static struct {
	char key[MAX_CELLS][CELL_KEY]; /* run already: axes fold into one another */
	unsigned cells, ran, skipped, left_out;
} sweep;

/* True the first time that this key is seen. */
static bool is_new(const char *key)
{
	for (unsigned i = 0; i < sweep.cells; i++) {
		if (strcmp(sweep.key[i], key) == 0)
			return false;
	}
	assert_true(sweep.cells < MAX_CELLS);
	snprintf(sweep.key[sweep.cells++], CELL_KEY, "%s", key);
	return true;
}

static void check_result(const struct cell *c, const struct trial_result *r)
{
	bool lossy = c->mech->contract.lossy, racy = c->mech->flags & MECH_RACY;
	uint64_t want = c->n - (lossy ? r->lost : 0);
	/* a reply of a lossy channel that is later than the loop's patience is no operation */
	bool few = lossy ? r->ops > want || r->ops < want / 2 : r->ops != want;

	if (r->status != TRIAL_OK)
		fail_msg("%s: %s: %s", c->key, trial_status_name(r->status), r->reason);
	if ((r->lost && !lossy) || r->duplicated || ((r->reordered || r->corrupt) && !racy))
		fail_msg("%s is ok, but lost %lu, duplicated %lu, reordered %lu, corrupt %lu",
			c->key, (unsigned long)r->lost, (unsigned long)r->duplicated,
			(unsigned long)r->reordered, (unsigned long)r->corrupt);
	if (c->workload->ending != ENDING_FLAG && (few || r->n != c->n))
		fail_msg("%s: %lu operations of %lu", c->key, (unsigned long)r->ops,
			(unsigned long)c->n);
	if (r->ops == 0 || r->elapsed_ns == 0)
		fail_msg("%s: %lu operations in %lu ns", c->key, (unsigned long)r->ops,
			(unsigned long)r->elapsed_ns);
}

/* Cells with an axis beside the mechanism's plain ones are sampled more thinly than those. */
static bool is_sampled(const char *key)
{
	static const char *const axes[] = {"&wait=", "placement=same-pu", "placement=farthest",
		"placement=unpinned", "fan=2x1", "fan=1x2", "fan=2x2", "/oversubscribed?"};
	bool apart = false;

	for (size_t i = 0; i < ARRAY_LEN(axes); i++)
		apart |= strstr(key, axes[i]) != NULL;
	if (lab_is_fast()) /* with a sanitizer each takes its time */
		return lab_is_sampled(key, apart ? 90 : 30);
	return lab_is_sampled(key, apart ? 30 : 5);
}

static void run_key(const char *key)
{
	static struct cell c;

	if (lab_cell(&c, key) || !is_new(c.key))
		return;
	if (!is_sampled(c.key)) {
		sweep.left_out++;
		return;
	}
	if (c.skip[0]) {
		print_message("%s: %s\n", c.key, c.skip);
		sweep.skipped++;
		return;
	}
	/* A short stretch may end before a worker had the CPU: once more, then. */
	for (int try = 0; try < TRIES; try++, c.stretch_ns *= LONGER) {
		lab_run(&c, NULL);
		if (lab.result->ops || !strstr(lab.result->reason, "not one operation"))
			break;
	}
	check_result(&c, lab.result);
	lab_nothing_left(c.key);
	sweep.ran++;
}

/* Where axes other than fan and placement are tried; locks with somebody to contend with. */
static bool is_plain_fan(const char *fan)
{
	return strcmp(fan, "1x1") == 0 || strcmp(fan, "2") == 0;
}

static bool is_exec_fan(const char *fan)
{
	return is_plain_fan(fan) || strcmp(fan, "2x2") == 0 || strcmp(fan, "4") == 0;
}

static void run_fan(const struct mech *m, const struct workload *w, enum domain d, const char *fan)
{
	char base[CELL_KEY], key[CELL_KEY + 64];

	snprintf(base, sizeof(base), "%s/%s?domain=%s&fan=%s", m->name, w->name, domain_name(d),
		fan);
	for (unsigned p = 0; p < ARRAY_LEN(placements); p++) {
		snprintf(key, sizeof(key), "%s&placement=%s", base, placements[p]);
		run_key(key);
	}
	if (is_exec_fan(fan)) {
		snprintf(key, sizeof(key), "%s&start=exec", base);
		run_key(key);
	}
	for (int wait = 0; wait < WAIT_COUNT && is_plain_fan(fan); wait++) {
		snprintf(key, sizeof(key), "%s&wait=%s", base, wait_name((enum wait)wait));
		run_key(key);
	}
}

static void run_mech(const struct mech *m)
{
	size_t n;
	const struct workload *w = workload_all(&n);

	for (size_t i = 0; i < n; i++) {
		bool alike = family_one_role(m->family) && workload_one_role(&w[i]);
		const char *const *fans = alike ? lock_fans : channel_fans;
		size_t n_fans = alike ? ARRAY_LEN(lock_fans) : ARRAY_LEN(channel_fans);

		if (w[i].family != m->family)
			continue;
		for (int d = 0; d < DOMAINS; d++) {
			if (!is_tested((enum domain)d))
				continue;
			for (size_t f = 0; f < n_fans; f++)
				run_fan(m, &w[i], (enum domain)d, fans[f]);
		}
	}
}

/* ---- how many there must be, from the descriptors alone ------------------- */

/* Fans of a workload with senders and receivers. */
static unsigned expected_fans(const struct mech *m, const struct workload *w, bool *two_by_two)
{
	static const uint32_t a[] = {1, 2, 1, 2, 4}, b[] = {1, 1, 2, 2, 4};
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_LEN(a); i++) {
		bool fits = (!m->max_senders || a[i] <= m->max_senders) &&
			    (!m->max_receivers || b[i] <= m->max_receivers);

		if (w->side_b == LOOP_AWAKE || w->side_b == LOOP_AWAKE_ALL)
			fits &= a[i] == 1;
		if (w->side_b == LOOP_AWAKE && m->contract.wakes == WAKES_ALL)
			fits &= b[i] == 1;
		if (w->side_b == LOOP_DRAIN && (m->flags & MECH_BUFFERS))
			fits &= a[i] == 1 || b[i] == 1;
		n += fits;
		if (a[i] == 2 && b[i] == 2)
			*two_by_two = fits;
	}
	return n;
}

/* Tries need something that refuses, an end something that keeps it behind the rest. */
static bool is_expected(const struct mech *m, const struct workload *w)
{
	bool tries = w->side_a == LOOP_POLL || w->side_b == LOOP_POLL || w->side_a == LOOP_VAIN;
	bool anyone = m->contract.owner && strcmp(m->contract.owner, "anyone") == 0;

	if (w->side_a == LOOP_VAIN && m->family == FAMILY_LOCK && (m->tunes & BIT(TUNE_DEPTH)))
		return false; /* its holder may take it again */
	if (workload_crowds(w))
		return !(m->flags & MECH_NO_EVIDENCE);
	if (tries)
		return !(m->flags & MECH_FLOOR) && !anyone;
	if (w->ending == ENDING_JOIN && !(m->flags & MECH_JOINS))
		return false;
	if (w->ending == ENDING_SILENCE && ((m->flags & MECH_BUFFERS) || m->broker != BROKER_NONE))
		return false;
	if (w->side_b == LOOP_DRAIN)
		return !(m->flags & MECH_NO_EVIDENCE) && !m->contract.lossy &&
		       m->contract.order != ORDER_NONE;
	if (w->side_a == LOOP_OFFER) /* its times travel with the message */
		return !(m->flags & MECH_NO_EVIDENCE);
	return true;
}

/* Each fan at each place, then the other ways to wait; coroutines are at one place, or anywhere. */
static unsigned expected_in(const struct mech *m, enum domain d, unsigned fans, unsigned places)
{
	if (!(m->domains & BIT(d)) || !is_tested(d))
		return 0;
	if (d == DOMAIN_COROUTINE)
		places = 2;
	return fans * places + BITS(mech_waits(m, d)) - 1;
}

static unsigned expected_of(const struct mech *m, const struct workload *w)
{
	unsigned fans = 1, places = 3, execs = 1, sum = 0;
	bool process = is_tested(DOMAIN_PROCESS) && (m->domains & BIT(DOMAIN_PROCESS));
	bool more = false;

	if (!is_expected(m, w))
		return 0;
	if (w->side_a == LOOP_SELF || w->side_a == LOOP_VAIN) {
		places = 2; /* one worker is as near to itself as can be */
	} else if (workload_crowds(w)) {
		process = false; /* its links are inherited */
	} else if (w->side_b == LOOP_NONE) {
		fans = ARRAY_LEN(lock_fans);
		more = true;
	} else if (w->links == LINKS_ONE) {
		fans = expected_fans(m, w, &more);
	}
	execs = process && m->contract.reach >= REACH_ANY ? 1u + more : 0;
	for (int d = 0; d < DOMAINS; d++)
		sum += expected_in(m, (enum domain)d, fans, places);
	return sum + execs;
}

static unsigned expected_cells(const struct mech *m)
{
	size_t n;
	const struct workload *w = workload_all(&n);
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (w[i].family == m->family)
			sum += expected_of(m, &w[i]);
	}
	return sum;
}

static void trial_of_every_cell_is_ok_and_every_cell_there_must_be_has_run(void **state)
{
	unsigned expected = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		unsigned before = sweep.ran + sweep.skipped + sweep.left_out;

		if (lab_is_desk() && !lab_wants(m))
			continue;
		run_mech(m);
		expected += expected_cells(m);
		if (sweep.ran + sweep.skipped + sweep.left_out - before != expected_cells(m))
			fail_msg("%s: %u cells, not %u", m->name,
				sweep.ran + sweep.skipped + sweep.left_out - before,
				expected_cells(m));
	}
	print_message("%u cells ran, %u cannot run here, %u not in this sample\n", sweep.ran,
		sweep.skipped, sweep.left_out);
	assert_int_equal(sweep.ran + sweep.skipped + sweep.left_out, expected);
	assert_true(sweep.ran > sweep.skipped);
}

/* ---- refused, skipped, calibrated ---------------------------------------- */

static const char any_key[] = "channel/queue-fifo/stream?domain=thread&fan=1x1";

static void expect(const struct cell *c, enum trial_status status, const char *reason)
{
	const struct trial_result *r = lab.result;

	if (r->status != status || !strstr(r->reason, reason))
		fail_msg("%s: %s: \"%s\", not %s: \"%s\"", c->key, trial_status_name(r->status),
			r->reason, trial_status_name(status), reason);
	lab_nothing_left(c->key);
}

static void trial_refuses_a_spec_of_another_build(void **state)
{
	struct trial_spec spec;
	struct cell c;

	(void)state;
	lab_need_cell(&c, any_key);
	for (unsigned field = 0; field < 3; field++) {
		lab_spec(&c, &spec);
		spec.protocol += field == 0;
		spec.magic ^= field == 1;
		spec.size -= field == 2;
		lab_run_spec(&c, &spec);
		expect(&c, TRIAL_CRASH, "exit code 2");
	}
}

static void trial_of_what_this_build_does_not_have_fails_by_name(void **state)
{
	struct trial_spec spec;
	struct cell c;

	(void)state;
	lab_need_cell(&c, any_key);
	lab_spec(&c, &spec);
	snprintf(spec.mechanism, sizeof(spec.mechanism), "channel/nothing");
	lab_run_spec(&c, &spec);
	expect(&c, TRIAL_FAIL, "no such mechanism");
	lab_spec(&c, &spec);
	snprintf(spec.workload, sizeof(spec.workload), "nothing");
	lab_run_spec(&c, &spec);
	expect(&c, TRIAL_FAIL, "no such workload");
}

static void trial_calibrates_to_a_number_of_operations(void **state)
{
	static const char *const workloads[] = {"pingpong", "stream", "uncontended"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(workloads); i++) {
		char key[CELL_KEY];
		struct trial_spec spec;
		struct cell c;

		snprintf(key, sizeof(key), "channel/queue-fifo/%s?domain=%s&fan=1x1", workloads[i],
			domain_name(LAB_TSAN ? DOMAIN_THREAD : DOMAIN_PROCESS));
		lab_need_cell(&c, key);
		lab_spec(&c, &spec);
		spec.calibrate = 1;
		spec.n = spec.block = spec.warm_n = 0;
		lab_run_spec(&c, &spec);
		expect(&c, TRIAL_OK, "");
		assert_true(lab.result->n >= 2);
		assert_true(lab.result->block >= 1);
	}
}

/* Does the arena hold the messages?  Else the limit may be another one than memory. */
static bool is_in_memory(const struct cell *c)
{
	const struct link l = {
		.mech = c->mech,
		.msg_bytes = c->msg_bytes,
		.capacity = c->capacity,
		.senders = 1,
		.receivers = 1,
	};

	return c->mech->shared_bytes && c->mech->shared_bytes(&l) / c->capacity >= c->msg_bytes;
}

static void trial_that_memory_cannot_hold_is_a_skip_that_says_so(void **state)
{
	unsigned tried = 0;

	(void)state;
	for (size_t i = 0; i < registry_count() * DOMAINS; i++) {
		const struct mech *m = registry_all()[i / DOMAINS];
		char key[CELL_KEY];
		struct cell c;

		snprintf(key, sizeof(key), "%s/stream?domain=%s&fan=1x1&size=1M&capacity=67108864",
			m->name, domain_name((enum domain)(i % DOMAINS)));
		if (!m->contract.bounded || !is_tested((enum domain)(i % DOMAINS)) ||
			lab_cell(&c, key) || c.skip[0])
			continue;
		lab_run(&c, NULL);
		expect(&c, TRIAL_SKIP, is_in_memory(&c) ? "memory" : "");
		tried += is_in_memory(&c);
	}
	assert_true(tried > 0);
}

/* ---- a race that is there, deadlines that are kept ------------------------ */

static void trial_without_a_lock_shows_lost_updates(void **state)
{
	struct cell c;
	uint64_t lost = 0;

	(void)state;
	if (topo_pu_count(lab.topo) < 2)
		skip_because("one CPU: updates are hardly ever lost");
	lab_need_cell(&c, "lock/none/contend?domain=thread&fan=2");
	c.stretch_ns = 30 * 1000 * 1000;
	for (int try = 0; try < 5 && lost == 0; try++) {
		lab_run(&c, NULL);
		check_result(&c, lab.result);
		lost = lab.result->lost;
	}
	assert_true(lost > 0);
}

/* One worker burns time for ever at the first operation. */
static void run_burner(
	struct cell *c, const char *what, const char *domain, bool stall, const char *reason)
{
	char key[CELL_KEY];
	struct trial_spec spec;

	snprintf(key, sizeof(key), "%s&domain=%s", what, domain);
	lab_need_cell(c, key);
	lab_spec(c, &spec);
	spec.probed = 1;
	spec.fault = (struct trial_fault){
		.act = PROBE_BURN, .point = POINT_BEFORE_SEND, .value = UINT64_MAX};
	if (stall) {
		spec.stall_ns = LAB_STALL_NS;
	} else {
		spec.deadline_ns = 500 * 1000 * 1000;
		spec.stall_ns = UINT64_C(60000000000);
	}
	for (int try = 0; try < LAB_TRIES; try++) {
		lab_run_spec(c, &spec);
		if (lab.wall_ns > spec.deadline_ns + LAB_MARGIN_NS)
			fail_msg("%s: back after %lu ns", c->key, (unsigned long)lab.wall_ns);
		if (strstr(lab.result->reason, reason))
			break;
	}
	expect(c, TRIAL_TIMEOUT, reason);
}

static void trial_ends_at_its_deadline_and_leaves_nothing(void **state)
{
	static const char *const cells[] = {
		"channel/queue-fifo/stream?fan=1x1",
		"channel/pipe/pingpong?fan=1x1",
		"lock/mutex/contend?fan=2",
	};
	static const char *const domains[] = {"thread", "process", "process&start=exec"};
	struct cell c;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cells); i++) {
		for (unsigned d = 0; d < ARRAY_LEN(domains); d++) {
			if ((LAB_TSAN && d > 0) || (strstr(cells[i], "pipe") && d > 1))
				continue;
			/* the sanitizer lingers: its trial is ended from outside */
			run_burner(
				&c, cells[i], domains[d], false, LAB_TSAN ? "" : "deadline passed");
		}
	}
}

static void trial_in_which_nothing_arrives_ends_before_its_deadline(void **state)
{
	struct cell c;

	(void)state;
	run_burner(&c, "channel/queue-fifo/stream?fan=1x1", "thread", true,
		"nothing arrives any more");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trial_of_every_cell_is_ok_and_every_cell_there_must_be_has_run),
		cmocka_unit_test(trial_refuses_a_spec_of_another_build),
		cmocka_unit_test(trial_of_what_this_build_does_not_have_fails_by_name),
		cmocka_unit_test(trial_calibrates_to_a_number_of_operations),
		cmocka_unit_test(trial_that_memory_cannot_hold_is_a_skip_that_says_so),
		cmocka_unit_test(trial_without_a_lock_shows_lost_updates),
		cmocka_unit_test(trial_ends_at_its_deadline_and_leaves_nothing),
		cmocka_unit_test(trial_in_which_nothing_arrives_ends_before_its_deadline),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("trial", tests, lab_setup, lab_teardown);
}
