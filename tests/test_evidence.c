/*
 * The ledger and its verdict, on sequences made by hand: what is said must be
 * what happened, and nothing may cancel out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/evidence.h"
#include "tests/support.h"

enum { MAX_RECEIVERS = 3, MAX_PRODUCERS = 3, MAX_BYTES = 64 };

/* One channel: what each producer has sent, what each receiver has booked. */
struct scene {
	struct ledger *ledger[MAX_RECEIVERS];
	uint32_t producers, receivers, bytes;
	uint64_t sent[MAX_PRODUCERS];
	uint64_t leftover;
	struct evidence e;
};

static void scene_open(struct scene *s, uint32_t producers, uint32_t receivers, uint32_t bytes)
{
	*s = (struct scene){.producers = producers, .receivers = receivers, .bytes = bytes};
	for (uint32_t r = 0; r < receivers; r++) {
		s->ledger[r] = calloc(1, ledger_bytes(producers));
		assert_non_null(s->ledger[r]);
		s->ledger[r]->producers = producers;
		s->ledger[r]->exact = receivers == 1;
	}
}

/* The verdict; the scene is over. */
static const struct evidence *scene_judge(struct scene *s)
{
	const struct ledger *ledger[MAX_RECEIVERS];

	for (uint32_t r = 0; r < s->receivers; r++)
		ledger[r] = s->ledger[r];
	evidence_judge(&s->e, ledger, s->receivers, s->sent, s->producers, s->leftover);
	for (uint32_t r = 0; r < s->receivers; r++)
		free(s->ledger[r]);
	return &s->e;
}

static void arrive(struct scene *s, uint32_t receiver, uint32_t producer, uint64_t seq)
{
	uint8_t msg[MAX_BYTES] = {0};

	stamp_write(msg, s->bytes, seq, producer);
	ledger_check(s->ledger[receiver], msg, s->bytes, s->bytes);
}

/* One producer, one receiver: sent 0..n-1, arrived as listed. */
static struct evidence play(uint32_t bytes, uint64_t sent, const uint64_t *seq, size_t n)
{
	struct scene s;

	scene_open(&s, 1, 1, bytes);
	s.sent[0] = sent;
	for (size_t i = 0; i < n; i++)
		arrive(&s, 0, 0, seq[i]);
	return *scene_judge(&s);
}

static void check_counts(const struct evidence *e, uint64_t lost, uint64_t duplicated,
	uint64_t reordered, uint64_t corrupt)
{
	char said[400];

	evidence_say(e, said, sizeof(said));
	if (e->lost != lost || e->duplicated != duplicated || e->reordered != reordered ||
		e->corrupt != corrupt)
		fail_msg("not lost %lu, duplicated %lu, reordered %lu, corrupt %lu, but %s",
			(unsigned long)lost, (unsigned long)duplicated, (unsigned long)reordered,
			(unsigned long)corrupt, said[0] ? said : "clean");
	assert_int_equal(evidence_clean(e), !(lost | duplicated | reordered | corrupt));
	assert_int_equal(said[0] == '\0', evidence_clean(e));
}

/* ---- one sender, one receiver: exact ------------------------------------- */

static void evidence_is_clean_when_each_message_arrives_once_in_order(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 64};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct scene s;

		scene_open(&s, 1, 1, sizes[i]);
		for (uint64_t seq = 0; seq < 70000; seq++) /* past one and two bytes of it */
			arrive(&s, 0, 0, seq);
		s.sent[0] = 70000;
		check_counts(scene_judge(&s), 0, 0, 0, 0);
		assert_int_equal(s.e.received, 70000);
	}
}

static void evidence_is_clean_when_nothing_was_sent(void **state)
{
	struct evidence e = play(64, 0, NULL, 0);

	(void)state;
	check_counts(&e, 0, 0, 0, 0);
}

static void evidence_counts_what_was_lost_wherever_it_stood(void **state)
{
	const uint64_t middle[] = {0, 1, 4, 5}, first[] = {1, 2, 3}, last[] = {0, 1, 2};
	struct evidence e = play(64, 6, middle, 4);

	(void)state;
	check_counts(&e, 2, 0, 0, 0);
	e = play(64, 4, first, 3);
	check_counts(&e, 1, 0, 0, 0);
	e = play(64, 5, last, 3);
	check_counts(&e, 2, 0, 0, 0);
	e = play(8, 5, NULL, 0);
	check_counts(&e, 5, 0, 0, 0);
}

static void evidence_counts_duplicates_near_and_far(void **state)
{
	const uint64_t near[] = {0, 1, 1, 2, 3}, far[] = {0, 1, 2, 3, 0, 0};
	struct evidence e = play(64, 4, near, 5);

	(void)state;
	check_counts(&e, 0, 1, 0, 0);
	e = play(64, 4, far, 6);
	check_counts(&e, 0, 2, 0, 0);
}

static void evidence_counts_what_was_overtaken(void **state)
{
	const uint64_t swap[] = {0, 2, 1, 3}, back[] = {3, 2, 1, 0}, late[] = {1, 2, 3, 4, 5, 0};
	struct evidence e = play(64, 4, swap, 4);

	(void)state;
	check_counts(&e, 0, 0, 1, 0);
	e = play(64, 4, back, 4);
	check_counts(&e, 0, 0, 3, 0);
	e = play(64, 6, late, 6);
	check_counts(&e, 0, 0, 1, 0);
}

static void evidence_sees_a_loss_that_a_duplicate_makes_up_for(void **state)
{
	const uint64_t count[] = {0, 1, 1, 3}, twice_late[] = {0, 2, 1, 1, 4};
	struct evidence e = play(64, 4, count, 4);

	(void)state;
	check_counts(&e, 1, 1, 0, 0);
	e = play(64, 5, twice_late, 5);
	check_counts(&e, 1, 1, 1, 0);
}

static void evidence_counts_losses_beyond_the_gaps_it_can_keep(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 1, 64);
	for (uint64_t seq = 0; seq < 4 * LEDGER_GAPS; seq += 2)
		arrive(&s, 0, 0, seq);
	s.sent[0] = 4 * LEDGER_GAPS;
	check_counts(scene_judge(&s), 2 * LEDGER_GAPS, 0, 0, 0);
}

static void evidence_is_never_clean_when_more_is_overtaken_than_it_can_keep(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 1, 64);
	for (uint64_t seq = 0; seq < 4 * LEDGER_GAPS; seq += 2)
		arrive(&s, 0, 0, seq);
	for (uint64_t seq = 1; seq < 4 * LEDGER_GAPS; seq += 2)
		arrive(&s, 0, 0, seq);
	s.sent[0] = 4 * LEDGER_GAPS;
	assert_false(evidence_clean(scene_judge(&s)));
	assert_true(s.e.reordered > 0);
}

/* ---- damage --------------------------------------------------------------- */

/* Ten sent, the fifth spoilt by `spoil`; its length is what that returns. */
static struct evidence play_spoilt(uint32_t bytes, uint32_t (*spoil)(uint8_t *msg, uint32_t len))
{
	struct scene s;

	scene_open(&s, 1, 1, bytes);
	for (uint64_t seq = 0; seq < 10; seq++) {
		uint8_t msg[MAX_BYTES] = {0};
		uint32_t len = bytes;

		stamp_write(msg, bytes, seq, 0);
		if (seq == 4)
			len = spoil(msg, bytes);
		ledger_check(s.ledger[0], msg, len, bytes);
	}
	s.sent[0] = 10;
	return *scene_judge(&s);
}

static uint32_t tear(uint8_t *msg, uint32_t len)
{
	msg[len - 1] ^= 1;
	return len;
}

static uint32_t cut(uint8_t *msg, uint32_t len)
{
	(void)msg;
	return len - 1;
}

static uint32_t empty(uint8_t *msg, uint32_t len)
{
	(void)msg;
	(void)len;
	return 0;
}

static uint32_t be_foreign(uint8_t *msg, uint32_t len)
{
	stamp_write(msg, len, 4, 1);
	return len;
}

static void evidence_names_a_message_whose_ends_differ(void **state)
{
	struct evidence e = play_spoilt(64, tear);

	(void)state;
	check_counts(&e, 0, 0, 0, 1);
	assert_int_equal(e.torn, 1);
	e = play_spoilt(16, tear);
	check_counts(&e, 0, 0, 0, 1);
}

static void evidence_names_a_message_of_another_length(void **state)
{
	static const uint32_t sizes[] = {1, 8, 9, 16, 17, 64};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct evidence e = play_spoilt(sizes[i], cut);

		assert_true(e.corrupt > 0 && e.cut == 1);
		assert_false(evidence_clean(&e));
		e = play_spoilt(sizes[i], empty);
		assert_true(e.corrupt > 0 && e.cut == 1);
	}
}

static void evidence_names_a_message_of_nobody(void **state)
{
	struct evidence e = play_spoilt(64, be_foreign);

	(void)state;
	check_counts(&e, 0, 0, 0, 1);
	assert_int_equal(e.foreign, 1);
	e = play_spoilt(8, be_foreign);
	check_counts(&e, 0, 0, 0, 1);
	assert_int_equal(e.foreign, 1);
}

static void evidence_of_short_messages_sees_each_kind_of_fault(void **state)
{
	const uint64_t lost[] = {0, 1, 3, 4}, twice[] = {0, 1, 1, 2, 3}, swap[] = {0, 2, 1, 3};

	(void)state;
	for (uint32_t bytes = 1; bytes < 8; bytes++) {
		struct evidence e = play(bytes, 5, lost, 4);

		assert_false(evidence_clean(&e));
		e = play(bytes, 4, twice, 5);
		assert_false(evidence_clean(&e));
		e = play(bytes, 4, swap, 4);
		assert_false(evidence_clean(&e));
	}
}

static void evidence_is_not_clean_with_a_message_left_over(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 1, 64);
	for (uint64_t seq = 0; seq < 4; seq++)
		arrive(&s, 0, 0, seq);
	s.sent[0] = 5;
	s.leftover = 1;
	scene_judge(&s);
	assert_false(evidence_clean(&s.e));
	assert_int_equal(s.e.lost, 0); /* it is there, only nobody took it */
	assert_int_equal(s.e.leftover, 1);
}

/* ---- several on a side ---------------------------------------------------- */

static void evidence_of_many_to_many_is_clean_however_they_share(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 3, 3, 16);
	for (uint32_t p = 0; p < 3; p++) {
		s.sent[p] = 1000 * p; /* one that sent nothing, too */
		for (uint64_t seq = 0; seq < s.sent[p]; seq++)
			arrive(&s, (uint32_t)(seq * 7 / 5 + p) % 3, p, seq);
	}
	check_counts(scene_judge(&s), 0, 0, 0, 0);
	assert_int_equal(s.e.received, 3000);
}

static void evidence_of_many_senders_to_one_is_exact(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 2, 1, 64);
	arrive(&s, 0, 0, 0);
	arrive(&s, 0, 1, 0);
	arrive(&s, 0, 1, 2); /* 1 overtaken */
	arrive(&s, 0, 0, 2); /* 1 lost */
	arrive(&s, 0, 1, 1);
	arrive(&s, 0, 0, 2); /* twice */
	s.sent[0] = s.sent[1] = 3;
	check_counts(scene_judge(&s), 1, 1, 1, 0);
}

static void evidence_of_many_receivers_sees_loss_and_duplicate(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 2, 64);
	for (uint64_t seq = 0; seq < 10; seq++) {
		if (seq != 5)
			arrive(&s, seq % 2, 0, seq);
	}
	s.sent[0] = 10;
	check_counts(scene_judge(&s), 1, 0, 0, 0);
	scene_open(&s, 1, 2, 64);
	for (uint64_t seq = 0; seq < 10; seq++)
		arrive(&s, seq % 2, 0, seq);
	arrive(&s, 0, 0, 9); /* the other one has it too */
	s.sent[0] = 10;
	check_counts(scene_judge(&s), 0, 1, 0, 0);
}

/* Two receivers; `gone` never arrive, `twice` arrive at both: counts agree. */
static struct evidence play_cancelled(
	const uint64_t *gone, const uint64_t *twice, size_t n, uint64_t sent)
{
	struct scene s;

	scene_open(&s, 1, 2, 64);
	for (uint64_t seq = 0; seq < sent; seq++) {
		bool lost = false, doubled = false;

		for (size_t i = 0; i < n; i++) {
			lost |= gone[i] == seq;
			doubled |= twice[i] == seq;
		}
		if (!lost)
			arrive(&s, 0, 0, seq);
		if (doubled)
			arrive(&s, 1, 0, seq);
	}
	s.sent[0] = sent;
	return *scene_judge(&s);
}

static void evidence_of_many_receivers_sees_what_cancels_in_count_and_sum(void **state)
{
	const uint64_t one_gone[] = {3}, one_twice[] = {7};
	const uint64_t gone[] = {1, 4}, twice[] = {2, 3}; /* 1 + 4 = 2 + 3: squares tell */
	struct evidence e = play_cancelled(one_gone, one_twice, 1, 10);

	(void)state;
	assert_true(e.lost > 0 && e.duplicated > 0);
	e = play_cancelled(gone, twice, 2, 10);
	assert_true(e.lost > 0 && e.duplicated > 0);
}

static void evidence_of_many_receivers_sees_one_overtake(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 2, 64);
	arrive(&s, 0, 0, 2);
	arrive(&s, 0, 0, 0);
	arrive(&s, 1, 0, 1);
	s.sent[0] = 3;
	check_counts(scene_judge(&s), 0, 0, 1, 0);
}

/* ---- large numbers -------------------------------------------------------- */

__extension__ typedef unsigned __int128 wide;

/* What a receiver's book holds after 0 .. n-1, for n up to 2^42. */
static struct ledger_from book_of(uint64_t n)
{
	struct ledger_from f = {.next = n};

	store_relaxed(&f.count, n);
	f.sum = (uint64_t)((wide)n * (n - 1) / 2);
	f.sum_squares = (uint64_t)((wide)(n - 1) * n * (2 * n - 1) / 6);
	return f;
}

static struct evidence judge_book(const struct ledger_from *f, uint64_t n)
{
	struct scene s;

	scene_open(&s, 1, 2, 64);
	s.ledger[0]->from[0].sum = f->sum;
	s.ledger[0]->from[0].sum_squares = f->sum_squares;
	store_relaxed(&s.ledger[0]->from[0].count, load_relaxed(&f->count));
	s.sent[0] = n;
	return *scene_judge(&s);
}

static void evidence_adds_up_right_beyond_2_to_the_40(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 12; i++) { /* every remainder of 2 and 3 */
		uint64_t n = (UINT64_C(1) << 40) + i;
		struct ledger_from f = book_of(n);
		struct evidence e = judge_book(&f, n);

		check_counts(&e, 0, 0, 0, 0);
		f.sum++;
		e = judge_book(&f, n);
		assert_false(evidence_clean(&e));
		f.sum--;
		f.sum_squares -= 2;
		e = judge_book(&f, n);
		assert_false(evidence_clean(&e));
	}
}

static void evidence_says_each_number_in_its_sentence(void **state)
{
	const uint64_t seq[] = {0, 1, 1, 3};
	struct evidence e = play(64, 4, seq, 4);
	char said[400];

	(void)state;
	evidence_say(&e, said, sizeof(said));
	assert_non_null(strstr(said, "of 4 sent"));
	assert_non_null(strstr(said, "lost 1"));
	assert_non_null(strstr(said, "duplicated 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_is_clean_when_each_message_arrives_once_in_order),
		cmocka_unit_test(evidence_is_clean_when_nothing_was_sent),
		cmocka_unit_test(evidence_counts_what_was_lost_wherever_it_stood),
		cmocka_unit_test(evidence_counts_duplicates_near_and_far),
		cmocka_unit_test(evidence_counts_what_was_overtaken),
		cmocka_unit_test(evidence_sees_a_loss_that_a_duplicate_makes_up_for),
		cmocka_unit_test(evidence_counts_losses_beyond_the_gaps_it_can_keep),
		cmocka_unit_test(evidence_is_never_clean_when_more_is_overtaken_than_it_can_keep),
		cmocka_unit_test(evidence_names_a_message_whose_ends_differ),
		cmocka_unit_test(evidence_names_a_message_of_another_length),
		cmocka_unit_test(evidence_names_a_message_of_nobody),
		cmocka_unit_test(evidence_of_short_messages_sees_each_kind_of_fault),
		cmocka_unit_test(evidence_is_not_clean_with_a_message_left_over),
		cmocka_unit_test(evidence_of_many_to_many_is_clean_however_they_share),
		cmocka_unit_test(evidence_of_many_senders_to_one_is_exact),
		cmocka_unit_test(evidence_of_many_receivers_sees_loss_and_duplicate),
		cmocka_unit_test(evidence_of_many_receivers_sees_what_cancels_in_count_and_sum),
		cmocka_unit_test(evidence_of_many_receivers_sees_one_overtake),
		cmocka_unit_test(evidence_adds_up_right_beyond_2_to_the_40),
		cmocka_unit_test(evidence_says_each_number_in_its_sentence),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
