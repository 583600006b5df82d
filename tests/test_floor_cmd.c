/*
 * `handoff floor`, and the floors of a run, from outside: what a user sees and finds.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/floors.h"
#include "tests/program.h"

enum {
	WANTED_MS = 5000, /* on a machine that does nothing else */
	SLACK_MS = 20000,
};

#define FLOOR H "floor "
#define SHORT " -m channel/ring-spsc -w pingpong -d thread -s 64 --trial-ms 2 --no-report "

static void program_finds_the_floors_within_five_seconds(void **state)
{
	static const char *const part[] = {"line-cas", "line-two", "switch", "wake", "syscall",
		"atomic", "clock", "copy 64 B", "copy 1 MiB"};
	long begin = program_now_ms();

	(void)state;
	program_ends(FLOOR, RC_FINE);
	assert_true(program_now_ms() - begin < WANTED_MS + SLACK_MS);
	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		if (!strstr(program.out, part[i]))
			fail_msg("no %s in \"%s\"", part[i], program.out);
	}
	assert_non_null(strstr(program.out, "same-pu"));
	program_made_nothing();
}

/* Every line has a figure or a reason. */
static void program_writes_floors_as_csv(void **state)
{
	char *save = NULL, *line;
	size_t figures = 0;

	(void)state;
	program_ends(FLOOR "--format csv -t 100ms -p same-pu -s 64", RC_FINE);
	line = strtok_r(program.out, "\n", &save);
	assert_string_equal(line, "placement,part,bytes,unit,min,median,spread,n,reason");
	while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
		double min = NAN;
		char part[20], bytes[20];

		assert_int_equal(strncmp(line, "same-pu,", 8), 0);
		if (strstr(line, "one PU: no line moves"))
			continue;
		if (sscanf(line, "same-pu,%19[a-z-],%19[0-9],ns,%lf", part, bytes, &min) != 3)
			assert_int_equal(sscanf(line, "same-pu,%19[a-z-],,ns,%lf", part, &min), 2);
		assert_true(min > 0);
		figures++;
	}
	assert_int_equal(figures, 6);
}

static void program_refuses_floors_that_it_cannot_measure(void **state)
{
	(void)state;
	program_refuses(FLOOR "-p unpinned", "no pair of PUs");
	program_refuses(FLOOR "-p neerest", "nearest");
	program_refuses(FLOOR "-s 0", "from 1 to 1M");
	program_refuses(FLOOR "-s 2M", "from 1 to 1M");
	program_refuses(FLOOR "-t 1h", "600 s");
	program_refuses(FLOOR "--format xml", "text and csv");
	program_refuses("env HWLOC_SYNTHETIC='core:2 pu:1' " FLOOR, "another machine");
	program_refuses(FLOOR "-t 50ms > /dev/full", "standard output");
	program_ends(H "topology --format csv", RC_FINE);
	if (!strstr(program.out, "cross-package,0,"))
		return; /* a machine that has it */
	program_ends(FLOOR "-p cross-package", RC_NOTHING);
	assert_non_null(strstr(program.err, "cross-package"));
}

/* Passes in the file of a run, and the least that its pairs took for a part. */
static uint64_t read_floors(const char *run, struct floors *f)
{
	char path[SUPPORT_PATH + 64], err[400];

	*f = (struct floors){0};
	snprintf(path, sizeof(path), "%s/%s/floors.csv", program.here, run);
	if (floors_read(f, path, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return f->pass;
}

static void run_measures_floors_before_and_after_and_its_rows_have_them(void **state)
{
	char path[SUPPORT_PATH + 64];
	struct floors f;
	struct sample *rows;
	uint64_t passes;
	size_t n;

	(void)state;
	program_need_processes();
	program_ends(H "run" SHORT "-p same-pu --wait yield --reps 3 --repeat-noisy no --out r",
		RC_FINE);
	passes = read_floors("r", &f); /* more than two: rows were below for a while */
	assert_in_range(passes, 2, 2 + FLOORS_AGAIN);
	assert_true(floors_alone(&f, FLOOR_SYSCALL) > 0);
	rows = program_rows("r", &n);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		assert_true(rows[i].floor_ns > 0);
		assert_string_equal(rows[i].floor_parts, "2 switch + 4 copy-64");
		assert_true(isnan(rows[i].lat_p50_ns) == isnan(rows[i].floor_ratio));
	}
	free(rows);
	floors_free(&f);
	program_ends(H "run --resume r --no-report", RC_FINE); /* nothing is left to be done */
	assert_int_equal(read_floors("r", &f), passes + 2);
	floors_free(&f);
	snprintf(path, sizeof(path), "%s/r/floors.csv", program.here);
	assert_int_equal(unlink(path), 0);
	program_ends(H "run --resume r --no-report", RC_FINE);
	assert_int_equal(read_floors("r", &f), 2);
	floors_free(&f);
}

static void run_says_what_its_floors_take_before_it_measures(void **state)
{
	(void)state;
	program_says(H "run -n" SHORT "-p same-pu", "floors of 1 pairs of PUs, 0.0 s");
	program_says(H "run -n --matrix quick", "; floors of ");
	program_made_nothing();
}

static void report_shows_the_distance_from_the_floor(void **state)
{
	char path[SUPPORT_PATH + 64], *text;

	(void)state;
	program_need_processes();
	program_ends(H "run -m lock/mutex -w uncontended -d thread -p same-pu --trial-ms 2 "
		       "--reps 1 --no-report --out r",
		RC_FINE);
	program_ends(H "report r", RC_FINE);
	snprintf(path, sizeof(path), "%s/r/REPORT.md", program.here);
	text = support_read(path);
	assert_non_null(strstr(text, "### The distance from the floor"));
	assert_non_null(strstr(text, "| lock/mutex | thread | same-pu |"));
	assert_non_null(strstr(text, "| 2 atomic |"));
	assert_non_null(strstr(text, "No cell was below 0.8 of its floor"));
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PROGRAM_TEST(program_finds_the_floors_within_five_seconds),
		PROGRAM_TEST(program_writes_floors_as_csv),
		PROGRAM_TEST(program_refuses_floors_that_it_cannot_measure),
		PROGRAM_TEST(run_measures_floors_before_and_after_and_its_rows_have_them),
		PROGRAM_TEST(run_says_what_its_floors_take_before_it_measures),
		PROGRAM_TEST(report_shows_the_distance_from_the_floor),
	};

	program_find();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
