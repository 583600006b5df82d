/*
 * Rows: numbers exactly where a trial was ok, a reason everywhere else, and
 * which ok trials are noisy.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/row.h"
#include "tests/support.h"

enum { TRIAL_NS = 30 * 1000 * 1000, CPUS = 4 };

static const struct clock clock_raw = {.ns_per_tick_q32 = 1ull << 32, .hz = 1000000000};

static struct cell make_cell(const char *key)
{
	struct cell c;
	char err[400] = "";

	if (cell_parse(&c, key, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	for (unsigned i = 0; i < TRIAL_MAX_WORKERS; i++)
		c.pu[i] = PLACE_PU_NONE;
	c.stretch_ns = TRIAL_NS;
	return c;
}

/* Everything set, also where the status says that it must not be believed. */
static struct trial_result *make_result(enum trial_status status, uint64_t samples)
{
	struct trial_result *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->status = status;
	snprintf(r->reason, sizeof(r->reason), "%s", status == TRIAL_OK ? "" : "because");
	r->ops = r->cpu_ops = 1000;
	r->elapsed_ns = TRIAL_NS;
	r->overlap_permille = 1000;
	r->fairness = 1;
	r->cpu_ns = 5000;
	r->ctx_voluntary = 2000;
	r->full_waits = r->migrations = UNKNOWN_COUNT;
	r->empty_waits = 500;
	r->hist_kind[0] = KIND_RTT;
	hist_reset(&r->hist[0]);
	for (uint64_t i = 0; i < samples; i++)
		hist_record(&r->hist[0], 100 + i % 1000);
	return r;
}

/* The row of a result, which is then gone. */
static struct sample fill_cell(const struct cell *c, struct trial_result *r, double steal_pct)
{
	const struct row_common common = {
		.run_id = "run", .host = "host", .clock = &clock_raw, .cpus = CPUS};
	const struct row_place at = {.block = 3,
		.order = 4,
		.rep = 3,
		.attempt = 1,
		.noise = {.steal_pct = steal_pct,
			.steal_used_pct = steal_pct,
			.steal_used_least = steal_pct}};
	struct sample row;

	row_fill(&row, &common, c, r, &at);
	free(r);
	return row;
}

static struct sample fill(const char *key, struct trial_result *r, double steal_pct)
{
	const struct cell c = make_cell(key);

	return fill_cell(&c, r, steal_pct);
}

#define PINGPONG "channel/queue-fifo/pingpong?placement=unpinned"

/* The columns from `ops` on are figures, all of them. */
static void check_no_figure(const struct sample *s)
{
	assert_true(isnan(s->ops) && isnan(s->elapsed_ns) && isnan(s->ops_per_s));
	assert_true(isnan(s->bytes_per_s) && isnan(s->lat_count) && isnan(s->lat_min_ns));
	assert_true(isnan(s->lat_p50_ns) && isnan(s->lat_max_ns) && isnan(s->lat_mean_ns));
	assert_true(isnan(s->cpu_ns_per_op) && isnan(s->ctx_voluntary_per_op));
	assert_true(isnan(s->minor_faults) && isnan(s->migrations) && isnan(s->steal_pct));
	assert_true(isnan(s->empty_waits_per_op) && isnan(s->start_skew_ns));
	assert_true(isnan(s->overlap_pct) && isnan(s->fairness));
	assert_string_equal(s->quality, "");
	assert_string_equal(s->quality_reason, "");
}

static void row_has_numbers_and_no_reason_where_it_is_ok(void **state)
{
	struct sample s = fill(PINGPONG, make_result(TRIAL_OK, 200000), 0);

	(void)state;
	assert_string_equal(s.status, "ok");
	assert_string_equal(s.reason, "");
	assert_string_equal(s.quality, "clean");
	assert_string_equal(s.kind, "rtt");
	assert_true(s.ops == 1000 && s.elapsed_ns == TRIAL_NS);
	assert_true(fabs(s.ops_per_s - 1000 * 1e9 / TRIAL_NS) < 1e-6);
	assert_true(s.bytes_per_s == s.ops_per_s * 64);
	assert_true(s.cpu_ns_per_op == 5 && s.ctx_voluntary_per_op == 2);
	assert_true(s.empty_waits_per_op == 0.5);
	assert_true(isnan(s.full_waits_per_op) && isnan(s.migrations)); /* not to be had */
	assert_true(s.lat_count == 200000 && s.lat_min_ns == 100 && s.lat_max_ns == 1099);
	assert_true(s.lost == 0 && s.duplicated == 0 && s.reordered == 0 && s.corrupt == 0);
	assert_true(s.block == 3 && s.order == 4 && s.rep == 3 && s.attempt == 1);
}

static void row_has_a_reason_and_no_number_where_it_is_not_ok(void **state)
{
	(void)state;
	for (int status = TRIAL_OK + 1; status < TRIAL_STATUS_COUNT; status++) {
		struct sample s = fill(PINGPONG, make_result((enum trial_status)status, 1000), 0);

		assert_string_equal(s.status, trial_status_name((enum trial_status)status));
		assert_string_equal(s.reason, "because");
		assert_string_equal(s.mechanism, "channel/queue-fifo"); /* what it was, is known */
		assert_string_equal(s.workload, "pingpong");
		assert_true(s.producers == 1 && s.consumers == 1 && s.msg_bytes == 64);
		check_no_figure(&s);
		assert_true(isnan(s.lost) && isnan(s.corrupt));
		assert_false(sample_usable(&s, false));
	}
}

static void row_of_a_failed_check_says_what_was_counted(void **state)
{
	struct trial_result *r = make_result(TRIAL_FAIL, 1000);
	struct sample s;

	(void)state;
	r->lost = 3;
	r->corrupt = 1;
	s = fill(PINGPONG, r, 0);
	assert_true(s.lost == 3 && s.duplicated == 0 && s.reordered == 0 && s.corrupt == 1);
	check_no_figure(&s);
}

static void row_of_what_leaves_no_evidence_claims_none(void **state)
{
	struct sample s = fill(
		"channel/null/stream?placement=unpinned", make_result(TRIAL_OK, 1000), 0);

	(void)state;
	assert_true(s.ops == 1000);
	assert_true(isnan(s.lost) && isnan(s.duplicated) && isnan(s.reordered) && isnan(s.corrupt));
}

static void row_of_a_lock_has_no_messages(void **state)
{
	struct sample s = fill(
		"lock/mutex/contend?fan=2&placement=unpinned", make_result(TRIAL_OK, 1000), 0);

	(void)state;
	assert_true(isnan(s.msg_bytes) && isnan(s.bytes_per_s));
	assert_string_equal(s.capacity, "");
	assert_true(s.producers == 2 && s.consumers == 0);
}

static void row_names_domain_and_processes(void **state)
{
	struct sample s = fill(PINGPONG, make_result(TRIAL_OK, 1000), 0);

	(void)state;
	assert_string_equal(s.domain, "thread");
	assert_string_equal(s.start, "");
	assert_true(s.procs == 1);
	s = fill("channel/queue-fifo/stream?domain=process&start=exec&fan=2x1&placement=unpinned",
		make_result(TRIAL_OK, 1000), 0);
	assert_string_equal(s.domain, "process");
	assert_string_equal(s.start, "exec");
	assert_true(s.procs == 3 && s.producers == 2 && s.consumers == 1);
	assert_string_equal(s.capacity, "1024");
	s = fill("channel/pipe/stream?placement=unpinned", make_result(TRIAL_OK, 1000), 0);
	assert_string_equal(s.capacity, "native");
}

static void row_has_a_percentile_only_with_a_hundred_samples_beyond(void **state)
{
	struct sample s = fill(PINGPONG, make_result(TRIAL_OK, 150), 0);

	(void)state;
	assert_true(isnan(s.lat_p50_ns) && isnan(s.lat_p90_ns));
	assert_true(s.lat_count == 150 && !isnan(s.lat_mean_ns));
	s = fill(PINGPONG, make_result(TRIAL_OK, 2000), 0);
	assert_true(!isnan(s.lat_p50_ns) && !isnan(s.lat_p90_ns) && isnan(s.lat_p99_ns));
	s = fill(PINGPONG, make_result(TRIAL_OK, 200000), 0);
	assert_true(!isnan(s.lat_p999_ns) && isnan(s.lat_p9999_ns));
	s = fill(PINGPONG, make_result(TRIAL_OK, 0), 0);
	assert_true(s.lat_count == 0 && isnan(s.lat_min_ns) && isnan(s.lat_max_ns));
}

static void check_interval(double ns, double lo_ns, double hi_ns, double beyond, double wanted)
{
	if (!(lo_ns <= ns && ns <= hi_ns && hi_ns - lo_ns < 100))
		fail_msg("%g is not in [%g, %g]", ns, lo_ns, hi_ns);
	assert_true(beyond >= 0.9 * wanted && beyond <= wanted);
}

static void check_too_few(double ns, double lo_ns, double hi_ns, double beyond, double wanted)
{
	assert_true(isnan(ns) && isnan(lo_ns) && isnan(hi_ns));
	assert_true(beyond >= 0.9 * wanted && beyond <= wanted && beyond < 100);
}

#define POINT_OF(s, p) s.p##_ns, s.p##_lo_ns, s.p##_hi_ns, s.p##_beyond

static void row_has_an_interval_and_a_count_with_every_percentile(void **state)
{
	struct sample s = fill(PINGPONG, make_result(TRIAL_OK, 2000000), 0);

	(void)state;
	check_interval(POINT_OF(s, lat_p50), 1000000);
	check_interval(POINT_OF(s, lat_p90), 200000);
	check_interval(POINT_OF(s, lat_p99), 20000);
	assert_true(s.lat_p999_lo_ns <= s.lat_p999_ns && s.lat_p999_hi_ns >= s.lat_p999_ns);
	s = fill(PINGPONG, make_result(TRIAL_OK, 900), 0);
	check_interval(POINT_OF(s, lat_p50), 450);
	check_too_few(POINT_OF(s, lat_p90), 90);
	check_too_few(POINT_OF(s, lat_p99), 9);
	assert_true(isnan(s.lat_p9999_ns) && isnan(s.lat_p9999_lo_ns) && s.lat_p9999_beyond == 0);
}

/* The last 2000 of 2 million lie beyond p99.9, the last 200 beyond p99.99, each by itself. */
static void row_has_an_interval_of_the_farthest_percentile(void **state)
{
	struct trial_result *r = make_result(TRIAL_OK, 1998000);
	struct sample s;

	(void)state;
	for (uint64_t i = 0; i < 2000; i++)
		hist_record(&r->hist[0], 2000 + i);
	s = fill(PINGPONG, r, 0);
	assert_true(s.lat_count == 2000000 && s.lat_p999_beyond == 2000);
	assert_true(s.lat_p9999_beyond >= 190 && s.lat_p9999_beyond <= 200);
	assert_true(s.lat_p9999_lo_ns > 3700 && s.lat_p9999_lo_ns < s.lat_p9999_ns);
	assert_true(s.lat_p9999_hi_ns < 3900 && s.lat_p9999_hi_ns > s.lat_p9999_ns);
}

/* As make_result(), and so many samples of the second times. */
static struct trial_result *make_two_times(uint64_t samples, enum kind first, enum kind second)
{
	struct trial_result *r = make_result(TRIAL_OK, 20000);

	r->hist_kind[0] = first;
	r->hist_kind[1] = second;
	r->n = r->ops;
	r->offered_ns = r->served_ns = TRIAL_NS;
	hist_reset(&r->hist[1]);
	for (uint64_t i = 0; i < samples; i++)
		hist_record(&r->hist[1], 100 + i % 1000);
	return r;
}

#define OPENLOOP "channel/queue-fifo/openloop?placement=unpinned&rate=1000"

static void row_has_second_times_only_with_a_hundred_samples_beyond(void **state)
{
	struct cell loop = make_cell(OPENLOOP),
		    child = make_cell("spawn/pthread/lifecycle?placement=unpinned");
	struct sample s;

	(void)state;
	loop.oneway_bound_ns = child.oneway_bound_ns = 1;
	s = fill_cell(&loop, make_two_times(20000, KIND_RESPONSE, KIND_SERVICE), 0);
	assert_true(s.svc_count == 20000);
	check_interval(POINT_OF(s, svc_p50), 10000);
	check_interval(POINT_OF(s, svc_p99), 200);
	check_too_few(POINT_OF(s, svc_p999), 20);
	s = fill_cell(&loop, make_two_times(150, KIND_RESPONSE, KIND_SERVICE), 0);
	check_too_few(POINT_OF(s, svc_p50), 75);
	assert_true(s.svc_max_ns == 249);
	s = fill_cell(&child, make_two_times(20000, KIND_START, KIND_JOINED), 0);
	check_interval(POINT_OF(s, joined_p50), 10000);
	check_interval(POINT_OF(s, joined_p99), 200);
	s = fill_cell(&child, make_two_times(9900, KIND_START, KIND_JOINED), 0);
	check_interval(POINT_OF(s, joined_p50), 4950);
	check_too_few(POINT_OF(s, joined_p99), 99);
}

/* Figures of clocks that cannot be compared: nor any interval of them. */
static void row_of_an_open_loop_without_comparable_clocks_has_no_percentile(void **state)
{
	struct cell c = make_cell(OPENLOOP);
	struct sample s;

	(void)state;
	c.oneway_bound_ns = UINT64_MAX;
	s = fill_cell(&c, make_two_times(20000, KIND_RESPONSE, KIND_SERVICE), 0);
	assert_true(s.lat_count == 20000 && s.svc_count == 20000);
	assert_true(isnan(s.lat_p50_ns) && isnan(s.lat_p50_lo_ns) && isnan(s.lat_p50_hi_ns));
	assert_true(isnan(s.lat_p90_ns) && isnan(s.lat_p90_lo_ns) && isnan(s.lat_p99_hi_ns));
	assert_true(isnan(s.lat_max_ns) && isnan(s.lat_mean_ns) && isnan(s.svc_max_ns));
	assert_true(isnan(s.svc_p50_ns) && isnan(s.svc_p50_lo_ns) && isnan(s.svc_p99_hi_ns));
	assert_true(s.lat_p99_beyond >= 180 && s.svc_p99_beyond >= 180);
	assert_non_null(strstr(s.oneway_reason, "could not be compared"));
}

/* Whatever ends it: n operations are so many because they were to last so long. */
static void row_says_what_its_operations_were_planned_for(void **state)
{
	static const char *const counted[] = {PINGPONG,
		"channel/queue-fifo/drain?placement=unpinned",
		"channel/queue-fifo/drain-close?placement=unpinned"};
	static const char *const others[] = {"lock/mutex/contend?fan=2&placement=unpinned",
		"channel/queue-fifo/openloop?placement=unpinned&rate=1000"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		assert_true(
			fill(counted[i], make_result(TRIAL_OK, 1000), 0).planned_ns == TRIAL_NS);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(isnan(fill(others[i], make_result(TRIAL_OK, 1000), 0).planned_ns));
}

/* ---- noise ------------------------------------------------------------------------------ */

static void check_noisy(const char *key, struct trial_result *r, double steal, const char *why)
{
	struct sample s = fill(key, r, steal);

	assert_string_equal(s.quality_reason, why);
	assert_string_equal(s.quality, why[0] ? "noisy" : "clean");
	assert_string_equal(s.status, "ok"); /* and keeps its numbers */
	assert_true(s.ops == 1000);
	assert_int_equal(sample_usable(&s, true), !why[0]);
	assert_true(sample_usable(&s, false));
}

static void row_is_noisy_for_what_the_machine_did(void **state)
{
	struct trial_result *r = make_result(TRIAL_OK, 1000);

	(void)state;
	check_noisy(PINGPONG, make_result(TRIAL_OK, 1000), NOISY_STEAL_PERCENT, "");
	check_noisy(PINGPONG, make_result(TRIAL_OK, 1000), NAN, "");
	check_noisy(PINGPONG, make_result(TRIAL_OK, 1000), NOISY_STEAL_PERCENT + 1, "steal");
	r->overlap_permille = NOISY_OVERLAP_PERMILLE - 1;
	check_noisy(PINGPONG, r, 0, "overlap");
	r = make_result(TRIAL_OK, 1000);
	r->migrated = 1;
	check_noisy(PINGPONG, r, 0, "migrated");
	r = make_result(TRIAL_OK, 1000);
	r->elapsed_ns = 10 * TRIAL_NS; /* what was measured speaks neither for nor against */
	check_noisy(PINGPONG, r, 0, "");
	r = make_result(TRIAL_OK, 1000);
	r->migrated = 1;
	check_noisy(PINGPONG, r, 50, "steal migrated");
}

static void row_is_not_noisy_for_overlap_where_workers_must_take_turns(void **state)
{
	struct trial_result *r = make_result(TRIAL_OK, 1000);

	(void)state;
	r->overlap_permille = 0;
	check_noisy("channel/queue-fifo/stream?fan=4x4&placement=unpinned", r, 0, "");
	r = make_result(TRIAL_OK, 1000);
	r->overlap_permille = 0;
	check_noisy("channel/queue-fifo/uncontended?placement=unpinned", r, 0, "");
}

static void row_survives_the_file(void **state)
{
	struct sample s = fill(PINGPONG, make_result(TRIAL_OK, 200000), 0.5), *back = NULL;
	struct csv_row row = {0};
	struct support_dir dir;
	char err[400] = "";
	size_t n = 0;

	(void)state;
	support_open(&dir);
	samples_header(&row);
	support_write(support_path(&dir, "s.csv"), row.buf, row.len);
	csv_row_reset(&row);
	samples_row(&row, &s);
	support_append_bytes(support_path(&dir, "s.csv"), row.buf, row.len);
	csv_row_free(&row);
	if (samples_read(support_path(&dir, "s.csv"), &back, &n, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	support_close(&dir);
	assert_int_equal(n, 1);
	assert_string_equal(back->cell, s.cell);
	assert_string_equal(back->timestamp_utc, s.timestamp_utc);
	assert_true(back->ops == s.ops && back->elapsed_ns == s.elapsed_ns);
	assert_true(fabs(back->ops_per_s / s.ops_per_s - 1) < 1e-5);
	assert_true(back->lat_p999_ns == s.lat_p999_ns && isnan(back->lat_p9999_ns));
	assert_true(isnan(back->full_waits_per_op) && back->steal_pct == 0.5);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_has_numbers_and_no_reason_where_it_is_ok),
		cmocka_unit_test(row_has_a_reason_and_no_number_where_it_is_not_ok),
		cmocka_unit_test(row_of_a_failed_check_says_what_was_counted),
		cmocka_unit_test(row_of_what_leaves_no_evidence_claims_none),
		cmocka_unit_test(row_of_a_lock_has_no_messages),
		cmocka_unit_test(row_names_domain_and_processes),
		cmocka_unit_test(row_has_a_percentile_only_with_a_hundred_samples_beyond),
		cmocka_unit_test(row_has_an_interval_and_a_count_with_every_percentile),
		cmocka_unit_test(row_has_an_interval_of_the_farthest_percentile),
		cmocka_unit_test(row_has_second_times_only_with_a_hundred_samples_beyond),
		cmocka_unit_test(row_of_an_open_loop_without_comparable_clocks_has_no_percentile),
		cmocka_unit_test(row_says_what_its_operations_were_planned_for),
		cmocka_unit_test(row_is_noisy_for_what_the_machine_did),
		cmocka_unit_test(row_is_not_noisy_for_overlap_where_workers_must_take_turns),
		cmocka_unit_test(row_survives_the_file),
	};

	return cmocka_run_group_tests_name("row", tests, NULL, NULL);
}
