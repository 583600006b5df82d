/*
 * The ledger and its verdict with several on a side, and with large numbers:
 * nothing may cancel out.
 */
#include <stdlib.h>

#include "tests/evidence_scene.h"

/* ---- several on a side ---------------------------------------------------- */

static void evidence_of_many_to_many_is_clean_however_they_share(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 3, 3, 16);
	for (uint32_t p = 0; p < 3; p++) {
		s.sent[p] = 1000 * p; /* one that sent nothing, too */
		for (uint64_t seq = 0; seq < s.sent[p]; seq++)
			scene_arrive(&s, (uint32_t)(seq * 7 / 5 + p) % 3, p, seq);
	}
	scene_check(scene_judge(&s), 0, 0, 0, 0);
	assert_int_equal(s.e.received, 3000);
}

static void evidence_of_many_senders_to_one_is_exact(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 2, 1, 64);
	scene_arrive(&s, 0, 0, 0);
	scene_arrive(&s, 0, 1, 0);
	scene_arrive(&s, 0, 1, 2); /* 1 overtaken */
	scene_arrive(&s, 0, 0, 2); /* 1 lost */
	scene_arrive(&s, 0, 1, 1);
	scene_arrive(&s, 0, 0, 2); /* twice */
	s.sent[0] = s.sent[1] = 3;
	scene_check(scene_judge(&s), 1, 1, 1, 0);
}

static void evidence_of_many_receivers_sees_loss_and_duplicate(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, 1, 2, 64);
	for (uint64_t seq = 0; seq < 10; seq++) {
		if (seq != 5)
			scene_arrive(&s, seq % 2, 0, seq);
	}
	s.sent[0] = 10;
	scene_check(scene_judge(&s), 1, 0, 0, 0);
	scene_open(&s, 1, 2, 64);
	for (uint64_t seq = 0; seq < 10; seq++)
		scene_arrive(&s, seq % 2, 0, seq);
	scene_arrive(&s, 0, 0, 9); /* the other one has it too */
	s.sent[0] = 10;
	scene_check(scene_judge(&s), 0, 1, 0, 0);
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
			scene_arrive(&s, 0, 0, seq);
		if (doubled)
			scene_arrive(&s, 1, 0, seq);
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
	scene_arrive(&s, 0, 0, 2);
	scene_arrive(&s, 0, 0, 0);
	scene_arrive(&s, 1, 0, 1);
	s.sent[0] = 3;
	scene_check(scene_judge(&s), 0, 0, 1, 0);
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

		scene_check(&e, 0, 0, 0, 0);
		f.sum++;
		e = judge_book(&f, n);
		assert_false(evidence_clean(&e));
		f.sum--;
		f.sum_squares -= 2;
		e = judge_book(&f, n);
		assert_false(evidence_clean(&e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_of_many_to_many_is_clean_however_they_share),
		cmocka_unit_test(evidence_of_many_senders_to_one_is_exact),
		cmocka_unit_test(evidence_of_many_receivers_sees_loss_and_duplicate),
		cmocka_unit_test(evidence_of_many_receivers_sees_what_cancels_in_count_and_sum),
		cmocka_unit_test(evidence_of_many_receivers_sees_one_overtake),
		cmocka_unit_test(evidence_adds_up_right_beyond_2_to_the_40),
	};

	return cmocka_run_group_tests_name("evidence of many", tests, NULL, NULL);
}
