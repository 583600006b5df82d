/*
 * Queues, beyond what every channel promises: the order at rest, the length, growing,
 * and what task_done and join say.  What a feeder has and has not sent: test_feeder.c;
 * what a file keeps when its processes die: test_file_queue.c.
 */
#include <errno.h>

#include "tests/queue_scene.h"

enum {
	ROUNDS = 4,
	STREAM = 3000,
	FAR_BEYOND_START = 5000, /* messages of a queue that grows */
};

/* ---- the order at rest ------------------------------------------------------ */

static const struct {
	unsigned put, take;
} rounds[ROUNDS] = {{20, 7}, {31, 40}, {1, 2}, {50, 53}};

/* The nth message of all rounds: every level often, and now and then a sentinel. */
static uint64_t chosen(unsigned n)
{
	return n % 23 == 5 ? CHANNEL_END : n * 37 % 101;
}

static void send_rounds(struct rig_worker *w)
{
	unsigned n = 0;

	for (unsigned r = 0; r < ROUNDS; r++) {
		for (unsigned i = 0; i < rounds[r].put; i++, n++)
			MUST_BE(w, put_seq(w, chosen(n), MODE_TRY), OP_DONE);
		rig_reach(w, 2 * r + 1);
		if (!rig_await(w, 2 * r + 2))
			return;
	}
}

/* Does x, put before y, come first? */
static bool goes_first(enum order order, uint64_t x, uint64_t y)
{
	bool x_ends = x == CHANNEL_END, y_ends = y == CHANNEL_END;

	if (order == ORDER_FIFO)
		return true;
	if (x_ends || y_ends)
		return !x_ends || (y_ends && order == ORDER_PRIORITY);
	return order == ORDER_PRIORITY && x % 8 <= y % 8;
}

/* Which of `held`, in the order of sending, is next. */
static unsigned next_of(enum order order, const uint64_t *held, unsigned n)
{
	unsigned best = 0;

	for (unsigned i = 1; i < n; i++) {
		if (!goes_first(order, held[best], held[i]))
			best = i;
	}
	return best;
}

static void receive_rounds(struct rig_worker *w)
{
	enum order order = w->port.link->mech->contract.order;
	uint64_t held[2 * CAPACITY];
	unsigned n = 0, sent = 0;

	for (unsigned r = 0; r < ROUNDS; r++) {
		if (!rig_await(w, 2 * r + 1))
			return;
		for (unsigned i = 0; i < rounds[r].put; i++)
			held[n++] = chosen(sent++);
		for (unsigned i = 0; i < rounds[r].take; i++) {
			unsigned best = next_of(order, held, n);

			MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_DONE);
			MUST(w, seq_of(w) == held[best]);
			memmove(held + best, held + best + 1, (--n - best) * sizeof(*held));
		}
		rig_reach(w, 2 * r + 2);
	}
	MUST(w, n == 0);
	MUST(w, rig_recv(w, BYTES, MODE_TRY) != OP_DONE);
}

static void order_at_rest(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), send_rounds, receive_rounds);
}

/* ---- the length ------------------------------------------------------------- */

static uint32_t length_of(struct rig_worker *w)
{
	return ops_of(w)->length(&w->port);
}

static uint32_t most_of(const struct link *l)
{
	return l->mech->contract.bounded ? l->capacity : STREAM;
}

/* Full is where the length is the capacity, and not before. */
static void check_full(struct rig_worker *w, uint32_t n)
{
	if (!w->port.link->mech->contract.bounded)
		return;
	MUST(w, n == w->port.link->capacity && n == CAPACITY);
	MUST_BE(w, put_seq(w, n, MODE_TRY), OP_WOULD_BLOCK);
	MUST(w, length_of(w) == w->port.link->capacity);
}

/* As many as there is room for, at most CAPACITY; empty is where the length is 0. */
static void send_and_count(struct rig_worker *w)
{
	uint32_t n = 0;

	MUST(w, length_of(w) == 0);
	while (n < CAPACITY && put_seq(w, n, MODE_TRY) == OP_DONE)
		MUST(w, length_of(w) == ++n);
	check_full(w, n);
	store_relaxed(&w->rig->sh->note[0], n);
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	for (uint64_t seq = 0; seq < STREAM; seq++)
		MUST_BE(w, put_seq(w, seq, MODE_BLOCK), OP_DONE);
}

static void receive_and_count(struct rig_worker *w)
{
	uint32_t n, most = most_of(w->port.link);
	enum result r;

	if (!rig_await(w, 1))
		return;
	n = (uint32_t)load_relaxed(&w->rig->sh->note[0]);
	MUST(w, n > 0 && length_of(w) == n);
	w->port.deadline_ns = monotonic_ns() + QUEUE_LONG_NS;
	while (n > 0) {
		MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_DONE);
		MUST(w, length_of(w) == --n);
	}
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 2);
	while ((r = rig_recv(w, BYTES, MODE_BLOCK)) == OP_DONE)
		MUST(w, length_of(w) <= most);
	MUST_BE(w, r, OP_CLOSED);
	MUST(w, length_of(w) == 0);
}

static void length_is_right(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), send_and_count, receive_and_count);
}

/* ---- growing ---------------------------------------------------------------- */

/* Past its first size, twice and more, from the middle of its ring. */
static void send_far_more(struct rig_worker *w)
{
	for (uint64_t seq = 0; seq < 700; seq++) {
		MUST_BE(w, put_seq(w, seq, MODE_TRY), OP_DONE);
		MUST(w, length_of(w) == seq + 1);
	}
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	for (uint64_t seq = 700; seq < FAR_BEYOND_START; seq++)
		MUST_BE(w, put_seq(w, seq, MODE_TRY), OP_DONE);
	rig_reach(w, 3);
}

static void receive_far_more(struct rig_worker *w)
{
	for (uint64_t seq = 0; seq < FAR_BEYOND_START; seq++) {
		if (!rig_await(w, seq < 600 ? 1 : 3))
			return;
		MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_DONE);
		MUST(w, seq_of(w) == seq);
		if (seq == 599)
			rig_reach(w, 2);
	}
}

static void growing(struct trial *t)
{
	uint32_t bound = t->mech->flags & MECH_GROWS ? 0 : CAPACITY;

	trial_play(t, trial_spec(t, BYTES, bound), send_far_more, receive_far_more);
}

/* ---- task_done and join ----------------------------------------------------- */

static enum result join_by(struct rig_worker *w, enum mode mode)
{
	return ops_of(w)->join(&w->port, (struct how){w->rig->wait, mode, false});
}

static void send_and_join(struct rig_worker *w)
{
	MUST_BE(w, join_by(w, MODE_TRY), OP_DONE); /* nothing was sent */
	for (uint64_t seq = 0; seq < 3; seq++)
		MUST_BE(w, put_seq(w, seq, MODE_TRY), OP_DONE);
	MUST_BE(w, join_by(w, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 1);
	if (!rig_await(w, 2)) /* all taken, two of them processed */
		return;
	w->port.deadline_ns = monotonic_ns() + SHORT_NS;
	MUST_BE(w, join_by(w, MODE_TIMED), OP_TIMED_OUT);
	MUST(w, monotonic_ns() >= w->port.deadline_ns);
	rig_reach(w, 3);
	MUST_BE(w, join_by(w, MODE_BLOCK), OP_DONE);
	MUST(w, load_acquire(&w->rig->sh->note[0]) == 1);
	rig_reach(w, 4);
}

static void receive_and_say_done(struct rig_worker *w)
{
	const struct channel_ops *o = ops_of(w);

	if (!rig_await(w, 1))
		return;
	for (int i = 0; i < 3; i++)
		MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_DONE);
	rig_reach(w, 2);
	if (!rig_await(w, 3))
		return;
	rig_sleep_ms(20);
	store_release(&w->rig->sh->note[0], 1u);
	MUST_BE(w, o->task_done(&w->port), OP_DONE);
	if (!rig_await(w, 4))
		return;
	MUST_BE(w, o->task_done(&w->port), OP_ERROR); /* one too many */
	MUST(w, w->port.err == -ERANGE);
	MUST_BE(w, join_by(w, MODE_TRY), OP_DONE);
}

static void joining(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), send_and_join, receive_and_say_done);
}

/* ---- the table ---------------------------------------------------------------- */

static const struct channel_ops *ops(const struct mech *m)
{
	return m->ops;
}

static bool has_length(const struct mech *m)
{
	return ops(m)->length != NULL;
}

/* Slots enough for every round. */
static bool is_queue(const struct mech *m)
{
	return has_length(m) && (m->contract.bounded || m->max_senders != 1) && !ops(m)->shut;
}

static bool grows(const struct mech *m)
{
	bool unbounded = m->flags & MECH_GROWS || !m->contract.bounded;

	return has_length(m) && unbounded && m->max_senders != 1;
}

static bool has_task_done(const struct mech *m)
{
	return ops(m)->task_done != NULL;
}

static const struct check checks[] = {
	QUEUE_CHECK("messages come in the order of the contract, sentinels last", is_queue,
		order_at_rest),
	QUEUE_CHECK("the length is right at rest and never over the capacity", has_length,
		length_is_right),
	QUEUE_CHECK("a queue without a bound grows and keeps its order", grows, growing),
	QUEUE_CHECK("join waits until every message was said to be done", has_task_done, joining),
};

static void every_check_has_found_a_queue(void **state)
{
	(void)state;
	queues_all_checked(checks, ARRAY_LEN(checks));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(checks) + 1];

	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		tests[i] = sweep_test(&checks[i]);
	tests[ARRAY_LEN(checks)] = (struct CMUnitTest)cmocka_unit_test(
		every_check_has_found_a_queue);
	return cmocka_run_group_tests_name("queues", tests, NULL, NULL);
}
