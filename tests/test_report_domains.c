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
	check_says(text, "\n| channel/pipe | 1.03 M/s; p50 10.3 us p99 25.0 us "
			 "| not in this run | p50 2.06 us p99 - |\n");
	free(text);
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
	check_says(
		text, "\n| channel/queue-async | not offered | not offered | not in this run |\n");
	check_says(text, "\n| channel/null (not ranked) |");
	free(text);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(rates_and_round_trips_stand_in_one_place_for_each_domain),
		DIR_TEST(place_without_a_figure_says_why),
	};

	return cmocka_run_group_tests_name("report domains", tests, NULL, NULL);
}
