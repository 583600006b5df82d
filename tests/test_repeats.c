/*
 * Trials that were noisy are measured again: as often as is allowed, and all are kept.
 */
#include <stdio.h>
#include <stdlib.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(noisy_trials_are_repeated_and_all_are_kept),
	};

	program_find();
	return cmocka_run_group_tests_name("repeats", tests, NULL, NULL);
}
