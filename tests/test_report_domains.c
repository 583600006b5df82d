/*
 * {{domains}}: each mechanism between threads, processes and coroutines, from rows made
 * in memory.
 */
#include <math.h>
#include <stdbool.h>

#include "bench/report.h"
#include "tests/sample_rows.h"

enum { TRIALS = 7 };

static const struct report_options quiet = {.keep_pictures = true};

/* The table of a report of these rows; caller frees. */
static char *table_of(const char *dir, const struct sample *row, size_t n)
{
	char err[512] = "", *text, *begin, *end;

	write_samples(dir, row, n);
	if (report_make(dir, &quiet, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	text = read_text_file(dir, "REPORT.md");
	assert_non_null(text);
	begin = strstr(text, "| mechanism | threads |");
	assert_non_null(begin);
	end = strstr(begin, "\n\n");
	assert_non_null(end);
	*end = '\0';
	memmove(text, begin, strlen(begin) + 1);
	return text;
}

static void rates_and_round_trips_stand_in_one_place_for_each_domain(void **state)
{
	struct sample row[6 * TRIALS];
	size_t n = 0;
	char *text;

	n = add_rows(row, n, (struct at){.capacity = "native"}, 10000, TRIALS);
	for (size_t i = 0; i < n; i++)
		row[i].lat_p99_ns = 25000;
	n = add_rows(row, n, (struct at){.workload = "stream", .capacity = "native"}, 1e6, TRIALS);
	/* round trips of coroutines without a stream: no rate, and why */
	n = add_rows(row, n,
		(struct at){.domain = "coroutine",
			.wait = "await",
			.placement = "same-pu",
			.capacity = "native"},
		2000, TRIALS);
	/* what is not meant: another size, another place, another way to wait */
	n = add_rows(row, n, (struct at){.bytes = 4096}, 77000, TRIALS);
	n = add_rows(row, n, (struct at){.placement = "farthest"}, 88000, TRIALS);
	n = add_rows(row, n, (struct at){.wait = "spin"}, 99000, TRIALS);
	text = table_of(*state, row, n);
	check_says(text,
		"\n| channel/pipe | 1.03 M/s; p50 10.3 us p99 25.0 us "
		"| not in this run | no rate, not in this run; p50 2.06 us p99 - (of 0) |\n");
	free(text);
}

/* Medians of trials may come from other trials than each other's: p99 was below p50 so. */
static void percentiles_are_of_the_samples_of_all_trials_together(void **state)
{
	struct sample row[3 * TRIALS];
	size_t n = 0;
	char *text;

	n = add_rows(row, n, (struct at){.capacity = "native"}, 700000, TRIALS);
	n = add_rows(
		row, n, (struct at){.domain = "process", .capacity = "native"}, 700000, TRIALS);
	begin_hists(*state);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(row[i].kind, sizeof(row[i].kind), "rtt");
		append_hist(*state, &row[i], i < TRIALS ? 2000 : 1000, "0"); /* of 1 to 1001 ns */
	}
	text = table_of(*state, row, n);
	check_says(text, "\n| channel/pipe | no rate, not in this run; p50 501 ns p99 991 ns "
			 "| no rate, not in this run; p50 501 ns p99 - (of 7000) |");
	free(text);
}

static void run_of_the_table_beside_this_one_is_asked_for_it(void **state)
{
	const struct report_options o = {.template_path = "in.md",
		.out_path = "out.md",
		.keep_pictures = true,
		.demand = true};
	struct sample row[TRIALS];
	char err[512] = "", *text, here[300];

	(void)add_rows(row, 0, (struct at){.capacity = "native"}, 10000, TRIALS);
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(*state), 0);
	assert_int_equal(mkdir("full", 0755) | mkdir("table", 0755), 0);
	write_samples("full", row, TRIALS);
	append_text(".", "in.md", "{{beside none run}}\n{{beside table domains}}\n");
	(void)add_rows(row, 0, (struct at){.capacity = "native"}, 20000, TRIALS);
	write_samples("table", row, TRIALS);
	if (report_make("full", &o, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	text = read_text_file(".", "out.md");
	check_says(
		text, "run-1\nMeasured in a run of its own, run-1 of 2026-01-02, commit unknown.");
	check_says(text, "\n| channel/pipe | no rate, not in this run; p50 20.6 us p99 - (of 0) |");
	free(text);
	(void)unlink("in.md");
	append_text(".", "in.md", "{{beside ../full run}}\n");
	assert_int_not_equal(report_make("full", &o, err, sizeof(err)), 0);
	check_says(err, "is written {{beside RUN NAME ...}}");
	assert_int_equal(chdir(here), 0);
}

static void place_without_a_figure_says_why(void **state)
{
	struct sample row[2];
	char *text;

	row[0] = row_with((struct at){.domain = "process", .capacity = "native"}, 1000);
	set_bad(&row[0], "skip", "this machine has no such thing");
	row[1] = row_with((struct at){.capacity = "native"}, 1000);
	text = table_of(*state, row, 2);
	check_says(text, " | skip: this machine has no such thing | not in this run |\n");
	check_says(text,
		"\n| channel/queue-async | not offered: nothing in it is atomic, since "
		"coroutines are never interrupted: see channel/queue-fifo | not offered: ");
	check_says(text, "\n| channel/null (not ranked) |");
	free(text);
}

/* The rate is that of the workload which has the time, where a family has no other; timers none. */
static void every_family_has_a_rate_or_says_why_it_has_none(void **state)
{
	static const struct {
		const char *mech, *workload, *placement;
		int producers, consumers;
	} of[] = {
		{"event/semaphore", "pingpong", "nearest", 1, 1},
		{"barrier/pthread", "rendezvous", "nearest", 2, 0},
		{"spawn/pthread", "lifecycle", "same-pu", 1, 0},
		{"timer/thread", "lateness", "same-pu", 1, 0},
	};
	struct sample row[4 * TRIALS];
	size_t n = 0;
	char *text;

	for (int i = 0; i < 4; i++) {
		size_t from = n;

		n = add_rows(row, n,
			(struct at){.mechanism = of[i].mech,
				.workload = of[i].workload,
				.placement = of[i].placement},
			1000, TRIALS);
		for (; from < n; from++) {
			row[from].producers = of[i].producers;
			row[from].consumers = of[i].consumers;
			row[from].lat_p50_ns = 5000;
		}
	}
	text = table_of(*state, row, n);
	check_says(text, "\n| event/semaphore | 971 k/s; p50 5.00 us p99 - (of 0) |");
	check_says(text, "\n| barrier/pthread | 1.03 k/s; p50 5.00 us p99 - (of 0) |");
	check_says(text, "\n| spawn/pthread | 1.03 k/s; p50 5.00 us p99 - (of 0) |");
	check_says(text, "\n| timer/thread | spaced, no rate; p50 5.00 us p99 - (of 0) |");
	free(text);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(rates_and_round_trips_stand_in_one_place_for_each_domain),
		DIR_TEST(percentiles_are_of_the_samples_of_all_trials_together),
		DIR_TEST(run_of_the_table_beside_this_one_is_asked_for_it),
		DIR_TEST(place_without_a_figure_says_why),
		DIR_TEST(every_family_has_a_rate_or_says_why_it_has_none),
	};

	return cmocka_run_group_tests_name("report domains", tests, NULL, NULL);
}
