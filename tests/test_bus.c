/*
 * Buses: each message reaches every subscriber, once and in order, and what one
 * subscriber does is nobody else's business; whole trials.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/registry.h"
#include "bench/row.h"
#include "harness/family/bus.h"
#include "harness/trial.h"
#include "tests/lab.h"
#include "tests/support.h"
#include "tests/sweep.h"

enum {
	BYTES = 64,
	CAPACITY = 8,
	MESSAGES = 500, /* of each publisher */
	PUBLISHERS = 2,
	SUBSCRIBERS = 3,
	SHORT_NS = 20 * 1000 * 1000,
};

#define FORGET "HANDOFF_TEST_BUS_FORGETS"

static bool receives(const struct mech *m)
{
	return !((const struct bus_ops *)m->ops)->delivers;
}

static bool is_bounded(const struct mech *m)
{
	return m->contract.bounded;
}

/* ---- to all, once, in order ------------------------------------------------ */

static void publish_stamped(struct rig_worker *w)
{
	for (uint64_t seq = 0; seq < MESSAGES; seq++) {
		memset(w->msg, (int)seq, BYTES);
		stamp_write(w->msg, BYTES, seq, w->port.index);
		MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	}
}

static void receive_all(struct rig_worker *w)
{
	uint64_t next[PUBLISHERS] = {0}, head;
	uint8_t want[BYTES];
	enum result r;

	while ((r = rig_recv(w, BYTES, MODE_BLOCK)) == OP_DONE) {
		MUST(w, w->len == BYTES);
		memcpy(&head, w->msg, sizeof(head));
		MUST(w, (head & 0xffff) < w->port.link->senders);
		MUST(w, head >> 16 == next[head & 0xffff]);
		memset(want, (int)(head >> 16), BYTES);
		stamp_write(want, BYTES, head >> 16, head & 0xffff);
		MUST(w, memcmp(want, w->msg, BYTES) == 0);
		next[head & 0xffff]++;
	}
	MUST_BE(w, r, OP_CLOSED);
	for (uint32_t i = 0; i < w->port.link->senders; i++)
		MUST(w, next[i] == MESSAGES);
}

static void to_all(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);

	spec.senders = PUBLISHERS;
	spec.receivers = SUBSCRIBERS;
	trial_play(t, spec, publish_stamped, receive_all);
}

/* ---- four results ---------------------------------------------------------- */

static bool times_out(struct rig_worker *w, bool sends)
{
	enum result r;

	w->port.deadline_ns = monotonic_ns() + SHORT_NS;
	r = sends ? rig_send(w, BYTES, MODE_TIMED) : rig_recv(w, BYTES, MODE_TIMED);
	return rig_same(w->rig, __FILE__, __LINE__, "a timed operation", r, OP_TIMED_OUT) &&
	       monotonic_ns() >= w->port.deadline_ns;
}

static void publish_three_and_leave(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	for (int i = 0; i < 3; i++)
		MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	rig_shut(w);
	rig_reach(w, 2);
}

static void receive_four_ways(struct rig_worker *w)
{
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	MUST(w, times_out(w, false));
	rig_reach(w, 1);
	w->port.deadline_ns = FUTEX_FOREVER / 2;
	MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_DONE);
	if (!rig_await(w, 2))
		return;
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_DONE);
	w->port.deadline_ns = FUTEX_FOREVER / 2;
	MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_DONE);
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_CLOSED);
	w->port.deadline_ns = FUTEX_FOREVER / 2;
	MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_CLOSED);
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_CLOSED);
}

static void results_of_receive(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), publish_three_and_leave, receive_four_ways);
}

/* Sizes: too large for the bus, too large for the room. */
static void publish_odd_sizes(struct rig_worker *w)
{
	MUST_BE(w, rig_send(w, BYTES + 1, MODE_BLOCK), OP_ERROR);
	MUST(w, w->port.err == -EMSGSIZE);
	memset(w->msg, 7, BYTES);
	MUST_BE(w, rig_send(w, 1, MODE_BLOCK), OP_DONE);
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	rig_reach(w, 1);
	rig_await(w, 2);
}

static void receive_odd_sizes(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_DONE);
	MUST(w, w->len == 1 && w->msg[0] == 7 && w->msg[1] == 0);
	for (int i = 0; i < 2; i++) {
		w->port.err = 0;
		MUST_BE(w, rig_recv(w, BYTES - 1, MODE_BLOCK), OP_ERROR);
		MUST(w, w->port.err == -EMSGSIZE);
	}
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_DONE);
	MUST(w, w->len == BYTES && w->msg[BYTES - 1] == 7 && w->msg[BYTES] == 0);
	rig_reach(w, 2);
}

static void sizes(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), publish_odd_sizes, receive_odd_sizes);
}

/* ---- the slowest ------------------------------------------------------------ */

static void publish_until_full(struct rig_worker *w)
{
	for (int i = 0; i < CAPACITY; i++)
		MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_DONE);
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 1);
	if (!rig_await(w, 2)) /* one has read everything, one nothing */
		return;
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	MUST(w, times_out(w, true));
	rig_reach(w, 3);
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE); /* when the slow one leaves */
	MUST(w, load_acquire(&w->rig->sh->note[0]) == 1);
	for (int i = 1; i < CAPACITY; i++)
		MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_DONE);
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 4);
	if (!rig_await(w, 5)) /* both are gone */
		return;
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_CLOSED);
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_CLOSED);
}

static void read_slowly_or_fast(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	if (w->port.index == 1) {
		if (!rig_await(w, 3))
			return;
		rig_sleep_ms(20); /* let it fall asleep */
		store_release(&w->rig->sh->note[0], 1);
		rig_shut(w);
		return;
	}
	for (int i = 0; i < CAPACITY; i++)
		MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_DONE);
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 2);
	if (!rig_await(w, 4))
		return;
	rig_shut(w);
	rig_reach(w, 5);
}

static void slowest(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);

	spec.receivers = 2;
	trial_play(t, spec, publish_until_full, read_slowly_or_fast);
}

/* ---- whole trials -------------------------------------------------------------- */

/* Every bus that can run here in every domain; how many cells that were. */
static unsigned each_bus(const char *axes, void (*check)(struct cell *c))
{
	unsigned ran = 0;
	char key[CELL_KEY];
	struct cell c;

	for (size_t i = 0; i < registry_count() * DOMAIN_COUNT; i++) {
		const struct mech *m = registry_all()[i / DOMAIN_COUNT];
		enum domain d = (enum domain)(i % DOMAIN_COUNT);

		if (m->family != FAMILY_BUS || (LAB_TSAN && d != DOMAIN_THREAD))
			continue;
		snprintf(key, sizeof(key), "%s/stream?domain=%s&placement=unpinned&%s", m->name,
			domain_name(d), axes);
		if (lab_cell(&c, key) || c.skip[0])
			continue;
		check(&c);
		lab_nothing_left(c.key);
		ran++;
	}
	return ran;
}

static void check_all_have_all(struct cell *c)
{
	struct trial_spec spec;
	uint64_t all;

	lab_spec(c, &spec);
	spec.warm_n = 10;
	if (lab_run_spec(c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", c->key, lab.result->reason);
	all = SUBSCRIBERS * (spec.n + spec.warm_n);
	assert_int_equal(lab.result->ops, spec.n); /* published, not delivered */
	assert_int_equal(lab.result->attempted, all);
	assert_int_equal(lab.result->received, all);
	assert_true(lab.result->hist[0].count > 0);
	if (receives(c->mech))
		assert_int_equal(lab.result->hist[1].count,
			SUBSCRIBERS * ((spec.n + STAMP_EVERY - 1) / STAMP_EVERY));
	else
		assert_int_equal(lab.result->hist[1].count, 0);
}

static void every_subscriber_has_every_message_of_a_trial(void **state)
{
	(void)state;
	assert_true(each_bus("fan=2x3", check_all_have_all) >= 2);
}

static void check_dropped(struct cell *c)
{
	const struct trial_fault drop = {.act = PROBE_DROP, .nth = 10};
	enum trial_status status = TRIAL_OK;

	for (int i = 0; i < LAB_TRIES && (status != TRIAL_FAIL || lab.result->lost != SUBSCRIBERS);
		i++)
		status = lab_run(c, &drop);
	if (status != TRIAL_FAIL || lab.result->lost != SUBSCRIBERS)
		fail_msg("%s: %s, %lu lost: %s", c->key, trial_status_name(status),
			(unsigned long)lab.result->lost, lab.result->reason);
}

static void a_message_that_is_not_published_is_lost_to_every_subscriber(void **state)
{
	(void)state;
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: a fault is injected");
	assert_true(each_bus("fan=1x3", check_dropped) >= 2);
}

static void topics_are_an_axis_of_buses_that_have_them(void **state)
{
	struct cell c;

	(void)state;
	lab_need_cell(&c, "bus/callback/stream?domain=thread&fan=2x2&topics=1000");
	assert_non_null(strstr(c.key, "topics=1000"));
	if (lab_run(&c, NULL) != TRIAL_OK)
		fail_msg("%s: %s", c.key, lab.result->reason);
	lab_need_cell(&c, "bus/callback/stream?domain=thread&fan=2x2&topics=1");
	assert_null(strstr(c.key, "topics"));
	lab_need_cell(&c, "bus/ring/stream?domain=thread&fan=2x2&topics=1000");
	assert_null(strstr(c.key, "topics"));
	assert_non_null(lab_cell(&c, "bus/callback/stream?domain=thread&topics=0"));
}

/* ---- messages that nobody wants ------------------------------------------------------ */

static int subscribe_to_nothing(struct port *p)
{
	(void)p;
	return 0;
}

/* bus/callback whose subscribers forget to subscribe: of trials with FORGET in the environment. */
static const struct mech *find_forgetful(const char *name)
{
	static struct mech forgetful;

	forgetful = *registry_find(name);
	forgetful.attach = subscribe_to_nothing;
	return &forgetful;
}

static int play_trial(int argc, char **argv)
{
	if (getenv(FORGET) && argc == 6 && strcmp(argv[2], "--spec") == 0)
		return trial_main(atoi(argv[3]), atoi(argv[5]), find_forgetful);
	return cmd_trial(argc - 1, argv + 1);
}

static void check_unread(const char *key)
{
	static const struct clock clock;
	const struct row_common common = {.run_id = "r", .host = "h", .clock = &clock, .cpus = 2};
	const struct row_place at = {0};
	const struct trial_result *r = lab.result;
	struct sample s;
	struct cell c;

	lab_need_cell(&c, key);
	assert_int_equal(setenv(FORGET, "1", 1), 0);
	assert_int_equal(lab_run(&c, NULL), TRIAL_FAIL);
	assert_int_equal(unsetenv(FORGET), 0);
	assert_true(r->lost >= c.n && r->lost == r->attempted);
	assert_int_equal(r->unread, r->attempted); /* of one subscriber */
	row_fill(&s, &common, &c, r, &at);
	assert_true(s.unread == (double)r->unread && s.callbacks_failed == 0);
	assert_int_equal(lab_run(&c, NULL), TRIAL_OK);
	row_fill(&s, &common, &c, r, &at);
	assert_true(s.unread == 0 && s.callbacks_failed == 0);
}

static void a_message_that_nobody_wanted_stands_in_the_row_as_unread(void **state)
{
	static struct trial_result ok = {.status = TRIAL_OK, .unread = 3, .callbacks_failed = 2};
	static const struct clock clock;
	const struct row_common common = {.run_id = "r", .host = "h", .clock = &clock, .cpus = 2};
	const struct row_place at = {0};
	struct sample s;
	struct cell c;

	(void)state;
	check_unread("bus/callback/stream?domain=thread&fan=1x1&topics=4");
	check_unread("bus/callback/stream?domain=coroutine&fan=1x1&topics=4");
	lab_need_cell(&c, "bus/callback/stream?domain=thread&fan=1x1");
	row_fill(&s, &common, &c, &ok, &at);
	assert_true(s.unread == 3 && s.callbacks_failed == 2);
	lab_need_cell(&c, "bus/ring/stream?domain=thread&fan=1x1");
	row_fill(&s, &common, &c, &ok, &at);
	assert_true(isnan(s.unread) && isnan(s.callbacks_failed));
}

#define CHECK(sentence, ...)                                                                       \
	{                                                                                          \
		.name = sentence, .family = FAMILY_BUS, __VA_ARGS__                                \
	}
static const struct check checks[] = {
	CHECK("each message reaches every subscriber once and in order", .run = to_all,
		.every_wait = true, .applies = receives),
	CHECK("a receive ends in each of its four results", .run = results_of_receive,
		.every_wait = true, .applies = receives),
	CHECK("what is too large is refused, or stays", .run = sizes, .applies = receives),
	CHECK("the slowest subscriber holds the publisher back until it leaves", .run = slowest,
		.every_wait = true, .applies = is_bounded),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		sweep_test(&checks[0]),
		sweep_test(&checks[1]),
		sweep_test(&checks[2]),
		sweep_test(&checks[3]),
		cmocka_unit_test(every_subscriber_has_every_message_of_a_trial),
		cmocka_unit_test(a_message_that_is_not_published_is_lost_to_every_subscriber),
		cmocka_unit_test(topics_are_an_axis_of_buses_that_have_them),
		cmocka_unit_test(a_message_that_nobody_wanted_stands_in_the_row_as_unread),
	};

	if (lab_is_trial(argc, argv))
		return play_trial(argc, argv);
	return cmocka_run_group_tests_name("bus", tests, lab_setup, lab_teardown);
}
