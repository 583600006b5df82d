/*
 * Workers as coroutines of one thread: whole trials, and what is true of them only.  The
 * promises that all domains share are tested where those of threads are.
 */
#include <stdio.h>
#include <string.h>

#include "bench/registry.h"
#include "tests/lab.h"
#include "tests/rig.h"

enum {
	ROUND_TRIPS = 5000,
	MESSAGES = 20000,
	BYTES = 64,
	CAPACITY = 8,
	NAP_MS = 100,
	NAPS = 20,
	COUNTED_WORKERS = 8,
	MANY = 300, /* more than an unbounded queue has room for at first */
	FEW = 40,
	TAKEN = 30,
};

static bool awaits(const struct mech *m, enum family f)
{
	return m->family == f && (m->domains & BIT(DOMAIN_COROUTINE));
}

static void expect(const struct cell *c, enum trial_status status, const char *reason)
{
	const struct trial_result *r = lab.result;

	if (r->status != status || !strstr(r->reason, reason))
		fail_msg("%s: %s: \"%s\", not %s: \"%s\"", c->key, trial_status_name(r->status),
			r->reason, trial_status_name(status), reason);
	lab_nothing_left(c->key);
}

/* ---- thousands of messages ------------------------------------------------- */

/* False: it cannot run here, and the reason is printed. */
static bool run_many(const struct mech *m, const char *workload, unsigned a, unsigned b, uint64_t n)
{
	const struct trial_result *r = lab.result;
	char key[CELL_KEY];
	const char *why;
	struct cell c;

	snprintf(key, sizeof(key), "%s/%s?domain=coroutine&fan=%ux%u&capacity=%d", m->name,
		workload, a, b, CAPACITY);
	why = lab_cell(&c, key);
	if (why || c.skip[0]) {
		print_message("%s: %s\n", key, why ? why : c.skip);
		return false;
	}
	c.n = n;
	lab_run(&c, NULL);
	expect(&c, TRIAL_OK, "");
	if (r->ops > n || (r->ops < n && !m->contract.lossy))
		fail_msg("%s: %lu operations of %lu", c.key, (unsigned long)r->ops,
			(unsigned long)n);
	if (r->duplicated || r->reordered || r->corrupt || (r->lost && !m->contract.lossy))
		fail_msg("%s: not each message once", c.key);
	return true;
}

static void coroutines_hand_over_thousands_of_messages(void **state)
{
	unsigned mechs = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (!awaits(m, FAMILY_CHANNEL))
			continue;
		unsigned ran = run_many(m, "pingpong", 1, 1, ROUND_TRIPS);

		ran += run_many(m, "stream", 1, 1, MESSAGES);
		ran += run_many(m, "stream", m->max_senders == 1 ? 1 : 4,
			m->max_receivers == 1 ? 1 : 4, MESSAGES);
		if (lab_always_runs(m) && ran < 2)
			fail_msg("%s: %u of 3 ran", m->name, ran);
		mechs += ran > 0;
	}
	print_message("%u mechanisms\n", mechs);
	assert_true(mechs >= 10);
}

static void unbounded_queue_holds_all_that_is_sent_and_has_a_key_of_its_own(void **state)
{
	struct cell bounded, unbounded;

	(void)state;
	lab_need_cell(&bounded, "channel/queue-async/stream?fan=2x2");
	lab_need_cell(&unbounded, "channel/queue-async/stream?fan=2x2&capacity=unbounded");
	assert_non_null(strstr(unbounded.key, "&capacity=unbounded"));
	assert_null(strstr(bounded.key, "capacity"));
	unbounded.n = MESSAGES;
	lab_run(&unbounded, NULL);
	expect(&unbounded, TRIAL_OK, "");
	assert_int_equal(lab.result->ops, MESSAGES);
	assert_int_equal(lab.result->full_waits, 0);
}

static void send_some(struct rig_worker *w, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		stamp_write(w->msg, BYTES, i, 0);
		MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_DONE);
	}
}

static void receive_some(struct rig_worker *w, uint64_t from, uint64_t to)
{
	uint64_t head;

	for (uint64_t i = from; i < to; i++) {
		MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_DONE);
		memcpy(&head, w->msg, sizeof(head));
		MUST(w, head >> 16 == i);
	}
}

static void send_few_then_many(struct rig_worker *w)
{
	send_some(w, 0, FEW);
	rig_reach(w, 1);
	rig_await(w, 2);
	send_some(w, FEW, MANY);
	rig_reach(w, 3);
	rig_await(w, 4);
}

/* Some are taken first: what the queue holds goes round its end when it has to grow. */
static void receive_in_order(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	receive_some(w, 0, TAKEN);
	rig_reach(w, 2);
	if (!rig_await(w, 3))
		return;
	receive_some(w, TAKEN, MANY);
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 4);
}

/* ---- links by hand ----------------------------------------------------------- */

static void play(const char *name, uint32_t senders, uint32_t receivers, uint32_t capacity,
	rig_fn *sender, rig_fn *receiver)
{
	const struct rig_spec spec = {
		.mech = registry_find(name),
		.domain = DOMAIN_COROUTINE,
		.wait = WAIT_AWAIT,
		.senders = senders,
		.receivers = receivers,
		.msg_bytes = BYTES,
		.capacity = capacity,
	};
	struct rig r;

	assert_non_null(spec.mech);
	assert_int_equal(rig_open(&r, &spec), RIG_READY);
	rig_guard(name);
	rig_run(&r, sender, receiver);
	rig_guard(NULL);
	if (!rig_close(&r))
		fail_msg("%s: %s", name, r.verdict);
}

static void unbounded_queue_grows_and_keeps_its_order(void **state)
{
	(void)state;
	play("channel/queue-async", 1, 1, 0, send_few_then_many, receive_in_order);
}

/* The first sender sleeps; what the second one sends meanwhile must have arrived by then. */
static void sleep_or_send(struct rig_worker *w)
{
	atomic_u64 *arrived = &w->rig->sh->note[0];

	stamp_write(w->msg, BYTES, 0, w->port.index);
	if (w->port.index == 0) {
		/* the thread itself may be off its processor for one of them */
		for (int naps = 0; naps == 0 || (naps < NAPS && load_relaxed(arrived) < MANY);
			naps++)
			rig_sleep_ms(NAP_MS);
		MUST(w, load_relaxed(arrived) == MANY);
		MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
		return;
	}
	for (uint32_t i = 0; i < MANY; i++)
		MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
}

static void count_arrivals(struct rig_worker *w)
{
	for (uint32_t i = 0; i <= MANY; i++) {
		MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_DONE);
		add_relaxed(&w->rig->sh->note[0], 1u);
	}
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_CLOSED);
}

static void sleeping_coroutine_does_not_stop_the_others(void **state)
{
	unsigned mechs = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (!awaits(m, FAMILY_CHANNEL) || m->max_senders == 1 || m->contract.lossy ||
			(m->flags & MECH_NO_EVIDENCE) || (m->probe && m->probe()))
			continue;
		play(m->name, 2, 1, CAPACITY, sleep_or_send, count_arrivals);
		mechs++;
	}
	assert_true(mechs >= 3);
}

/* Who does not hold it is refused, whether somebody else does or nobody. */
static void release_what_is_not_held(struct rig_worker *w)
{
	if (w->port.index == 0) {
		MUST_BE(w, rig_unlock(w), OP_ERROR);
		MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
		rig_reach(w, 1);
		rig_await(w, 2);
		MUST_BE(w, rig_unlock(w), OP_DONE);
		MUST_BE(w, rig_unlock(w), OP_ERROR);
		return;
	}
	rig_await(w, 1);
	MUST_BE(w, rig_unlock(w), OP_ERROR);
	MUST_BE(w, rig_lock(w, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 2);
}

static void mutex_of_coroutines_refuses_a_release_by_others(void **state)
{
	(void)state;
	play("lock/mutex-async", 2, 0, 1, release_what_is_not_held, NULL);
}

/*
 * Each that asks goes behind those who wait: once all four are there, the order of their first turns
 * is that of all others.
 */
static void take_turns(struct rig_worker *w)
{
	atomic_u64 *turns = &w->rig->sh->note[0], *there = &w->rig->sh->note[1];
	atomic_u64 *first = &w->rig->sh->note[2];

	add_relaxed(there, 1u);
	while (load_relaxed(there) < 4)
		coro_yield();
	for (uint64_t i = 0; i < MANY; i++) {
		uint64_t turn;

		MUST_BE(w, rig_lock(w, MODE_BLOCK), OP_DONE);
		turn = load_relaxed(turns);
		if (i == 0)
			store_relaxed(&first[turn % 4], w->port.index);
		MUST(w, turn / 4 == i && load_relaxed(&first[turn % 4]) == w->port.index);
		store_relaxed(turns, turn + 1);
		coro_yield();
		MUST_BE(w, rig_unlock(w), OP_DONE);
	}
}

static void locks_of_coroutines_are_given_in_the_order_of_asking(void **state)
{
	(void)state;
	play("lock/mutex-async", 4, 0, 1, take_turns, NULL);
	play("lock/semaphore-async", 4, 0, 1, take_turns, NULL);
}

/* ---- one thread ---------------------------------------------------------------- */

/* Were it counted for each worker, it would be about as many times the elapsed time. */
static void cpu_time_of_the_thread_is_counted_once(void **state)
{
	static const char *const keys[] = {
		"channel/queue-async/stream?fan=4x4",
		"channel/pipe/stream?domain=coroutine&fan=4x4",
	};
	const struct trial_result *r = lab.result;
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		lab_need_cell(&c, keys[i]);
		assert_int_equal(cell_workers(&c), COUNTED_WORKERS);
		c.n = 5 * MESSAGES;
		lab_run(&c, NULL);
		expect(&c, TRIAL_OK, "");
		assert_true(r->cpu_ns > 0);
		if (r->cpu_ns > r->elapsed_ns + r->elapsed_ns / 10)
			fail_msg("%s: %lu ns of CPU time in %lu ns", c.key,
				(unsigned long)r->cpu_ns, (unsigned long)r->elapsed_ns);
		for (unsigned k = 1; k < cell_workers(&c); k++)
			assert_int_equal(r->cpu[k], r->cpu[0]);
	}
}

static void key_of_coroutines_does_not_say_what_they_cannot_choose(void **state)
{
	static const char *const same[] = {
		"channel/pipe/stream?domain=coroutine&fan=1x1&size=64&placement=same-pu",
		"channel/pipe/stream?domain=coroutine&fan=1x1&size=64&placement=nearest",
		"channel/pipe/stream?domain=coroutine&placement=farthest&wait=spin",
		"channel/pipe/stream?domain=coroutine&wait=await",
	};
	char err[400];
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		assert_int_equal(cell_parse(&c, same[i], err, sizeof(err)), 0);
		assert_string_equal(c.key, same[0]);
		assert_int_equal(c.wait, WAIT_AWAIT);
	}
	assert_int_equal(cell_parse(&c, "channel/pipe/stream?domain=coroutine&placement=pu:0+pu:0",
				 err, sizeof(err)),
		0);
	assert_non_null(strstr(c.key, "placement=pu:0+pu:0"));
	assert_int_equal(cell_parse(&c, "channel/pipe/stream?domain=coroutine&placement=pu:0+pu:1",
				 err, sizeof(err)),
		-EINVAL);
	assert_non_null(strstr(err, "share a thread"));
	assert_int_equal(
		cell_parse(&c, "channel/pipe/stream?wait=await", err, sizeof(err)), -EINVAL);
	assert_int_equal(
		cell_parse(&c, "channel/queue-async/stream?domain=thread", err, sizeof(err)),
		-EINVAL);
	assert_int_equal(cell_parse(&c, "channel/queue-async/stream", err, sizeof(err)), 0);
	assert_int_equal(c.domain, DOMAIN_COROUTINE);
}

/* ---- ends ------------------------------------------------------------------------ */

static void dead_coroutine_is_a_crash_and_no_number(void **state)
{
	static const struct trial_fault fault = {
		.act = PROBE_DIE, .point = POINT_MID_WRITE, .worker = 1, .nth = 65};
	static const char *const keys[] = {
		"channel/queue-async/stream?fan=2x2",
		"channel/pipe/stream?domain=coroutine&fan=2x2",
	};
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		lab_need_cell(&c, keys[i]);
		lab_run(&c, &fault);
		expect(&c, TRIAL_CRASH, "fault injected: die at mid-write, hit 65");
		assert_int_equal(lab.result->ops, 0);
		assert_int_equal(lab.result->elapsed_ns, 0);
	}
}

/* The only message is lost: both wait for the other, and nothing can ever let them go. */
static void coroutines_that_wait_for_each_other_for_ever_are_a_failure(void **state)
{
	static const struct trial_fault fault = {.act = PROBE_DROP, .nth = 10};
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/queue-async/pingpong");
	for (int i = 0; i < LAB_TRIES && lab_run(&c, &fault) != TRIAL_FAIL; i++)
		;
	expect(&c, TRIAL_FAIL, "nothing arrives any more");
}

static void coroutine_that_never_lets_go_ends_at_the_deadline(void **state)
{
	struct trial_spec spec;
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/pipe/pingpong?domain=coroutine");
	lab_spec(&c, &spec);
	spec.probed = 1;
	spec.fault = (struct trial_fault){
		.act = PROBE_BURN, .point = POINT_BEFORE_SEND, .value = UINT64_MAX};
	spec.deadline_ns = 500 * 1000 * 1000;
	lab_run_spec(&c, &spec);
	if (lab.wall_ns > spec.deadline_ns + LAB_MARGIN_NS)
		fail_msg("%s: back after %lu ns", c.key, (unsigned long)lab.wall_ns);
	expect(&c, TRIAL_TIMEOUT, "deadline passed");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coroutines_hand_over_thousands_of_messages),
		cmocka_unit_test(unbounded_queue_holds_all_that_is_sent_and_has_a_key_of_its_own),
		cmocka_unit_test(unbounded_queue_grows_and_keeps_its_order),
		cmocka_unit_test(sleeping_coroutine_does_not_stop_the_others),
		cmocka_unit_test(mutex_of_coroutines_refuses_a_release_by_others),
		cmocka_unit_test(locks_of_coroutines_are_given_in_the_order_of_asking),
		cmocka_unit_test(cpu_time_of_the_thread_is_counted_once),
		cmocka_unit_test(key_of_coroutines_does_not_say_what_they_cannot_choose),
		cmocka_unit_test(dead_coroutine_is_a_crash_and_no_number),
		cmocka_unit_test(coroutines_that_wait_for_each_other_for_ever_are_a_failure),
		cmocka_unit_test(coroutine_that_never_lets_go_ends_at_the_deadline),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("coroutine domain", tests, lab_setup, lab_teardown);
}
