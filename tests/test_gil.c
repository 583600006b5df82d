/* The interpreter lock: when it is handed over, and what that costs who waits for I/O. */
#include "tests/lab.h"
#include "tests/sweep.h"

#include <math.h>
#include <stdio.h>

#include "bench/registry.h"
#include "primitives/lock/parts/gil.h"

enum { TICKS = 5, ROUNDS = 4, SIGNALS = 400, STRETCH_NS = 60 * 1000 * 1000, LONGEST_NAP_MS = 4096 };

#define LONGEST_NS UINT64_C(4000000000)

static const struct how blocking = {WAIT_BLOCK, MODE_BLOCK, false};

static struct gil *gil_of(const struct rig_worker *w)
{
	return w->port.link->shared;
}

static enum result check_once(struct rig_worker *w)
{
	return ((const struct lock_ops *)w->port.link->mech->ops)->check(&w->port, blocking);
}

static void play(const char *name, uint32_t workers, struct tuning tuning, rig_fn *fn)
{
	struct check c = {.name = name};
	struct trial t = {.check = &c,
		.mech = registry_find(name),
		.domain = DOMAIN_THREAD,
		.wait = WAIT_BLOCK};
	struct rig_spec spec = trial_spec(&t, 8, 1);

	spec.senders = workers;
	spec.receivers = 0;
	spec.tuning = tuning;
	rig_guard(name);
	trial_play(&t, spec, fn, NULL);
	rig_guard(NULL);
	assert_int_equal(t.failures, 0);
}

/* ---- when it is handed over ---------------------------------------------------- */

/* Each TICKS-th check opens it and takes it again. */
static void count_ticks(struct rig_worker *w)
{
	MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
	for (uint32_t i = 1; i <= ROUNDS * TICKS; i++) {
		MUST_BE(w, check_once(w), OP_DONE);
		MUST(w, w->port.acquisitions == 1 + i / TICKS);
	}
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void ticks_open_it_every_so_many(void **state)
{
	(void)state;
	play("lock/gil-ticks", 1, (struct tuning){.ticks = TICKS}, count_ticks);
}

static void never_asked(struct rig_worker *w)
{
	MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
	for (uint32_t i = 1; i <= ROUNDS * DEFAULT_TICKS; i++)
		MUST_BE(w, check_once(w), OP_DONE);
	MUST(w, w->port.acquisitions == 1);
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void who_is_not_asked_keeps_it(void **state)
{
	(void)state;
	play("lock/gil-interval", 1, (struct tuning){0}, never_asked);
}

/* Worker 0 is asked: when its check is over, worker 1 has been inside. */
static void hand_over_when_asked(struct rig_worker *w)
{
	atomic_u64 *been = &w->rig->sh->note[0];

	if (w->port.index == 1) {
		if (!rig_await(w, 1))
			return;
		MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
		store_relaxed(been, 1);
		MUST(w, w->port.vain_wakeups > 0); /* it woke to ask */
		MUST_BE(w, rig_unlock(w), OP_DONE);
		return;
	}
	MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
	rig_reach(w, 1);
	while (load_relaxed(&gil_of(w)->asked) == 0)
		sched_yield();
	MUST(w, load_relaxed(been) == 0);
	MUST_BE(w, check_once(w), OP_DONE);
	MUST(w, load_relaxed(been) == 1);
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void who_is_asked_goes_on_after_another_one_has_had_it(void **state)
{
	(void)state;
	play("lock/gil-interval", 2, (struct tuning){.interval_us = 1000}, hand_over_when_asked);
}

/* The waiter has asked and gives up: nobody waits for it. */
static void ask_and_give_up(struct rig_worker *w)
{
	if (w->port.index == 1) {
		if (!rig_await(w, 1))
			return;
		w->port.deadline_ns = monotonic_ns() + 5000000;
		MUST_BE(w, rig_lock(w, MODE_TIMED), OP_TIMED_OUT);
		rig_reach(w, 2);
		return;
	}
	MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	MUST_BE(w, check_once(w), OP_DONE);
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void who_gave_up_is_not_waited_for(void **state)
{
	(void)state;
	play("lock/gil-interval", 2, (struct tuning){.interval_us = 1000}, ask_and_give_up);
}

/* Of wake_in_vain(): how long the sleeper has to look at it, and whether it did. */
static unsigned look_ms;
static atomic_u32 in_vain;

/* Signals while it is held wake the sleeper for nothing. */
static void wake_in_vain(struct rig_worker *w)
{
	struct gil *g = gil_of(w);

	if (w->port.index == 1) {
		if (!rig_await(w, 1))
			return;
		MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
		store_relaxed(&in_vain, (uint32_t)(w->port.vain_wakeups > 0));
		MUST(w, w->port.acquisitions == 1);
		MUST_BE(w, rig_unlock(w), OP_DONE);
		return;
	}
	MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
	rig_reach(w, 1);
	for (int signals = 0; signals < SIGNALS;) {
		pthread_mutex_lock(&g->lock);
		if (g->waiting) {
			pthread_cond_signal(&g->freed);
			signals++;
		}
		pthread_mutex_unlock(&g->lock);
		sched_yield();
	}
	rig_sleep_ms(look_ms);
	MUST(w, w->port.vain_wakeups == 0);
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void a_wake_up_in_vain_is_counted(void **state)
{
	(void)state;
	store_relaxed(&in_vain, 0u);
	/* one that has no processor all this while finds it open */
	for (look_ms = 1; !load_relaxed(&in_vain) && look_ms <= LONGEST_NAP_MS; look_ms *= 4)
		play("lock/gil-ticks", 2, (struct tuning){0}, wake_in_vain);
	assert_int_equal(load_relaxed(&in_vain), 1);
}

/* ---- convoys --------------------------------------------------------------------- */

static const struct trial_result *convoy_for(
	uint64_t stretch_ns, const char *lock, const char *axes)
{
	char key[CELL_KEY];
	struct cell c;

	snprintf(key, sizeof(key), "%s/convoy?placement=unpinned&%s", lock, axes);
	lab_need_cell(&c, key);
	c.stretch_ns = stretch_ns;
	if (lab_run(&c, NULL) != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
	if (!(c.mech->flags & (MECH_NO_EVIDENCE | MECH_RACY)))
		assert_true(
			lab.result->attempted > 0 && lab.result->attempted == lab.result->received);
	assert_true(lab.result->ops > 0);
	lab_nothing_left(key);
	return lab.result;
}

static const struct trial_result *convoy(const char *lock, const char *axes)
{
	return convoy_for(STRETCH_NS, lock, axes);
}

/* One in which worker 0 came: it may have no processor for the length of a short one. */
static const struct trial_result *convoy_with_responses(const char *lock, const char *axes)
{
	const struct trial_result *r = convoy(lock, axes);

	for (uint64_t ns = STRETCH_NS; r->hist[0].count == 0 && ns <= LONGEST_NS; ns *= 4)
		r = convoy_for(ns, lock, axes);
	assert_true(r->hist[0].count > 0);
	return r;
}

/* Who computes gives it up only when asked: each response takes an interval at least. */
static void a_response_takes_the_interval(void **state)
{
	const struct trial_result *r;

	(void)state;
	r = convoy_with_responses("lock/gil-interval", "fan=1x1&interval=4ms");
	assert_true(hist_mean(&r->hist[0]) > 2e6);
	assert_true(r->acquisitions != UNKNOWN_COUNT && r->acquisitions > 0);
	assert_true(r->vain_wakeups > 0);
}

/* Most of the work needs no lock: the response does not take the interval. */
static void work_with_the_lock_released_lets_the_others_in(void **state)
{
	const struct trial_result *r = NULL;
	double mean_ns = INFINITY;

	(void)state;
	for (int i = 0; i < LAB_TRIES && mean_ns >= 0.5e9; i++) {
		r = convoy_with_responses("lock/gil-interval", "fan=1x1&interval=1s&released=90");
		mean_ns = hist_mean(&r->hist[0]);
	}
	assert_true(mean_ns < 0.5e9);
	/* ten of a hundred ticks raise the counter */
	assert_true(r->received < r->cpu_ops / 2);
}

/* Beside it: a plain mutex, no lock, processes. */
static void every_lock_has_a_convoy_that_can_be_set_beside(void **state)
{
	static const char *const locks[] = {
		"lock/gil-ticks", "lock/mutex", "lock/none", "lock/null", "lock/atomic-add"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(locks); i++) {
		convoy(locks[i], "fan=1x2");
		if (i > 0 && !LAB_TSAN)
			convoy(locks[i], "fan=2x1&domain=process");
		assert_int_equal(lab.result->vain_wakeups == UNKNOWN_COUNT, i > 0);
	}
}

/* A pause adds to the mean tick, and to few responses. */
static void check_greedy(const char *lock, const char *axes)
{
	double tick_ns = INFINITY, median_ns = 0;

	for (int i = 0; i < LAB_TRIES && !(median_ns >= LOCK_TASK_TICKS * tick_ns); i++) {
		const struct trial_result *r = convoy_with_responses(lock, axes);

		tick_ns = (double)r->elapsed_ns / (double)r->ops;
		median_ns = (double)hist_value_at_percentile(&r->hist[0], 0.5);
	}
	if (!(median_ns >= LOCK_TASK_TICKS * tick_ns))
		fail_msg("%.0f ns, of ticks of %.0f ns", median_ns, tick_ns);
}

/*
 * Coroutines are not interrupted: who waits for I/O comes when a task is over; or many are, since
 * the loop looks at its deadlines now and then.
 */
static void a_greedy_coroutine_keeps_the_others_out_for_a_task_at_least(void **state)
{
	(void)state;
	check_greedy("lock/mutex-async", "domain=coroutine&fan=1x1");
	check_greedy("lock/semaphore-async", "domain=coroutine&fan=1x1&released=50");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_open_it_every_so_many),
		cmocka_unit_test(who_is_not_asked_keeps_it),
		cmocka_unit_test(who_is_asked_goes_on_after_another_one_has_had_it),
		cmocka_unit_test(who_gave_up_is_not_waited_for),
		cmocka_unit_test(a_wake_up_in_vain_is_counted),
		cmocka_unit_test(a_response_takes_the_interval),
		cmocka_unit_test(work_with_the_lock_released_lets_the_others_in),
		cmocka_unit_test(every_lock_has_a_convoy_that_can_be_set_beside),
		cmocka_unit_test(a_greedy_coroutine_keeps_the_others_out_for_a_task_at_least),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("gil", tests, lab_setup, lab_teardown);
}
