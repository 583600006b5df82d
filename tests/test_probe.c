/*
 * The probed twins under load: what they rest, fill, check and watch, on
 * mechanisms of the test's own that do it wrong.
 */
#include <string.h>

#include "harness/family/channel.h"
#include "harness/family/lock.h"
#include "tests/support.h"

enum { BYTES = 256, HITS = 20000, EVERY = 10, SEED = 9 };

/* A link of one message, and both its ends. */
static struct {
	struct link link;
	struct board board;
	struct port out, in;
	uint8_t slot[BYTES];
	uint32_t slot_len, holes; /* holes: bytes in the middle that receiving leaves out */
	union {
		struct ledger g;
		uint8_t room[sizeof(struct ledger) + sizeof(struct ledger_from)];
	} ledger;
} scene;

static const struct how probed = {WAIT_BLOCK, MODE_BLOCK, true};
static const struct how plain = {WAIT_BLOCK, MODE_BLOCK, false};

static enum result scene_send(struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	(void)p;
	(void)how;
	memcpy(scene.slot, msg, len);
	scene.slot_len = len;
	return OP_DONE;
}

static enum result scene_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	uint32_t half = BYTES / 2;

	(void)p;
	(void)room;
	(void)how;
	memcpy(msg, scene.slot, half);
	memcpy(msg + half + scene.holes, scene.slot + half + scene.holes, half - scene.holes);
	*len = scene.slot_len;
	return OP_DONE;
}

static const struct channel_ops channel = {.send = scene_send, .recv = scene_recv};
static const struct lock_ops lock; /* only looked at */

static void load_port(struct port *p, uint32_t index)
{
	*p = (struct port){.link = &scene.link, .index = index};
	p->probe.verify = true;
	p->probe.seed = SEED;
	p->probe.ledger = &scene.ledger.g;
}

static int setup(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	scene.link.msg_bytes = BYTES;
	scene.link.board = &scene.board;
	scene.ledger.g.producers = 1;
	load_port(&scene.out, 0);
	load_port(&scene.in, 1);
	return 0;
}

static void put(uint8_t *msg, uint64_t seq, struct how how)
{
	stamp_write(msg, BYTES, seq, 0);
	assert_int_equal(channel_put(&channel, &scene.out, msg, BYTES, how), OP_DONE);
}

static void take(uint8_t *msg)
{
	uint32_t len;

	assert_int_equal(channel_take(&channel, &scene.in, msg, BYTES, &len, probed), OP_DONE);
	assert_int_equal(len, BYTES);
}

static void probed_twin_fills_what_the_plain_one_leaves(void **state)
{
	uint8_t msg[BYTES] = {0}, zero[BYTES] = {0};

	(void)state;
	put(msg, 1, plain);
	assert_memory_equal(scene.slot + 8, zero, BYTES - 16);
	put(msg, 1, probed);
	assert_int_equal(fill_check(scene.slot, BYTES, SEED), FILL_WHOLE);
	take(msg);
	assert_int_equal(scene.ledger.g.spoiled, 0);
}

static void probed_twin_books_a_byte_that_changed(void **state)
{
	uint8_t msg[BYTES] = {0};

	(void)state;
	put(msg, 5, probed);
	scene.slot[100] ^= 1;
	take(msg);
	take(msg);
	assert_int_equal(scene.ledger.g.spoiled, 2);
	assert_int_equal(scene.ledger.g.spoiled_at, 100);
	assert_int_equal(scene.ledger.g.spoiled_head, 5 << 16);
}

/* Who asks receives into the buffer that it sent from: its own bytes are no answer. */
static void probed_twin_sees_what_was_never_written(void **state)
{
	uint8_t msg[BYTES] = {0};

	(void)state;
	scene.holes = 1;
	put(msg, 1, probed);
	take(msg);
	assert_int_equal(scene.ledger.g.spoiled, 1);
	assert_int_equal(scene.ledger.g.spoiled_at, BYTES / 2);
}

static void probed_twin_spoils_the_middle_of_one_message(void **state)
{
	uint8_t msg[BYTES] = {0};

	(void)state;
	scene.out.probe.act = PROBE_FLIP_MIDDLE;
	scene.out.probe.nth = 2;
	for (uint64_t seq = 0; seq < 3; seq++) {
		put(msg, seq, probed);
		take(msg);
		assert_int_equal(scene.ledger.g.spoiled, seq >= 1);
	}
	assert_int_equal(scene.ledger.g.spoiled_head >> 16, 1);
}

static void witness_sees_two_inside_a_lock(void **state)
{
	(void)state;
	lock_enter(&lock, &scene.out);
	lock_leave(&lock, &scene.out);
	lock_enter(&lock, &scene.in);
	lock_leave(&lock, &scene.in);
	assert_int_equal(scene.ledger.g.intruded, 0);
	lock_enter(&lock, &scene.out);
	lock_enter(&lock, &scene.in); /* finds somebody */
	assert_int_equal(scene.ledger.g.intruded, 1);
	lock_leave(&lock, &scene.out); /* finds somebody else's name */
	assert_int_equal(scene.ledger.g.intruded, 2);
}

/* Draws are what changes the generator. */
static unsigned count_rests(struct probe *probe, enum probe_point point)
{
	unsigned n = 0;

	for (int i = 0; i < HITS; i++) {
		uint64_t before = probe->rest.state;

		probe_hit(probe, point);
		n += probe->rest.state != before;
	}
	return n;
}

static void rests_come_as_often_as_asked(void **state)
{
	struct probe probe = {.rest = {.every = EVERY}};

	(void)state;
	probe_rest_init(&probe.rest, SEED);
	assert_in_range(count_rests(&probe, POINT_MID_WRITE), HITS / EVERY / 2, HITS / EVERY * 2);
	probe.rest = (struct probe_rest){.burst = EVERY};
	probe_rest_init(&probe.rest, SEED);
	assert_int_equal(count_rests(&probe, POINT_MID_WRITE), 0); /* between operations only */
	assert_in_range(count_rests(&probe, POINT_BEFORE_SEND), HITS / EVERY / 2, HITS / EVERY * 2);
	probe.rest = (struct probe_rest){.longest_ns = 1000};
	probe_rest_init(&probe.rest, SEED);
	assert_int_equal(count_rests(&probe, POINT_BEFORE_SEND), 0);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(probed_twin_fills_what_the_plain_one_leaves),
		TEST(probed_twin_books_a_byte_that_changed),
		TEST(probed_twin_sees_what_was_never_written),
		TEST(probed_twin_spoils_the_middle_of_one_message),
		TEST(witness_sees_two_inside_a_lock),
		TEST(rests_come_as_often_as_asked),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
