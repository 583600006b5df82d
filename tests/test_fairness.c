/*
 * Who gets how much, who is passed over, who begins late and ends early: by hand, where the answer
 * is known, and in real trials with a worker that is slow on purpose.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/row.h"
#include "bench/runner.h"
#include "bench/stats.h"
#include "harness/conduct.h"
#include "harness/family/lock.h"
#include "tests/lab.h"

enum { HAND_WORKERS = 4, MANY_CPUS = 64, SLOW_SPINS = 100000, TRIES = 5, SLOW_N = 2 * LAB_BLOCK };

/* ---- by hand ------------------------------------------------------------------------- */

struct by_hand {
	struct trial trial;
	struct arena *arena;
	struct trial_spec spec;
	struct mech mech;
};

/* A trial that is over, of which the workers did so much. */
static void make_by_hand(struct by_hand *h, const char *workload, enum family family, uint32_t a,
	uint32_t b, const uint64_t *done)
{
	size_t begin = ROUND_UP(sizeof(struct arena), WORKER_STRIDE);
	size_t bytes = begin + HAND_WORKERS * sizeof(struct worker_slot);

	*h = (struct by_hand){.spec = {.side_a = a, .side_b = b}};
	h->arena = aligned_alloc(WORKER_STRIDE, ROUND_UP(bytes, WORKER_STRIDE));
	h->trial.result = calloc(1, sizeof(*h->trial.result));
	assert_non_null(h->arena);
	assert_non_null(h->trial.result);
	memset(h->arena, 0, bytes);
	h->arena->slots_offset = begin;
	h->arena->workers = a + b;
	for (unsigned i = 0; i < a + b; i++)
		arena_slot(h->arena, i)->counted = done[i];
	h->trial.crew.arena = h->arena;
	h->trial.crew.spec = &h->spec;
	h->trial.crew.mech = &h->mech;
	h->trial.crew.workload = workload_find(workload, family);
	assert_non_null(h->trial.crew.workload);
}

static void free_by_hand(struct by_hand *h)
{
	free(h->arena);
	free(h->trial.result);
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-12;
}

static void fairness_of_a_round_robin_is_one_and_all_shares_are_fair(void **state)
{
	static const uint64_t done[HAND_WORKERS] = {250, 250, 250, 250};
	struct by_hand h;
	const struct trial_result *r;

	(void)state;
	make_by_hand(&h, "contend", FAMILY_LOCK, 4, 0, done);
	shares_measured(&h.trial);
	r = h.trial.result;
	assert_true(near(r->fairness, 1));
	assert_true(near(r->share_min[0], 1) && near(r->share_max[0], 1));
	assert_true(r->share_max[1] == 0); /* there is no side b */
	free_by_hand(&h);
}

static void fairness_of_unequal_shares_is_jains_and_shares_are_of_a_fair_one(void **state)
{
	static const uint64_t done[HAND_WORKERS] = {100, 300, 50, 350};
	struct by_hand h;
	const struct trial_result *r;

	(void)state;
	make_by_hand(&h, "stream", FAMILY_CHANNEL, 2, 2, done);
	shares_measured(&h.trial);
	r = h.trial.result;
	assert_true(near(r->fairness, stats_jain(done, 2)));
	assert_true(near(r->share_min[0], 0.5) && near(r->share_max[0], 1.5));
	assert_true(near(r->share_min[1], 0.25) && near(r->share_max[1], 1.75));
	free_by_hand(&h);
}

static void fairness_of_one_who_has_everything_is_one_in_n(void **state)
{
	static const uint64_t done[HAND_WORKERS] = {0, 0, 800, 0};
	struct by_hand h;
	const struct trial_result *r;

	(void)state;
	make_by_hand(&h, "contend", FAMILY_LOCK, 4, 0, done);
	shares_measured(&h.trial);
	r = h.trial.result;
	assert_true(near(r->fairness, 0.25));
	assert_true(near(r->share_min[0], 0) && near(r->share_max[0], 4));
	free_by_hand(&h);
}

static void fairness_counts_overtaking_unless_the_counter_loses_updates(void **state)
{
	static const uint64_t done[HAND_WORKERS] = {1, 1, 1, 1};
	struct by_hand h;

	(void)state;
	make_by_hand(&h, "contend", FAMILY_LOCK, 2, 0, done);
	for (unsigned i = 0; i < 2; i++) {
		arena_slot(h.arena, i)->w.overtakes = 10 + i;
		arena_slot(h.arena, i)->w.overtakes_n = 7 + i;
		arena_slot(h.arena, i)->w.overtakes_max = 3 + i;
	}
	shares_measured(&h.trial);
	assert_true(h.trial.result->overtakes == 21 && h.trial.result->overtakes_max == 4);
	assert_true(h.trial.result->overtakes_n == 15);
	h.mech.flags = MECH_RACY;
	memset(h.trial.result, 0, sizeof(*h.trial.result));
	shares_measured(&h.trial);
	assert_true(h.trial.result->overtakes == 0 && h.trial.result->overtakes_max == 0);
	assert_true(h.trial.result->overtakes_n == 0);
	free_by_hand(&h);
}

/* ---- overtaking: a lock that lets others in first, so many of them ------------------------ */

struct queue {
	atomic_u64 counter;
	atomic_u32 stretch;
	uint64_t others, locked; /* each time; acquisitions so far */
};

static atomic_u64 *queue_counter(struct port *p)
{
	return &((struct queue *)p->link->shared)->counter;
}

/* The k-th stamped acquisition waits for `others` + k sections; none of the rest for any. */
ALWAYS_INLINE enum result queue_lock(struct port *p, struct how how)
{
	struct queue *q = p->link->shared;
	uint64_t k = q->locked / STAMP_EVERY;

	(void)how;
	if (q->locked++ % STAMP_EVERY == 0)
		store_relaxed(&q->counter, load_relaxed(&q->counter) + q->others + k);
	return OP_DONE;
}

/* The stretch ends after ten stamped acquisitions. */
ALWAYS_INLINE enum result queue_unlock(struct port *p, struct how how)
{
	struct queue *q = p->link->shared;

	(void)how;
	if (q->locked == 10 * STAMP_EVERY)
		store_relaxed(&q->stretch, STRETCH_OVER);
	return OP_DONE;
}

static const struct lock_ops queue_ops = {
	.lock = queue_lock, .unlock = queue_unlock, .guarded = queue_counter};
LOCK_STAMP(queue, queue_ops, BIT(WAIT_BLOCK));

static void overtakes_are_the_sections_of_others_between_asking_and_entering(void **state)
{
	struct queue q = {.others = 5};
	struct link link = {.shared = &q};
	struct port port = {.link = &link};
	struct worker w = {.out = &port, .clock = &lab.clock, .stretch = &q.stretch};

	(void)state;
	w.hist = malloc(sizeof(*w.hist));
	assert_non_null(w.hist);
	hist_reset(w.hist);
	store_relaxed(&q.stretch, STRETCH_COUNTED);
	queue_loops[LOOP_CONTEND][0](&w);
	assert_true(w.ops == 10 * STAMP_EVERY && w.hist->count == 10);
	assert_true(w.overtakes == 10 * 5 + 45 && w.overtakes_max == 14 && w.overtakes_n == 10);
	free(w.hist);
}

/* ---- real trials ---------------------------------------------------------------------------- */

/* A trial in which this worker dawdles before each operation. */
static void run_with_a_slow_worker(struct cell *c, uint32_t worker)
{
	const struct trial_fault slow = {.act = PROBE_BURN,
		.point = POINT_BEFORE_SEND,
		.worker = worker,
		.nth = 1,
		.value = SLOW_SPINS};
	enum trial_status status = lab_run(c, &slow);

	if (status != TRIAL_OK)
		fail_msg("%s: %s", c->key, lab.result->reason);
}

static struct sample row_of(const struct cell *c)
{
	const struct row_common common = {
		.run_id = "run", .host = "host", .clock = &lab.clock, .cpus = MANY_CPUS};
	struct row_place at = {.attempt = 1};
	struct sample s;

	noise_unknown(&at.noise);
	row_fill(&s, &common, c, lab.result, &at);
	return s;
}

static void fairness_of_a_lock_shows_the_worker_that_dawdles(void **state)
{
	struct cell c;
	struct sample s;

	(void)state;
	lab_need_cell(&c, "lock/mutex/contend?domain=thread&fan=2&placement=unpinned");
	c.stretch_ns = 60 * 1000 * 1000;
	for (int i = 0; i < TRIES && (i == 0 || s.share_min_pct >= 50); i++) {
		run_with_a_slow_worker(&c, 1);
		s = row_of(&c);
	}
	assert_true(s.fairness < 0.9);
	assert_true(s.share_min_pct < 50 && s.share_max_pct > 150);
	assert_true(fabs(s.share_min_pct + s.share_max_pct - 200) < 1e-6);
	assert_true(isnan(s.share_b_min_pct) && isnan(s.share_b_max_pct));
	assert_true(s.longest_stamped_wait_ns == s.lat_max_ns);
	assert_true(s.overtakes_max >= s.overtakes_mean && s.overtakes_mean >= 0);
}

static void fairness_of_a_fan_shows_the_slow_sender_and_both_sides(void **state)
{
	struct cell c;
	struct sample s;

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/stream?domain=thread&fan=2x2&placement=unpinned");
	c.n = 20 * LAB_BLOCK;
	/* the fast one may be the one that a busy machine keeps waiting */
	for (int i = 0; i < TRIES && (i == 0 || s.share_min_pct >= 60); i++) {
		run_with_a_slow_worker(&c, 0);
		s = row_of(&c);
	}
	assert_true(s.share_min_pct < 60 && s.share_max_pct > 140);
	assert_true(fabs(s.share_min_pct + s.share_max_pct - 200) < 1e-6);
	assert_true(fabs(s.share_b_min_pct + s.share_b_max_pct - 200) < 1e-6);
	assert_true(s.longest_stamped_wait_ns == (double)lab.result->hist[1].max);
}

static void fairness_of_those_who_all_get_everything_is_one(void **state)
{
	struct cell c;
	struct sample s;

	(void)state;
	lab_need_cell(&c, "event/condition/wake-all?domain=thread&fan=1x3&placement=unpinned");
	c.n = 20;
	c.block = 1;
	assert_int_equal(lab_run(&c, NULL), TRIAL_OK);
	s = row_of(&c);
	assert_true(s.fairness == 1);
	assert_true(s.share_b_min_pct == 100 && s.share_b_max_pct == 100);
	assert_true(isnan(s.share_min_pct)); /* one alone has no share */
}

/* ---- start and end ----------------------------------------------------------------------------- */

/*
 * The other sender has nothing left to claim and is done at once, unless a busy machine keeps it
 * from running until the slow one is done: that is not so every time.
 */
static void overlap_falls_and_is_marked_when_one_worker_ends_long_before_the_others(void **state)
{
	struct cell c;
	struct sample s;

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/stream?domain=thread&fan=2x1&placement=unpinned");
	c.n = SLOW_N;
	for (int i = 0; i < TRIES && (i == 0 || s.overlap_pct >= 80); i++) {
		run_with_a_slow_worker(&c, 0);
		s = row_of(&c);
	}
	assert_true(s.overlap_pct < 80);
	assert_true(s.start_skew_ns + s.end_skew_ns > 0.2 * s.elapsed_ns);
	assert_string_equal(s.quality, "noisy");
	assert_non_null(strstr(s.quality_reason, "overlap"));
	c.workers_per_pu = 3; /* where they share a processor it is a result */
	c.pu[0] = c.pu[1] = c.pu[2] = 0;
	s = row_of(&c);
	assert_true(s.overlap_pct < 80);
	assert_null(strstr(s.quality_reason, "overlap"));
}

/* elapsed = skew of the starts + time of all together + skew of the ends, where they overlap. */
static void overlap_and_both_skews_add_up_to_the_stretch(void **state)
{
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/stream?domain=thread&fan=1x1&placement=unpinned");
	for (int i = 0; i < 5; i++) {
		const struct trial_result *r = lab.result;
		double together;

		assert_int_equal(lab_run(&c, NULL), TRIAL_OK);
		together = (double)r->overlap_permille / 1000 * (double)r->elapsed_ns;
		if (r->overlap_permille == 0)
			continue;
		assert_true(fabs((double)(r->start_skew_ns + r->end_skew_ns) + together -
				    (double)r->elapsed_ns) <= (double)r->elapsed_ns / 500 + 10);
	}
}

/* Two workers on one processor: one of them begins when the other is taken off. */
static void stretch_of_workers_that_share_a_processor_is_twenty_times_their_skew(void **state)
{
	struct cell c;
	struct plan plan = {.cell = &c, .n = 1, .reps = 1};
	struct runner r = {.plan = &plan,
		.topo = lab.topo,
		.clock = &lab.clock,
		.common = {.cpus = topo_pu_count(lab.topo)}};
	char err[400] = "";
	uint64_t was = 20000, want, n;

	(void)state;
	lab_need_cell(&c, "channel/ring-spsc/stream?domain=thread&wait=spin&placement=same-pu");
	c.n = 0;
	c.stretch_ns = was;
	assert_int_equal(runner_init(&r, err, sizeof(err)), 0);
	assert_int_equal(runner_calibrate(&r, err, sizeof(err)), 0);
	assert_int_equal(r.result->status, TRIAL_OK);
	want = 20 * r.result->start_skew_ns;
	want = want < was ? was : want < 1000000000 ? want : 1000000000;
	n = (uint64_t)((double)r.result->n * (double)want / (double)was);
	print_message("skew %.0f ns, stretch %.0f ns\n", (double)r.result->start_skew_ns,
		(double)c.stretch_ns);
	assert_true(c.stretch_ns == want);
	assert_true(fabs((double)c.n - (double)n) <= 1 + (double)n * 1e-9);
	runner_free(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fairness_of_a_round_robin_is_one_and_all_shares_are_fair),
		cmocka_unit_test(fairness_of_unequal_shares_is_jains_and_shares_are_of_a_fair_one),
		cmocka_unit_test(fairness_of_one_who_has_everything_is_one_in_n),
		cmocka_unit_test(fairness_counts_overtaking_unless_the_counter_loses_updates),
		cmocka_unit_test(overtakes_are_the_sections_of_others_between_asking_and_entering),
		cmocka_unit_test(fairness_of_a_lock_shows_the_worker_that_dawdles),
		cmocka_unit_test(fairness_of_a_fan_shows_the_slow_sender_and_both_sides),
		cmocka_unit_test(fairness_of_those_who_all_get_everything_is_one),
		cmocka_unit_test(
			overlap_falls_and_is_marked_when_one_worker_ends_long_before_the_others),
		cmocka_unit_test(overlap_and_both_skews_add_up_to_the_stretch),
		cmocka_unit_test(
			stretch_of_workers_that_share_a_processor_is_twenty_times_their_skew),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("fairness", tests, lab_setup, lab_teardown);
}
