/*
 * Who dies while it holds a lock is named as its holder, and a convoy whose workers die at any
 * of five points ends; and the ends of a stream that nothing but a join or a silence tells.
 */
#include <stdio.h>
#include <string.h>

#include "bench/registry.h"
#include "harness/family/channel_ops.h"
#include "tests/lab.h"
#include "tests/support.h"

enum {
	VICTIM = 1,
	FEW_MESSAGES = 3,
	SPINS = 2000000, /* of a sender between two messages: longer than a silence */
	LONGER = 4,
	TRIES = 5,
};

static const char held[] = "; the lock is held by worker 1";

static bool is_exclusive(const struct mech *m)
{
	return m->family == FAMILY_LOCK && strcmp(m->contract.owner, "anyone") != 0 &&
	       !(m->flags & (MECH_RACY | MECH_FLOOR));
}

/* A stretch may end before the victim had the lock: once more, then. */
static void die(const struct cell *c, enum probe_point point, uint32_t worker)
{
	const struct trial_fault f = {
		.act = PROBE_DIE, .point = (uint32_t)point, .worker = worker, .nth = 1};
	enum trial_status status = TRIAL_OK;

	for (int try = 0; try < TRIES && status == TRIAL_OK; try++)
		status = lab_run(c, &f);
	if (status != TRIAL_CRASH)
		fail_msg("%s, worker %u, %s: %s: %s", c->key, worker, probe_point_name(point),
			trial_status_name(status), lab.result->reason);
	lab_nothing_left(c->key);
}

static unsigned die_inside(const struct mech *m, enum domain d)
{
	static const enum probe_point inside[] = {POINT_HOLDING, POINT_BEFORE_RELEASE};
	char key[CELL_KEY];
	struct cell c;

	snprintf(key, sizeof(key), "%s/contend?fan=2&domain=%s", m->name, domain_name(d));
	if (lab_cell(&c, key) || c.skip[0])
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		if (i > 0 && !lab_is_sampled(key, 4))
			continue;
		die(&c, inside[i], VICTIM);
		if (!strstr(lab.result->reason, held))
			fail_msg(
				"%s, %s: %s", key, probe_point_name(inside[i]), lab.result->reason);
	}
	return 1;
}

static void who_dies_inside_a_lock_is_named_as_its_holder(void **state)
{
	unsigned ran = 0;

	(void)state;
	if (LAB_TSAN)
		skip_because("ThreadSanitizer: nobody is killed");
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		for (int d = 0; d < DOMAIN_COUNT && is_exclusive(m); d++)
			ran += die_inside(m, (enum domain)d);
	}
	assert_true(ran > 0);
}

static void who_dies_outside_is_not(void **state)
{
	static const enum probe_point outside[] = {POINT_READY, POINT_BEFORE_SEND, POINT_CLEANUP};
	struct cell c;

	(void)state;
	if (LAB_TSAN)
		skip_because("ThreadSanitizer: nobody is killed");
	lab_need_cell(&c, "lock/mutex/contend?fan=2&domain=process");
	for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
		die(&c, outside[i], VICTIM);
		if (strstr(lab.result->reason, "held by"))
			fail_msg("%s: %s", probe_point_name(outside[i]), lab.result->reason);
	}
}

/* Worker 0 waits for its I/O, worker 1 computes. */
static void a_convoy_ends_wherever_one_of_its_workers_dies(void **state)
{
	static const char *const keys[] = {
		"lock/gil-interval/convoy?fan=1x1&domain=thread",
		"lock/mutex/convoy?fan=1x1&domain=process",
	};
	static const enum probe_point points[] = {
		POINT_READY, POINT_HOLDING, POINT_BEFORE_RELEASE, POINT_LAST, POINT_CLEANUP};
	struct cell c;

	(void)state;
	if (LAB_TSAN)
		skip_because("ThreadSanitizer: nobody is killed");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		lab_need_cell(&c, keys[i]);
		for (size_t p = 0; p < ARRAY_LEN(points); p++) {
			die(&c, points[p], 0);
			die(&c, points[p], 1);
		}
	}
}

/* ---- ends --------------------------------------------------------------------------- */

/* A sender that is slow is not one that has ended. */
static void a_silence_before_the_last_message_is_no_end(void **state)
{
	struct trial_fault slow = {
		.act = PROBE_BURN, .point = POINT_BEFORE_SEND, .nth = 1, .value = SPINS};
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/drain-timeout?domain=thread&placement=unpinned");
	c.n = FEW_MESSAGES;
	do {
		if (lab_run(&c, &slow) != TRIAL_OK)
			fail_msg("%s", lab.result->reason);
		assert_int_equal(lab.result->received, FEW_MESSAGES);
		slow.value *= LONGER;
	} while (lab.result->elapsed_ns < FEW_MESSAGES * (uint64_t)DRAIN_SILENCE_NS);
}

static void the_silence_at_the_end_is_not_measured(void **state)
{
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/drain-timeout?domain=thread&placement=unpinned");
	for (int try = 0; try < TRIES; try++) {
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s", lab.result->reason);
		assert_true(lab.wall_ns > DRAIN_SILENCE_NS);
		if (lab.result->elapsed_ns < DRAIN_SILENCE_NS)
			return;
	}
	fail_msg("%d messages took %lu ns", (int)c.n, (unsigned long)lab.result->elapsed_ns);
}

static void ends_are_refused_where_they_would_lie(void **state)
{
	static const char *const refused[][2] = {
		{"channel/queue-fifo/drain-join", "do not say when"},
		{"channel/queue-feeder/drain-timeout?domain=process", "on its way"},
		{"channel/redis-list/drain-timeout", "on its way"},
		{"channel/udp/drain-timeout", "ends so in any case"},
	};
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		const char *why = lab_cell(&c, refused[i][0]);

		if (!why || !strstr(why, refused[i][1]))
			fail_msg("%s: %s", refused[i][0], why ? why : "not refused");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_dies_inside_a_lock_is_named_as_its_holder),
		cmocka_unit_test(who_dies_outside_is_not),
		cmocka_unit_test(a_convoy_ends_wherever_one_of_its_workers_dies),
		cmocka_unit_test(a_silence_before_the_last_message_is_no_end),
		cmocka_unit_test(the_silence_at_the_end_is_not_measured),
		cmocka_unit_test(ends_are_refused_where_they_would_lie),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("holder", tests, lab_setup, lab_teardown);
}
