/* `handoff rank`, from runs made here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "bench/cmd.h"
#include "tests/sample_rows.h"

enum { ROWS = 400 };

static const struct at pipe_at = {.mechanism = "channel/pipe"};
static const struct at spin_at = {.mechanism = "channel/ring-spsc", .wait = "spin"};

static struct sample *new_rows(void)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));

	assert_non_null(rows);
	return rows;
}

struct output {
	int code;
	char *text;
};

/* cmd_rank() with up to three further arguments, its stdout in dir/out. */
static struct output rank_command(const char *dir, const char *a, const char *b, const char *run)
{
	char out[300], *argv[] = {(char *)(uintptr_t) "rank", (char *)(uintptr_t)run,
			       (char *)(uintptr_t)a, (char *)(uintptr_t)b, NULL};
	int saved = dup(STDOUT_FILENO), fd, argc = a ? (b ? 4 : 3) : 2;
	struct output o;

	argv[argc] = NULL;
	(void)snprintf(out, sizeof(out), "%s/out", dir);
	fd = open(out, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0);
	(void)fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	o.code = cmd_rank(argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	(void)close(saved);
	(void)close(fd);
	o.text = read_text_file(dir, "out");
	return o;
}

static void write_two_mechanisms(const char *dir)
{
	struct sample *rows = new_rows();
	size_t n = add_rows(rows, 0, pipe_at, 5000, 6);

	n = add_rows(rows, n, spin_at, 200, 3);
	n = add_rows(rows, n, (struct at){.mechanism = "channel/null"}, 20, 6);
	write_samples(dir, rows, n);
	free(rows);
}

static void rank_command_orders_a_run(void **state)
{
	struct output o;

	write_two_mechanisms(*state);
	o = rank_command(*state, NULL, NULL, *state);
	assert_int_equal(o.code, EXIT_FINE);
	check_says(o.text, "pingpong, 2 threads, 64 B, nearest");
	check_says(o.text, "spinning:");
	check_says(o.text, "range");
	assert_null(strstr(o.text, "channel/null"));
	free(o.text);
}

static void rank_command_writes_csv(void **state)
{
	struct output o;

	write_two_mechanisms(*state);
	o = rank_command(*state, "--format=csv", NULL, *state);
	assert_int_equal(o.code, EXIT_FINE);
	check_says(o.text, "workload,domain,start,msg_bytes,");
	check_says(o.text,
		"\npingpong,thread,,64,1,1,nearest,sleeps,1,channel/pipe,block,1024,ns,5125,5000,"
		"5250,interval95,6,0,100,,,\n");
	check_says(
		o.text, ",spins,1,channel/ring-spsc,spin,1024,ns,202,200,204,range,3,0,100,,,\n");
	free(o.text);
}

static void rank_command_filters_by_globs(void **state)
{
	struct output o;

	write_two_mechanisms(*state);
	o = rank_command(*state, "-m", "channel/p*", *state);
	assert_int_equal(o.code, EXIT_FINE);
	check_says(o.text, "channel/pipe");
	assert_null(strstr(o.text, "ring-spsc"));
	free(o.text);
	o = rank_command(*state, "-s", "64,4K", *state);
	assert_int_equal(o.code, EXIT_FINE);
	free(o.text);
}

static void rank_command_says_3_when_no_row_is_left(void **state)
{
	struct output o;

	write_two_mechanisms(*state);
	o = rank_command(*state, "-m", "channel/null", *state);
	assert_int_equal(o.code, EXIT_NOTHING);
	assert_string_equal(o.text, "");
	free(o.text);
}

static void rank_command_says_2_to_a_bad_file_or_option(void **state)
{
	struct output o = rank_command(*state, NULL, NULL, *state);

	assert_int_equal(o.code, EXIT_USAGE); /* no samples.csv */
	free(o.text);
	write_two_mechanisms(*state);
	o = rank_command(*state, "-s", "many", *state);
	assert_int_equal(o.code, EXIT_USAGE);
	free(o.text);
	o = rank_command(*state, "--format=xml", NULL, *state);
	assert_int_equal(o.code, EXIT_USAGE);
	free(o.text);
	append_text(*state, "samples.csv", "1,too,few\n");
	o = rank_command(*state, NULL, NULL, *state);
	assert_int_equal(o.code, EXIT_USAGE);
	free(o.text);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(rank_command_orders_a_run),
		IN_DIR(rank_command_writes_csv),
		IN_DIR(rank_command_filters_by_globs),
		IN_DIR(rank_command_says_3_when_no_row_is_left),
		IN_DIR(rank_command_says_2_to_a_bad_file_or_option),
	};

	return cmocka_run_group_tests_name("cmd_rank", tests, NULL, NULL);
}
