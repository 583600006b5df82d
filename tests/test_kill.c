/*
 * A worker dies at every point of every mechanism: the trial says so, comes
 * back, leaves nothing, and the next one is as if nothing had been.
 *
 * The first time that a point is reached, by either side of two workers, is tried
 * with another part of the mechanisms each day (at the desk, at a part of the points); later hits,
 * and one worker of many, are sampled.  HANDOFF_TEST_LONG=1 tries all; HANDOFF_TEST_SEED
 * repeats a sample.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "primitives/registry.h"
#include "tests/lab.h"

enum {
	TRIES = 3,
	FLAG_STRETCH_NS = 5 * 1000 * 1000,
	SAMPLES = 2,
	SOON = 65,
	EXEC = 3, /* of the variants */
	PICKS = 1000,
	EXEC_SHARE = 3
};

static const char *const variants[] = {"thread", "process", "coroutine", "process&start=exec"};

/* Two workers, and several: the first of each side dies. */
static const char *const fans[2][2] = {{"1x1", "2"}, {"2x2", "3"}};

static const uint64_t hits[] = {1, 2, 65, 1000};

static struct tally {
	unsigned variants, tried, reached;
} all, here;

static char why_not[400]; /* the last variant that could not run */

static uint64_t seed;

static uint64_t next_random(uint64_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % below;
}

static bool is_long(void)
{
	const char *more = getenv("HANDOFF_TEST_LONG");

	return more && *more;
}

/* Who dies where. */
struct death {
	enum probe_point point;
	uint32_t side; /* 0: a, 1: b, or another of the one role */
	uint64_t nth;
};

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

/* Passed once in a trial, by every worker. */
static bool is_once(enum probe_point point)
{
	return AMONG(point, POINT_READY, POINT_LAST, POINT_CLEANUP);
}

/* Points on every worker's way.  Who is one of many may come too late for a share. */
static bool must_reach(const struct cell *c, const struct death *d)
{
	bool two = cell_workers(c) == 2;

	if (is_once(d->point))
		return d->nth == 1;
	if (c->mech->contract.lossy && d->nth > SOON) /* a busy machine loses too many */
		return false;
	if (c->mech->family == FAMILY_LOCK || c->mech->family == FAMILY_RWLOCK)
		return d->nth <= SOON && d->side == 0 && two &&
		       AMONG(d->point, POINT_BEFORE_SEND, POINT_HOLDING);
	if (!two)
		return false;
	if (c->mech->family == FAMILY_BARRIER)
		return d->side == 0 && AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_RECV);
	if (workload_begins_tasks(c->workload))
		return d->side == 0 && d->nth <= 2 &&
		       AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_SEND, POINT_AFTER_RECV);
	if (d->side == 0)
		return AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_SEND);
	return d->point == POINT_AFTER_RECV;
}

/* Points that belong to the other side's operations; an event's sides are as a channel's. */
static bool cannot_reach(const struct cell *c, const struct death *d)
{
	if (is_once(d->point))
		return d->nth > 1;
	if (c->mech->family == FAMILY_LOCK || c->mech->family == FAMILY_RWLOCK)
		return AMONG(d->point, POINT_AFTER_SEND, POINT_AFTER_RECV);
	if (c->mech->family == FAMILY_BARRIER)
		return AMONG(d->point, POINT_AFTER_SEND, POINT_MID_READ, POINT_MID_WRITE,
			POINT_BEFORE_PUBLISH, POINT_BEFORE_RELEASE);
	if (workload_begins_tasks(c->workload))
		return AMONG(d->point, POINT_MID_READ, POINT_MID_WRITE, POINT_BEFORE_PUBLISH,
			POINT_BEFORE_RELEASE);
	if (d->side == 0)
		return AMONG(d->point, POINT_AFTER_RECV, POINT_MID_READ, POINT_BEFORE_RELEASE,
			POINT_HOLDING);
	return AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_SEND, POINT_MID_WRITE,
		POINT_BEFORE_PUBLISH, POINT_HOLDING);
}

/* ---- one death ----------------------------------------------------------- */

static void describe(const struct cell *c, const struct trial_fault *f, char *out, size_t len)
{
	snprintf(out, len, "%s: worker %u, %s, hit %llu", c->key, f->worker,
		probe_point_name((enum probe_point)f->point), (unsigned long long)f->nth);
}

static void check_after(const struct cell *c, const struct trial_fault *f)
{
	const struct trial_result *r = lab.result;
	char where[64], what[CELL_KEY + 64];

	snprintf(where, sizeof(where), "die at %s, hit %llu",
		probe_point_name((enum probe_point)f->point), (unsigned long long)f->nth);
	describe(c, f, what, sizeof(what));
	if (r->status != TRIAL_CRASH && r->status != TRIAL_OK)
		fail_msg("%s: %s: %s", what, trial_status_name(r->status), r->reason);
	if (r->status == TRIAL_CRASH && !strstr(r->reason, where))
		fail_msg("%s: the reason is %s", what, r->reason);
	if (lab.wall_ns > LAB_DEADLINE_NS + LAB_MARGIN_NS)
		fail_msg("%s: back after %lu ns", what, (unsigned long)lab.wall_ns);
	lab_nothing_left(c->key);
}

static void kill_at(const struct cell *c, const struct death *d)
{
	const struct trial_fault f = {
		.act = PROBE_DIE,
		.point = (uint32_t)d->point,
		.worker = d->side == 0                     ? 0
			  : workload_one_role(c->workload) ? 1
							   : c->side_a,
		.nth = d->nth,
	};
	bool must = must_reach(c, d), reached = false;
	char what[CELL_KEY + 64];

	describe(c, &f, what, sizeof(what));
	/* A lock's stretch may end before a worker had the CPU: once more, then. */
	for (int try = 0; try < (must ? TRIES : 1) && !reached; try++) {
		reached = lab_run(c, &f) == TRIAL_CRASH;
		check_after(c, &f);
	}
	if (must && !reached)
		fail_msg("%s: is not reached", what);
	if (reached && cannot_reach(c, d))
		fail_msg("%s: is reached", what);
	here.tried++;
	here.reached += reached;
}

/* ---- the sweep ----------------------------------------------------------- */

/* The family's workload of many workers over one link. */
static const struct workload *workload_of(const struct mech *m)
{
	size_t n;
	const struct workload *w = workload_all(&n);

	for (size_t i = 0; i < n; i++) {
		if (w[i].family == m->family && !workload_alone(&w[i]) && w[i].links == LINKS_ONE)
			return &w[i];
	}
	return NULL;
}

static bool cell_of(struct cell *c, const struct mech *m, const char *variant, unsigned many)
{
	const struct workload *w = workload_of(m);
	char key[CELL_KEY];
	const char *why;

	if (!w)
		fail_msg("%s: its family has no workload of many workers", m->name);
	snprintf(key, sizeof(key), "%s/%s?fan=%s&domain=%s", m->name, w->name,
		fans[many][workload_one_role(w)], variant);
	why = lab_cell(c, key);
	if (why || c->skip[0]) {
		/* a limit of this machine says more than a variant that is not offered */
		if (!why || !why_not[0])
			snprintf(why_not, sizeof(why_not), "%s", why ? why : c->skip);
		return false;
	}
	if (w->ending == ENDING_FLAG)
		c->stretch_ns = FLAG_STRETCH_NS;
	return true;
}

/* The nth-th of all deaths; false: there are no more. */
static bool pick(struct death *d, unsigned i, uint64_t nth)
{
	*d = (struct death){(enum probe_point)(i / 2), i % 2, nth};
	return d->point < PROBE_POINT_COUNT;
}

static void kill_everywhere(const struct cell *c, uint64_t nth, unsigned share)
{
	struct death d;

	for (unsigned i = (unsigned)next_random(share); pick(&d, i, nth); i += share)
		kill_at(c, &d);
}

static void pick_any(struct death *d)
{
	pick(d, (unsigned)next_random(2 * PROBE_POINT_COUNT), hits[next_random(ARRAY_LEN(hits))]);
}

/* A later hit that is certain, where the family has one. */
static void kill_later(const struct cell *c)
{
	struct death d;

	for (int i = 0; i < PICKS; i++) {
		pick_any(&d);
		if (d.nth > 1 && must_reach(c, &d)) {
			kill_at(c, &d);
			return;
		}
	}
}

/* A later hit, or one of many, where it may be reached. */
static void kill_somewhere(const struct cell *two, const struct cell *many)
{
	for (int n = 0; n < SAMPLES;) {
		const struct cell *c = many && next_random(2) ? many : two;
		struct death d;

		pick_any(&d);
		if (cannot_reach(c, &d) || (c == two && d.nth == 1))
			continue;
		kill_at(c, &d);
		n++;
	}
}

static void kill_all(const struct cell *c)
{
	for (unsigned i = 0; i < ARRAY_LEN(hits); i++)
		kill_everywhere(c, hits[i], 1);
}

static void check_fine(const struct cell *c)
{
	if (lab_run(c, NULL) != TRIAL_OK)
		fail_msg("%s: afterwards %s: %s", c->key, trial_status_name(lab.result->status),
			lab.result->reason);
	lab_nothing_left(c->key);
}

/* How many of all first hits: 1 in ... */
static unsigned share_of(const struct mech *m, unsigned variant)
{
	if (lab_is_asked(m))
		return 1;
	return variant == EXEC || lab_is_fast() ? EXEC_SHARE : 2 + variant;
}

static void kill_in_variant(const struct mech *m, unsigned variant)
{
	struct cell two, many;
	bool has_many = cell_of(&many, m, variants[variant], 1);

	if (!cell_of(&two, m, variants[variant], 0))
		return;
	here.variants++;
	if (is_long()) {
		kill_all(&two);
		if (has_many)
			kill_all(&many);
	} else if (!lab_is_today(two.key, 6 + 2 * variant)) {
		kill_later(&two);
	} else {
		kill_everywhere(&two, 1, share_of(m, variant));
		kill_later(&two);
		kill_somewhere(&two, has_many ? &many : NULL);
	}
	check_fine(&two);
}

static void kill_in_every_variant(const struct mech *m)
{
	here = (struct tally){0};
	why_not[0] = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(variants); i++) {
		if (i != EXEC || !lab_is_fast() || lab_is_asked(m))
			kill_in_variant(m, i);
	}
	all.tried += here.tried;
	all.reached += here.reached;
	all.variants += here.variants;
	if (here.variants == 0)
		print_message("%s: nobody is killed: %s\n", m->name, why_not);
	else
		print_message("%s: %u of %u deaths reached\n", m->name, here.reached, here.tried);
	/* something that is certain is tried in every variant */
	if (here.reached < here.variants || (lab_always_runs(m) && here.variants == 0))
		fail_msg("%s: %u deaths in %u variants", m->name, here.reached, here.variants);
}

static void kill_of_a_worker_at_any_point_is_a_crash_that_leaves_nothing(void **state)
{
	(void)state;
	print_message("HANDOFF_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < registry_count(); i++) {
		if (lab_wants(registry_all()[i]))
			kill_in_every_variant(registry_all()[i]);
	}
	print_message("%u of %u (mechanism, point, worker, domain, start) reached\n", all.reached,
		all.tried);
	assert_true(all.reached > 0);
	/* a sample of five mechanisms may have none that cannot be reached */
	assert_true(lab_is_fast() || all.reached < all.tried);
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

	const char *given = getenv("HANDOFF_TEST_SEED");

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	if (LAB_TSAN)
		return cmocka_run_group_tests_name("kill", tsan, NULL, NULL);
	return cmocka_run_group_tests_name("kill", tests, lab_setup, lab_teardown);
}
