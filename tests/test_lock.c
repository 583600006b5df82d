/*
 * Locks: every mechanism of the registry keeps the promises of
 * harness/family/lock.h, between threads and between processes; and the one
 * without a lock shows the race that it is there to show.
 */
#include <sched.h>

#include "bench/registry.h"
#include "tests/support.h"
#include "tests/sweep.h"

enum {
	WORKERS = 4,
	SECTIONS = 20000,
	YIELD_EVERY = 500,
	SHORT_NS = 20000000,
	RACE_TRIES = 60,
	RACE_ADDITIONS = 2000000,
};

/* Notes. */
enum { NOTE_INSIDE, NOTE_DONE, NOTE_SUM };

static const struct lock_ops *ops_of(const struct rig_worker *w)
{
	return w->port.link->mech->ops;
}

static struct rig_spec workers(const struct trial *t, uint32_t n)
{
	struct rig_spec spec = trial_spec(t, 8, 1);

	spec.senders = n;
	spec.receivers = 0;
	return spec;
}

/* "anyone" may release: nothing is ever held. */
static bool holds(const struct mech *m)
{
	return strcmp(m->contract.owner, "anyone") != 0;
}

/* ---- nobody else inside -------------------------------------------------- */

/* The last one to be done reads the sum. */
static void note_sum(struct rig_worker *w, const atomic_u64 *counter)
{
	struct rig_shared *sh = w->rig->sh;

	if (add_acq_rel(&sh->note[NOTE_DONE], 1u) + 1 == w->port.link->senders)
		store_relaxed(&sh->note[NOTE_SUM], load_relaxed(counter));
}

static void count_sections(struct rig_worker *w)
{
	atomic_u64 *inside = &w->rig->sh->note[NOTE_INSIDE];
	atomic_u64 *counter = ops_of(w)->guarded(&w->port);
	bool alone = holds(w->port.link->mech);

	for (uint32_t i = 0; i < SECTIONS; i++) {
		MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
		MUST(w, add_relaxed(inside, 1u) == 0 || !alone);
		if (i % YIELD_EVERY == 0)
			wait_yield(); /* a guest would come now */
		lock_bump(ops_of(w), counter);
		MUST(w, add_relaxed(inside, UINT64_MAX) == 1 || !alone);
		MUST_BE(w, rig_unlock(w), OP_DONE);
	}
	note_sum(w, counter);
}

static void sections_exclude(struct trial *t)
{
	uint64_t sum;
	struct rig r;

	if (!trial_open(t, &r, workers(t, WORKERS)))
		return;
	rig_run(&r, count_sections, NULL);
	sum = load_relaxed(&r.sh->note[NOTE_SUM]);
	if (sum != WORKERS * SECTIONS)
		rig_fail(&r, __FILE__, __LINE__, "%llu instead of %d", (unsigned long long)sum,
			WORKERS * SECTIONS);
	trial_close(t, &r);
}

/* ---- the results --------------------------------------------------------- */

static void hold_and_release(struct rig_worker *w)
{
	MUST_BE(w, rig_lock(w, MODE_TRY), OP_DONE);
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	MUST_BE(w, rig_unlock(w), OP_DONE);
	rig_reach(w, 3);
	if (!rig_await(w, 4))
		return;
	w->port.deadline_ns = monotonic_ns() + SHORT_NS;
	MUST_BE(w, rig_lock(w, MODE_TIMED), OP_TIMED_OUT);
	MUST(w, monotonic_ns() >= w->port.deadline_ns);
	rig_reach(w, 5);
}

static void ask_for_held(struct rig_worker *w)
{
	/* ThreadSanitizer may not know pthread_mutex_clocklock(): a false report */
	const enum mode last = RIG_TSAN ? MODE_TRY : MODE_TIMED;

	if (!rig_await(w, 1))
		return;
	MUST_BE(w, rig_lock(w, MODE_TRY), OP_WOULD_BLOCK);
	w->port.deadline_ns = monotonic_ns() + SHORT_NS;
	MUST_BE(w, rig_lock(w, MODE_TIMED), OP_TIMED_OUT);
	MUST(w, monotonic_ns() >= w->port.deadline_ns);
	MUST_BE(w, rig_lock(w, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 2);
	if (!rig_await(w, 3))
		return;
	for (enum mode mode = MODE_BLOCK; mode <= last; mode++) {
		w->port.deadline_ns = FUTEX_FOREVER / 2;
		MUST_BE(w, rig_lock(w, mode), OP_DONE);
		if (mode != last)
			MUST_BE(w, rig_unlock(w), OP_DONE);
	}
	rig_reach(w, 4); /* held, after each way to take it */
	if (!rig_await(w, 5))
		return;
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void hold_or_ask(struct rig_worker *w)
{
	if (w->port.index == 0)
		hold_and_release(w);
	else
		ask_for_held(w);
}

static void results_of_lock(struct trial *t)
{
	struct rig r;

	if (!trial_open(t, &r, workers(t, 2)))
		return;
	rig_run(&r, hold_or_ask, NULL);
	trial_close(t, &r);
}

/* ---- teardown ------------------------------------------------------------ */

static void teardown_of_any_state(struct trial *t)
{
	struct link empty = {.mech = t->mech, .fd = {-1, -1, -1, -1}};
	struct rig_spec spec = workers(t, 1);
	struct rig r;

	if (t->mech->teardown) {
		t->mech->teardown(&empty);
		t->mech->teardown(&empty);
	}
	if (rig_map(&r, &spec) != RIG_READY) {
		trial_blame(t, r.verdict);
		return;
	}
	trial_close(t, &r);
	if (!trial_open(t, &r, spec))
		return;
	if (t->mech->teardown)
		t->mech->teardown(&r.link);
	trial_close(t, &r);
}

/* ---- the race ------------------------------------------------------------ */

static void add_unprotected(struct rig_worker *w)
{
	atomic_u64 *counter = ops_of(w)->guarded(&w->port);

	for (uint32_t i = 0; i < RACE_ADDITIONS; i++) {
		MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
		lock_bump(ops_of(w), counter);
		MUST_BE(w, rig_unlock(w), OP_DONE);
	}
	note_sum(w, counter);
}

static bool loses_updates(const struct mech *m)
{
	struct check c = {.name = "updates are lost"};
	struct trial t = {
		.check = &c, .mech = m, .domain = DOMAIN_THREAD, .wait = rig_first_wait(m)};
	uint64_t sum;
	struct rig r;

	assert_true(trial_open(&t, &r, workers(&t, 2)));
	rig_run(&r, add_unprotected, NULL);
	sum = load_relaxed(&r.sh->note[NOTE_SUM]);
	trial_close(&t, &r);
	assert_int_equal(t.failures, 0);
	return sum < 2 * RACE_ADDITIONS;
}

static void without_a_lock_updates_are_lost(void **state)
{
	const struct mech *m = registry_find("lock/none");
	unsigned tries = 0;
	bool lost = false;
	cpu_set_t cpus;

	(void)state;
	assert_non_null(m);
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (CPU_COUNT(&cpus) < 2)
		skip_because("one CPU only: no race to show");
	rig_guard("lock/none: updates are lost");
	while (!lost && tries++ < RACE_TRIES)
		lost = loses_updates(m);
	rig_guard(NULL);
	assert_true(lost);
}

/* ---- the table ----------------------------------------------------------- */

static const struct check checks[] = {
	{
		.name = "no section of one worker meets that of another",
		.family = FAMILY_LOCK,
		.run = sections_exclude,
		.every_wait = true,
	},
	{
		.name = "a lock ends in each of its three results",
		.family = FAMILY_LOCK,
		.run = results_of_lock,
		.applies = holds,
		.every_wait = true,
	},
	{
		.name = "teardown takes any state and runs twice",
		.family = FAMILY_LOCK,
		.run = teardown_of_any_state,
	},
};

static void every_mechanism_domain_and_check_has_run(void **state)
{
	unsigned expected = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		unsigned domains = sweep_domains(m, FAMILY_LOCK);

		if (domains)
			expected += domains * (strcmp(m->contract.owner, "anyone") ? 3 : 2);
	}
	print_message("%u (mechanism, domain, check) ran\n", sweep_ran());
	assert_int_equal(sweep_ran(), expected);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(checks) + 2];
	size_t n = 0;

	for (; n < ARRAY_LEN(checks); n++)
		tests[n] = sweep_test(&checks[n]);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(without_a_lock_updates_are_lost);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_mechanism_domain_and_check_has_run);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
