/*
 * A worker dies at every point of every mechanism: the trial says so, comes
 * back, leaves nothing, and the next one is as if nothing had been.
 *
 * The first time that a point is reached, by either side of two workers, is tried
 * with a part of the mechanisms (at the desk, at a part of the points); later hits,
 * and one worker of many, are sampled.  So is a death before a wait, in cells where one has to
 * wait, and, of locks and barriers, that of a process with other workers in it.
 * HANDOFF_TEST_LONG=1 tries all; HANDOFF_TEST_SEED=N takes another sample.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/registry.h"
#include "tests/kill_points.h"
#include "tests/lab.h"
#include "tests/support.h"

enum {
	TRIES = 5,
	LONGER = 4,
	FLAG_STRETCH_NS = 5 * 1000 * 1000,
	TIGHT_STRETCH_NS = 40 * 1000 * 1000, /* dozens of hand-overs, also of gil-ticks */
	SAMPLES = 2,
	EXEC = 3, /* of the variants */
	MIXED = 4,
	PICKS = 1000,
	EXEC_SHARE = 3,
	MIXED_SHARE = 3,
	TIGHT_SHARE = 3,
	TIGHT_CHANNEL_SHARE = 10
};

static const char *const variants[] = {
	"thread", "process", "coroutine", "process&start=exec", "mixed"};

/*
 * Two workers, and several: the first of each side dies.  Tight: two, one of whom has to wait
 * at once: nothing is kept but one message, or the lock is held nearly always.
 */
enum { TWO, MANY, TIGHT };

static const char *const fans[][2] = {
	[TWO] = {"1x1", "2"},
	[MANY] = {"2x2", "3"},
	[TIGHT] = {"1x1", "2"},
};

/* Mixed: more workers than processes. */
static const char *const mixed_fans[][2] = {[TWO] = {"2x1", "3"}, [MANY] = {"2x2", "4"}};

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
	/* the dying worker's own word, whatever the trial has made of it */
	if (r->fired != (r->status == TRIAL_CRASH))
		fail_msg("%s: %u died, and the trial is %s: %s", what, r->fired,
			trial_status_name(r->status), r->reason);
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
	bool must = kill_must_reach(c, d), reached = false;
	struct cell longer = *c;
	char what[CELL_KEY + 64];

	describe(c, &f, what, sizeof(what));
	/* A lock's stretch may end before a worker had the CPU: a longer one, then. */
	for (int try = 0; try < (must ? TRIES : 1) && !reached; try++) {
		lab_run(&longer, &f);
		check_after(c, &f);
		reached = lab.result->fired != 0;
		longer.stretch_ns *= LONGER;
	}
	if (must && !reached)
		fail_msg("%s: is not reached", what);
	if (reached && kill_cannot_reach(c, d))
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

/* What makes a cell of it tight. */
static const char *tightly(const struct mech *m)
{
	if (m->family == FAMILY_RWLOCK)
		return "&reads=0&size=" TIGHT_SIZE;
	return m->family == FAMILY_LOCK ? "&size=" TIGHT_SIZE : "&capacity=1";
}

static bool cell_of(struct cell *c, const struct mech *m, unsigned variant, unsigned sort)
{
	const struct workload *w = workload_of(m);
	const char *const *fan = variant == MIXED ? mixed_fans[sort] : fans[sort];
	char key[CELL_KEY];
	const char *why;

	if (!w)
		fail_msg("%s: its family has no workload of many workers", m->name);
	snprintf(key, sizeof(key), "%s/%s?fan=%s&domain=%s%s", m->name, w->name,
		fan[workload_one_role(w)], variants[variant], sort == TIGHT ? tightly(m) : "");
	why = lab_cell(c, key);
	if (why || c->skip[0]) {
		/* a limit of this machine says more than a variant that is not offered */
		if (!why || !why_not[0])
			snprintf(why_not, sizeof(why_not), "%s", why ? why : c->skip);
		return false;
	}
	if (w->ending == ENDING_FLAG)
		c->stretch_ns = sort == TIGHT ? TIGHT_STRETCH_NS : FLAG_STRETCH_NS;
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
		if (d.nth > 1 && kill_must_reach(c, &d)) {
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
		if (kill_cannot_reach(c, &d) || (c == two && d.nth == 1))
			continue;
		kill_at(c, &d);
		n++;
	}
}

static bool has_to_wait(const struct mech *m)
{
	if (kill_is_lock(m))
		return strcmp(m->contract.owner, "anyone") != 0;
	return m->family == FAMILY_CHANNEL && m->contract.bounded;
}

/* Before a wait that is certain, of one of both sides. */
static void kill_before_a_wait(const struct mech *m, unsigned variant)
{
	struct death d = {POINT_BLOCKED, (uint32_t)next_random(2), 1};
	struct cell c;

	if (variant == MIXED || !has_to_wait(m) || !cell_of(&c, m, variant, TIGHT))
		return;
	if (is_long()) {
		d.side = 0;
		kill_at(&c, &d);
		d.side = 1;
	} else if (!lab_is_sampled(c.key, kill_is_lock(m) ? TIGHT_SHARE : TIGHT_CHANNEL_SHARE)) {
		return;
	}
	kill_at(&c, &d);
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
	bool has_many = cell_of(&many, m, variant, MANY);

	if (!cell_of(&two, m, variant, TWO))
		return;
	here.variants++;
	if (is_long()) {
		kill_all(&two);
		if (has_many)
			kill_all(&many);
	} else if (!lab_is_sampled(two.key, 10 + 4 * variant)) {
		kill_later(&two);
	} else {
		kill_everywhere(&two, 1, share_of(m, variant));
		kill_later(&two);
		kill_somewhere(&two, has_many ? &many : NULL);
	}
	kill_before_a_wait(m, variant);
	check_fine(&two);
}

/* Mixed: locks and barriers, of which two always: where what is nobody's share is certain. */
static bool wants_variant(const struct mech *m, unsigned variant)
{
	if (variant == EXEC)
		return !lab_is_fast() || lab_is_asked(m);
	if (variant != MIXED || is_long() || lab_is_asked(m))
		return true;
	if (strcmp(m->name, "lock/mutex") == 0 || strcmp(m->name, "barrier/pthread") == 0)
		return true;
	return (kill_is_lock(m) || m->family == FAMILY_BARRIER) &&
	       lab_is_sampled(m->name, MIXED_SHARE);
}

static void kill_in_every_variant(const struct mech *m)
{
	here = (struct tally){0};
	why_not[0] = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(variants); i++) {
		if (wants_variant(m, i))
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

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	seed = support_seed();
	if (LAB_TSAN)
		return cmocka_run_group_tests_name("kill", tsan, NULL, NULL);
	return cmocka_run_group_tests_name("kill", tests, lab_setup, lab_teardown);
}
