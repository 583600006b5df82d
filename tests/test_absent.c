/*
 * The end that connects waits for the end that listens; where that one never comes, the trial
 * ends at its deadline, says who never came and who waited, and leaves nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/registry.h"
#include "harness/link.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { TRIES = 3 };

#define DEADLINE_NS UINT64_C(300000000)

/* Set for the trials below: what they find under a mechanism's name has no listener. */
static const char absent[] = "HANDOFF_TEST_ABSENT";

static int attach_senders_only(struct port *p)
{
	while (p->role == ROLE_RECEIVER)
		link_nap();
	return registry_find(p->link->mech->name)->attach(p);
}

static const struct mech *find_without_listener(const char *name)
{
	static struct mech m;

	m = *registry_find(name);
	m.attach = attach_senders_only;
	return &m;
}

static int run_trial(int argc, char **argv)
{
	if (!getenv(absent))
		return cmd_trial(argc - 1, argv + 1);
	if (strcmp(argv[2], "--spec") == 0)
		return trial_main(atoi(argv[3]), atoi(argv[5]), find_without_listener);
	return trial_exec_worker(argv[3], (unsigned)atoi(argv[5]), find_without_listener);
}

/* A busy machine may not have let the other end begin: later, then. */
static bool ends_in_time(const struct cell *c, uint64_t deadline_ns)
{
	const struct trial_result *r = lab.result;
	struct trial_spec spec;

	lab_spec(c, &spec);
	spec.deadline_ns = deadline_ns;
	if (lab_run_spec(c, &spec) != TRIAL_TIMEOUT)
		fail_msg("%s: %s: %s", c->key, trial_status_name(r->status), r->reason);
	if (lab.wall_ns < deadline_ns || lab.wall_ns > deadline_ns + LAB_MARGIN_NS)
		fail_msg("%s: back after %lu ns", c->key, (unsigned long)lab.wall_ns);
	lab_nothing_left(c->key);
	return strcmp(r->reason, "deadline passed; worker 1 (side b) has not attached; worker 0 "
				 "(side a) waited for the other side to come") == 0;
}

static void who_waits_for_a_listener_that_never_comes_ends_at_the_deadline(void **state)
{
	static const char *const keys[] = {
		"channel/tcp/stream?domain=process",
		"channel/udp/stream?domain=process&start=exec",
		"channel/unix-stream/stream?domain=process",
		"channel/unix-stream/stream?domain=thread",
		"channel/fifo/stream?domain=process",
		"channel/fifo/stream?domain=coroutine",
	};
	uint64_t deadline_ns;
	struct cell c;

	(void)state;
	if (LAB_TSAN)
		skip_because("ThreadSanitizer: nobody is left behind");
	assert_int_equal(setenv(absent, "1", 1), 0);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		lab_need_cell(&c, keys[i]);
		deadline_ns = DEADLINE_NS;
		for (int try = 1; !ends_in_time(&c, deadline_ns); try++) {
			if (try == TRIES)
				fail_msg("%s: %s", c.key, lab.result->reason);
			deadline_ns *= 4;
		}
	}
	assert_int_equal(unsetenv(absent), 0);
}

/* The same cells, with both ends. */
static void who_waits_for_a_listener_that_comes_hands_over(void **state)
{
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/unix-stream/stream?domain=thread");
	if (lab_run(&c, NULL) != TRIAL_OK)
		fail_msg("%s", lab.result->reason);
	lab_nothing_left(c.key);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_for_a_listener_that_never_comes_ends_at_the_deadline),
		cmocka_unit_test(who_waits_for_a_listener_that_comes_hands_over),
	};

	if (lab_is_trial(argc, argv))
		return run_trial(argc, argv);
	return cmocka_run_group_tests_name("absent", tests, lab_setup, lab_teardown);
}
