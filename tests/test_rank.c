/* Rankings of rows made in memory: order, shared ranks, which rows count, intervals. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "bench/cmd.h"
#include "bench/rank.h"
#include "tests/sample_rows.h"

enum { ROWS = 400 };

static const struct at pipe_at = {.mechanism = "channel/pipe"};
static const struct at queue_at = {.mechanism = "channel/queue-fifo"};
static const struct at ring_at = {.mechanism = "channel/ring-spsc"};
static const struct at spin_at = {.mechanism = "channel/ring-spsc", .wait = "spin"};

static struct sample *new_rows(void)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));

	assert_non_null(rows);
	return rows;
}

static bool all(const char *mechanism)
{
	(void)mechanism;
	return true;
}

static void rank_them(struct ranking *r, const struct sample *rows, size_t n)
{
	assert_int_equal(rank_rows(r, rows, n, all), 0);
}

static void check_entry(const struct rank_entry *e, unsigned rank, const char *label)
{
	assert_string_equal(e->label, label);
	assert_int_equal(e->rank, rank);
}

/* ---- order ---------------------------------------------------------------- */

static void rank_orders_round_trips_by_the_lower_median(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, queue_at, 3000, 6);

	(void)state;
	n = add_rows(rows, n, pipe_at, 1000, 6);
	n = add_rows(rows, n, ring_at, 2000, 6);
	rank_them(&r, rows, n);
	assert_int_equal(r.n, 1);
	assert_true(r.group[0].lower_is_better);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	check_entry(&r.group[0].entry[1], 2, "channel/ring-spsc");
	check_entry(&r.group[0].entry[2], 3, "channel/queue-fifo");
	rank_free(&r);
	free(rows);
}

static void rank_orders_rates_by_the_higher_median(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	struct at slow = pipe_at, fast = ring_at;
	size_t n;

	(void)state;
	slow.workload = fast.workload = "stream";
	n = add_rows(rows, 0, slow, 1e6, 6);
	n = add_rows(rows, n, fast, 5e6, 6);
	rank_them(&r, rows, n);
	check_entry(&r.group[0].entry[0], 1, "channel/ring-spsc");
	check_entry(&r.group[0].entry[1], 2, "channel/pipe");
	rank_free(&r);
	free(rows);
}

static void rank_keeps_sleeping_and_spinning_apart(void **state)
{
	struct sample *rows = new_rows();
	struct at mixed = {.mechanism = "channel/ring-spsc", .wait = "spin-then-block"};
	struct ranking r;
	size_t n = add_rows(rows, 0, spin_at, 100, 6);

	(void)state;
	n = add_rows(rows, n, mixed, 300, 6);
	n = add_rows(rows, n, pipe_at, 9000, 6);
	rank_them(&r, rows, n);
	assert_int_equal(r.group[0].sleeping, 1);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	check_entry(&r.group[0].entry[1], 1, "channel/ring-spsc (spin)");
	check_entry(&r.group[0].entry[2], 2, "channel/ring-spsc (spin-then-block)");
	rank_free(&r);
	free(rows);
}

static void rank_never_mixes_groups(void **state)
{
	static const struct at groups[] = {{.bytes = 64}, {.bytes = 4096}, {.domain = "process"},
		{.placement = "same-pu"}, {.workload = "stream"}};
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		n = add_rows(rows, n, groups[i], 1000, 2);
	n = add_rows(rows, n, (struct at){.domain = "process"}, 1000, 2);
	(void)snprintf(rows[n - 1].start, sizeof(rows->start), "exec");
	rows[n - 2].consumers = 2;
	rank_them(&r, rows, n);
	assert_int_equal(r.n, 7);
	for (size_t i = 0; i < r.n; i++)
		assert_int_equal(r.group[i].n, 1);
	rank_free(&r);
	free(rows);
}

static void rank_falls_back_to_the_mean_where_no_median_was_measured(void **state)
{
	struct sample s = row_with(pipe_at, 1000);

	(void)state;
	assert_true(rank_figure(&s) == 1000);
	s.lat_p50_ns = NAN;
	s.elapsed_ns = 3000;
	s.ops = 2;
	assert_true(rank_figure(&s) == 1500);
}

static void rank_judges_wake_ups_by_their_median_though_they_are_spaced(void **state)
{
	struct sample s = row_with(pipe_at, 1000);

	(void)state;
	(void)snprintf(s.workload, sizeof(s.workload), "wake-one");
	(void)snprintf(s.kind, sizeof(s.kind), "wake");
	assert_true(rank_lower_is_better(&s));
	assert_true(rank_figure(&s) == 1000);
	s.lat_p50_ns = NAN;
	s.lat_mean_ns = 1200;
	s.elapsed_ns = 90000; /* mostly spaces */
	s.ops = 2;
	assert_true(rank_figure(&s) == 1200);
}

static void rank_judges_a_worker_alone_by_what_an_operation_takes(void **state)
{
	static const char *const alone[] = {"uncontended", "poll-vain"};
	struct sample s = row_with(pipe_at, 1000);

	(void)state;
	s.kind[0] = '\0';
	s.elapsed_ns = 3000;
	s.ops = 2;
	for (size_t i = 0; i < sizeof(alone) / sizeof(*alone); i++) {
		(void)snprintf(s.workload, sizeof(s.workload), "%s", alone[i]);
		assert_true(rank_lower_is_better(&s));
		assert_true(rank_figure(&s) == 1500);
	}
}

static void rank_tells_ways_to_wait_apart_by_label_also_where_both_sleep(void **state)
{
	struct sample *rows = new_rows();
	struct at polled = pipe_at;
	struct ranking r;
	size_t n;

	(void)state;
	polled.wait = "epoll";
	n = add_rows(rows, 0, pipe_at, 2000, 6);
	n = add_rows(rows, n, polled, 3000, 6);
	rank_them(&r, rows, n);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	check_entry(&r.group[0].entry[1], 2, "channel/pipe (epoll)");
	assert_int_equal(r.group[0].sleeping, 2);
	rank_free(&r);
	free(rows);
}

static void rank_tells_capacities_apart_by_label_only_where_there_are_several(void **state)
{
	struct sample *rows = new_rows();
	struct at few = ring_at, many = ring_at;
	struct ranking r;
	size_t n;

	(void)state;
	few.capacity = "16";
	many.capacity = "1024";
	n = add_rows(rows, 0, few, 2000, 6);
	n = add_rows(rows, n, many, 1000, 6);
	n = add_rows(rows, n, pipe_at, 3000, 6);
	rank_them(&r, rows, n);
	check_entry(&r.group[0].entry[0], 1, "channel/ring-spsc x1024");
	check_entry(&r.group[0].entry[1], 2, "channel/ring-spsc x16");
	check_entry(&r.group[0].entry[2], 3, "channel/pipe");
	rank_free(&r);
	free(rows);
}

static void rank_does_not_depend_on_the_order_of_rows(void **state)
{
	struct sample *rows = new_rows(), *back = new_rows();
	struct ranking a, b;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 4);

	(void)state;
	n = add_rows(rows, n, queue_at, 1000, 4); /* exactly equal */
	n = add_rows(rows, n, spin_at, 100, 4);
	for (size_t i = 0; i < n; i++)
		back[i] = rows[n - 1 - i];
	rank_them(&a, rows, n);
	rank_them(&b, back, n);
	for (size_t i = 0; i < 3; i++)
		check_entry(
			&b.group[0].entry[i], a.group[0].entry[i].rank, a.group[0].entry[i].label);
	rank_free(&a);
	rank_free(&b);
	free(rows);
	free(back);
}

/* ---- shared ranks --------------------------------------------------------- */

/* Overlapping intervals, but faster in every one of six blocks: p = 2 / 64. */
static void rank_separates_what_differs_the_same_way_in_six_blocks(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 6);

	(void)state;
	n = add_rows(rows, n, queue_at, 1005, 6);
	rank_them(&r, rows, n);
	assert_true(r.group[0].entry[0].figure.hi > r.group[0].entry[1].figure.lo);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	check_entry(&r.group[0].entry[1], 2, "channel/queue-fifo");
	rank_free(&r);
	free(rows);
}

/* One block of six the other way round: p = 4 / 64 at best. */
static void rank_is_shared_where_the_blocks_disagree(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 6);

	(void)state;
	n = add_rows(rows, n, queue_at, 1010, 6);
	rows[6].lat_p50_ns = 999;
	n = add_rows(rows, n, ring_at, 5000, 6);
	rank_them(&r, rows, n);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	check_entry(&r.group[0].entry[1], 1, "channel/queue-fifo");
	check_entry(&r.group[0].entry[2], 3, "channel/ring-spsc");
	rank_free(&r);
	free(rows);
}

/* In the six blocks that both have they are even; row by row the queue is always slower. */
static void rank_pairs_rows_by_block_not_by_position(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 12);

	(void)state;
	n = add_rows(rows, n, queue_at, 1005, 12);
	for (size_t i = 12; i < 24; i++)
		rows[i].block += 6;
	for (size_t i = 12; i < 18; i++)
		rows[i].lat_p50_ns = rows[i - 6].lat_p50_ns + (i % 2 ? 5 : -5);
	for (size_t i = 18; i < 24; i++)
		rows[i].lat_p50_ns = 1200;
	rank_them(&r, rows, n);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	check_entry(&r.group[0].entry[1], 1, "channel/queue-fifo");
	rank_free(&r);
	free(rows);
}

static void rank_is_shared_where_few_trials_overlap_in_range(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 3);

	(void)state;
	n = add_rows(rows, n, queue_at, 1015, 3);
	n = add_rows(rows, n, ring_at, 1030, 3);
	rank_them(&r, rows, n);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	check_entry(&r.group[0].entry[1], 1, "channel/queue-fifo");
	check_entry(&r.group[0].entry[2], 3, "channel/ring-spsc"); /* apart from the first */
	rank_free(&r);
	free(rows);
}

/* ---- which rows ----------------------------------------------------------- */

static void rank_leaves_noisy_rows_out_where_three_clean_ones_exist(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 5);

	(void)state;
	set_noisy(&rows[0]);
	set_noisy(&rows[1]);
	rank_them(&r, rows, n);
	assert_int_equal(r.group[0].entry[0].n, 3);
	assert_int_equal(r.group[0].entry[0].noisy_left_out, 2);
	assert_int_equal(r.group[0].entry[0].noisy_used, 0);
	assert_true(fabs(r.group[0].entry[0].figure.median - 1030) < 1e-6);
	rank_free(&r);
	free(rows);
}

static void rank_uses_noisy_rows_where_clean_ones_are_too_few_and_says_so(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 5);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		set_noisy(&rows[i]);
	rank_them(&r, rows, n);
	assert_int_equal(r.group[0].entry[0].n, 5);
	assert_int_equal(r.group[0].entry[0].noisy_used, 3);
	assert_int_equal(r.group[0].entry[0].noisy_left_out, 0);
	rank_free(&r);
	free(rows);
}

static void rank_takes_only_ok_rows_of_the_plain_loop(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 6);

	(void)state;
	set_bad(&rows[0], "fail", "lost 3 messages");
	set_bad(&rows[1], "timeout", "took too long");
	set_bad(&rows[2], "skip", "no such class");
	(void)snprintf(rows[3].loop, sizeof(rows->loop), "probed");
	rows[4].lat_p50_ns = 0;
	rank_them(&r, rows, n);
	assert_int_equal(r.group[0].entry[0].n, 1);
	assert_true(fabs(r.group[0].entry[0].figure.median - 1050) < 1e-6);
	rank_free(&r);
	free(rows);
}

static void rank_of_no_rows_is_empty(void **state)
{
	struct ranking r;

	(void)state;
	rank_them(&r, NULL, 0);
	assert_int_equal(r.n, 0);
	rank_free(&r);
}

static void rank_never_holds_floors_or_races(void **state)
{
	(void)state;
	assert_false(cmd_rankable("channel/null"));
	assert_false(cmd_rankable("channel/memcpy"));
	assert_false(cmd_rankable("lock/null"));
	assert_false(cmd_rankable("lock/none"));
	assert_true(cmd_rankable("channel/pipe"));
	assert_true(cmd_rankable("lock/mutex"));
}

static void rank_passes_over_what_the_filter_refuses(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t n = add_rows(rows, 0, (struct at){.mechanism = "channel/null"}, 10, 6);

	(void)state;
	n = add_rows(rows, n, pipe_at, 1000, 6);
	assert_int_equal(rank_rows(&r, rows, n, cmd_rankable), 0);
	assert_int_equal(r.group[0].n, 1);
	check_entry(&r.group[0].entry[0], 1, "channel/pipe");
	rank_free(&r);
	free(rows);
}

/* ---- intervals as text ---------------------------------------------------- */

static void rank_gives_a_range_and_says_so_below_six_trials(void **state)
{
	static const double five[] = {1000, 1100, 1200, 1300, 1400};
	struct rank_value v;
	char text[120];

	(void)state;
	rank_summarise(five, 5, &v);
	assert_true(v.range);
	rank_format(&v, "ns", text, sizeof(text));
	assert_string_equal(text, "1.20 us range 1.00 .. 1.40 us");
}

static void rank_gives_an_interval_from_six_trials_on(void **state)
{
	static const double six[] = {1000, 1100, 1200, 1300, 1400, 1500};
	struct rank_value v;
	char text[120];

	(void)state;
	rank_summarise(six, 6, &v);
	assert_false(v.range);
	rank_format(&v, "ns", text, sizeof(text));
	assert_string_equal(text, "1.25 us [1.00 .. 1.50 us]");
}

static void rank_text_keeps_both_units_where_they_differ(void **state)
{
	struct rank_value v = {1.2e6, 990e3, 1.5e6, false};
	char text[120];

	(void)state;
	rank_format(&v, "per_s", text, sizeof(text));
	assert_string_equal(text, "1.20 M/s [990 k/s .. 1.50 M/s]");
	v.median = NAN;
	rank_format(&v, "per_s", text, sizeof(text));
	assert_string_equal(text, "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rank_orders_round_trips_by_the_lower_median),
		cmocka_unit_test(rank_orders_rates_by_the_higher_median),
		cmocka_unit_test(rank_keeps_sleeping_and_spinning_apart),
		cmocka_unit_test(rank_never_mixes_groups),
		cmocka_unit_test(rank_falls_back_to_the_mean_where_no_median_was_measured),
		cmocka_unit_test(rank_judges_wake_ups_by_their_median_though_they_are_spaced),
		cmocka_unit_test(rank_judges_a_worker_alone_by_what_an_operation_takes),
		cmocka_unit_test(rank_tells_ways_to_wait_apart_by_label_also_where_both_sleep),
		cmocka_unit_test(rank_tells_capacities_apart_by_label_only_where_there_are_several),
		cmocka_unit_test(rank_does_not_depend_on_the_order_of_rows),
		cmocka_unit_test(rank_separates_what_differs_the_same_way_in_six_blocks),
		cmocka_unit_test(rank_is_shared_where_the_blocks_disagree),
		cmocka_unit_test(rank_pairs_rows_by_block_not_by_position),
		cmocka_unit_test(rank_is_shared_where_few_trials_overlap_in_range),
		cmocka_unit_test(rank_leaves_noisy_rows_out_where_three_clean_ones_exist),
		cmocka_unit_test(rank_uses_noisy_rows_where_clean_ones_are_too_few_and_says_so),
		cmocka_unit_test(rank_takes_only_ok_rows_of_the_plain_loop),
		cmocka_unit_test(rank_of_no_rows_is_empty),
		cmocka_unit_test(rank_never_holds_floors_or_races),
		cmocka_unit_test(rank_passes_over_what_the_filter_refuses),
		cmocka_unit_test(rank_gives_a_range_and_says_so_below_six_trials),
		cmocka_unit_test(rank_gives_an_interval_from_six_trials_on),
		cmocka_unit_test(rank_text_keeps_both_units_where_they_differ),
	};

	return cmocka_run_group_tests_name("rank", tests, NULL, NULL);
}
