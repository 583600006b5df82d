/* What a link says when a worker cannot attach to it. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "harness/link.h"
#include "tests/support.h"

enum { SAYERS = 2, TIMES = 2000, ERR = 400 };

static const struct mech some = {.name = "some/mechanism"};
static const char *const said[SAYERS] = {"a short one", "one that is longer than the other"};

struct sayer {
	pthread_t thread;
	const struct link *link;
	const char *what;
};

static void *keep_saying(void *arg)
{
	const struct sayer *s = arg;

	for (int i = 0; i < TIMES; i++)
		link_fail(s->link, -ENOENT, "%s", s->what);
	return NULL;
}

static void workers_that_fail_at_once_leave_one_whole_sentence(void **state)
{
	char err[ERR] = "", whole[SAYERS][ERR];
	atomic_u32 busy = 0;
	const struct link l = {
		.mech = &some, .err = err, .err_len = sizeof(err), .err_busy = &busy};
	struct sayer sayer[SAYERS];

	(void)state;
	for (int i = 0; i < SAYERS; i++) {
		sayer[i] = (struct sayer){.link = &l, .what = said[i]};
		snprintf(whole[i], ERR, "some/mechanism: %.60s: %.60s", said[i], strerror(ENOENT));
		assert_int_equal(pthread_create(&sayer[i].thread, NULL, keep_saying, &sayer[i]), 0);
	}
	for (int i = 0; i < SAYERS; i++)
		assert_int_equal(pthread_join(sayer[i].thread, NULL), 0);
	assert_true(strcmp(err, whole[0]) == 0 || strcmp(err, whole[1]) == 0);
}

static void sentence_that_is_too_long_is_cut(void **state)
{
	char err[20] = "";
	const struct link l = {.mech = &some, .err = err, .err_len = sizeof(err)};

	(void)state;
	assert_int_equal(link_fail(&l, -EPIPE, "fd %d", 7), -EPIPE);
	assert_string_equal(err, "some/mechanism: fd ");
}

static void link_without_a_place_for_words_still_fails(void **state)
{
	const struct link l = {.mech = &some};

	(void)state;
	assert_int_equal(link_fail(&l, -EPIPE, "fd %d", 7), -EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_that_fail_at_once_leave_one_whole_sentence),
		cmocka_unit_test(sentence_that_is_too_long_is_cut),
		cmocka_unit_test(link_without_a_place_for_words_still_fails),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
