/*
 * Trials that were noisy are measured again: as often as is allowed, and all are kept.  Those that
 * are much too short have their number of operations found anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/neighbour.h"

/* All four trials are noisy beside a neighbour: the extra ones are what is allowed. */
static void check_repeats(const char *option, size_t extra)
{
	unsigned attempts[4] = {0};
	char line[256];
	size_t n = 0;
	struct sample *row;

	snprintf(line, sizeof(line),
		H "run " SPINS " -p nearest --reps 4 --trial-ms 40 --no-report %s -o run", option);
	neighbour_beside(line);
	row = program_rows("run", &n);
	assert_int_equal(n, 4 + extra);
	for (size_t i = 0; i < n; i++) {
		assert_true(row[i].rep == row[i].block && row[i].block < 4);
		assert_true(row[i].attempt == ++attempts[(size_t)row[i].block]);
		assert_true(row[i].attempt <= 3);
	}
	free(row);
	program_ends("rm -r run", 0);
}

static void noisy_trials_are_repeated_and_all_are_kept(void **state)
{
	(void)state;
	program_need_processes();
	check_repeats("", 1);                   /* a quarter */
	check_repeats("--repeat-noisy 100", 8); /* each twice */
}

/* As if the machine had been busy while the plan was calibrated: two operations. */
static void a_trial_that_is_much_too_short_is_marked_and_its_cell_calibrated_anew(void **state)
{
	struct sample *row;
	size_t n;

	(void)state;
	program_ends(H "run -m channel/queue-fifo -w pingpong -d thread -p same-pu --trial-ms 20 "
		       "--reps 4 --no-report -o run",
		0);
	program_ends("sed -i '2s/,[0-9]*,/,2,/' run/plan.csv", 0);
	program_ends("sed -i '2,$d' run/samples.csv", 0);
	program_ends(H "run --resume run", 0);
	row = program_rows("run", &n);
	assert_true(n >= 4);
	assert_true(row[0].ops == 2 && strcmp(row[0].quality, "noisy") == 0);
	assert_non_null(strstr(row[0].quality_reason, "short"));
	for (size_t i = 1; i < n; i++)
		assert_true(row[i].ops > 2 && !strstr(row[i].quality_reason, "short"));
	free(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(noisy_trials_are_repeated_and_all_are_kept),
		PROGRAM_TEST(a_trial_that_is_much_too_short_is_marked_and_its_cell_calibrated_anew),
	};

	program_find();
	return cmocka_run_group_tests_name("repeats", tests, NULL, NULL);
}
