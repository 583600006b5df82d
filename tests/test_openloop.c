/*
 * The open loop: messages go out by a schedule that nothing slows down, the wait
 * for a late sender or receiver is booked to each message that it delays, and
 * what cannot be said is said not to be.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/oneway.h"
#include "bench/openloop.h"
#include "harness/schedule.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { MS = 1000000, DRAWS = 400000, STALL_MS = 60, STALL_RATE = 10000, SCENES = 5 };

static const struct clock nanoseconds = {.ns_per_tick_q32 = UINT64_C(1) << 32};

/* ---- the generator -------------------------------------------------------- */

static void fixed_schedules_of_several_senders_interleave(void **state)
{
	struct schedule s[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		schedule_init(&s[i], &nanoseconds, 1000, 3, i, NULL, 0);
		schedule_start(&s[i], 5000);
	}
	for (uint64_t k = 1; k <= 3000; k++) { /* the k-th message of all, at k ms */
		uint64_t due = schedule_next(&s[(k - 1) % 3]);

		assert_in_range(due, 5000 + k * MS - 3, 5000 + k * MS + 3);
	}
}

static void without_a_rate_all_is_due_at_the_start(void **state)
{
	struct schedule_table table;
	struct schedule s;

	(void)state;
	schedule_table_init(&table);
	schedule_init(&s, &nanoseconds, 0, 1, 0, &table, 1);
	schedule_start(&s, 77);
	for (int i = 0; i < 100; i++)
		assert_int_equal(schedule_next(&s), 77);
}

/* Mean 1, variance 1, e^-x of the gaps above x, no memory, none negative. */
static void poisson_gaps_are_exponential(void **state)
{
	static const double at[] = {0.0005, 0.1, 1, 3, 6.5, 8};
	double sum = 0, squares = 0, products = 0, last = 1;
	unsigned above[6] = {0};
	struct schedule_table table;
	struct schedule s;
	uint64_t before = 0;

	(void)state;
	schedule_table_init(&table);
	schedule_init(&s, &nanoseconds, 1000, 1, 0, &table, 42);
	schedule_start(&s, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t due = schedule_next(&s);
		double gap = (double)(due - before) / MS;

		before = due;
		sum += gap;
		squares += gap * gap;
		products += (gap - 1) * (last - 1);
		last = gap;
		for (int k = 0; k < 6; k++)
			above[k] += gap > at[k];
	}
	assert_true(fabs(sum / DRAWS - 1) < 0.01);
	assert_true(fabs(squares / DRAWS - 2) < 0.04);
	assert_true(fabs(products / DRAWS) < 0.01);
	for (int k = 0; k < 6; k++) {
		double want = DRAWS * exp(-at[k]);

		assert_true(fabs(above[k] - want) < 6 * sqrt(want));
	}
}

static void poisson_schedules_differ_by_seed_and_sender_and_repeat(void **state)
{
	static const struct {
		uint32_t sender;
		uint64_t seed;
	} who[] = {{0, 1}, {1, 1}, {0, 2}, {0, 1}};
	struct schedule_table table;
	uint64_t due[4];

	(void)state;
	schedule_table_init(&table);
	for (int i = 0; i < 4; i++) {
		struct schedule s;

		schedule_init(&s, &nanoseconds, 1000, 2, who[i].sender, &table, who[i].seed);
		schedule_start(&s, 0);
		for (int k = 0; k < 50; k++)
			due[i] = schedule_next(&s);
	}
	assert_true(due[0] != due[1] && due[0] != due[2] && due[1] != due[2]);
	assert_true(due[0] == due[3]);
}

/* ---- trials --------------------------------------------------------------- */

static void run_ok(const char *key, uint64_t n)
{
	struct trial_spec spec;
	struct cell c;

	lab_need_cell(&c, key);
	openloop_plan(&c);
	lab_spec(&c, &spec);
	spec.n = n;
	spec.warm_n = 10;
	spec.schedule_seed = 7;
	if (lab_run_spec(&c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
}

static void messages_go_out_at_their_intended_times(void **state)
{
	const struct trial_result *r = lab.result;

	(void)state;
	run_ok("channel/pipe/openloop?domain=thread&placement=unpinned&rate=20000", 400);
	assert_in_range(r->offered_ns, 20 * MS - 1000, 20 * MS + 1000);
	assert_true(r->served_ns > r->offered_ns - 1000);
	assert_int_equal(r->ops, 400);
	run_ok("channel/pipe/openloop?arrivals=poisson&domain=thread&placement=unpinned&rate=20000",
		400);
	assert_in_range(r->offered_ns, 15 * MS, 25 * MS); /* five deviations */
	assert_true(r->offered_ns < 20 * MS - 1000 || r->offered_ns > 20 * MS + 1000);
}

static void several_senders_offer_the_rate_together(void **state)
{
	const struct trial_result *r = lab.result;

	(void)state;
	run_ok("channel/queue-fifo/openloop?domain=thread&fan=2x2&placement=unpinned&rate=20000",
		400);
	assert_int_equal(r->ops, 400);
	assert_int_equal(r->hist[0].count, 400);
	/* shares need not be even: who is late does less */
	assert_in_range(r->offered_ns, 10 * MS, 42 * MS);
}

static void response_is_never_shorter_than_service(void **state)
{
	static const char *const keys[] = {
		"channel/pipe/openloop?domain=thread&placement=unpinned&rate=100000",
		"channel/unix-stream/openloop?domain=thread&placement=nearest&rate=100000",
	};
	const struct hist *h = lab.result->hist;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		run_ok(keys[k], 2000);
		assert_int_equal(lab.result->hist_kind[0], KIND_RESPONSE);
		assert_int_equal(lab.result->hist_kind[1], KIND_SERVICE);
		assert_int_equal(h[1].count, 2000 - lab.result->oneway_negative);
		assert_true(h[0].count >= h[1].count && h[0].sum >= h[1].sum);
		assert_true(h[0].max >= h[1].max && h[0].min >= h[1].min);
		for (double p = 0; p <= 1; p += 0.01)
			assert_true(hist_value_at_percentile(&h[0], p) >=
				    hist_value_at_percentile(&h[1], p));
	}
}

static void rate_beyond_the_capacity_is_said_to_be_missed(void **state)
{
	const char *key = "channel/pipe/openloop?domain=thread&placement=unpinned&rate=50000000";
	struct sample row;
	struct cell c;

	(void)state;
	run_ok(key, 20000);
	assert_true(openloop_missed(lab.result));
	assert_true(lab.result->late_sends > 10000);
	lab_need_cell(&c, key);
	sample_init(&row);
	openloop_row(&row, &c, lab.result);
	assert_non_null(strstr(row.missed, "offered 50000"));
	assert_true(row.achieved_per_s < row.offered_per_s * 0.98);
}

/* ---- coordinated omission ------------------------------------------------- */

/* The youngest child of a process that is not this one itself, and how many there are. */
static pid_t last_child(pid_t of, int *n)
{
	char path[64];
	long pid = 0, last = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)of, (long)of);
	f = fopen(path, "re");
	for (*n = 0; f && fscanf(f, "%ld", &pid) == 1; ++*n)
		last = pid == getpid() ? last : pid;
	if (f)
		fclose(f);
	return (pid_t)last;
}

static void nap_ms(unsigned ms)
{
	usleep(ms * 1000);
}

/* In a child of its own: await the trial's workers, let them run, stop the receiver for a while. */
static void stop_the_receiver(pid_t test)
{
	pid_t trial, receiver = 0;
	int workers = 0;

	for (int i = 0; i < 5000 && workers < 2; i++) {
		nap_ms(1);
		trial = last_child(test, &workers);
		workers = 0;
		if (trial)
			receiver = last_child(trial, &workers);
	}
	nap_ms(120);
	if (workers != 2 || kill(receiver, SIGSTOP) != 0)
		_exit(1);
	nap_ms(STALL_MS);
	kill(receiver, SIGCONT);
	_exit(0);
}

static uint64_t above(const struct hist *h, uint64_t ns)
{
	uint64_t n = h->overflow;

	for (size_t i = hist_index(ns) + 1; i < HIST_BINS; i++)
		n += h->bin[i];
	return n;
}

/* The trial, stopped amid; false: this process or the stopper came too late for that. */
static bool trial_with_a_stall(void)
{
	pid_t test = getpid(), stopper = fork();
	int status = 1;

	if (stopper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		stop_the_receiver(test);
	}
	run_ok("channel/queue-fifo/openloop?capacity=4&domain=process&placement=unpinned"
	       "&rate=10000",
		4 * STALL_RATE / 10);
	assert_int_equal(waitpid(stopper, &status, 0), stopper);
	return status == 0;
}

/* Not to the few that were sent: to nearly all that were due. */
static bool stall_is_booked(void)
{
	const struct hist *response = &lab.result->hist[0], *service = &lab.result->hist[1];

	return above(response, 10 * MS) >= (STALL_MS - 15) * STALL_RATE / 1000 &&
	       hist_value_at_percentile(response, 0.99) >= (STALL_MS - 20) * (uint64_t)MS &&
	       response->max >= (STALL_MS - 5) * (uint64_t)MS &&
	       service->max >= (STALL_MS - 5) * (uint64_t)MS &&
	       above(service, 10 * MS) < above(response, 10 * MS) / 4 &&
	       lab.result->late_sends >= (STALL_MS - 15) * STALL_RATE / 1000;
}

/*
 * 10 messages a ms are due while the receiver stands still.  Each of them waits,
 * though the sender can send only a few of them before the channel is full: a
 * loop that waits for its sends would have booked those few.
 */
static void stall_of_the_receiver_is_booked_to_every_message_due_in_it(void **state)
{
	bool booked = false;

	(void)state;
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: a fork stops the receiver");
	/* on a busy machine it is stopped before the schedule begins, or too late */
	for (int i = 0; i < SCENES && !booked; i++)
		booked = trial_with_a_stall() && stall_is_booked();
	assert_true(booked);
}

/* ---- what a row says ------------------------------------------------------ */

/* n messages of so many ns, offered in a second. */
static void make_result(struct trial_result *r, uint64_t n, uint64_t response, uint64_t service)
{
	memset(r, 0, sizeof(*r));
	r->n = r->ops = n;
	r->offered_ns = 1000 * (uint64_t)MS;
	r->served_ns = r->offered_ns + response;
	for (int i = 0; i < 2; i++)
		hist_reset(&r->hist[i]);
	for (uint64_t i = 0; i < n; i++) {
		hist_record(&r->hist[0], response);
		hist_record(&r->hist[1], service);
	}
}

static struct sample row_of(const struct trial_result *r, uint64_t bound_ns)
{
	struct sample row;
	struct cell c;

	assert_null(lab_cell(&c, "channel/pipe/openloop?placement=unpinned&rate=20000"));
	c.oneway_bound_ns = bound_ns;
	sample_init(&row);
	row.lat_count = (double)r->hist[0].count;
	row.lat_p50_ns = row.lat_p99_ns = row.lat_max_ns = row.lat_p99_hi_ns = 1;
	openloop_row(&row, &c, r);
	return row;
}

static void percentiles_under_five_bounds_are_left_out_with_a_reason(void **state)
{
	struct trial_result *r = lab.result;
	struct sample row;

	(void)state;
	make_result(r, 20000, 600, 499);
	row = row_of(r, 100);
	assert_true(row.lat_p50_ns == 1 && row.lat_count == 20000);
	assert_true(isnan(row.svc_p50_ns) && isnan(row.svc_p99_ns) && isnan(row.svc_max_ns));
	assert_true(row.svc_count == 20000 && row.oneway_bound_ns == 100);
	assert_string_equal(row.oneway_reason, "service: median 499 ns, under 5 x bound");
	assert_true(row.lat_p99_hi_ns == 1);
	row = row_of(r, 121);
	assert_true(isnan(row.lat_p99_hi_ns));
	assert_true(isnan(row.lat_p50_ns) && isnan(row.lat_p99_ns) && isnan(row.lat_max_ns));
	assert_non_null(strstr(row.oneway_reason, "response: median 600 ns, under 5 x bound; "));
	row = row_of(r, 99);
	assert_true(row.svc_p50_ns == 499 && row.svc_p99_ns == 499 && !row.oneway_reason[0]);
	row = row_of(r, UINT64_MAX);
	assert_true(isnan(row.lat_p50_ns) && isnan(row.svc_p50_ns) && isnan(row.oneway_bound_ns));
	assert_non_null(strstr(row.oneway_reason, "could not be compared"));
}

static void rate_that_was_kept_is_not_said_to_be_missed(void **state)
{
	struct trial_result *r = lab.result;
	struct sample row;

	(void)state;
	make_result(r, 20000, 19 * MS, 1000);
	r->oneway_negative = 3;
	r->late_sends = 5;
	row = row_of(r, 0);
	assert_string_equal(row.missed, "");
	assert_true(row.offered_per_s == 20000 && row.oneway_negative == 3 && row.late_sends == 5);
	r->served_ns += 3 * MS;
	row = row_of(r, 0);
	assert_string_equal(row.missed, "offered 20000/s, achieved 19569/s");
}

static void few_messages_give_no_percentile(void **state)
{
	struct sample row;

	(void)state;
	make_result(lab.result, 1000, 600, 500);
	row = row_of(lab.result, 0);
	assert_true(row.svc_p50_ns == 500 && isnan(row.svc_p99_ns));
}

static void messages_follow_from_the_rate(void **state)
{
	static const struct {
		const char *rate;
		uint64_t stretch_ns, n, planned_ns;
	} rows[] = {
		{"1000000", 30 * MS, 30000, 30 * MS},
		{"100000", 30 * MS, OPENLOOP_MESSAGES, 102 * MS},
		{"1000", 30 * MS, 1000, 1000 * MS},
		{"1", 30 * MS, 1, 1000 * MS},
		{"1000", UINT64_C(5000) * MS, 5000, UINT64_C(5000) * MS},
		{"auto", 30 * MS, OPENLOOP_MESSAGES, 30 * MS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char key[120];
		struct cell c;

		snprintf(key, sizeof(key), "channel/pipe/openloop?rate=%s", rows[i].rate);
		assert_null(lab_cell(&c, key));
		c.stretch_ns = rows[i].stretch_ns;
		openloop_plan(&c);
		assert_int_equal(c.n, rows[i].n);
		assert_int_equal(c.stretch_ns, rows[i].planned_ns);
	}
}

static void rates_around_a_knee_rise_and_have_two_digits(void **state)
{
	static const uint64_t want[] = {12000, 31000, 62000, 93000, 110000, 120000, 140000, 150000};
	uint64_t rate[OPENLOOP_RATES];

	(void)state;
	assert_int_equal(openloop_rates(123456, rate), OPENLOOP_RATES);
	assert_memory_equal(rate, want, sizeof(want));
	assert_int_equal(openloop_rates(1, rate), 1);
	assert_int_equal(rate[0], 1);
	assert_int_equal(openloop_rates(0, rate), 0);
}

static void clocks_are_bounded_for_the_pair_that_a_cell_uses(void **state)
{
	struct cell c[2];
	struct plan p = {.cell = c, .n = 2};
	char err[200];

	(void)state;
	lab_need_cell(&c[0], "channel/pipe/openloop?placement=same-pu&rate=1000");
	lab_need_cell(&c[1], "channel/pipe/openloop?placement=unpinned&rate=1000");
	assert_int_equal(oneway_bound_cells(&p, lab.topo, &lab.clock, err, sizeof(err)), 0);
	assert_int_equal(c[0].oneway_bound_ns, 0);
	if (topo_pu_count(lab.topo) > 1)
		assert_in_range(c[1].oneway_bound_ns, 1, 10 * MS);
}

static void what_carries_no_times_is_refused(void **state)
{
	struct cell c;

	(void)state;
	assert_non_null(strstr(lab_cell(&c, "channel/pipe/openloop?size=31"), "32 bytes at least"));
	assert_null(lab_cell(&c, "channel/pipe/openloop?size=32"));
	assert_non_null(strstr(lab_cell(&c, "channel/null/openloop"), "nothing is handed over"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_schedules_of_several_senders_interleave),
		cmocka_unit_test(without_a_rate_all_is_due_at_the_start),
		cmocka_unit_test(poisson_gaps_are_exponential),
		cmocka_unit_test(poisson_schedules_differ_by_seed_and_sender_and_repeat),
		cmocka_unit_test(messages_go_out_at_their_intended_times),
		cmocka_unit_test(several_senders_offer_the_rate_together),
		cmocka_unit_test(response_is_never_shorter_than_service),
		cmocka_unit_test(rate_beyond_the_capacity_is_said_to_be_missed),
		cmocka_unit_test(stall_of_the_receiver_is_booked_to_every_message_due_in_it),
		cmocka_unit_test(percentiles_under_five_bounds_are_left_out_with_a_reason),
		cmocka_unit_test(rate_that_was_kept_is_not_said_to_be_missed),
		cmocka_unit_test(few_messages_give_no_percentile),
		cmocka_unit_test(messages_follow_from_the_rate),
		cmocka_unit_test(rates_around_a_knee_rise_and_have_two_digits),
		cmocka_unit_test(clocks_are_bounded_for_the_pair_that_a_cell_uses),
		cmocka_unit_test(what_carries_no_times_is_refused),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
