/* The four answers, from rows made in memory. */
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

/* What answers_print() writes, or answers_markdown(), to be freed. */
static char *answers_of(const struct sample *rows, size_t n, bool markdown)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	struct ranking r;

	assert_non_null(to);
	assert_int_equal(rank_rows(&r, rows, n, cmd_rankable), 0);
	if (markdown)
		answers_markdown(to, &r);
	else
		answers_print(to, rows, n, cmd_rankable, "A machine.");
	assert_int_equal(fclose(to), 0);
	rank_free(&r);
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

static void check_not(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("\"%s\" is in:\n%s", words, text);
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
	check_says(text, "Between two threads, 64 B\n  round trip ");
	check_says(text,
		"  nearest  sleeps channel/pipe                   5.12 us [5.00 .. 5.25 us]       "
		"100 ns   6\n"
		"           spins  channel/ring-spsc (spin)       205 ns [200 .. 210 ns] ");
	check_says(text,
		"  nearest  sleeps channel/pipe                   1.02 M/s [1.00 .. 1.05 M/s]     "
		"100 ns   6\n"
		"           spins  channel/ring-spsc (spin)       9.22 M/s");
	check_says(text, "A machine. 0 % of the trials are marked noisy.\n");
	check_not(text, "not separable");
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
	check_says(text,
		"           spins  none was measured\n"
		"  not in this run: unpinned, farthest (not asked for, or no other class than "
		"nearest)\n"
		"  one way: not measured\n");
	check_says(text, "Between two threads, 64 KiB\n"
			 "  round trip: not measured\n  one way: not measured\n");
	check_says(text, "Between two processes, 64 B\n"
			 "  round trip: not measured\n  one way  ");
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
	check_says(text, "sleeps channel/pipe                   1.01 us range 1.00 .. 1.02 us");
	check_says(text, "                  not separable from channel/queue-fifo\n");
	free(text);
	text = answers_of(rows, n, true);
	check_says(text, "| channel/pipe | 1.01 us range 1.00 .. 1.02 us | 100 ns | 3 |  | "
			 "channel/queue-fifo |\n");
	free(text);
	n = add_rows(rows, n, spin_at, 200, 3);
	n = add_rows(
		rows, n, (struct at){.mechanism = "channel/ring-mpmc", .wait = "spin"}, 203, 3);
	text = answers_of(rows, n, false);
	check_says(text, "not separable from channel/ring-mpmc (spin)\n");
	free(text);
	free(rows);
}

/* The same mechanism with another capacity is no other mechanism to choose. */
static void answers_name_a_mechanism_once_whatever_its_capacity(void **state)
{
	struct sample *rows = new_rows();
	struct at small = queue_at;
	size_t n = add_rows(rows, 0, pipe_at, 1000, 3);
	char *text;

	(void)state;
	small.capacity = "16";
	n = add_rows(rows, n, queue_at, 1012, 3);
	n = add_rows(rows, n, small, 1015, 3);
	text = answers_of(rows, n, false);
	check_says(text, "                  not separable from channel/queue-fifo\n");
	free(text);
	free(rows);
}

static void answers_have_another_winner_one_way(void **state)
{
	struct sample *rows = new_rows();
	size_t n = add_both(rows, 0, pipe_at, 5000, 1e6);
	char *text;

	(void)state;
	n = add_both(rows, n, queue_at, 9000, 4e6);
	text = answers_of(rows, n, true);
	check_says(text,
		"| round trip | nearest | sleeps | channel/pipe | 5.12 us [5.00 .. 5.25 us] "
		"| 100 ns | 6 |  |  |\n");
	check_says(text, "| one way | nearest | sleeps | channel/queue-fifo | 4.10 M/s [4.00 .. "
			 "4.20 M/s] | 100 ns | 6 |  |  |\n");
	free(text);
	free(rows);
}

static void answers_set_unpinned_beside_nearest_and_farthest(void **state)
{
	struct sample *rows = new_rows();
	struct at at = pipe_at;
	const char *u, *near, *far;
	size_t n = 0;
	char *text;

	(void)state;
	at.placement = "farthest";
	n = add_rows(rows, n, at, 8000, 6);
	at.placement = "nearest";
	n = add_rows(rows, n, at, 5000, 6);
	at.placement = "same-pu";
	n = add_rows(rows, n, at, 1000, 6);
	at.placement = "unpinned";
	n = add_rows(rows, n, at, 6000, 6);
	(void)snprintf(rows[6].params, sizeof(rows[6].params), "class=same-l2");
	text = answers_of(rows, n, false);
	u = strstr(text, "  unpinned sleeps channel/pipe                   6.15 us");
	near = strstr(text, "  nearest  sleeps channel/pipe                   5.12 us");
	far = strstr(text, "  farthest sleeps channel/pipe                   8.20 us");
	assert_true(u && u < near && near < far);
	check_says(text, "Between two threads, 64 B (nearest is same-l2 here)\n");
	check_not(text, "same-pu  sleeps");
	check_says(text, "round trip by placement, two threads, 64 B\n");
	free(text);
	free(rows);
}

static void answers_take_another_placement_where_there_is_no_nearest(void **state)
{
	struct sample *rows = new_rows();
	struct at named = pipe_at, unpinned = pipe_at;
	size_t n;
	char *text;

	(void)state;
	named.placement = "pu:0+pu:1";
	unpinned.placement = "unpinned";
	n = add_rows(rows, 0, named, 8000, 6);
	n = add_rows(rows, n, unpinned, 9000, 6);
	text = answers_of(rows, n, false);
	check_says(text, "  unpinned sleeps channel/pipe                   9.22 us");
	check_says(text, "  pu:0+pu:1\n           sleeps channel/pipe                   8.20 us");
	free(text);
	free(rows);
}

static void answers_show_a_lone_placement_once(void **state)
{
	struct sample *rows = new_rows();
	struct at unpinned = {.placement = "unpinned"};
	size_t n = add_rows(rows, 0, unpinned, 9000, 6);
	char *text = answers_of(rows, n, true), *first = strstr(text, "| unpinned | sleeps |");

	(void)state;
	assert_non_null(first);
	check_not(first + 1, "| unpinned | sleeps |");
	free(text);
	free(rows);
}

static void answers_tell_how_many_trials_were_noisy(void **state)
{
	struct sample *rows = new_rows();
	size_t n = add_rows(rows, 0, pipe_at, 5000, 6);
	char *text;

	(void)state;
	n = add_rows(rows, n, queue_at, 9000, 2);
	for (size_t i = 0; i < n; i += 3)
		set_noisy(&rows[i]);
	text = answers_of(rows, n, true);
	check_says(text, "| 100 ns | 4 | 2 out |  |\n");
	free(text);
	text = answers_of(rows + 6, 2, true);
	check_says(text, "| 100 ns | 2 | 1 used |  |\n");
	free(text);
	free(rows);
}

static void answers_are_complete_with_a_sleeper_and_a_spinner_for_each_question(void **state)
{
	static const char *const domains[] = {"thread", "process"};
	struct sample *rows = new_rows();
	struct ranking r;
	char why[200] = "";
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct at at = {.domain = domains[i / 2], .bytes = i % 2 ? 65536 : 64};

		n = add_rows(rows, n, at, 5000, 3);
		at.wait = "spin";
		at.mechanism = "channel/ring-spsc";
		n = add_rows(rows, n, at, 500, 3);
	}
	assert_int_equal(rank_rows(&r, rows, n, cmd_rankable), 0);
	assert_true(answers_complete(&r, why, sizeof(why)));
	rank_free(&r);
	assert_int_equal(rank_rows(&r, rows, n - 3, cmd_rankable), 0);
	assert_false(answers_complete(&r, why, sizeof(why)));
	check_says(why, "spins has a round trip between two processes, 64 KiB");
	rank_free(&r);
	free(rows);
}

static void answers_in_brief_are_one_table(void **state)
{
	struct sample *rows = new_rows();
	struct ranking r;
	size_t len, n = add_both(rows, 0, pipe_at, 5000, 1e6);
	char *text = NULL;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(rank_rows(&r, rows, n, cmd_rankable), 0);
	answers_brief(to, &r);
	assert_int_equal(fclose(to), 0);
	check_says(text, "| two threads, 64 B | nearest | sleeps | channel/pipe | 5.12 us [");
	check_says(text, "| two processes, 64 KiB | | | not measured |");
	check_not(text, "1.02 M/s");
	rank_free(&r);
	free(text);
	free(rows);
}

/* Names come from a file: they may close a table, open a tag or begin a link. */
static void answers_in_markdown_escape_what_the_file_says(void **state)
{
	struct sample *rows = new_rows();
	struct at at = {.mechanism = "channel/<b>|[x](y)`\n"};
	char *text;

	(void)state;
	text = answers_of(rows, add_rows(rows, 0, at, 5000, 6), true);
	check_says(text, "| channel/&lt;b&gt;\\|\\[x\\](y)\\`  | 5.12 us");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_name_the_fastest_of_each_kind),
		cmocka_unit_test(answers_say_what_was_not_measured),
		cmocka_unit_test(answers_name_those_that_cannot_be_told_apart),
		cmocka_unit_test(answers_name_a_mechanism_once_whatever_its_capacity),
		cmocka_unit_test(answers_have_another_winner_one_way),
		cmocka_unit_test(answers_set_unpinned_beside_nearest_and_farthest),
		cmocka_unit_test(answers_take_another_placement_where_there_is_no_nearest),
		cmocka_unit_test(answers_show_a_lone_placement_once),
		cmocka_unit_test(answers_tell_how_many_trials_were_noisy),
		cmocka_unit_test(
			answers_are_complete_with_a_sleeper_and_a_spinner_for_each_question),
		cmocka_unit_test(answers_in_brief_are_one_table),
		cmocka_unit_test(answers_in_markdown_escape_what_the_file_says),
		cmocka_unit_test(answers_of_nothing_still_ask_the_four_questions),
		cmocka_unit_test(answers_fit_a_hundred_columns),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
