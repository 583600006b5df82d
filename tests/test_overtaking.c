/*
 * Who is let in between asking and being let in: several receivers of a channel, workers at a
 * barrier, a crowd at a lock.  By hand, where the answer is known, and in real trials.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/row.h"
#include "harness/conduct.h"
#include "harness/family/barrier.h"
#include "harness/family/channel.h"
#include "tests/lab.h"
#include "tests/support.h"

enum {
	TWO = 2,
	BYTES = 16,
	TAKES = 100,
	STAMPED = 10,
	BY_HAND = 3,
	MANY_CPUS = 64,
	TRIES = 5,
	HELD_SPINS = 200000,
};

/* ---- receivers by hand: one waits until the other has had so many ------------------- */

struct seat {
	struct worker w;
	struct port port;
	struct hist hist;
	struct rivals rivals;
	atomic_u64 claim;
	uint8_t msg[BYTES];
};

/* What the first one's stamped receives wait for: that the second has had TAKES and k more. */
struct hall {
	struct seat seat[TWO];
	struct link link;
	loop_fn *loop;
	uint64_t seq, asked;
	size_t stride;
	void *ledgers;
};

static void let_the_other_take(struct hall *h, uint64_t n)
{
	struct worker *w = &h->seat[1].w;

	w->n = n;
	store_relaxed(w->claim, 0);
	h->loop(w);
	assert_true(w->ops == n && w->result == OP_DONE);
}

ALWAYS_INLINE enum result hall_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct hall *h = p->link->shared;

	(void)how;
	if (p->index == 0 && h->asked++ % STAMP_EVERY == 0)
		let_the_other_take(h, TAKES + h->asked / STAMP_EVERY);
	stamp_write(msg, room, h->seq++, 0);
	*len = room;
	return OP_DONE;
}

ALWAYS_INLINE enum result hall_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	(void)p;
	(void)how;
	(void)len;
	__asm__ volatile("" ::"r"(msg) : "memory");
	return OP_DONE;
}

static const struct channel_ops hall_ops = {.send = hall_send, .recv = hall_recv};
CHANNEL_STAMP(hall, hall_ops, BIT(WAIT_BLOCK));

/* Where each looks at every stamped receive but its first. */
static struct hall *open_hall(void)
{
	struct hall *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->stride = ROUND_UP(ledger_bytes(1), WORKER_STRIDE);
	h->ledgers = calloc(TWO, h->stride);
	assert_non_null(h->ledgers);
	h->link.shared = h;
	h->loop = hall_loops[LOOP_CONSUME][0];
	for (uint32_t i = 0; i < TWO; i++) {
		struct seat *s = &h->seat[i];

		s->port = (struct port){.link = &h->link, .index = i, .role = ROLE_RECEIVER};
		s->w = (struct worker){.in = &s->port,
			.clock = &lab.clock,
			.hist = &s->hist,
			.ledger = (void *)((char *)h->ledgers + i * h->stride),
			.claim = &s->claim,
			.block = LAB_BLOCK,
			.msg = s->msg,
			.msg_bytes = BYTES,
			.rivals = &s->rivals};
		s->w.ledger->producers = 1;
		hist_reset(&s->hist);
		rivals_init(&s->rivals, h->ledgers, h->stride, TWO, i, 1, &lab.clock);
		rivals_reset(&s->rivals);
		s->rivals.gap_ticks = 0;
	}
	h->seat[0].w.n = STAMPED * STAMP_EVERY;
	return h;
}

static void close_hall(struct hall *h)
{
	free(h->ledgers);
	free(h);
}

/* The first look is left out, the kth of the others sees TAKES + k. */
static void messages_of_another_receiver_meanwhile_are_counted_one_by_one(void **state)
{
	struct hall *h = open_hall();
	const struct worker *w = &h->seat[0].w;
	uint64_t looks = STAMPED - 1;

	(void)state;
	h->loop(&h->seat[0].w);
	assert_true(w->result == OP_DONE && w->ops == STAMPED * STAMP_EVERY);
	assert_true(w->overtakes_n == looks);
	assert_true(w->overtakes == looks * TAKES + looks * (looks + 1) / 2);
	assert_true(w->overtakes_max == TAKES + looks);
	assert_true(h->seat[1].w.overtakes == 0); /* the first one had nothing meanwhile */
	assert_true(h->seat[1].w.overtakes_n > 0);
	close_hall(h);
}

static void receiver_without_rivals_looks_at_nobody(void **state)
{
	struct hall *h = open_hall();

	(void)state;
	h->seat[0].w.rivals = NULL;
	h->loop(&h->seat[0].w);
	assert_true(h->seat[0].w.overtakes_n == 0 && h->seat[0].w.overtakes == 0);
	close_hall(h);
}

static bool looks_at(struct rivals *r, uint64_t ticks)
{
	struct worker w = {.overtakes_n = 0};

	rivals_ask(r, ticks);
	rivals_had(r, &w);
	return w.overtakes_n == 1;
}

static void looks_are_as_far_apart_as_there_are_lines_to_read(void **state)
{
	struct hall *h = open_hall();
	struct rivals *r = &h->seat[0].rivals;
	uint64_t gap, four;

	(void)state;
	rivals_init(r, h->ledgers, h->stride, TWO, 0, 1, &lab.clock);
	gap = r->gap_ticks;
	assert_true(gap >= clock_ticks(&lab.clock, RIVALS_GAP_NS));
	assert_false(looks_at(r, 1000));
	assert_false(looks_at(r, 999 + gap));
	assert_true(looks_at(r, 1000 + gap));
	assert_false(looks_at(r, 999 + 2 * gap));
	assert_true(looks_at(r, 1000 + 3 * gap));
	rivals_reset(r);
	assert_false(looks_at(r, 1000 + 9 * gap)); /* a stretch begins anew */
	rivals_init(r, h->ledgers, h->stride, 4, 0, 4, &lab.clock);
	four = 3 * (1 + 4 * sizeof(struct ledger_from) / CACHE_LINE);
	assert_true(r->gap_ticks == clock_ticks(&lab.clock, four * RIVALS_GAP_NS));
	close_hall(h);
}

/* ---- barriers by hand ------------------------------------------------------------------ */

static const struct round by_hand[TWO][BY_HAND] = {
	{{100, 500}, {200, 400}, {300, 450}}, /* the first one leaves last */
	{{100, 500}, {105, 400}, {300, 495}}, /* so close that it may be otherwise */
};

static void fill_rounds(struct rounds *r)
{
	for (unsigned i = 0; i < BY_HAND; i++) {
		rounds_reset(&r[i], TWO);
		for (unsigned k = 0; k < TWO; k++)
			assert_true(rounds_keep(&r[i], k, by_hand[k][i].came, by_hand[k][i].left) ==
				    k + 1);
	}
}

static void who_comes_first_and_leaves_last_was_overtaken_beyond_what_clocks_may_differ(
	void **state)
{
	static struct rounds r[BY_HAND];
	uint64_t sum, most;

	(void)state;
	fill_rounds(r);
	assert_true(rounds_kept(r, TWO) == TWO);
	rounds_overtaken(r, BY_HAND, TWO, 10, &sum, &most);
	assert_true(sum == 2 && most == 2);
	rounds_overtaken(r, BY_HAND, TWO, 0, &sum, &most);
	assert_true(sum == 4 && most == 2);
	rounds_overtaken(r, BY_HAND, TWO, 100, &sum, &most);
	assert_true(sum == 0 && most == 0);
	rounds_overtaken(r, BY_HAND, TWO, 49, &sum, &most);
	assert_true(sum == 2 && most == 2);
	rounds_overtaken(r, BY_HAND, TWO, 50, &sum, &most);
	assert_true(sum == 1 && most == 1);
}

/* A trial that is over, in which all had met TWO times. */
static void figures_of_a_barrier_want_clocks_that_can_be_compared(void **state)
{
	size_t slots = ROUND_UP(sizeof(struct arena), WORKER_STRIDE);
	size_t rounds = slots + BY_HAND * sizeof(struct worker_slot);
	size_t bytes = ROUND_UP(rounds + BY_HAND * sizeof(struct rounds), WORKER_STRIDE);
	struct trial_spec spec = {.side_a = BY_HAND, .clock = lab.clock};
	struct trial t = {.result = calloc(1, sizeof(*t.result))};
	struct mech mech = {.name = "by-hand"};
	struct arena *a = aligned_alloc(WORKER_STRIDE, bytes);

	(void)state;
	assert_true(a && t.result);
	memset(a, 0, bytes);
	a->slots_offset = slots;
	a->rounds_offset = ROUND_UP(rounds, WORKER_STRIDE);
	assert_true(a->rounds_offset == rounds);
	a->workers = BY_HAND;
	fill_rounds(arena_rounds(a, 0));
	for (unsigned i = 0; i < BY_HAND; i++)
		arena_slot(a, i)->counted = TWO;
	t.crew = (struct crew){.arena = a,
		.spec = &spec,
		.mech = &mech,
		.workload = workload_find("rendezvous", FAMILY_BARRIER)};
	spec.clock.offset_bound_ns = UINT64_MAX;
	shares_measured(&t);
	assert_true(t.result->overtakes_n == 0 && t.result->overtakes == 0);
	spec.clock.offset_bound_ns = 0;
	shares_measured(&t);
	assert_true(t.result->overtakes_n == TWO * BY_HAND);
	assert_true(t.result->overtakes == 4 && t.result->overtakes_max == 2);
	free(a);
	free(t.result);
}

ALWAYS_INLINE enum result gate_wait(struct port *p, struct how how)
{
	(void)p;
	(void)how;
	return OP_DONE;
}

static const struct barrier_ops gate_ops = {.wait = gate_wait};
BARRIER_STAMP(gate, gate_ops, BIT(WAIT_BLOCK));

/* The rounds that one worker alone keeps of n. */
static void check_kept(struct rounds *r, uint64_t n, uint64_t every, uint64_t kept)
{
	static struct hist hist;
	struct board board = {.ready = 0};
	struct link link = {.board = &board, .senders = 1};
	struct port port = {.link = &link};
	struct ledger *ledger = calloc(1, ledger_bytes(1));
	struct worker w = {.out = &port, .clock = &lab.clock, .hist = &hist, .n = n, .rounds = r};
	uint64_t last = 0;

	assert_non_null(ledger);
	w.ledger = ledger;
	hist_reset(&hist);
	rounds_reset(r, n);
	gate_loops[LOOP_MEET][0](&w);
	assert_true(w.ops == n && ledger->strayed == 0 && hist.count == n);
	assert_true(r->every == every && rounds_kept(r, n) == kept);
	for (uint64_t k = 0; k < kept; k++) {
		assert_true(r->at[k].came > last && r->at[k].left >= r->at[k].came);
		last = r->at[k].left;
	}
	for (uint64_t k = kept; k < ROUNDS_KEPT; k++)
		assert_true(r->at[k].came == 0 && r->at[k].left == 0);
	free(ledger);
}

static void rounds_are_kept_evenly_over_the_stretch(void **state)
{
	static struct rounds r;

	(void)state;
	check_kept(&r, 1, 1, 1);
	check_kept(&r, 10, 1, 10);
	check_kept(&r, ROUNDS_KEPT, 1, ROUNDS_KEPT);
	check_kept(&r, ROUNDS_KEPT + 1, 2, ROUNDS_KEPT / 2 + 1);
	check_kept(&r, 1000, 4, 250);
	check_kept(&r, 100 * ROUNDS_KEPT, 100, ROUNDS_KEPT);
}

/* ---- real trials ------------------------------------------------------------------------- */

static struct sample row_of(const struct cell *c)
{
	const struct row_common common = {
		.run_id = "run", .host = "host", .clock = &lab.clock, .cpus = MANY_CPUS};
	struct row_place at = {.attempt = 1};
	struct sample s;

	noise_unknown(&at.noise);
	row_fill(&s, &common, c, lab.result, &at);
	return s;
}

static void run_ok(const struct cell *c, const struct trial_fault *fault)
{
	enum trial_status status = lab_run(c, fault);

	if (status != TRIAL_OK)
		fail_msg("%s: %s", c->key, lab.result->reason);
}

/* It has the message, and is kept from saying so: on two processors the other goes on. */
static void receiver_that_is_held_up_sees_what_the_other_had_meanwhile(void **state)
{
	const struct trial_fault held = {.act = PROBE_BURN,
		.point = POINT_AFTER_RECV,
		.worker = 1,
		.nth = 1,
		.value = HELD_SPINS};
	struct cell c;
	struct sample s = {.overtakes_max = NAN};

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/stream?domain=thread&fan=1x2&placement=unpinned");
	c.n = 2000 * LAB_BLOCK;
	for (int i = 0; i < TRIES && !(s.overtakes_max >= 10); i++) {
		run_ok(&c, &held);
		s = row_of(&c);
		print_message("overtaken by %.3g, most %.0f, of %.0f looked at\n", s.overtakes_mean,
			s.overtakes_max, (double)lab.result->overtakes_n);
	}
	assert_true(s.overtakes_max >= 10);
	assert_true(s.overtakes_mean > 0 && s.overtakes_mean <= s.overtakes_max);
	assert_true(s.overtakes_max <= (double)c.n);
}

/* Processes see each other's ledgers too; one receiver has nobody to be overtaken by. */
static void receivers_of_processes_look_and_one_alone_does_not(void **state)
{
	static const char *const keys[] = {
		"channel/queue-fifo/stream?domain=process&fan=2x2&placement=unpinned",
		"channel/queue-fifo/stream?domain=process&start=exec&fan=2x2&placement=unpinned",
		"channel/queue-fifo/stream?domain=mixed&fan=2x2&placement=unpinned"};
	struct cell c;
	struct sample s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		lab_need_cell(&c, keys[i]);
		c.n = 2000 * LAB_BLOCK;
		run_ok(&c, NULL);
		s = row_of(&c);
		assert_true(s.overtakes_mean >= 0 && s.overtakes_mean <= s.overtakes_max);
		assert_true(lab.result->overtakes_n > 0);
	}
	lab_need_cell(&c, "channel/queue-fifo/stream?domain=process&fan=2x1&placement=unpinned");
	c.n = 2000 * LAB_BLOCK;
	run_ok(&c, NULL);
	s = row_of(&c);
	assert_true(isnan(s.overtakes_mean) && isnan(s.overtakes_max));
}

/* Who comes last wakes the other and goes on: of two, one in a round at most is overtaken. */
static void check_sleeping_barrier(const char *key)
{
	struct cell c;
	struct sample s = {.overtakes_mean = 0};

	if (lab.clock.offset_bound_ns == UINT64_MAX)
		skip_because("the clocks of two processors could not be compared");
	lab_need_cell(&c, key);
	for (int i = 0; i < TRIES && !(s.overtakes_mean > 0); i++) {
		run_ok(&c, NULL);
		s = row_of(&c);
		assert_true(lab.result->overtakes_n == 2 * (1 + (LAB_N - 1) / 8));
		assert_true(s.overtakes_mean >= 0 && s.overtakes_mean <= 0.5);
		assert_true(s.overtakes_max <= 1);
		print_message("%s: overtaken by %.3g\n", c.key, s.overtakes_mean);
	}
	assert_true(s.overtakes_mean > 0 && s.overtakes_max == 1);
}

static void first_at_a_sleeping_barrier_is_overtaken_by_the_last(void **state)
{
	(void)state;
	check_sleeping_barrier(
		"barrier/condition/rendezvous?domain=thread&fan=2&placement=unpinned");
	check_sleeping_barrier(
		"barrier/condition/rendezvous?domain=process&start=exec&fan=2&placement=unpinned");
}

/* All of a crowd count how often they were overtaken, though few of them book how long they waited. */
static void overtaking_in_a_crowd_is_a_mean_over_all_of_it(void **state)
{
	const struct trial_result *r = lab.result;
	struct cell c;
	struct sample s;
	bool more = false;

	(void)state;
	lab_need_cell(&c, "lock/mutex/oversubscribed?domain=thread&placement=unpinned");
	c.stretch_ns = 60 * 1000 * 1000;
	for (int i = 0; i < TRIES && !more; i++) {
		run_ok(&c, NULL);
		more = r->overtakes_n > r->hist[0].count;
	}
	s = row_of(&c);
	assert_true(more);
	assert_true(fabs(s.overtakes_mean * (double)r->overtakes_n - (double)r->overtakes) <=
		    1e-6 * (double)r->overtakes);
	assert_true(s.overtakes_mean <= s.overtakes_max);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_another_receiver_meanwhile_are_counted_one_by_one),
		cmocka_unit_test(receiver_without_rivals_looks_at_nobody),
		cmocka_unit_test(looks_are_as_far_apart_as_there_are_lines_to_read),
		cmocka_unit_test(
			who_comes_first_and_leaves_last_was_overtaken_beyond_what_clocks_may_differ),
		cmocka_unit_test(figures_of_a_barrier_want_clocks_that_can_be_compared),
		cmocka_unit_test(rounds_are_kept_evenly_over_the_stretch),
		cmocka_unit_test(receiver_that_is_held_up_sees_what_the_other_had_meanwhile),
		cmocka_unit_test(receivers_of_processes_look_and_one_alone_does_not),
		cmocka_unit_test(first_at_a_sleeping_barrier_is_overtaken_by_the_last),
		cmocka_unit_test(overtaking_in_a_crowd_is_a_mean_over_all_of_it),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("overtaking", tests, lab_setup, lab_teardown);
}
