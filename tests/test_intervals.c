/*
 * Pieces of long trials: what the leader saw adds up to what the workers did, whether throughput
 * drifted over them, and the file that keeps them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/intervals.h"
#include "bench/runner.h"
#include "harness/watch.h"
#include "tests/lab.h"
#include "tests/run_scene.h"
#include "tests/support.h"

enum { LONG_NS = 1000000000 };

/* ---- drift of a trial ---------------------------------------------------------------- */

static void make_pieces(struct trial_interval *v, size_t n, double first, double step)
{
	for (size_t i = 0; i < n; i++) {
		double wobble = (double)(i * 7 % 5) * 0.1;

		v[i] = (struct trial_interval){.begin_ns = i * WATCH_PERIOD_NS,
			.length_ns = WATCH_PERIOD_NS,
			.ops = (uint64_t)(first + step * ((double)i + wobble))};
	}
}

static void drift_has_a_word_a_probability_and_a_size(void **state)
{
	struct trial_interval v[20];
	struct drift d;

	(void)state;
	make_pieces(v, 20, 100000, 1000);
	intervals_drift(v, 20, &d);
	assert_string_equal(d.word, "up");
	assert_true(d.p < 1e-6 && fabs(d.pct - 17.4) < 1);
	make_pieces(v, 20, 100000, -1000);
	intervals_drift(v, 20, &d);
	assert_string_equal(d.word, "down");
	assert_true(d.pct < -17);
	for (size_t i = 0; i < 20; i++)
		v[i].ops = i % 2 ? 90000 + i : 110000 - i;
	intervals_drift(v, 20, &d);
	assert_string_equal(d.word, "none");
	assert_true(d.p > 0.1 && fabs(d.pct) < 5);
}

static void drift_is_not_told_from_fewer_than_ten_whole_pieces(void **state)
{
	struct trial_interval v[DRIFT_LEAST_INTERVALS];
	struct drift d;

	(void)state;
	make_pieces(v, DRIFT_LEAST_INTERVALS, 1000, 10);
	intervals_drift(v, DRIFT_LEAST_INTERVALS, &d);
	assert_string_equal(d.word, "up");
	v[DRIFT_LEAST_INTERVALS - 1].length_ns /= 3; /* what was left at the end */
	intervals_drift(v, DRIFT_LEAST_INTERVALS, &d);
	assert_string_equal(d.word, "");
	assert_true(isnan(d.p) && isnan(d.pct));
	intervals_drift(v, 0, &d);
	assert_string_equal(d.word, "");
}

/* ---- which trials, and into how many pieces --------------------------------------------- */

static void watch_cuts_what_is_planned_for_a_second_and_more(void **state)
{
	struct trial_spec spec = {.stretch_ns = WATCH_LEAST_NS - 1};

	(void)state;
	assert_true(watch_period(&spec) == 0);
	spec.stretch_ns = WATCH_LEAST_NS;
	assert_true(watch_period(&spec) == WATCH_PERIOD_NS);
	for (uint64_t s = 1; s <= 86400; s *= 3) { /* twice as long as planned has room */
		spec.stretch_ns = s * 1000000000;
		assert_true(watch_period(&spec) % WATCH_PERIOD_NS == 0);
		assert_true(2 * spec.stretch_ns / watch_period(&spec) <= TRIAL_MAX_INTERVALS);
	}
	spec.calibrate = 1;
	assert_true(watch_period(&spec) == 0);
	spec.calibrate = 0;
	spec.load.soak_ns = 1;
	assert_true(watch_period(&spec) == 0);
}

/* ---- real trials --------------------------------------------------------------------------- */

/* A trial of about `n_ns`, after one that says how many operations that is. */
static bool run_long(struct cell *c, const char *key)
{
	struct trial_spec spec;

	lab_need_cell(c, key);
	c->stretch_ns = LONG_NS / 20;
	if (c->workload->ending != ENDING_FLAG) {
		cell_spec(c, &lab.clock, topo_pu_count(lab.topo), true, &spec);
		if (lab_run_spec(c, &spec) != TRIAL_OK)
			fail_msg("%s: %s", key, lab.result->reason);
		c->n = lab.result->n * 22;
		c->block = lab.result->block;
	}
	c->stretch_ns = LONG_NS;
	lab_spec(c, &spec);
	spec.stall_ns = LAB_DEADLINE_NS;
	if (lab_run_spec(c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
	return true;
}

/* One after the other without a gap, from the first start to the last end. */
static void check_pieces(const struct trial_result *r)
{
	uint64_t at = 0;

	assert_true(r->intervals > 0);
	for (uint32_t i = 0; i < r->intervals; i++) {
		const struct trial_interval *v = &r->interval[i];

		assert_true(v->begin_ns <= at + 2 && at <= v->begin_ns + 2); /* rounding */
		at = v->begin_ns + v->length_ns;
		assert_true((v->p99_ns != 0) == (v->samples >= 100 * HIST_BEYOND_MIN));
		assert_true(v->p50_ns <= v->p99_ns || v->p99_ns == 0);
	}
	/* a leader that was kept waiting at the end has made the last one longer */
	assert_true(at + WATCH_PERIOD_NS / 10 > r->elapsed_ns);
}

static uint64_t sum_of(const struct trial_result *r, bool samples)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->intervals; i++)
		sum += samples ? r->interval[i].samples : r->interval[i].ops;
	return sum;
}

static void check_adds_up(const char *key)
{
	struct cell c;

	run_long(&c, key);
	check_pieces(lab.result);
	if (lab.result->elapsed_ns > 3 * WATCH_PERIOD_NS)
		assert_true(lab.result->intervals >= 2);
	assert_true(sum_of(lab.result, false) == lab.result->ops);
	assert_true(sum_of(lab.result, true) == lab.result->hist[0].count);
	lab_nothing_left(key);
}

static void intervals_of_a_round_trip_add_up_to_the_trial(void **state)
{
	(void)state;
	check_adds_up(LAB_TSAN ? "channel/queue-fifo/pingpong?domain=thread&placement=unpinned"
			       : "channel/pipe/pingpong?domain=process&placement=unpinned");
}

static void intervals_of_a_stream_add_up_to_the_trial(void **state)
{
	(void)state;
	check_adds_up("channel/ring-mpmc/stream?domain=thread&fan=2x2&placement=unpinned");
}

/* Sections that were under way when the flag changed count on one side of it only. */
static void intervals_of_a_lock_add_up_but_for_the_sections_under_way(void **state)
{
	const char *key = "lock/mutex/contend?domain=thread&fan=3&placement=unpinned";
	struct cell c;
	double counted = 0, off = 0;
	uint32_t intervals = 0;

	(void)state;
	/* three workers that may be off their processor, twice; who looks may be late */
	for (int i = 0; i < LAB_TRIES && !(intervals >= 5 && off <= 6 + 0.05 * counted); i++) {
		run_long(&c, key);
		check_pieces(lab.result);
		counted = (double)lab.result->ops;
		off = fabs((double)sum_of(lab.result, false) - counted);
		intervals = lab.result->intervals;
	}
	assert_true(intervals >= 5);
	assert_true(off <= 6 + 0.05 * counted);
	assert_true(sum_of(lab.result, true) <= lab.result->hist[0].count);
	lab_nothing_left(key);
}

/* Nothing is booked of a floor: claims are. */
static void intervals_of_a_floor_are_its_claims(void **state)
{
	(void)state;
	if (lab_is_fast())
		skip_because("a second of trials: not where tests are to be fast");
	check_adds_up("channel/null/stream?domain=thread&placement=unpinned");
}

static void intervals_are_not_kept_of_a_short_trial(void **state)
{
	struct cell c;

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/stream?domain=thread&placement=unpinned");
	assert_int_equal(lab_run(&c, NULL), TRIAL_OK);
	assert_int_equal(lab.result->intervals, 0);
}

/* ---- the file ------------------------------------------------------------------------------- */

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static struct trial_result *with_pieces(uint32_t n)
{
	struct trial_result *r = run_result(1000);

	make_pieces(r->interval, n, 1000, 10);
	r->intervals = n;
	r->interval[0].samples = 500;
	r->interval[0].p50_ns = 77;
	return r;
}

static void commit_and_free(struct session *s, struct trial_result *r, uint64_t block)
{
	run_commit(s, r, block);
	free(r);
}

static void intervals_file_is_there_when_a_trial_was_long_enough(void **state)
{
	struct session s;
	char *text;

	(void)state;
	run_new(&s);
	commit_and_free(&s, run_result(1000), 0);
	assert_false(support_exists(support_path(&run_dir, "run/intervals.csv")));
	commit_and_free(&s, with_pieces(12), 1);
	session_close(&s);
	text = support_read(support_path(&run_dir, "run/intervals.csv"));
	assert_int_equal(count_lines(text), 13);
	assert_memory_equal(text, "run_id,cell,block,rep,attempt,interval,begin_ns,", 47);
	assert_non_null(strstr(text, ",1,1,1,0,0,100000000,1000,10000,rtt,500,77,\n"));
	assert_non_null(strstr(text, ",1,1,1,11,1100000000,100000000,"));
	free(text);
	run_check(2);
}

static void intervals_file_with_half_a_line_is_cut_and_gone_on_with(void **state)
{
	struct session s;
	char *text;

	(void)state;
	run_new(&s);
	commit_and_free(&s, with_pieces(3), 0);
	session_close(&s);
	support_append(support_path(&run_dir, "run/intervals.csv"), "run,half a li");
	run_again(&s);
	commit_and_free(&s, with_pieces(2), 1);
	session_close(&s);
	text = support_read(support_path(&run_dir, "run/intervals.csv"));
	assert_int_equal(count_lines(text), 1 + 3 + 2);
	assert_null(strstr(text, "half"));
	free(text);
	support_text(support_path(&run_dir, "run/intervals.csv"), "run_id,ce");
	run_again(&s);
	session_close(&s);
	text = support_read(support_path(&run_dir, "run/intervals.csv"));
	assert_int_equal(count_lines(text), 1);
	free(text);
}

/* Killed after its pieces and before its row: the repeat must be another attempt. */
static void intervals_without_a_row_were_an_attempt(void **state)
{
	struct session s;
	struct cell c;
	struct plan plan = {.cell = &c, .n = 1, .reps = 2};
	struct runner r = {.plan = &plan, .session = &s};
	char line[500], err[400] = "";

	(void)state;
	lab_need_cell(&c, "channel/queue-fifo/pingpong?placement=unpinned");
	run_new(&s);
	commit_and_free(&s, with_pieces(1), 0);
	session_close(&s);
	(void)snprintf(line, sizeof(line), "run,%s,1,1,1,0,0,1,1,1,,,,\n", c.key);
	support_append(support_path(&run_dir, "run/intervals.csv"), line);
	run_again(&s);
	assert_int_equal(runner_init(&r, err, sizeof(err)), 0);
	if (runner_read_done(&r, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_true(r.past[0].done);
	assert_false(r.past[1].done);
	assert_int_equal(r.past[1].attempts, 1);
	runner_free(&r);
	session_close(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drift_has_a_word_a_probability_and_a_size),
		cmocka_unit_test(drift_is_not_told_from_fewer_than_ten_whole_pieces),
		cmocka_unit_test(watch_cuts_what_is_planned_for_a_second_and_more),
		cmocka_unit_test(intervals_of_a_round_trip_add_up_to_the_trial),
		cmocka_unit_test(intervals_of_a_stream_add_up_to_the_trial),
		cmocka_unit_test(intervals_of_a_lock_add_up_but_for_the_sections_under_way),
		cmocka_unit_test(intervals_of_a_floor_are_its_claims),
		cmocka_unit_test(intervals_are_not_kept_of_a_short_trial),
		RUN_TEST(intervals_file_is_there_when_a_trial_was_long_enough),
		RUN_TEST(intervals_file_with_half_a_line_is_cut_and_gone_on_with),
		RUN_TEST(intervals_without_a_row_were_an_attempt),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("intervals", tests, lab_setup, lab_teardown);
}
