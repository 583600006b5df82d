/*
 * Events: every mechanism of the registry keeps the promises of
 * harness/family/event.h, between threads, processes and coroutines.
 */
#include "harness/family/event.h"

#include "bench/registry.h"
#include "tests/sweep.h"

enum {
	SLEEPERS = 3,
	MANY = 5,
	SOME = 2,
	SIGNALS = 2000,
	SHORT_NS = 20000000,
	SLEEP_MS = 30,
	FEW = 3,
};

/* Notes. */
enum { NOTE_UP, NOTE_WORD };

static const struct event_ops *ops_of(const struct rig_worker *w)
{
	return w->port.link->mech->ops;
}

static struct how how_of(const struct rig_worker *w, enum mode mode)
{
	return (struct how){w->rig->wait, mode, false};
}

static enum result give(struct rig_worker *w)
{
	return ops_of(w)->signal(&w->port, how_of(w, MODE_BLOCK));
}

static enum result give_all(struct rig_worker *w)
{
	return ops_of(w)->signal_all(&w->port, how_of(w, MODE_BLOCK));
}

static enum result give_n(struct rig_worker *w, uint32_t n)
{
	return ops_of(w)->signal_n(&w->port, n, how_of(w, MODE_BLOCK));
}

static enum result await(struct rig_worker *w, enum mode mode)
{
	return ops_of(w)->wait(&w->port, how_of(w, mode));
}

static enum result await_until(struct rig_worker *w, uint64_t ns)
{
	w->port.deadline_ns = monotonic_ns() + ns;
	return await(w, MODE_TIMED);
}

static void clear(struct rig_worker *w)
{
	if (ops_of(w)->clear)
		ops_of(w)->clear(&w->port);
}

static bool remembers(const struct mech *m)
{
	return m->contract.remembers;
}

static bool wakes_one(const struct mech *m)
{
	return m->contract.wakes == WAKES_ONE;
}

static bool gives_n(const struct mech *m)
{
	return ((const struct event_ops *)m->ops)->signal_n != NULL;
}

static bool stays(const struct mech *m)
{
	return ((const struct event_ops *)m->ops)->clear != NULL;
}

static struct rig_spec sleepers(const struct trial *t, uint32_t n)
{
	struct rig_spec spec = trial_spec(t, 8, 1);

	spec.receivers = n;
	return spec;
}

/* ---- the results of a wait ------------------------------------------------ */

static void say_nothing_then_signal(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	MUST_BE(w, give(w), OP_DONE);
	rig_reach(w, 2);
}

static void find_nothing_then_something(struct rig_worker *w)
{
	MUST_BE(w, await(w, MODE_TRY), OP_WOULD_BLOCK);
	MUST_BE(w, await_until(w, SHORT_NS), OP_TIMED_OUT);
	MUST(w, monotonic_ns() >= w->port.deadline_ns);
	MUST_BE(w, await(w, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	MUST_BE(w, await(w, MODE_TRY), OP_DONE);
	clear(w);
	MUST_BE(w, await(w, MODE_TRY), OP_WOULD_BLOCK);
}

static void results_of_wait(struct trial *t)
{
	trial_play(t, sleepers(t, 1), say_nothing_then_signal, find_nothing_then_something);
}

/* ---- before and while somebody waits --------------------------------------- */

static void signal_before_anybody_waits(struct rig_worker *w)
{
	store_relaxed(&w->rig->sh->note[NOTE_WORD], 42);
	MUST_BE(w, give(w), OP_DONE);
	rig_reach(w, 1);
}

static void wait_for_what_has_happened(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	MUST_BE(w, await(w, MODE_BLOCK), OP_DONE);
	MUST(w, load_relaxed(&w->rig->sh->note[NOTE_WORD]) == 42);
}

static void signal_is_remembered(struct trial *t)
{
	trial_play(t, sleepers(t, 1), signal_before_anybody_waits, wait_for_what_has_happened);
}

static void signal_sleepers_one_by_one(struct rig_worker *w)
{
	atomic_u64 *up = &w->rig->sh->note[NOTE_UP];

	for (uint64_t i = 1; i <= SLEEPERS; i++) {
		rig_sleep_ms(SLEEP_MS);
		MUST(w, load_acquire(up) == i - 1);
		MUST_BE(w, give(w), OP_DONE);
		for (unsigned tries = 0; load_acquire(up) < i && tries < 5000; tries++)
			rig_sleep_ms(1);
		MUST(w, load_acquire(up) == i);
	}
}

static void sleep_once(struct rig_worker *w)
{
	MUST_BE(w, await(w, MODE_BLOCK), OP_DONE);
	add_acq_rel(&w->rig->sh->note[NOTE_UP], 1u);
}

static void signal_wakes_one(struct trial *t)
{
	trial_play(t, sleepers(t, SLEEPERS), signal_sleepers_one_by_one, sleep_once);
}

static void signal_all_sleepers(struct rig_worker *w)
{
	rig_sleep_ms(SLEEP_MS);
	MUST(w, load_acquire(&w->rig->sh->note[NOTE_UP]) == 0);
	MUST_BE(w, give_all(w), OP_DONE);
}

static void signal_all_wakes_all(struct trial *t)
{
	trial_play(t, sleepers(t, SLEEPERS), signal_all_sleepers, sleep_once);
}

/* Is it `want` before long, and no more than that a while later? */
static void must_be_up(struct rig_worker *w, uint64_t want)
{
	atomic_u64 *up = &w->rig->sh->note[NOTE_UP];

	for (unsigned tries = 0; load_acquire(up) < want && tries < 5000; tries++)
		rig_sleep_ms(1);
	rig_sleep_ms(SLEEP_MS);
	MUST(w, load_acquire(up) == want);
}

static void signal_none_then_some_then_the_rest(struct rig_worker *w)
{
	rig_sleep_ms(SLEEP_MS);
	MUST_BE(w, give_n(w, 0), OP_DONE);
	must_be_up(w, 0);
	MUST_BE(w, give_n(w, SOME), OP_DONE);
	must_be_up(w, SOME);
	MUST_BE(w, give_n(w, MANY - SOME), OP_DONE);
	must_be_up(w, MANY);
	MUST_BE(w, await(w, MODE_TRY), OP_WOULD_BLOCK);
}

static void n_signals_wake_n(struct trial *t)
{
	trial_play(t, sleepers(t, MANY), signal_none_then_some_then_the_rest, sleep_once);
}

/* ---- each signal once ------------------------------------------------------ */

static void signal_many(struct rig_worker *w)
{
	for (unsigned i = 0; i < SIGNALS; i++) {
		MUST_BE(w, give(w), OP_DONE);
		wait_yield(); /* lets them run dry: who is woken may find that another was faster */
	}
}

static void wait_for_my_share(struct rig_worker *w)
{
	for (unsigned i = 0; i < SIGNALS / 2; i++)
		MUST_BE(w, await(w, MODE_BLOCK), OP_DONE);
	/* the last one to be done finds nothing over */
	if (add_acq_rel(&w->rig->sh->note[NOTE_UP], 1u) + 1 == w->port.link->receivers)
		MUST_BE(w, await(w, MODE_TRY), OP_WOULD_BLOCK);
}

static void signals_are_used_once(struct trial *t)
{
	trial_play(t, sleepers(t, 2), signal_many, wait_for_my_share);
}

/* What was written before the signal is seen after it, every time. */
static void answer_each(struct rig_worker *w)
{
	for (uint64_t i = 1; i <= SIGNALS; i++) {
		store_relaxed(&w->rig->sh->note[NOTE_WORD], i);
		MUST_BE(w, give(w), OP_DONE);
		while (load_acquire(&w->rig->sh->note[NOTE_UP]) < i)
			wait_yield();
	}
}

static void read_each(struct rig_worker *w)
{
	for (uint64_t i = 1; i <= SIGNALS; i++) {
		MUST_BE(w, await(w, MODE_BLOCK), OP_DONE);
		MUST(w, load_relaxed(&w->rig->sh->note[NOTE_WORD]) == i);
		clear(w);
		store_release(&w->rig->sh->note[NOTE_UP], i);
	}
}

static void signal_carries_what_was_written(struct trial *t)
{
	trial_play(t, sleepers(t, 1), answer_each, read_each);
}

/* ---- a signal that stays ---------------------------------------------------- */

static void set_twice(struct rig_worker *w)
{
	MUST_BE(w, give(w), OP_DONE);
	MUST_BE(w, give(w), OP_DONE);
	rig_reach(w, 1);
}

static void pass_until_cleared(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	for (int i = 0; i < 3; i++)
		MUST_BE(w, await(w, MODE_BLOCK), OP_DONE);
	clear(w);
	MUST_BE(w, await(w, MODE_TRY), OP_WOULD_BLOCK);
}

static void signal_stays_until_cleared(struct trial *t)
{
	trial_play(t, sleepers(t, 1), set_twice, pass_until_cleared);
}

/* ---- the ends ---------------------------------------------------------------- */

static void teardown_of_any_state(struct trial *t)
{
	struct rig_spec spec = sleepers(t, 1);
	struct rig r;

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

/* ---- the table --------------------------------------------------------------- */

static const struct check checks[] = {
	{
		.name = "a wait ends in each of its three results",
		.family = FAMILY_EVENT,
		.run = results_of_wait,
		.every_wait = true,
	},
	{
		.name = "a signal before anybody waits is remembered where the contract says so",
		.family = FAMILY_EVENT,
		.run = signal_is_remembered,
		.applies = remembers,
		.every_wait = true,
	},
	{
		.name = "one signal wakes one sleeper where the contract says so",
		.family = FAMILY_EVENT,
		.run = signal_wakes_one,
		.applies = wakes_one,
		.every_wait = true,
	},
	{
		.name = "a signal to all wakes every sleeper",
		.family = FAMILY_EVENT,
		.run = signal_all_wakes_all,
		.every_wait = true,
	},
	{
		.name = "n signals at once wake exactly n of more sleepers",
		.family = FAMILY_EVENT,
		.run = n_signals_wake_n,
		.applies = gives_n,
	},
	{
		.name = "each signal lets one wait through, none two",
		.family = FAMILY_EVENT,
		.run = signals_are_used_once,
		.applies = wakes_one,
		.every_wait = true,
	},
	{
		.name = "what was written before the signal is seen after it",
		.family = FAMILY_EVENT,
		.run = signal_carries_what_was_written,
		.every_wait = true,
	},
	{
		.name = "a signal that stays is there until it is cleared",
		.family = FAMILY_EVENT,
		.run = signal_stays_until_cleared,
		.applies = stays,
		.every_wait = true,
	},
	{
		.name = "teardown takes any state and runs twice",
		.family = FAMILY_EVENT,
		.run = teardown_of_any_state,
	},
};

static void every_mechanism_domain_and_check_has_run(void **state)
{
	unsigned expected = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		unsigned of_it = 4;

		if (!sweep_domains(m, FAMILY_EVENT))
			continue;
		of_it += remembers(m) + 2u * wakes_one(m) + stays(m) + gives_n(m);
		expected += sweep_domains(m, FAMILY_EVENT) * of_it;
	}
	print_message("%u (mechanism, domain, check) ran\n", sweep_ran());
	assert_true(expected > 0);
	assert_int_equal(sweep_ran(), expected);
}

static void every_condition_can_wake_one_n_and_all(void **state)
{
	unsigned conditions = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (strncmp(m->name, "event/condition", strlen("event/condition")) != 0)
			continue;
		if (!gives_n(m))
			fail_msg("%s has no signal_n", m->name);
		conditions++;
	}
	assert_true(conditions > 1);
}

/* Why conditions here have a predicate: alone, they forget a signal without a waiter. */
static void bare_condition_forgets_a_signal_that_nobody_awaited(void **state)
{
	const struct link l = {.domain = DOMAIN_THREAD};
	struct timespec until;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int code = 0;

	(void)state;
	assert_int_equal(sync_mutex_init(&l, &lock), 0);
	assert_int_equal(sync_cond_init(&l, &changed), 0);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < FEW && code == 0; i++) { /* it may wake for nothing, not each time */
		pthread_cond_signal(&changed);
		pthread_cond_broadcast(&changed);
		until = link_timespec(monotonic_ns() + SHORT_NS);
		code = pthread_cond_timedwait(&changed, &lock, &until);
	}
	assert_int_equal(code, ETIMEDOUT);
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&changed);
	pthread_mutex_destroy(&lock);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(checks) + 3];
	size_t n = 0;

	for (; n < ARRAY_LEN(checks); n++)
		tests[n] = sweep_test(&checks[n]);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_mechanism_domain_and_check_has_run);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_condition_can_wake_one_n_and_all);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
		bare_condition_forgets_a_signal_that_nobody_awaited);
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
