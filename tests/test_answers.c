/* The four answers and `handoff rank`, from rows made in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "bench/answers.h"
#include "bench/cmd.h"
#include "tests/sample_rows.h"

enum { ROWS = 400, LINE_COLUMNS = 100 };

static const struct at pipe_at = {.mechanism = "channel/pipe"};
static const struct at queue_at = {.mechanism = "channel/queue-fifo"};
static const struct at spin_at = {.mechanism = "channel/ring-spsc", .wait = "spin"};

static struct sample *new_rows(void)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));

	assert_non_null(rows);
	return rows;
}

/* ---- the four answers ----------------------------------------------------- */

/* What answers_print() writes, to be freed. */
static char *answers_of(const struct sample *rows, size_t n, bool markdown)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	answers_print(to, rows, n, cmd_rankable, "A machine.", markdown);
	assert_int_equal(fclose(to), 0);
	return text;
}

static size_t add_both(
	struct sample *rows, size_t n, struct at at, double round_trip_ns, double per_s)
{
	at.workload = "pingpong";
	n = add_rows(rows, n, at, round_trip_ns, 6);
	at.workload = "stream";
	return add_rows(rows, n, at, per_s, 6);
}

static void answers_name_the_fastest_of_each_kind(void **state)
{
	struct sample *rows = new_rows();
	size_t n = add_both(rows, 0, pipe_at, 5000, 1e6);
	char *text;

	(void)state;
	n = add_both(rows, n, queue_at, 9000, 5e5);
	n = add_both(rows, n, spin_at, 200, 9e6);
	text = answers_of(rows, n, false);
	check_says(text,
		"Between two threads, 64 B (nearest)\n"
		"    sleeps: channel/pipe\n            round trip 5.12 us [5.00 .. 5.25 us], "
		"100 ns CPU each\n"
		"            one way 1.02 M/s [1.00 .. 1.05 M/s], 65.6 MB/s, "
		"100 ns CPU a message\n"
		"    spins:  channel/ring-spsc (spin)\n            round trip 205 ns");
	check_says(text, "A machine. 0 % of the trials are marked noisy.\n");
	assert_null(strstr(text, "not separable"));
	assert_null(strstr(text, "more messages"));
	free(text);
	free(rows);
}

static void answers_say_what_was_not_measured(void **state)
{
	struct sample *rows = new_rows();
	size_t n = add_rows(rows, 0, pipe_at, 5000, 6);
	char *text;

	(void)state;
	n = add_rows(rows, n, (struct at){.domain = "process", .workload = "stream"}, 1e6, 6);
	text = answers_of(rows, n, false);
	check_says(text, "one way: it was not measured");
	check_says(text, "    spins:  no round trip was measured\n");
	check_says(text, "Between two threads, 64 KiB\n    sleeps: no round trip was measured\n");
	check_says(text, "Between two processes, 64 B (nearest)\n"
			 "    sleeps: no round trip was measured\n"
			 "            most messages one way: channel/pipe\n");
	free(text);
	free(rows);
}

static void answers_name_those_that_cannot_be_told_apart(void **state)
{
	struct sample *rows = new_rows();
	size_t n = add_rows(rows, 0, pipe_at, 1000, 3);
	char *text;

	(void)state;
	n = add_rows(rows, n, queue_at, 1015, 3);
	text = answers_of(rows, n, false);
	check_says(
		text, "sleeps: channel/pipe\n            round trip 1.01 us range 1.00 .. 1.02 us");
	check_says(text, "            not separable from channel/queue-fifo\n");
	free(text);
	free(rows);
}

static void answers_name_another_winner_of_throughput(void **state)
{
	struct sample *rows = new_rows();
	size_t n = add_both(rows, 0, pipe_at, 5000, 1e6);
	char *text;

	(void)state;
	n = add_both(rows, n, queue_at, 9000, 4e6);
	text = answers_of(rows, n, false);
	check_says(text, "more messages one way: channel/queue-fifo\n"
			 "              4.10 M/s [4.00 .. 4.20 M/s]");
	free(text);
	free(rows);
}

static void answers_prefer_nearest_and_take_any_other_placement(void **state)
{
	struct sample *rows = new_rows();
	struct at near = pipe_at, far = pipe_at, named = pipe_at;
	size_t n;
	char *text;

	(void)state;
	far.placement = "unpinned";
	named.placement = "pu:0+pu:1";
	named.domain = "process";
	n = add_rows(rows, 0, far, 100, 6);
	n = add_rows(rows, n, near, 5000, 6);
	n = add_rows(rows, n, named, 8000, 6);
	text = answers_of(rows, n, false);
	check_says(text, "Between two threads, 64 B (nearest)\n"
			 "    sleeps: channel/pipe\n            round trip 5.12 us");
	check_says(text, "Between two processes, 64 B (pu:0+pu:1)\n"
			 "    sleeps: channel/pipe\n            round trip 8.20 us");
	check_says(text, "round trip by placement, two threads, 64 B\n");
	free(text);
	free(rows);
}

static void answers_of_nothing_still_ask_the_four_questions(void **state)
{
	char *text = answers_of(NULL, 0, false);

	(void)state;
	check_says(text, "Between two threads, 64 B\n");
	check_says(text, "Between two threads, 64 KiB\n");
	check_says(text, "Between two processes, 64 B\n");
	check_says(text, "Between two processes, 64 KiB\n");
	free(text);
}

/* Everything there is, with the longest labels and many that share a rank. */
static void answers_fit_a_hundred_columns(void **state)
{
	struct sample *rows = new_rows();
	struct at at = {.wait = "spin-then-block"};
	char name[6][48], *text;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "channel/with-a-long-name-%zu", i);
		at.mechanism = name[i];
		n = add_both(rows, n, at, 1500, 1.5e6);
	}
	for (size_t i = 0; i < n; i += 3)
		set_noisy(&rows[i]);
	text = answers_of(rows, n, false);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strlen(line) > LINE_COLUMNS)
			fail_msg("%zu columns: %s", strlen(line), line);
	}
	free(text);
	free(rows);
}

static void answers_in_markdown_are_lists(void **state)
{
	struct sample *rows = new_rows();
	size_t n = add_both(rows, 0, pipe_at, 5000, 1e6);
	char *text = answers_of(rows, n, true);

	(void)state;
	check_says(text,
		"**Between two threads, 64 B** (nearest)\n\n- sleeps: channel/pipe\n  - round trip ");
	check_says(text, "\n  - one way 1.02 M/s");
	free(text);
	free(rows);
}

/* ---- the command ---------------------------------------------------------- */

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
		"5250,interval95,6,0,100\n");
	check_says(o.text, ",spins,1,channel/ring-spsc,spin,1024,ns,202,200,204,range,3,0,100\n");
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
		cmocka_unit_test(answers_name_the_fastest_of_each_kind),
		cmocka_unit_test(answers_say_what_was_not_measured),
		cmocka_unit_test(answers_name_those_that_cannot_be_told_apart),
		cmocka_unit_test(answers_name_another_winner_of_throughput),
		cmocka_unit_test(answers_prefer_nearest_and_take_any_other_placement),
		cmocka_unit_test(answers_of_nothing_still_ask_the_four_questions),
		cmocka_unit_test(answers_fit_a_hundred_columns),
		cmocka_unit_test(answers_in_markdown_are_lists),
		IN_DIR(rank_command_orders_a_run),
		IN_DIR(rank_command_writes_csv),
		IN_DIR(rank_command_filters_by_globs),
		IN_DIR(rank_command_says_3_when_no_row_is_left),
		IN_DIR(rank_command_says_2_to_a_bad_file_or_option),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
