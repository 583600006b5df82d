/*
 * `handoff ab` where one side has not even the mechanism, or the workload, of a cell that was named:
 * it refuses to list its cells, and only its trials say what it lacks.
 *
 * That side is this very program: it stands before handoff and gives a name that handoff does not
 * know, as it was before somebody added it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/trial.h"
#include "tests/ab_scene.h"

#define BOTH_AND(more)                                                                             \
	"-m lock/mutex,lock/semaphore -w " more " -d thread -p same-pu --trial-ms 1 --pairs 8 "    \
	"--seed 7 "
#define TWO BOTH_AND("uncontended")

/* ---- the side that lacks $LACKS ------------------------------------------------------------ */

static void forget(char *name, size_t len)
{
	if (strcmp(name, getenv("LACKS")) == 0)
		snprintf(name, len, "lock/of-tomorrow");
}

/* Its trials. */
static int forget_spec(int fd)
{
	struct trial_spec spec;

	if (pread(fd, &spec, sizeof(spec), 0) != (ssize_t)sizeof(spec))
		return -1;
	forget(spec.mechanism, sizeof(spec.mechanism));
	forget(spec.workload, sizeof(spec.workload));
	return pwrite(fd, &spec, sizeof(spec), 0) == (ssize_t)sizeof(spec) ? 0 : -1;
}

static int be_side(char **argv)
{
	char *lacks = strdup(getenv("LACKS"));

	if (strcmp(argv[1], "trial") == 0 && forget_spec(atoi(argv[3])) != 0)
		return 99;
	for (int i = 1; lacks && argv[i] && strcmp(argv[1], "run") == 0; i++) {
		char *at = strchr(argv[i], '=');

		if (at && strcmp(at + 1, lacks) == 0)
			argv[i] = strdup("--mechanism=lock/of-tomorrow");
	}
	free(lacks);
	execv(getenv("H"), argv);
	return 99;
}

/* ---- what is said of it ---------------------------------------------------------------------- */

static void check_row(const char *dir, const char *cell, enum judged_verdict want, const char *why)
{
	struct judgement j = ab_judgement_of(dir);
	const struct judged *row = NULL;
	size_t others = 0;

	for (size_t i = 0; i < j.n; i++) {
		bool is_it = strncmp(j.row[i].cell, cell, strlen(cell)) == 0;

		row = is_it ? &j.row[i] : row;
		others += !is_it && j.row[i].pairs >= 8;
	}
	assert_non_null(row);
	assert_string_equal(row->metric, "cell");
	assert_int_equal(row->verdict, want);
	assert_string_equal(row->reason, why);
	assert_true(others > 0); /* the other cell was measured */
	judged_free(&j);
}

static void a_mechanism_that_only_new_has_is_new(void **state)
{
	(void)state;
	setenv("LACKS", "lock/semaphore", 1);
	program_ends(H "ab --advisory " TWO "-o d \"$SIDE\" \"$H\"", RC_FINE);
	check_row("d", "lock/semaphore/", JUDGED_NEW, "only in the new program");
	assert_non_null(strstr(program.out, "only in the new"));
	/* a cell that needs no calibration shows it in its first pair */
	program_ends(H "ab --advisory " BOTH_AND("contend") "-o e \"$SIDE\" \"$H\"", RC_FINE);
	check_row("e", "lock/semaphore/", JUDGED_NEW, "only in the new program");
}

static void a_mechanism_that_only_old_has_is_missing(void **state)
{
	(void)state;
	setenv("LACKS", "lock/semaphore", 1);
	program_ends(H "ab --advisory " TWO "-o d \"$H\" \"$SIDE\"", RC_NOTHING);
	check_row("d", "lock/semaphore/", JUDGED_MISSING, "only in the old program");
	assert_non_null(strstr(program.out, "missing=1"));
	program_ends(H "ab --advisory --allow-missing '*semaphore*' " TWO "-o e \"$H\" \"$SIDE\"",
		RC_FINE);
}

static void a_workload_that_only_one_has_is_new_or_missing(void **state)
{
#define WORK "-m lock/mutex -w uncontended,contend -d thread -p same-pu --trial-ms 1 --pairs 8 "
	(void)state;
	setenv("LACKS", "contend", 1);
	program_ends(H "ab --advisory --seed 7 " WORK "-o d \"$SIDE\" \"$H\"", RC_FINE);
	check_row("d", "lock/mutex/contend", JUDGED_NEW, "only in the new program");
	program_ends(H "ab --advisory --seed 7 " WORK "-o e \"$H\" \"$SIDE\"", RC_NOTHING);
	check_row("e", "lock/mutex/contend", JUDGED_MISSING, "only in the old program");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(a_mechanism_that_only_new_has_is_new),
		PROGRAM_TEST(a_mechanism_that_only_old_has_is_missing),
		PROGRAM_TEST(a_workload_that_only_one_has_is_new_or_missing),
	};
	char self[PATH_MAX];

	if (argc > 1)
		return be_side(argv);
	program_find();
	if (!realpath("/proc/self/exe", self) || setenv("SIDE", self, 1) != 0)
		return 99;
	return cmocka_run_group_tests_name("ab_lacks", tests, NULL, NULL);
}
