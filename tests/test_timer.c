/*
 * Timers: never too early, and of a cancel and a fire exactly one wins, also when they meet
 * 100 000 times; real trials that count it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "bench/registry.h"
#include "harness/coroutine.h"
#include "harness/family/timer.h"
#include "tests/lab.h"
#include "tests/support.h"
#include "tests/sweep.h"

enum {
	MS = 1000 * 1000,
	RACES = 100000,
	RACES_LEAST = 10000,
	RACE_SPREAD_NS = 40000,
};

/* Of threads, at most: enough for all races where wake-ups are not slow; HANDOFF_TEST_LONG=1: until
 * all are run. */
#define RACE_TIME_NS      UINT64_C(12000000000)
#define RACE_TIME_FAST_NS UINT64_C(2500000000)

static const struct timer_ops *ops_of(const struct rig_worker *w)
{
	return w->port.link->mech->ops;
}

static struct how how_of(const struct rig_worker *w, enum mode mode)
{
	return (struct how){w->rig->wait, mode, false};
}

static enum result arm(struct rig_worker *w, struct timer_shot *shot, uint64_t in_ns)
{
	*shot = (struct timer_shot){.due_ns = monotonic_ns() + in_ns};
	return ops_of(w)->arm(&w->port, shot, how_of(w, MODE_BLOCK));
}

static enum result cancel(struct rig_worker *w)
{
	return ops_of(w)->cancel(&w->port, how_of(w, MODE_BLOCK));
}

static enum result await(struct rig_worker *w, enum mode mode)
{
	return ops_of(w)->await(&w->port, how_of(w, mode));
}

/* ---- one at a time ---------------------------------------------------------- */

static void fire_and_cancel(struct rig_worker *w)
{
	struct timer_shot shot;

	for (int i = 0; i < 20; i++) {
		MUST_BE(w, arm(w, &shot, (uint64_t)i * 100000), OP_DONE);
		MUST_BE(w, await(w, MODE_BLOCK), OP_DONE);
		MUST(w, load_acquire(&shot.fires) == 1);
		MUST(w, load_relaxed(&shot.fired_ns) >= shot.due_ns);
	}
	MUST_BE(w, arm(w, &shot, 45000ull * MS), OP_DONE);
	MUST_BE(w, cancel(w), OP_DONE);
	MUST_BE(w, await(w, MODE_BLOCK), OP_CLOSED);
	MUST(w, load_acquire(&shot.fires) == 0);
}

static void check_fire_and_cancel(struct trial *t)
{
	trial_alone(t, fire_and_cancel);
}

static void await_in_all_ways(struct rig_worker *w)
{
	struct timer_shot shot;

	MUST_BE(w, arm(w, &shot, 45000ull * MS), OP_DONE);
	MUST_BE(w, await(w, MODE_TRY), OP_WOULD_BLOCK);
	w->port.deadline_ns = monotonic_ns() + 20 * MS;
	MUST_BE(w, await(w, MODE_TIMED), OP_TIMED_OUT);
	MUST(w, monotonic_ns() >= w->port.deadline_ns);
	MUST_BE(w, cancel(w), OP_DONE);
	MUST_BE(w, cancel(w), OP_TIMED_OUT); /* once is all there is to win */
	MUST_BE(w, await(w, MODE_BLOCK), OP_CLOSED);
	MUST_BE(w, arm(w, &shot, MS), OP_DONE);
	timer_sleep(shot.due_ns + 50ull * MS);
	while (load_acquire(&shot.fires) == 0)
		timer_sleep(monotonic_ns() + MS);
	MUST_BE(w, cancel(w), OP_TIMED_OUT);
	w->port.deadline_ns = monotonic_ns() + 45000ull * MS;
	MUST_BE(w, await(w, MODE_TIMED), OP_DONE);
	MUST(w, load_acquire(&shot.fires) == 1);
}

static void check_await(struct trial *t)
{
	trial_alone(t, await_in_all_ways);
}

/* ---- the race ------------------------------------------------------------------ */

static bool is_long(void)
{
	const char *more = getenv("HANDOFF_TEST_LONG");

	return more && *more;
}

/* Of coroutines those that can go on come first, where the thread would only spin. */
static void pass_time(uint64_t until_ns)
{
	while (monotonic_ns() < until_ns) {
		if (coro_self())
			coro_yield();
		else
			cpu_pause();
	}
}

static void race(struct rig_worker *w)
{
	uint64_t begin = monotonic_ns(), state = 1, fired = 0, cancelled = 0, n;
	uint64_t most_ns = support_fast() ? RACE_TIME_FAST_NS : RACE_TIME_NS;
	struct timer_shot shot;

	prctl(PR_SET_TIMERSLACK, 1);
	for (n = 0; n < RACES; n++) {
		enum result won, ended;

		if (n >= RACES_LEAST && !coro_self() && !is_long() &&
			monotonic_ns() - begin > most_ns)
			break;
		state = state * 6364136223846793005u + 1442695040888963407u;
		MUST_BE(w, arm(w, &shot, coro_self() ? 500 : (state >> 33) % 8000), OP_DONE);
		pass_time(monotonic_ns() + (state >> 40) % (coro_self() ? 1000 : RACE_SPREAD_NS));
		won = cancel(w);
		MUST(w, won == OP_DONE || won == OP_TIMED_OUT);
		ended = await(w, MODE_BLOCK);
		MUST_BE(w, ended, won == OP_DONE ? OP_CLOSED : OP_DONE);
		MUST(w, load_acquire(&shot.fires) == (won != OP_DONE));
		fired += won != OP_DONE;
		cancelled += won == OP_DONE;
	}
	print_message("%s: %llu fired, %llu cancelled\n", w->port.link->mech->name,
		(unsigned long long)fired, (unsigned long long)cancelled);
	MUST(w, fired > n / 1000);
	MUST(w, cancelled > n / 1000);
}

static void check_race(struct trial *t)
{
	trial_alone(t, race);
}

/* ---- whole trials ------------------------------------------------------------------ */

static unsigned each_timer(void (*check)(struct cell *c))
{
	unsigned ran = 0;

	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		char key[CELL_KEY];
		struct cell c;

		if (m->family != FAMILY_TIMER)
			continue;
		snprintf(key, sizeof(key), "%s/lateness?fan=2&placement=unpinned&domain=%s",
			m->name, m->domains & BIT(DOMAIN_THREAD) ? "thread" : "coroutine");
		lab_need_cell(&c, key);
		check(&c);
		ran++;
	}
	return ran;
}

static void check_counts(struct cell *c)
{
	const struct trial_result *r = lab.result;
	struct trial_spec spec;

	lab_spec(c, &spec);
	spec.n = 160;
	spec.block = 1;
	spec.warm_n = 16;
	if (lab_run_spec(c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", c->key, r->reason);
	assert_int_equal(r->ops, 160);
	assert_int_equal(r->attempted, 176);
	assert_int_equal(r->received, 176);
	assert_int_equal(r->hist[0].count + r->cancelled, 160);
	assert_in_range(r->cancelled, 0, 160 / TIMER_CANCEL_EVERY);
	assert_int_equal(r->hist_kind[0], KIND_LATE);
	lab_nothing_left(c->key);
}

static void every_timer_of_a_trial_fires_or_is_cancelled(void **state)
{
	(void)state;
	assert_true(each_timer(check_counts) > 0);
}

static void check_sabotage(struct cell *c)
{
	static const struct {
		enum probe_act act;
		const char *called;
	} acts[] = {{PROBE_DROP, "lost 1"}, {PROBE_DUPLICATE, "duplicated 1"},
		{PROBE_FLIP, "a timer fired too early"}};

	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		const struct trial_fault f = {.act = (uint32_t)acts[i].act, .nth = 3};

		c->block = 1;
		/* the other worker may have come first to all of them */
		for (int try = 0; try < LAB_TRIES && lab_run(c, &f) == TRIAL_OK; try++)
			;
		if (lab.result->status != TRIAL_FAIL || !strstr(lab.result->reason, acts[i].called))
			fail_msg("%s: %s: %s", c->key, acts[i].called, lab.result->reason);
		lab_nothing_left(c->key);
	}
}

static void a_timer_that_is_lost_fires_twice_or_early_is_caught_and_named(void **state)
{
	(void)state;
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: faults are injected");
	assert_true(each_timer(check_sabotage) > 0);
}

static const struct check checks[] = {
	{
		.name = "a timer fires once and not too early, or is cancelled and never fires",
		.family = FAMILY_TIMER,
		.run = check_fire_and_cancel,
	},
	{
		.name = "a wait for a timer ends in each of its results",
		.family = FAMILY_TIMER,
		.run = check_await,
	},
	{
		.name = "of a cancel and a fire exactly one wins",
		.family = FAMILY_TIMER,
		.run = check_race,
	},
};

int main(int argc, char **argv)
{
	struct CMUnitTest tests[ARRAY_LEN(checks) + 2];
	size_t n = 0;

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	for (; n < ARRAY_LEN(checks); n++)
		tests[n] = sweep_test(&checks[n]);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
		every_timer_of_a_trial_fires_or_is_cancelled);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
		a_timer_that_is_lost_fires_twice_or_early_is_caught_and_named);
	return cmocka_run_group_tests_name("timer", tests, lab_setup, lab_teardown);
}
