/*
 * The pattern between the stamps: each byte of each length is seen to change,
 * and nothing but the stamps and the seed decides it.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/evidence.h"
#include "harness/fill.h"
#include "tests/support.h"

enum { LONGEST = 200, BIG = 1 << 20, SEED = 42, SENDER = 3 };

static void make(uint8_t *msg, uint32_t len, uint64_t seq)
{
	stamp_write(msg, len, seq, SENDER);
	fill_write(msg, len, SEED);
}

static void fill_of_every_length_is_whole(void **state)
{
	uint8_t msg[LONGEST + 1];

	(void)state;
	for (uint32_t len = 1; len <= LONGEST; len++) {
		memset(msg, 0, sizeof(msg));
		msg[len] = 0x77;
		make(msg, len, len);
		assert_int_equal(fill_check(msg, len, SEED), FILL_WHOLE);
		assert_int_equal(msg[len], 0x77); /* not past the end */
	}
}

static void fill_leaves_the_stamps_to_the_ledger(void **state)
{
	uint8_t msg[LONGEST], stamped[LONGEST];

	(void)state;
	for (uint32_t len = 1; len <= LONGEST; len++) {
		uint32_t tail = len >= 16 ? len - 8 : len;

		memset(msg, 0, len);
		stamp_write(stamped, len, 7, SENDER);
		make(msg, len, 7);
		assert_memory_equal(msg, stamped, len < 8 ? len : 8);
		assert_memory_equal(msg + tail, stamped + tail, len - tail);
	}
	make(msg, 64, 7);
	msg[60] ^= 1; /* torn: not for this check to say */
	assert_int_equal(fill_check(msg, 64, SEED), FILL_WHOLE);
}

/* One bit, at each place between the stamps. */
static void fill_finds_each_byte_that_changed(void **state)
{
	uint8_t msg[LONGEST];

	(void)state;
	for (uint32_t len = 9; len <= LONGEST; len++) {
		uint32_t end = len >= 16 ? len - 8 : len;

		make(msg, len, len);
		for (uint32_t at = 8; at < end; at++) {
			msg[at] ^= (uint8_t)(1u << at % 8);
			assert_int_equal(fill_check(msg, len, SEED), at);
			msg[at] ^= (uint8_t)(1u << at % 8);
		}
	}
}

static void fill_finds_a_part_of_another_message(void **state)
{
	uint8_t *msg = malloc(BIG), *other = malloc(BIG);

	(void)state;
	assert_true(msg && other);
	make(msg, BIG, 1000);
	make(other, BIG, 1001);
	memcpy(msg + 4096, other + 4096, 64);
	assert_in_range(fill_check(msg, BIG, SEED), 4096, 4096 + 7);
	make(msg, BIG, 1000);
	memmove(msg + 8192, msg + 4096, 4096); /* its own, at the wrong place */
	assert_in_range(fill_check(msg, BIG, SEED), 8192, 8192 + 7);
	free(msg);
	free(other);
}

static void fill_follows_from_seed_sender_and_sequence(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	make(a, 64, 5);
	make(b, 64, 5);
	assert_memory_equal(a, b, 64);
	assert_int_not_equal(fill_check(a, 64, SEED + 1), FILL_WHOLE);
	stamp_write(b, 64, 5, SENDER + 1);
	assert_int_not_equal(fill_check(b, 64, SEED), FILL_WHOLE);
}

/* The worker that asks receives where its own question stands. */
static void fill_of_a_scrubbed_room_is_never_whole(void **state)
{
	uint8_t msg[64], stamp[64];

	(void)state;
	make(msg, 64, 5);
	fill_scrub(msg, 64);
	stamp_write(stamp, 64, 5, SENDER);
	memcpy(msg, stamp, 8);
	memcpy(msg + 56, stamp + 56, 8);
	assert_int_equal(fill_check(msg, 64, SEED), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fill_of_every_length_is_whole),
		cmocka_unit_test(fill_leaves_the_stamps_to_the_ledger),
		cmocka_unit_test(fill_finds_each_byte_that_changed),
		cmocka_unit_test(fill_finds_a_part_of_another_message),
		cmocka_unit_test(fill_follows_from_seed_sender_and_sequence),
		cmocka_unit_test(fill_of_a_scrubbed_room_is_never_whole),
	};

	return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
