/*
 * The ledger and its verdict, one sender and one receiver: on sequences made by
 * hand, what is said must be exactly what happened.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/evidence_scene.h"

/* ---- one sender, one receiver: exact ------------------------------------- */

static void evidence_is_clean_when_each_message_arrives_once_in_order(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 64};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct scene s;

		scene_open(&s, 1, 1, sizes[i]);
		for (uint64_t seq = 0; seq < 70000; seq++) /* past one and two bytes of it */
			scene_arrive(&s, 0, 0, seq);
		s.sent[0] = 70000;
		scene_check(scene_judge(&s), 0, 0, 0, 0);
		assert_int_equal(s.e.received, 70000);
	}
}

static void evidence_is_clean_when_nothing_was_sent(void **state)
{
	struct evidence e = scene_play(64, 0, NULL, 0);

	(void)state;
	scene_check(&e, 0, 0, 0, 0);
}

static void evidence_counts_what_was_lost_wherever_it_stood(void **state)
{
	const uint64_t middle[] = {0, 1, 4, 5}, first[] = {1, 2, 3}, last[] = {0, 1, 2};
	struct evidence e = scene_play(64, 6, middle, 4);

	(void)state;
	scene_check(&e, 2, 0, 0, 0);
	e = scene_play(64, 4, first, 3);
	scene_check(&e, 1, 0, 0, 0);
	e = scene_play(64, 5, last, 3);
	scene_check(&e, 2, 0, 0, 0);
	e = scene_play(8, 5, NULL, 0);
	scene_check(&e, 5, 0, 0, 0);
}

static void evidence_counts_duplicates_near_and_far(void **state)
{
	const uint64_t near[] = {0, 1, 1, 2, 3}, far[] = {0, 1, 2, 3, 0, 0};
	struct evidence e = scene_play(64, 4, near, 5);

	(void)state;
	scene_check(&e, 0, 1, 0, 0);
	e = scene_play(64, 4, far, 6);
	scene_check(&e, 0, 2, 0, 0);
}

static void evidence_counts_what_was_overtaken(void **state)
{
	const uint64_t swap[] = {0, 2, 1, 3}, back[] = {3, 2, 1, 0}, late[] = {1, 2, 3, 4, 5, 0};
	struct evidence e = scene_play(64, 4, swap, 4);

	(void)state;
	scene_check(&e, 0, 0, 1, 0);
	e = scene_play(64, 4, back, 4);
	scene_check(&e, 0, 0, 3, 0);
	e = scene_play(64, 6, late, 6);
	scene_check(&e, 0, 0, 1, 0);
}

static void evidence_sees_a_loss_that_a_duplicate_makes_up_for(void **state)
{
	const uint64_t count[] = {0, 1, 1, 3}, twice_late[] = {0, 2, 1, 1, 4};
	struct evidence e = scene_play(64, 4, count, 4);

	(void)state;
	scene_check(&e, 1, 1, 0, 0);
	e = scene_play(64, 5, twice_late, 5);
	scene_check(&e, 1, 1, 1, 0);
}

static void evidence_counts_losses_beyond_the_gaps_it_can_keep(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 1, 64);
	for (uint64_t seq = 0; seq < 4 * LEDGER_GAPS; seq += 2)
		scene_arrive(&s, 0, 0, seq);
	s.sent[0] = 4 * LEDGER_GAPS;
	scene_check(scene_judge(&s), 2 * LEDGER_GAPS, 0, 0, 0);
}

static void evidence_is_never_clean_when_more_is_overtaken_than_it_can_keep(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 1, 64);
	for (uint64_t seq = 0; seq < 4 * LEDGER_GAPS; seq += 2)
		scene_arrive(&s, 0, 0, seq);
	for (uint64_t seq = 1; seq < 4 * LEDGER_GAPS; seq += 2)
		scene_arrive(&s, 0, 0, seq);
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
	scene_check(&e, 0, 0, 0, 1);
	assert_int_equal(e.torn, 1);
	e = play_spoilt(16, tear);
	scene_check(&e, 0, 0, 0, 1);
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
	scene_check(&e, 0, 0, 0, 1);
	assert_int_equal(e.foreign, 1);
	e = play_spoilt(8, be_foreign);
	scene_check(&e, 0, 0, 0, 1);
	assert_int_equal(e.foreign, 1);
}

/* Only the head says which message it is; a bit of its number is damaged. */
static void evidence_names_a_number_that_nobody_sent(void **state)
{
	const uint64_t last[] = {0, 1, 2, UINT64_C(1) << 40}, next[] = {0, 1, 2, 4};
	struct evidence e = scene_play(8, 4, last, 4);

	(void)state;
	scene_check(&e, 0, 0, 0, 1);
	e = scene_play(8, 4, next, 4);
	scene_check(&e, 0, 0, 0, 1);
}

static void evidence_of_short_messages_sees_each_kind_of_fault(void **state)
{
	const uint64_t lost[] = {0, 1, 3, 4}, twice[] = {0, 1, 1, 2, 3}, swap[] = {0, 2, 1, 3};

	(void)state;
	for (uint32_t bytes = 1; bytes < 8; bytes++) {
		struct evidence e = scene_play(bytes, 5, lost, 4);

		assert_false(evidence_clean(&e));
		e = scene_play(bytes, 4, twice, 5);
		assert_false(evidence_clean(&e));
		e = scene_play(bytes, 4, swap, 4);
		assert_false(evidence_clean(&e));
	}
}

static void evidence_is_not_clean_with_a_message_left_over(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 1, 64);
	for (uint64_t seq = 0; seq < 4; seq++)
		scene_arrive(&s, 0, 0, seq);
	s.sent[0] = 5;
	s.leftover = 1;
	scene_judge(&s);
	assert_false(evidence_clean(&s.e));
	assert_int_equal(s.e.lost, 0); /* it is there, only nobody took it */
	assert_int_equal(s.e.leftover, 1);
}

static void evidence_says_each_number_in_its_sentence(void **state)
{
	const uint64_t seq[] = {0, 1, 1, 3};
	struct evidence e = scene_play(64, 4, seq, 4);
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
		cmocka_unit_test(evidence_names_a_number_that_nobody_sent),
		cmocka_unit_test(evidence_of_short_messages_sees_each_kind_of_fault),
		cmocka_unit_test(evidence_is_not_clean_with_a_message_left_over),
		cmocka_unit_test(evidence_says_each_number_in_its_sentence),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
