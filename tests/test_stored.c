/*
 * A row about a file says on what it lay: the directory, and the type of the file
 * system, as the machine's own tool tells it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/stored.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { TEXT = 512 };

/* "DIRECTORY on TYPE", by df. */
static void ask_df(const char *dir, char *out, size_t len)
{
	char line[TEXT], type[64] = "";
	FILE *f;

	snprintf(line, sizeof(line), "df --output=fstype '%s' | tail -n 1", dir);
	f = popen(line, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%63s", type), 1);
	assert_int_equal(pclose(f), 0);
	snprintf(out, len, "%s on %s", dir, type);
}

static void where_a_file_lies_is_what_df_says(void **state)
{
	static const char *const parents[] = {"/tmp", "/dev/shm"};
	char dir[64], path[80], got[TEXT], want[TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
		if (access(parents[i], W_OK | X_OK) != 0)
			continue;
		snprintf(dir, sizeof(dir), "%s/stored-of-handoff-XXXXXX", parents[i]);
		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/file", dir);
		support_text(path, "x");
		stored_in(path, got, sizeof(got));
		ask_df(dir, want, sizeof(want));
		unlink(path);
		rmdir(dir);
		assert_string_equal(got, want);
	}
}

static void what_is_no_file_lies_nowhere(void **state)
{
	char got[TEXT] = "x";

	(void)state;
	stored_in("/dev/null", got, sizeof(got));
	assert_string_equal(got, "");
	snprintf(got, sizeof(got), "x");
	stored_in("/no/such/file", got, sizeof(got));
	assert_string_equal(got, "");
	snprintf(got, sizeof(got), "x");
	stored_in("no-directory", got, sizeof(got));
	assert_string_equal(got, "");
}

/* Real trials: those with a file say where, the others nothing. */
static void a_trial_says_where_its_file_lay(void **state)
{
	static const char *const in_files[] = {"channel/file-queue", "channel/file-queue-batch",
		"channel/file-queue-sync", "channel/mmap-file"};
	char dir[96], want[TEXT], key[CELL_KEY];
	struct cell c;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/handoff", lab.runtime_dir);
	for (size_t i = 0; i < ARRAY_LEN(in_files); i++) {
		snprintf(key, sizeof(key), "%s/stream?domain=process&fan=1x1", in_files[i]);
		lab_need_cell(&c, key);
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", key, lab.result->reason);
		ask_df(dir, want, sizeof(want));
		assert_string_equal(lab.result->stored, want);
	}
	lab_need_cell(&c, "channel/fifo/stream?domain=process&fan=1x1");
	assert_int_equal(lab_run(&c, NULL), TRIAL_OK);
	assert_string_equal(lab.result->stored, ""); /* a name in the same place, but no file */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_a_file_lies_is_what_df_says),
		cmocka_unit_test(what_is_no_file_lies_nowhere),
		cmocka_unit_test(a_trial_says_where_its_file_lay),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("stored", tests, lab_setup, lab_teardown);
}
