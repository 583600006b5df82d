/* Semaphores as locks with several permits, and the bytes that a lock guards. */
#include "tests/lab.h"
#include "tests/sweep.h"
#include "tests/support.h"

#include <stdio.h>

#include "bench/registry.h"

enum { PERMITS = 2, TRIES = 20, LONGER_NS = 20 * 1000 * 1000 };

static struct rig_spec one_worker(const struct trial *t)
{
	struct rig_spec spec = trial_spec(t, 8, 1);

	spec.receivers = 0;
	spec.tuning.permits = PERMITS;
	return spec;
}

static bool has_permits(const struct mech *m)
{
	return m->tunes & BIT(TUNE_PERMITS);
}

static bool is_bounded(const struct mech *m)
{
	return has_permits(m) && strstr(m->contract.owner, "EOVERFLOW");
}

static bool is_unbounded(const struct mech *m)
{
	return has_permits(m) && !is_bounded(m);
}

/* ---- how many ------------------------------------------------------------------ */

/* As many as there are, and not one more. */
static void take_all(struct rig_worker *w, int permits)
{
	for (int i = 0; i < permits; i++)
		MUST_BE(w, rig_lock(w, MODE_TRY), OP_DONE);
	MUST_BE(w, rig_lock(w, MODE_TRY), OP_WOULD_BLOCK);
}

static void take_and_give_back(struct rig_worker *w)
{
	take_all(w, PERMITS);
	MUST_BE(w, rig_unlock(w), OP_DONE);
	take_all(w, 1);
	for (int i = 0; i < PERMITS; i++)
		MUST_BE(w, rig_unlock(w), OP_DONE);
	take_all(w, PERMITS);
}

static void as_many_enter_as_there_are_permits(struct trial *t)
{
	trial_play(t, one_worker(t), take_and_give_back, NULL);
}

static void release_too_much(struct rig_worker *w)
{
	MUST_BE(w, rig_unlock(w), OP_ERROR);
	MUST(w, w->port.err == -EOVERFLOW);
	take_all(w, PERMITS);
	for (int i = 0; i < PERMITS; i++)
		MUST_BE(w, rig_unlock(w), OP_DONE);
	MUST_BE(w, rig_unlock(w), OP_ERROR);
	take_all(w, PERMITS); /* no permit has come of it */
}

static void one_release_too_many_is_an_error(struct trial *t)
{
	trial_play(t, one_worker(t), release_too_much, NULL);
}

static void release_once_more(struct rig_worker *w)
{
	MUST_BE(w, rig_unlock(w), OP_DONE);
	take_all(w, PERMITS + 1);
}

static void one_release_too_many_is_a_permit_more(struct trial *t)
{
	trial_play(t, one_worker(t), release_once_more, NULL);
}

/* ---- the high-water mark -------------------------------------------------------- */

static void run_ok(struct cell *c, const char *key)
{
	lab_need_cell(c, key);
	c->stretch_ns = LONGER_NS;
	if (lab_run(c, NULL) != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
	assert_int_equal(lab.result->attempted, lab.result->received);
}

static void two_permits_let_two_in_but_never_three(void **state)
{
	static const char *const names[] = {
		"lock/semaphore", "lock/semaphore-bounded", "lock/semaphore-async"};
	char key[CELL_KEY];
	struct cell c;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(names) * DOMAIN_COUNT; i++) {
		enum domain d = (enum domain)(i % DOMAIN_COUNT);
		const char *name = names[i / DOMAIN_COUNT];
		uint64_t most = 0;

		if ((LAB_TSAN && domain_has_processes(d)) ||
			!(registry_find(name)->domains & BIT(d)))
			continue;
		snprintf(key, sizeof(key),
			"%s/contend?fan=4&permits=2&domain=%s&placement=unpinned", name,
			domain_name(d));
		for (int try = 0; try < TRIES && most < PERMITS; try++) {
			run_ok(&c, key);
			most = lab.result->most_inside;
			assert_true(most >= 1 && most <= PERMITS);
		}
		assert_int_equal(most, PERMITS);
	}
}

/* No lock at all, and others inside already. */
static enum result pass(struct port *p, struct how how)
{
	(void)how;
	/* the stretch ends after so many */
	if (++p->full_waits == 100)
		store_relaxed((atomic_u32 *)p->link->own, STRETCH_OVER);
	return OP_DONE;
}

static atomic_u64 *counter_of(struct port *p)
{
	return p->link->shared;
}

static const struct lock_ops open_ops = {.lock = pass, .unlock = pass, .guarded = counter_of};
LOCK_STAMP(open_door, open_ops, BIT(WAIT_BLOCK));

static void more_inside_than_permits_is_counted_each_time(void **state)
{
	struct board board = {0};
	struct ledger ledger = {0};
	atomic_u64 counter = 0;
	atomic_u32 stretch = STRETCH_WARM;
	struct link link = {.shared = &counter,
		.own = &stretch,
		.board = &board,
		.tuning = {.permits = PERMITS}};
	struct port port = {.link = &link};
	struct worker w = {
		.out = &port, .clock = &lab.clock, .stretch = &stretch, .ledger = &ledger};

	(void)state;
	for (unsigned others = 0; others <= PERMITS; others++) {
		ledger = (struct ledger){0};
		port.full_waits = 0;
		store_relaxed(&stretch, STRETCH_WARM);
		store_relaxed(&board.ready, others);
		open_door_loops[LOOP_CONTEND][0](&w);
		assert_int_equal(w.all_ops, 50);
		assert_int_equal(ledger.most_inside, others + 1);
		assert_int_equal(ledger.crowded, others < PERMITS ? 0 : 50);
	}
	assert_int_equal(load_relaxed(&counter), 150);
}

/* ---- bytes under a lock ----------------------------------------------------------- */

static void all_bytes_under_a_lock_say_what_the_counter_says(void **state)
{
	static const unsigned sizes[] = {1, 7, 8, 100, 4096};
	char key[CELL_KEY];
	struct cell c;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		bool process = i % 2 && !LAB_TSAN;

		snprintf(key, sizeof(key), "lock/%s/contend?fan=3&size=%u&domain=%s%s",
			i % 3 ? "mutex" : "semaphore", sizes[i], process ? "process" : "thread",
			process && i > 2 ? "&start=exec" : "");
		run_ok(&c, key);
		assert_int_equal(lab.result->corrupt, 0);
	}
}

/* Where nothing guards them they differ in the end: the check is not blind. */
static void bytes_without_a_lock_are_torn(void **state)
{
	struct cell c;
	uint64_t torn = 0;

	(void)state;
	if (topo_pu_count(lab.topo) < 2)
		skip_because("one CPU: hardly ever");
	lab_need_cell(&c, "lock/none/contend?fan=2&size=4K");
	c.stretch_ns = LONGER_NS;
	for (int try = 0; try < TRIES && torn == 0; try++) {
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", c.key, lab.result->reason);
		torn = lab.result->corrupt;
	}
	assert_true(torn > 0);
}

static const struct check checks[] = {
	{
		.name = "as many enter as there are permits",
		.family = FAMILY_LOCK,
		.run = as_many_enter_as_there_are_permits,
		.applies = has_permits,
		.every_wait = true,
	},
	{
		.name = "one release too many is an error",
		.family = FAMILY_LOCK,
		.run = one_release_too_many_is_an_error,
		.applies = is_bounded,
	},
	{
		.name = "one release too many is a permit more where that is not promised",
		.family = FAMILY_LOCK,
		.run = one_release_too_many_is_a_permit_more,
		.applies = is_unbounded,
	},
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		sweep_test(&checks[0]),
		sweep_test(&checks[1]),
		sweep_test(&checks[2]),
		cmocka_unit_test(two_permits_let_two_in_but_never_three),
		cmocka_unit_test(more_inside_than_permits_is_counted_each_time),
		cmocka_unit_test(all_bytes_under_a_lock_say_what_the_counter_says),
		cmocka_unit_test(bytes_without_a_lock_are_torn),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("permits", tests, lab_setup, lab_teardown);
}
