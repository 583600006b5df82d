/*
 * A worker dies at every point of every mechanism: the trial says so, comes
 * back, leaves nothing, and the next one is as if nothing had been.
 */
#include <stdio.h>
#include <string.h>

#include "primitives/registry.h"
#include "tests/lab.h"

enum { TRIES = 3, LOCK_STRETCH_NS = 5 * 1000 * 1000 };

static const char *const variants[] = {"thread", "process", "process&start=exec"};

static struct {
	unsigned tried, reached;
} all, here;

/* ---- what must be reached, and what cannot be ----------------------------- */

static bool is_among(enum probe_point point, const enum probe_point *of, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (of[i] == point)
			return true;
	}
	return false;
}

#define AMONG(point, ...)                                                                          \
	is_among(point, (const enum probe_point[]){__VA_ARGS__},                                   \
		sizeof((const enum probe_point[]){__VA_ARGS__}) / sizeof(enum probe_point))

/* Points on every worker's way. */
static bool must_reach(const struct mech *m, enum probe_point point, uint32_t worker)
{
	if (AMONG(point, POINT_READY, POINT_LAST, POINT_CLEANUP))
		return true;
	if (m->family == FAMILY_LOCK)
		return worker == 0 && AMONG(point, POINT_BEFORE_SEND, POINT_HOLDING);
	if (worker == 0)
		return AMONG(point, POINT_BEFORE_SEND, POINT_AFTER_SEND);
	return point == POINT_AFTER_RECV;
}

/* Points that belong to the other side's operations, or to another family's. */
static bool cannot_reach(const struct mech *m, enum probe_point point, uint32_t worker)
{
	if (m->family == FAMILY_LOCK)
		return AMONG(point, POINT_AFTER_SEND, POINT_AFTER_RECV);
	if (worker == 0)
		return AMONG(point, POINT_AFTER_RECV, POINT_MID_READ, POINT_BEFORE_RELEASE,
			POINT_HOLDING);
	return AMONG(point, POINT_BEFORE_SEND, POINT_AFTER_SEND, POINT_MID_WRITE,
		POINT_BEFORE_PUBLISH, POINT_HOLDING);
}

/* ---- one death ----------------------------------------------------------- */

static void check_after(const struct cell *c, const struct trial_fault *f)
{
	const struct trial_result *r = lab.result;
	char where[64];

	snprintf(where, sizeof(where), "die at %s", probe_point_name((enum probe_point)f->point));
	if (r->status != TRIAL_CRASH && r->status != TRIAL_OK)
		fail_msg("%s: worker %u, %s: %s: %s", c->key, f->worker, where,
			trial_status_name(r->status), r->reason);
	if (r->status == TRIAL_CRASH && !strstr(r->reason, where))
		fail_msg(
			"%s: worker %u, %s: the reason is %s", c->key, f->worker, where, r->reason);
	if (lab.wall_ns > LAB_DEADLINE_NS + LAB_MARGIN_NS)
		fail_msg("%s: worker %u, %s: back after %lu ns", c->key, f->worker, where,
			(unsigned long)lab.wall_ns);
	lab_nothing_left(c->key);
}

static void kill_at(const struct cell *c, enum probe_point point, uint32_t worker)
{
	const struct trial_fault f = {
		.act = PROBE_DIE, .point = (uint32_t)point, .worker = worker, .nth = 1};
	bool must = must_reach(c->mech, point, worker), reached = false;

	/* A lock's stretch may end before a worker had the CPU: once more, then. */
	for (int try = 0; try < (must ? TRIES : 1) && !reached; try++) {
		reached = lab_run(c, &f) == TRIAL_CRASH;
		check_after(c, &f);
	}
	if (must && !reached)
		fail_msg(
			"%s: worker %u does not reach %s", c->key, worker, probe_point_name(point));
	if (reached && cannot_reach(c->mech, point, worker))
		fail_msg("%s: worker %u reaches %s", c->key, worker, probe_point_name(point));
	here.tried++;
	here.reached += reached;
}

/* ---- the sweep ----------------------------------------------------------- */

static bool cell_of(struct cell *c, const struct mech *m, const char *variant)
{
	bool lock = m->family == FAMILY_LOCK;
	char key[CELL_KEY];

	snprintf(key, sizeof(key), "%s/%s?fan=%s&domain=%s", m->name, lock ? "contend" : "stream",
		lock ? "2" : "1x1", variant);
	if (lab_cell(c, key) || c->skip[0])
		return false;
	if (lock)
		c->stretch_ns = LOCK_STRETCH_NS;
	return true;
}

static void kill_everywhere(const struct cell *c)
{
	for (int point = 0; point < PROBE_POINT_COUNT; point++) {
		for (uint32_t worker = 0; worker < 2; worker++)
			kill_at(c, (enum probe_point)point, worker);
	}
	if (lab_run(c, NULL) != TRIAL_OK)
		fail_msg("%s: afterwards %s: %s", c->key, trial_status_name(lab.result->status),
			lab.result->reason);
	lab_nothing_left(c->key);
}

static void kill_in_every_variant(const struct mech *m)
{
	unsigned n = lab_is_fast() ? 2 : ARRAY_LEN(variants);
	struct cell c;

	here.tried = here.reached = 0;
	for (unsigned i = 0; i < n; i++) {
		if (cell_of(&c, m, variants[i]))
			kill_everywhere(&c);
	}
	all.tried += here.tried;
	all.reached += here.reached;
	print_message("%s: %u of %u deaths reached\n", m->name, here.reached, here.tried);
}

static void kill_of_a_worker_at_any_point_is_a_crash_that_leaves_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		if (lab_wants(registry_all()[i]))
			kill_in_every_variant(registry_all()[i]);
	}
	print_message("%u of %u (mechanism, point, worker, domain, start) reached\n", all.reached,
		all.tried);
	assert_true(all.reached > 0);
	assert_true(all.reached < all.tried);
}

/* A thread that stops for good is what the sanitizer calls a leak. */
static void kill_is_not_tested_under_thread_sanitizer(void **state)
{
	(void)state;
	print_message("ThreadSanitizer: nobody is killed\n");
	assert_int_equal(probe_act_parse("die"), PROBE_DIE);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kill_of_a_worker_at_any_point_is_a_crash_that_leaves_nothing),
	};
	const struct CMUnitTest tsan[] = {
		cmocka_unit_test(kill_is_not_tested_under_thread_sanitizer),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	if (LAB_TSAN)
		return cmocka_run_group_tests_name("kill", tsan, NULL, NULL);
	return cmocka_run_group_tests_name("kill", tests, lab_setup, lab_teardown);
}
