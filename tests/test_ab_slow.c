/*
 * `handoff ab` on a NEW that is several times slower in three cells of five: it names these three,
 * in judgement.csv and in the Markdown, and no other.
 *
 * NEW is this very program: as a trial of one of the three it asks for the probed twin, burning
 * time in each operation, and then is handoff; all else it hands on as it is.  A slow-down of 10 %
 * takes hundreds of pairs of a quiet machine: scripts/campaign-inject.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/probe.h"
#include "harness/trial.h"
#include "tests/ab_scene.h"

/* Some 40 us on top of a round trip of 4 to 10: in a trial more than it loses when preempted once. */
enum { BURN_SPINS = 30000 };

static const char *const slowed[] = {"channel/pipe", "channel/fifo", "channel/unix-stream"};
static const char *const left_alone[] = {"channel/pipe-duplex", "channel/queue-fifo"};

#define FIVE                                                                                       \
	"-m channel/pipe,channel/fifo,channel/unix-stream,channel/pipe-duplex,channel/queue-fifo " \
	"-w pingpong -d thread -s 64 -p same-pu --trial-ms 3 --pairs 8 --seed 11 "

/* ---- NEW ----------------------------------------------------------------------------- */

static bool is_slowed(const char *mechanism)
{
	for (size_t i = 0; i < sizeof(slowed) / sizeof(*slowed); i++) {
		if (strcmp(slowed[i], mechanism) == 0)
			return true;
	}
	return false;
}

static int be_new(char **argv)
{
	struct trial_spec spec;
	int fd = strcmp(argv[1], "trial") == 0 && argv[2] && argv[3] ? atoi(argv[3]) : -1;

	if (fd >= 0 && pread(fd, &spec, sizeof(spec), 0) == (ssize_t)sizeof(spec) &&
		is_slowed(spec.mechanism)) {
		spec.probed = 1;
		spec.fault = (struct trial_fault){.act = PROBE_BURN,
			.point = POINT_BEFORE_SEND,
			.nth = 1,
			.value = BURN_SPINS};
		if (pwrite(fd, &spec, sizeof(spec), 0) != (ssize_t)sizeof(spec))
			return 99;
	}
	execv(getenv("H"), argv);
	return 99;
}

/* ---- what is said of it ---------------------------------------------------------------- */

static const char *in_cell(const char *text, const char *mechanism)
{
	char name[80];

	(void)snprintf(name, sizeof(name), "%s/pingpong?", mechanism);
	return strstr(text, name);
}

static unsigned regressions(const struct judgement *j, const char *mechanism)
{
	unsigned n = 0;

	for (size_t i = 0; i < j->n; i++)
		n += in_cell(j->row[i].cell, mechanism) && j->row[i].gated &&
		     j->row[i].verdict == JUDGED_REGRESSED;
	return n;
}

static void the_judgement_names_these_and_no_other(void)
{
	struct judgement j = ab_judgement_of("d");

	for (size_t i = 0; i < sizeof(slowed) / sizeof(*slowed); i++) {
		if (!regressions(&j, slowed[i]))
			fail_msg("%s is not named:\n%s", slowed[i], program.out);
	}
	for (size_t i = 0; i < sizeof(left_alone) / sizeof(*left_alone); i++) {
		if (regressions(&j, left_alone[i]))
			fail_msg("%s is named:\n%s", left_alone[i], program.out);
	}
	assert_int_equal(j.with[JUDGED_REGRESSED], sizeof(slowed) / sizeof(*slowed));
	assert_true(j.row[0].verdict == JUDGED_REGRESSED && j.row[0].ratio > 1.5);
	judged_free(&j);
}

/* What all cells share stands above the rows: theirs begin with the mechanism. */
static bool is_row_of(const char *line, const char *mechanism)
{
	const char *at = strstr(line, mechanism);

	return at && !strchr("-abcdefghijklmnopqrstuvwxyz0123456789", at[strlen(mechanism)]);
}

/* Rows of what changed begin with it in bold: by how much the metric did that changed most. */
static unsigned bold_rows(char *text, const char *mechanism)
{
	unsigned n = 0;
	char *save, *line = strtok_r(text, "\n", &save);

	for (; line; line = strtok_r(NULL, "\n", &save))
		n += strncmp(line, "| **", 4) == 0 && is_row_of(line, mechanism);
	return n;
}

static void the_markdown_names_these_and_no_other(void)
{
	program_ends(H "export --to markdown d", RC_FINE);
	for (size_t i = 0; i < sizeof(slowed) / sizeof(*slowed); i++) {
		char *copy = strdup(program.out);

		if (bold_rows(copy, slowed[i]) == 0)
			fail_msg("%s is not named:\n%s", slowed[i], program.out);
		free(copy);
	}
	for (size_t i = 0; i < sizeof(left_alone) / sizeof(*left_alone); i++) {
		char *copy = strdup(program.out);

		assert_int_equal(bold_rows(copy, left_alone[i]), 0);
		free(copy);
	}
}

static void three_cells_that_were_slowed_are_named_and_nothing_else(void **state)
{
	(void)state;
	program_need_processes();
	program_ends(H "ab " FIVE "-o d \"$H\" \"$NEW\"", RC_FINDING);
	assert_non_null(strstr(program.out, "verdict=FAIL regressed=3 "));
	the_judgement_names_these_and_no_other();
	the_markdown_names_these_and_no_other();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(three_cells_that_were_slowed_are_named_and_nothing_else),
	};
	char self[PATH_MAX];

	if (argc > 1)
		return be_new(argv);
	program_find();
	if (!realpath("/proc/self/exe", self) || setenv("NEW", self, 1) != 0)
		return 99;
	return cmocka_run_group_tests_name("ab_slow", tests, NULL, NULL);
}
