/* Topics: who gets a message, what nobody wants, and callbacks that fail or leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "primitives/bus/parts/topics.h"

struct reader {
	unsigned seen;
	enum callback_answer answer;
};

static enum callback_answer count_it(void *context, const uint8_t *msg, uint32_t len)
{
	struct reader *r = context;

	r->seen += len == 1 && msg[0] == 9;
	return r->answer;
}

static struct topics *new_topics(uint32_t n, uint32_t room)
{
	const struct link l = {.domain = DOMAIN_THREAD};
	size_t bytes = ROUND_UP(topics_bytes(n, room), WORKER_STRIDE);
	struct topics *t = aligned_alloc(WORKER_STRIDE, bytes);

	assert_non_null(t);
	memset(t, 0, bytes);
	assert_int_equal(topics_init(t, &l, n, room), 0);
	return t;
}

static void end_topics(struct topics *t)
{
	topics_end(t);
	topics_end(t);
	free(t);
}

static const uint8_t nine = 9;

static void a_message_goes_to_the_callbacks_of_its_topic_and_no_other(void **state)
{
	enum { TOPICS = 1000 };
	struct topics *t = new_topics(TOPICS, 2);
	static struct reader reader[TOPICS];
	struct reader all = {0};

	(void)state;
	for (uint64_t i = 0; i < TOPICS; i++) {
		assert_int_equal(topics_subscribe(t, i * i, count_it, &reader[i]), 0);
		assert_int_equal(topics_subscribe(t, i * i, count_it, &all), 0);
	}
	assert_int_equal(topics_subscribe(t, 1, count_it, &all), -ENOSPC);
	for (uint64_t i = 0; i < TOPICS; i++)
		assert_int_equal(topics_publish(t, i * i, &nine, 1), 2);
	for (uint64_t i = 0; i < TOPICS; i++)
		assert_int_equal(reader[i].seen, 1);
	assert_int_equal(all.seen, TOPICS);
	assert_int_equal(t->unread, 0);
	end_topics(t);
}

static void a_message_that_nobody_wants_is_counted_as_unread(void **state)
{
	struct topics *t = new_topics(4, 2);
	struct reader r = {0};

	(void)state;
	assert_int_equal(topics_publish(t, 1, &nine, 1), 0);
	assert_int_equal(topics_subscribe(t, 2, count_it, &r), 0);
	assert_int_equal(topics_publish(t, 1, &nine, 1), 0);
	assert_int_equal(topics_publish(t, 2, &nine, 1), 1);
	assert_int_equal(t->unread, 2);
	topics_unsubscribe(t, &r);
	assert_int_equal(topics_publish(t, 2, &nine, 1), 0);
	assert_int_equal(t->unread, 3);
	assert_int_equal(r.seen, 1);
	end_topics(t);
}

static void a_callback_that_fails_or_leaves_harms_no_other(void **state)
{
	struct reader r[4] = {{.answer = CALLBACK_STAYS}, {.answer = CALLBACK_FAILED},
		{.answer = CALLBACK_LEAVES}, {.answer = CALLBACK_STAYS}};
	struct topics *t = new_topics(1, 4);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(topics_subscribe(t, 0, count_it, &r[i]), 0);
	assert_int_equal(topics_publish(t, 0, &nine, 1), 4);
	assert_int_equal(
		topics_publish(t, 0, &nine, 1), 3); /* who left is out, who failed is not */
	assert_int_equal(r[0].seen, 2);
	assert_int_equal(r[1].seen, 2);
	assert_int_equal(r[2].seen, 1);
	assert_int_equal(r[3].seen, 2);
	assert_int_equal(t->failed, 2);
	assert_int_equal(topics_subscribe(t, 0, count_it, &r[2]), 0); /* the place is free again */
	assert_int_equal(topics_publish(t, 0, &nine, 1), 4);
	assert_int_equal(r[2].seen, 2);
	end_topics(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_goes_to_the_callbacks_of_its_topic_and_no_other),
		cmocka_unit_test(a_message_that_nobody_wants_is_counted_as_unread),
		cmocka_unit_test(a_callback_that_fails_or_leaves_harms_no_other),
	};

	return cmocka_run_group_tests_name("topics", tests, NULL, NULL);
}
