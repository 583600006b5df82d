/*
 * Limits: what a mechanism cannot do with this size, fan or number is a skip that names the
 * limit, before anything runs and in the trial itself; one step below it is measured.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/registry.h"
#include "harness/link.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { FEW = 64, OWN_FDS = 64 };

/* ---- what a mechanism knows beforehand ---------------------------------------- */

static const struct limit {
	const char *at, *beyond; /* cells; the largest that runs, and what does not */
	const char *name;        /* of the limit, in the reason */
} limits[] = {
	{"channel/pipe/stream?fan=2x1&size=4K", "channel/pipe/stream?fan=2x1&size=4097",
		"PIPE_BUF"},
	{"channel/pipe/stream?fan=1x2&size=4K", "channel/pipe/stream?fan=1x2&size=8K", "PIPE_BUF"},
	{"channel/fifo/stream?fan=2x1&size=4K", "channel/fifo/stream?fan=2x1&size=4097",
		"PIPE_BUF"},
	{"channel/fifo/stream?fan=2x2&size=4K", "channel/fifo/stream?fan=2x2&size=1M", "PIPE_BUF"},
	{"channel/pipe/stream?size=1M", "channel/pipe/stream?fan=2x1&size=1M", "PIPE_BUF"},
	{"channel/pipe/uncontended?size=64K", "channel/pipe/uncontended?size=65537",
		"pipe buffer (65536)"},
	{"channel/fifo/uncontended?size=64K", "channel/fifo/uncontended?size=65537",
		"pipe buffer (65536)"},
	{"channel/pipe-duplex/uncontended?size=64K", "channel/pipe-duplex/uncontended?size=65537",
		"socket buffer"},
	{"channel/unix-stream/uncontended?size=64K", "channel/unix-stream/uncontended?size=65537",
		"socket buffer"},
	{"channel/unix-stream/stream?size=1M", "channel/unix-stream/uncontended?size=1M",
		"socket buffer"},
	{"channel/tcp/uncontended?size=64K", "channel/tcp/uncontended?size=65537", "socket buffer"},
	{"channel/tcp6/uncontended?size=64K", "channel/tcp6/uncontended?size=65537",
		"socket buffer"},
	{"channel/udp/pingpong?size=65507", "channel/udp/pingpong?size=65508", "UDP: a datagram"},
	{"channel/udp6/pingpong?size=65507", "channel/udp6/pingpong?size=65508", "UDP: a datagram"},
	{"channel/ring-mpmc/stream?capacity=16", "channel/ring-mpmc/stream?capacity=12",
		"capacity: must be a power of two"},
	{"event/select/wake-one?fds=960", "event/select/wake-one?fds=961", "FD_SETSIZE (1024)"},
	/* under what a question beforehand can see: there and back it is twice as many */
	{"event/select/pingpong?fds=400", "event/select/pingpong?fds=600", "FD_SETSIZE"},
	{"spawn/pthread/lifecycle?alive=2", "spawn/pthread/lifecycle?alive=10000&fan=256",
		"memory|RLIMIT_NPROC|pids.max|threads-max|pid_max"},
	{"spawn/fork/lifecycle?alive=2", "spawn/fork/lifecycle?alive=10000&fan=256",
		"memory|RLIMIT_NPROC|pids.max|threads-max|pid_max"},
	{"spawn/fork-exec/lifecycle?alive=2", "spawn/fork-exec/lifecycle?alive=10000&fan=256",
		"memory|RLIMIT_NPROC|pids.max|threads-max|pid_max"},
};

/* One of several, with | between them. */
static bool says(const char *reason, const char *names)
{
	char name[80];

	for (size_t len; *names; names += len + (names[len] == '|')) {
		len = strcspn(names, "|");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (strstr(reason, name))
			return true;
	}
	return false;
}

static bool is_missing(const char *reason)
{
	return strstr(reason, "no IPv6") || strstr(reason, "loopback");
}

static void cell_of(struct cell *c, const char *key)
{
	const char *why = lab_cell(c, key);

	if (why)
		fail_msg("%s: %s", key, why);
	if (c->n > FEW)
		c->n = FEW;
	c->block = 1;
}

/* The trial says so too, also where nobody asked the cell. */
static void check_beyond(const struct limit *l)
{
	struct cell c;

	cell_of(&c, l->beyond);
	if (c.skip[0] && !says(c.skip, l->name) && !is_missing(c.skip))
		fail_msg("%s does not name its limit (%s): %s", l->beyond, l->name, c.skip);
	if (lab_run(&c, NULL) != TRIAL_SKIP)
		fail_msg("%s: %s: %s", l->beyond, trial_status_name(lab.result->status),
			lab.result->reason);
	if (!says(lab.result->reason, l->name) && !is_missing(lab.result->reason))
		fail_msg("%s does not name its limit (%s): %s", l->beyond, l->name,
			lab.result->reason);
	lab_nothing_left(l->beyond);
}

static void check_at(const struct limit *l)
{
	struct cell c;

	cell_of(&c, l->at);
	if (is_missing(c.skip))
		return;
	if (c.skip[0])
		fail_msg("%s: %s", l->at, c.skip);
	if (lab_run(&c, NULL) != TRIAL_OK && !is_missing(lab.result->reason))
		fail_msg("%s: %s: %s", l->at, trial_status_name(lab.result->status),
			lab.result->reason);
	lab_nothing_left(l->at);
}

static void what_is_beyond_a_limit_is_a_skip_that_names_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		check_beyond(&limits[i]);
}

static void what_is_just_within_a_limit_is_measured(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		check_at(&limits[i]);
}

static bool is_listed(const struct mech *m)
{
	size_t len = strlen(m->name);

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		if (strncmp(limits[i].beyond, m->name, len) == 0 && limits[i].beyond[len] == '/')
			return true;
	}
	return false;
}

/* Children that are coroutines have memory alone, of which ten thousand take little. */
static void every_mechanism_that_knows_a_limit_is_asked_for_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (m->fits && !(m->domains == BIT(DOMAIN_COROUTINE)) && !is_listed(m))
			fail_msg("%s has a limit that this test does not know", m->name);
	}
}

/* ---- readiness of many descriptors --------------------------------------------- */

static void one_of_a_hundred_descriptors_is_found_by_each_way_to_ask(void **state)
{
	static const char *const keys[] = {
		"event/select/wake-one?fds=100",
		"event/poll/wake-one?fds=100",
		"event/epoll/wake-one?fds=100",
		"event/select/pingpong?fds=100&domain=process",
		"event/poll/pingpong?fds=100&domain=process",
		"event/epoll/pingpong?fds=100&domain=process",
	};
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		cell_of(&c, keys[i]);
		if (LAB_TSAN && c.domain == DOMAIN_PROCESS)
			continue;
		assert_int_equal(c.extra.fds + 1, 100);
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", c.key, lab.result->reason);
		assert_int_equal(lab.result->ops, FEW);
		lab_nothing_left(c.key);
	}
}

/* With one link ten thousand and a few suffice; the soft limit is no limit. */
static void one_of_ten_thousand_is_found_unless_the_hard_limit_is_lower(void **state)
{
	static const char *const keys[] = {
		"event/poll/wake-one?fds=10000", "event/epoll/wake-one?fds=10000"};
	struct rlimit before, low;
	struct cell c;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = OWN_FDS;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		cell_of(&c, keys[i]);
		setrlimit(RLIMIT_NOFILE, &low);
		lab_run(&c, NULL);
		setrlimit(RLIMIT_NOFILE, &before);
		if (before.rlim_max < 10000 + OWN_FDS)
			assert_non_null(strstr(lab.result->reason, "RLIMIT_NOFILE"));
		else if (lab.result->status != TRIAL_OK)
			fail_msg("%s: %s", c.key, lab.result->reason);
		lab_nothing_left(c.key);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_beyond_a_limit_is_a_skip_that_names_it),
		cmocka_unit_test(what_is_just_within_a_limit_is_measured),
		cmocka_unit_test(every_mechanism_that_knows_a_limit_is_asked_for_it),
		cmocka_unit_test(one_of_a_hundred_descriptors_is_found_by_each_way_to_ask),
		cmocka_unit_test(one_of_ten_thousand_is_found_unless_the_hard_limit_is_lower),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("limits", tests, lab_setup, lab_teardown);
}
