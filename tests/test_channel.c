/*
 * Channels: every mechanism of the registry keeps the promises of
 * harness/family/channel.h, between threads and between processes.
 *
 * One check is one function (two: what the sender does, what the receiver does)
 * and runs for every mechanism and domain; the last test compares the number of
 * runs with the number that the registry asks for.
 */
#include <errno.h>
#include <string.h>

#include "bench/registry.h"
#include "tests/sweep.h"

enum {
	BYTES = 64,
	CAPACITY = 8,
	MESSAGES = 2000, /* per sender */
	LARGE_MESSAGES = 20,
	LOSSY_SENDS = 1000,
	SHORT_NS = 20000000,
};

static const uint64_t long_ns = 30000000000u;

/* ---- once, whole, in order ----------------------------------------------- */

static void send_stamped(struct rig_worker *w)
{
	for (uint64_t seq = 0; seq < MESSAGES; seq++) {
		memset(w->msg, (int)seq, BYTES);
		stamp_write(w->msg, BYTES, seq, w->port.index);
		MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	}
}

static bool stamped_whole(const uint8_t *msg, uint64_t head)
{
	uint8_t want[BYTES];

	memset(want, (int)(head >> 16), BYTES);
	stamp_write(want, BYTES, head >> 16, head & 0xffff);
	return memcmp(msg, want, BYTES) == 0;
}

static void receive_stamped(struct rig_worker *w)
{
	bool ordered = w->port.link->mech->contract.order == ORDER_FIFO;
	uint64_t next[2] = {0, 0}, head;
	enum result r;

	while ((r = rig_recv(w, BYTES, MODE_BLOCK)) == OP_DONE) {
		MUST(w, w->len == BYTES);
		memcpy(&head, w->msg, sizeof(head));
		MUST(w, (head & 0xffff) < w->port.link->senders && head >> 16 < MESSAGES);
		MUST(w, stamped_whole(w->msg, head));
		MUST(w, !ordered || head >> 16 >= next[head & 0xffff]);
		next[head & 0xffff] = (head >> 16) + 1;
		add_relaxed(&w->rig->sh->tally[(head & 0xffff) * MESSAGES + (head >> 16)], 1u);
	}
	MUST_BE(w, r, OP_CLOSED);
}

static void stamped(struct trial *t, uint32_t senders, uint32_t receivers)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);
	bool lossy = t->mech->contract.lossy;
	uint32_t seen;
	struct rig r;

	spec.senders = senders;
	spec.receivers = receivers;
	if (!trial_open(t, &r, spec))
		return;
	rig_run(&r, send_stamped, receive_stamped);
	for (uint32_t i = 0; i < senders * MESSAGES; i++) {
		seen = load_relaxed(&r.sh->tally[i]);
		if (seen > 1 || (seen == 0 && !lossy))
			rig_fail(&r, __FILE__, __LINE__, "message %u of sender %u came %u times",
				i % MESSAGES, i / MESSAGES, seen);
	}
	trial_close(t, &r);
}

static void one_to_one(struct trial *t)
{
	stamped(t, 1, 1);
}

static void many_to_many(struct trial *t)
{
	stamped(t, t->mech->max_senders == 1 ? 1 : 2, t->mech->max_receivers == 1 ? 1 : 2);
}

/* ---- capacity ------------------------------------------------------------ */

static void fill_exactly(struct rig_worker *w)
{
	for (uint32_t i = 0; i < w->port.link->capacity; i++)
		MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_DONE);
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_DONE);
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 3);
}

/* What has been sent: where a thread of the sender's writes it, that may take a moment. */
static enum result take_sent(struct rig_worker *w)
{
	const struct channel_ops *o = w->port.link->mech->ops;

	w->port.deadline_ns = monotonic_ns() + long_ns;
	return rig_recv(w, BYTES, o->shut ? MODE_TIMED : MODE_TRY);
}

static void take_one(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	MUST_BE(w, take_sent(w), OP_DONE);
	rig_reach(w, 2);
	if (!rig_await(w, 3))
		return;
	for (uint32_t i = 0; i < w->port.link->capacity; i++)
		MUST_BE(w, take_sent(w), OP_DONE);
}

static void exact_capacity(struct trial *t)
{
	static const uint32_t capacity[] = {1, 2, 7, 1024};

	for (size_t i = 0; i < ARRAY_LEN(capacity); i++)
		trial_play(t, trial_spec(t, BYTES, capacity[i]), fill_exactly, take_one);
}

/* ---- sizes --------------------------------------------------------------- */

/* One at a time comes in the order of sending, whatever the queue's own. */
static uint32_t ordered_capacity(const struct mech *m, uint32_t capacity)
{
	return mech_overtakes(m) ? 1 : capacity;
}

/* Where a unit is a message, every other one is shorter. */
static uint32_t pattern(const struct link *l, uint8_t *msg, uint32_t i)
{
	bool part = l->mech->contract.unit == UNIT_MESSAGE && i % 2;
	uint32_t len = part ? l->msg_bytes / 2 + 1 : l->msg_bytes;

	for (uint32_t j = 0; j < len; j++)
		msg[j] = (uint8_t)(i * 31 + j * 7 + (j >> 8));
	return len;
}

static void send_patterns(struct rig_worker *w)
{
	for (uint32_t i = 0; i < LARGE_MESSAGES; i++) {
		uint32_t len = pattern(w->port.link, w->msg, i);

		MUST_BE(w, rig_send(w, len, MODE_BLOCK), OP_DONE);
	}
}

static void receive_patterns(struct rig_worker *w)
{
	static _Thread_local uint8_t want[65536];
	uint32_t room = w->port.link->msg_bytes;

	for (uint32_t i = 0; i < LARGE_MESSAGES; i++) {
		uint32_t len = pattern(w->port.link, want, i);

		memset(w->msg, 0, room + 1);
		MUST_BE(w, rig_recv(w, room, MODE_BLOCK), OP_DONE);
		MUST(w, w->len == len && memcmp(w->msg, want, len) == 0);
		MUST(w, w->msg[len] == 0); /* nothing written past it */
	}
	MUST_BE(w, rig_recv(w, room, MODE_BLOCK), OP_CLOSED);
}

static void odd_sizes(struct trial *t)
{
	static const uint32_t bytes[] = {1, 4095, 4096, 4097, 65536};

	for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
		trial_play(t, trial_spec(t, bytes[i], ordered_capacity(t->mech, 4)), send_patterns,
			receive_patterns);
}

static void send_too_large(struct rig_worker *w)
{
	w->port.deadline_ns = monotonic_ns() + 1000000;
	for (enum mode mode = MODE_BLOCK; mode <= MODE_TIMED; mode++) {
		w->port.err = 0;
		MUST_BE(w, rig_send(w, BYTES + 1, mode), OP_ERROR);
		MUST(w, w->port.err == -EMSGSIZE);
	}
	rig_reach(w, 1);
	rig_await(w, 2);
}

static void receive_nothing(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 2);
}

static void too_large(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), send_too_large, receive_nothing);
}

static void send_one(struct rig_worker *w)
{
	pattern(w->port.link, w->msg, 0);
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	rig_reach(w, 1);
	rig_await(w, 2);
}

static void receive_in_small_room(struct rig_worker *w)
{
	uint8_t want[BYTES];

	if (!rig_await(w, 1))
		return;
	pattern(w->port.link, want, 0);
	w->port.deadline_ns = monotonic_ns() + 1000000;
	for (enum mode mode = MODE_BLOCK; mode <= MODE_TIMED; mode++) {
		w->port.err = 0;
		MUST_BE(w, rig_recv(w, BYTES - 1, mode), OP_ERROR);
		MUST(w, w->port.err == -EMSGSIZE);
	}
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_DONE);
	MUST(w, w->len == BYTES && memcmp(w->msg, want, BYTES) == 0);
	rig_reach(w, 2);
}

static void small_room(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), send_one, receive_in_small_room);
}

/* ---- the four results ---------------------------------------------------- */

/* Gives up at its deadline, not before. */
static bool times_out(struct rig_worker *w, bool sends)
{
	enum result r;
	uint64_t now;

	w->port.deadline_ns = monotonic_ns() + SHORT_NS;
	r = sends ? rig_send(w, BYTES, MODE_TIMED) : rig_recv(w, BYTES, MODE_TIMED);
	now = monotonic_ns();
	return rig_same(w->rig, __FILE__, __LINE__, "a timed operation", r, OP_TIMED_OUT) &&
	       now >= w->port.deadline_ns;
}

static void send_three_and_leave(struct rig_worker *w)
{
	uint64_t n = 1;

	if (!rig_await(w, 1))
		return;
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	while (n < 3 && rig_send(w, BYTES, MODE_TRY) == OP_DONE)
		n++;
	MUST(w, n == 3 || !w->port.link->mech->contract.bounded); /* it may be a single slot */
	store_relaxed(&w->rig->sh->note[0], n);
	rig_shut(w);
	rig_reach(w, 2);
}

static void receive_four_ways(struct rig_worker *w)
{
	uint64_t n;

	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	MUST(w, times_out(w, false));
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 1);
	w->port.deadline_ns = FUTEX_FOREVER / 2;
	MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_DONE);
	if (!rig_await(w, 2))
		return;
	n = load_relaxed(&w->rig->sh->note[0]);
	MUST_BE(w, n < 2 ? OP_DONE : rig_recv(w, BYTES, MODE_TRY), OP_DONE);
	MUST_BE(w, n < 3 ? OP_DONE : rig_recv(w, BYTES, MODE_BLOCK), OP_DONE);
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_CLOSED);
	MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_CLOSED);
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_CLOSED);
}

static void results_of_receive(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), send_three_and_leave, receive_four_ways);
}

/* Sends until there is no room; r is what ended it. */
static uint32_t fill(struct rig_worker *w, enum result *r)
{
	const struct mech *m = w->port.link->mech;
	/* what is lossy loses instead of being full */
	uint32_t n = m->contract.lossy ? rig_never_full(m) - LOSSY_SENDS : 0;

	while ((*r = rig_send(w, BYTES, MODE_TRY)) == OP_DONE && ++n < rig_never_full(m))
		;
	return n;
}

/* A kernel's buffers may still find room a little later: at last they do not. */
static bool times_out_when_full(struct rig_worker *w, uint32_t *n)
{
	const struct mech *m = w->port.link->mech;
	enum result r;

	while (!m->contract.bounded && *n < rig_never_full(m)) {
		w->port.deadline_ns = monotonic_ns() + SHORT_NS;
		r = rig_send(w, BYTES, MODE_TIMED);
		if (r != OP_DONE)
			return r == OP_TIMED_OUT && monotonic_ns() >= w->port.deadline_ns;
		++*n;
	}
	return times_out(w, true);
}

static void send_four_ways(struct rig_worker *w)
{
	enum result r;
	uint32_t n = fill(w, &r);
	bool full = n < rig_never_full(w->port.link->mech),
	     lossy = w->port.link->mech->contract.lossy;

	MUST_BE(w, r, full ? OP_WOULD_BLOCK : OP_DONE);
	MUST(w, !full || times_out_when_full(w, &n));
	store_relaxed(&w->rig->sh->note[0], n);
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_DONE);
	rig_reach(w, 3);
	if (!rig_await(w, 4))
		return;
	for (r = OP_DONE; (full || lossy) && r == OP_DONE && n--;) /* what finds room may be done */
		r = rig_send(w, BYTES, MODE_TRY);
	MUST_BE(w, rig_send(w, BYTES, MODE_TRY), OP_CLOSED);
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_CLOSED);
	w->port.deadline_ns = FUTEX_FOREVER / 2;
	MUST_BE(w, rig_send(w, BYTES, MODE_TIMED), OP_CLOSED);
}

/* One message makes room for one where that is promised; else all of them do. */
static void make_room_and_leave(struct rig_worker *w)
{
	uint64_t n;

	if (!rig_await(w, 1))
		return;
	n = w->port.link->mech->contract.bounded ? 1 : load_relaxed(&w->rig->sh->note[0]);
	if (w->port.link->mech->contract.lossy) /* there may be less than was sent */
		for (n = 0; rig_recv(w, BYTES, MODE_TRY) == OP_DONE;)
			;
	while (n--)
		MUST_BE(w, take_sent(w), OP_DONE);
	if (!w->port.link->mech->contract.bounded)
		MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	rig_reach(w, 2);
	if (!rig_await(w, 3))
		return;
	rig_shut(w);
	rig_reach(w, 4);
}

static void results_of_send(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), send_four_ways, make_room_and_leave);
}

/* ---- the table ----------------------------------------------------------- */

static bool has_many(const struct mech *m)
{
	return m->max_senders != 1 || m->max_receivers != 1;
}

static bool is_bounded(const struct mech *m)
{
	return m->contract.bounded;
}

#define CHECK(sentence, ...)                                                                       \
	{                                                                                          \
		.name = sentence, .family = FAMILY_CHANNEL, __VA_ARGS__                            \
	}
static const struct check checks[] = {
	CHECK("each message arrives once, whole and in order", .run = one_to_one,
		.every_wait = true),
	CHECK("each message arrives once with several workers on a side", .run = many_to_many,
		.every_wait = true, .applies = has_many),
	CHECK("exactly capacity messages fit", .run = exact_capacity, .applies = is_bounded),
	CHECK("messages of odd sizes arrive whole", .run = odd_sizes),
	CHECK("a message that is too large is refused and not sent", .run = too_large),
	CHECK("a message larger than the receiver's room stays", .run = small_room),
	CHECK("a receive ends in each of its four results", .run = results_of_receive,
		.every_wait = true),
	CHECK("a send ends in each of its four results", .run = results_of_send,
		.every_wait = true),
};

static void every_mechanism_domain_and_check_has_run(void **state)
{
	unsigned expected = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		bool several = m->max_senders != 1 || m->max_receivers != 1;

		expected += sweep_domains(m, FAMILY_CHANNEL) * (6u + m->contract.bounded + several);
	}
	print_message("%u (mechanism, domain, check) ran\n", sweep_ran());
	assert_int_equal(sweep_ran(), expected);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(checks) + 1];

	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		tests[i] = sweep_test(&checks[i]);
	tests[ARRAY_LEN(checks)] = (struct CMUnitTest)cmocka_unit_test(
		every_mechanism_domain_and_check_has_run);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
