/* Locks that know their holder: who may take them again, and who may not open them. */
#include "tests/lab.h"
#include "tests/support.h"
#include "tests/sweep.h"

#include <math.h>
#include <stdio.h>

#include "bench/registry.h"
#include "harness/family/event.h"

enum { LEVELS = 3, DEEP = 1000, DEARER = 20, SLEEP_MS = 30, TRIES = 10 };

#define PATIENCE_NS UINT64_C(30000000000)

static struct rig_spec two_workers(const struct trial *t)
{
	struct rig_spec spec = trial_spec(t, 8, 1);

	spec.senders = 2;
	spec.receivers = 0;
	return spec;
}

static bool is_recursive(const struct mech *m)
{
	return m->tunes & BIT(TUNE_DEPTH);
}

static bool refuses_strangers(const struct mech *m)
{
	return strstr(m->contract.owner, "EPERM") != NULL;
}

/* ---- the outermost release --------------------------------------------------- */

static void hold_three_times(struct rig_worker *w)
{
	for (int i = 0; i < LEVELS; i++)
		MUST_BE(w, rig_lock(w, i % 2 ? MODE_TRY : MODE_BLOCK), OP_DONE);
	for (uint32_t i = 0; i < LEVELS; i++) {
		rig_reach(w, 2 * i + 1); /* held LEVELS - i times */
		if (!rig_await(w, 2 * i + 2))
			return;
		MUST_BE(w, rig_unlock(w), OP_DONE);
	}
	rig_reach(w, 2 * LEVELS + 1);
}

static void ask_at_each_level(struct rig_worker *w)
{
	for (uint32_t i = 0; i < LEVELS; i++) {
		if (!rig_await(w, 2 * i + 1))
			return;
		MUST_BE(w, rig_lock(w, MODE_TRY), OP_WOULD_BLOCK);
		rig_reach(w, 2 * i + 2);
	}
	if (!rig_await(w, 2 * LEVELS + 1))
		return;
	MUST_BE(w, rig_lock(w, MODE_TRY), OP_DONE);
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void nest(struct rig_worker *w)
{
	if (w->port.index == 0)
		hold_three_times(w);
	else
		ask_at_each_level(w);
}

static void only_the_outermost_release_opens(struct trial *t)
{
	trial_play(t, two_workers(t), nest, NULL);
}

/* ---- a wait gives up every level ---------------------------------------------- */

static enum result event_wait(struct rig_worker *w, enum mode mode)
{
	const struct event_ops *o = w->port.link->mech->ops;

	return o->wait(&w->port, (struct how){w->rig->wait, mode, false});
}

static void signal_the_sleeper(struct rig_worker *w)
{
	const struct event_ops *o = w->port.link->mech->ops;

	rig_sleep_ms(SLEEP_MS);
	MUST_BE(w, o->signal(&w->port, (struct how){w->rig->wait, MODE_BLOCK, false}), OP_DONE);
	rig_sleep_ms(SLEEP_MS);
	MUST_BE(w, o->signal(&w->port, (struct how){w->rig->wait, MODE_BLOCK, false}), OP_DONE);
}

/* Twice: the first wait must leave none of its levels behind, and take none too few. */
static void sleep_with_all_levels(struct rig_worker *w)
{
	for (int i = 0; i < 2; i++) {
		w->port.deadline_ns = monotonic_ns() + PATIENCE_NS;
		MUST_BE(w, event_wait(w, MODE_TIMED), OP_DONE);
	}
	MUST_BE(w, event_wait(w, MODE_TRY), OP_WOULD_BLOCK);
}

static void a_wait_gives_up_every_level(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, 8, 1);

	spec.tuning.depth = LEVELS;
	trial_play(t, spec, signal_the_sleeper, sleep_with_all_levels);
}

/* ---- strangers ---------------------------------------------------------------- */

static void hold_meanwhile(struct rig_worker *w)
{
	MUST_BE(w, rig_unlock(w), OP_ERROR); /* open */
	MUST(w, w->port.err == -EPERM);
	MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	MUST_BE(w, rig_unlock(w), OP_DONE);
	MUST_BE(w, rig_unlock(w), OP_ERROR);
	rig_reach(w, 3);
}

static void open_what_another_one_holds(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	MUST_BE(w, rig_unlock(w), OP_ERROR);
	MUST(w, w->port.err == -EPERM);
	MUST_BE(w, rig_lock(w, MODE_TRY), OP_WOULD_BLOCK); /* as if nothing had been */
	rig_reach(w, 2);
	if (!rig_await(w, 3))
		return;
	MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
	MUST_BE(w, rig_unlock(w), OP_DONE);
}

static void meddle(struct rig_worker *w)
{
	if (w->port.index == 0)
		hold_meanwhile(w);
	else
		open_what_another_one_holds(w);
}

static void strangers_are_refused(struct trial *t)
{
	if (LAB_TSAN) {
		rig_guard(NULL);
		skip_because("a stranger's unlock is what ThreadSanitizer reports");
	}
	trial_play(t, two_workers(t), meddle, NULL);
}

/* ---- the axis ------------------------------------------------------------------ */

static double ns_per_op(unsigned depth)
{
	char key[CELL_KEY];
	struct cell c;

	snprintf(key, sizeof(key), "lock/mutex-recursive/uncontended?depth=%u", depth);
	lab_need_cell(&c, key);
	if (lab_run(&c, NULL) != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
	assert_int_equal(lab.result->received, lab.result->attempted);
	return (double)lab.result->elapsed_ns / (double)lab.result->ops;
}

static void a_thousand_levels_cost_many_times_as_much_as_one(void **state)
{
	double once, deep;

	(void)state;
	once = ns_per_op(1);
	deep = ns_per_op(DEEP);
	/* whoever loses its processor once in so few operations is no measure */
	for (int i = 0; i < TRIES && deep < DEARER * once; i++)
		once = fmin(once, ns_per_op(1));
	if (deep < DEARER * once)
		fail_msg("one level takes %.0f ns, %d take %.0f ns", once, DEEP, deep);
}

static void a_lock_taken_three_times_each_time_excludes_the_others(void **state)
{
	struct cell c;

	(void)state;
	for (int d = 0; d <= (LAB_TSAN ? DOMAIN_THREAD : DOMAIN_PROCESS); d++) {
		char key[CELL_KEY];

		snprintf(key, sizeof(key), "lock/mutex-recursive/contend?fan=4&depth=3&domain=%s",
			domain_name((enum domain)d));
		lab_need_cell(&c, key);
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", key, lab.result->reason);
	}
}

static const struct check checks[] = {
	{
		.name = "only the outermost release opens",
		.family = FAMILY_LOCK,
		.run = only_the_outermost_release_opens,
		.applies = is_recursive,
	},
	{
		.name = "a wait that holds its lock three times gives up every level, and has them again",
		.family = FAMILY_EVENT,
		.run = a_wait_gives_up_every_level,
		.applies = is_recursive,
		.every_wait = true,
	},
	{
		.name = "a release by a stranger, or of an open lock, is refused",
		.family = FAMILY_LOCK,
		.run = strangers_are_refused,
		.applies = refuses_strangers,
	},
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		sweep_test(&checks[0]),
		sweep_test(&checks[1]),
		sweep_test(&checks[2]),
		cmocka_unit_test(a_thousand_levels_cost_many_times_as_much_as_one),
		cmocka_unit_test(a_lock_taken_three_times_each_time_excludes_the_others),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("recursive", tests, lab_setup, lab_teardown);
}
