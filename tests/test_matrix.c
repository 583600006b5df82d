/*
 * Matrix files: the shipped ones by what they promise, and hostile ones:
 * refused with a sentence that names the file, never waited for, never
 * crashed on.  test_select.c has the grammar.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/select.h"
#include "tests/support.h"

enum { ERR = 900, LINE = 200, LONG_LINE = 10 * 1000, MUTANTS = 400, MUTANTS_FAST = 60 };

static struct support_dir dir; /* of the running test */
static char file[SUPPORT_PATH];

static int setup(void **state)
{
	(void)state;
	support_open(&dir);
	snprintf(file, sizeof(file), "%s", support_path(&dir, "m.ini"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	support_close(&dir);
	return 0;
}

static int load(const char *path, struct selection *s, char err[ERR])
{
	const struct axes none = {0};

	*s = (struct selection){0};
	err[0] = '\0';
	return select_matrix(s, path, &none, err, ERR);
}

static void check_path_refused(const char *path, const char *because)
{
	struct selection s;
	char err[ERR];

	assert_int_equal(load(path, &s, err), -EINVAL);
	if (!strstr(err, path) || !strstr(err, because))
		fail_msg("\"%s\" does not name %s or say \"%s\"", err, path, because);
	select_free(&s);
}

static void check_refused(const void *text, size_t len, const char *because)
{
	support_write(file, text, len);
	check_path_refused(file, because);
}

static void check_text_refused(const char *text, const char *because)
{
	check_refused(text, strlen(text), because);
}

static void check_text_gives(const char *text, size_t cells)
{
	struct selection s;
	char err[ERR];

	support_text(file, text);
	if (load(file, &s, err) != 0)
		fail_msg("%s", err);
	assert_int_equal(s.n, cells);
	select_free(&s);
}

/* ---- the shipped ones ----------------------------------------------------------- */

static void load_shipped(const char *name, struct selection *s)
{
	const char *src = getenv("HANDOFF_SRC");
	char path[SUPPORT_PATH], err[ERR];

	snprintf(path, sizeof(path), "%s/bench/matrices/%s.ini", src ? src : ".", name);
	if (load(path, s, err) != 0)
		fail_msg("%s", err);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct cell *)a)->key, ((const struct cell *)b)->key);
}

static void matrix_that_ships_has_cells_that_differ_and_have_keys(void **state)
{
	static const char *const shipped[] = {"quick", "default", "full", "ci", "gate60"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shipped); i++) {
		struct selection s;
		struct cell back;
		char err[ERR] = "";

		load_shipped(shipped[i], &s);
		assert_true(s.n >= 60);
		qsort(s.cell, s.n, sizeof(*s.cell), compare_keys);
		for (size_t k = 0; k < s.n; k++) {
			if (cell_parse(&back, s.cell[k].key, err, sizeof(err)) != 0)
				fail_msg("%s: %s", shipped[i], err);
			assert_string_equal(back.key, s.cell[k].key);
			assert_true(k == 0 || strcmp(s.cell[k - 1].key, back.key) != 0);
		}
		select_free(&s);
	}
}

/* Is there a ping-pong nearby of that many bytes, sleeping or spinning? */
static bool asks(const struct selection *s, enum domain domain, uint32_t bytes, enum wait wait)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct cell *c = &s->cell[i];

		if (c->domain == domain && c->msg_bytes == bytes && c->wait == wait &&
			strcmp(c->workload->name, "pingpong") == 0 &&
			strcmp(c->placement, "nearest") == 0)
			return true;
	}
	return false;
}

static void matrix_quick_asks_the_four_standing_questions(void **state)
{
	static const uint32_t bytes[] = {64, 64 * 1024};
	struct selection s;

	(void)state;
	load_shipped("quick", &s);
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
		for (int domain = 0; domain <= DOMAIN_PROCESS; domain++) {
			assert_true(asks(&s, (enum domain)domain, bytes[i], WAIT_BLOCK));
			assert_true(asks(&s, (enum domain)domain, bytes[i], WAIT_SPIN));
		}
	}
	assert_true(s.budget_ns > 0 && s.reps >= 6); /* an interval needs six */
	select_free(&s);
}

/* ---- what a section may say ------------------------------------------------------ */

#define STREAM "workload = stream\ndomain = thread\n"

static void matrix_takes_away_what_a_bang_names(void **state)
{
	(void)state;
	check_text_gives("[a]\nmechanism = channel/pip?, channel/fifo, !channel/f*\n" STREAM, 1);
	check_text_gives("[a]\nmechanism = !channel/f*, channel/pipe, channel/fifo\n" STREAM, 1);
	check_text_gives("[a]\nmechanism = channel/pipe, !channel/*\n" STREAM, 0);
	check_text_refused(
		"[a]\nmechanism = channel/pipe, !channel/fifi\n" STREAM, "matches nothing");
}

static void matrix_is_read_however_its_lines_end(void **state)
{
	(void)state;
	check_text_gives(
		"[a]\r\nmechanism = channel/pipe\r\nworkload=stream\r\ndomain=thread\r\n", 1);
	check_text_gives("[a]\nmechanism=channel/pipe\nworkload=stream\ndomain = thread", 1);
	check_text_gives("\xef\xbb\xbf[a]\nmechanism = channel/pipe ; a remark\n" STREAM, 1);
	check_text_gives("\n\n# x\n;y\n  [a]\n\tmechanism\t=\tchannel/pipe\n" STREAM "\n", 1);
}

static void matrix_counts_each_cell_once_however_often_it_is_named(void **state)
{
	struct selection s;
	char err[ERR];

	(void)state;
	support_text(file, "[a]\nmechanism = channel/pipe\n" STREAM "size = 64, 64, 128\n"
			   "[b]\nmechanism = channel/*, !channel/[!p]*, !channel/pipe-*\n" STREAM);
	assert_int_equal(load(file, &s, err), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.duplicates, 2);
	assert_int_equal(s.n_left_out, 0);
	select_free(&s);
}

static void section_may_have_trials_of_its_own_and_the_longer_one_counts(void **state)
{
	struct selection s;
	char err[ERR];

	(void)state;
	support_text(file, "[matrix]\ntrial = 30ms\n[a]\nmechanism = channel/pipe\n" STREAM
			   "size = 64, 128\n[b]\nmechanism = channel/pipe\n" STREAM
			   "size = 128\ntrial = 300ms\n[c]\nmechanism = channel/pipe\n" STREAM
			   "size = 128, 256\ntrial = 200ms\n");
	assert_int_equal(load(file, &s, err), 0);
	assert_int_equal(s.n, 3);
	assert_true(s.trial_ns == 30000000);
	assert_true(s.cell[0].stretch_ns == 0); /* the matrix's */
	assert_true(s.cell[1].stretch_ns == 300000000);
	assert_true(s.cell[2].stretch_ns == 200000000);
	select_free(&s);
	check_text_refused("[a]\nsize = 8\ntrial = 5\n", "trial");
	check_text_refused("[a]\nsize = 8\ntrial = 0ms\n", "more than 0");
	check_text_refused("[a]\ntrial = 5ms\ntrial = 6ms\n", "twice");
}

/* ---- hostile ---------------------------------------------------------------------- */

static void matrix_is_refused_for_an_axis_it_does_not_have(void **state)
{
	(void)state;
	check_text_refused("[a]\nsizes = 8\n", "sizes");
	check_text_refused("[a]\nSIZE = 8\n", "SIZE");
	check_text_refused("[a]\n= 8\n", "");
	check_text_refused("[a]\nfan = 1x1\nsize = 8\nfan = 1x1\n", "twice");
	check_text_refused("[a]\nsize = ,\n", "no value");
	check_text_refused("[a]\nsize = \t\n", "no value");
	check_text_refused("[a\nsize = 8\n", "line 1");
	check_text_refused("[a]\nsize = 8\n%s%n%x\n", "line 3");
	check_text_refused("[%s%n]\nsize = %s\n", "size");
	check_text_refused("; nothing\n# at all\n", "no section");
}

static void matrix_with_a_nul_byte_is_refused_wherever_it_stands(void **state)
{
	static const char text[] = "[a]\nmechanism = channel/pipe\nsize = 64\n";
	char copy[sizeof(text)];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		check_refused(copy, sizeof(text) - 1, "NUL");
	}
}

/* "axis = 1,2,3 ..." up to n; `form` has a %u. */
static void append_axis(const char *axis, const char *form, unsigned n)
{
	char text[LINE] = "";
	size_t used = (size_t)snprintf(text, sizeof(text), "%s = ", axis);

	for (unsigned i = 1; i <= n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, form, i);
	text[used - 1] = '\n'; /* was the last comma */
	support_append(file, text);
}

static void matrix_of_a_billion_cells_is_refused(void **state)
{
	(void)state;
	/* 8 x 30 x 45 x 45 x 45 for each mechanism, workload and domain: over 10^9 */
	support_text(file, "[a]\nwait = block,spin,yield,spin-then-block\nstart = fork,exec\n");
	append_axis("fan", "%ux1,", 30);
	append_axis("size", "%u,", 45);
	append_axis("capacity", "%u,", 45);
	append_axis("placement", "p%u,", 45);
	check_path_refused(file, "too many");
}

static void check_long(const char *before, const char *piece, const char *after)
{
	char *text = calloc(1, LONG_LINE + 400);
	struct selection s;
	char err[ERR];
	int code;

	assert_non_null(text);
	strcpy(text, before);
	while (strlen(text) < LONG_LINE)
		strcat(text, piece);
	strcat(text, after);
	support_text(file, text);
	free(text);
	code = load(file, &s, err);
	/* whole or not at all: cut short it would be other cells than were asked for */
	assert_true(code == -EINVAL ? strstr(err, file) != NULL : code == 0 && s.n == 1);
	select_free(&s);
}

static void matrix_line_of_ten_kilobytes_is_read_whole_or_refused(void **state)
{
	(void)state;
	check_long("[a]\nmechanism = channel/pipe\n" STREAM "size = 64", ", 64", "\n");
	check_long("[a]\nmechanism = channel/pipe\n" STREAM "size = 64", ", 64", ", 128\n");
	check_long("[a]\nmechanism = channel/pipe\n" STREAM "size = 6", "4", "\n");
	check_long("[a]\nmechanism = channel/pipe\n" STREAM "; ", "remark ", "\n");
	check_long("[a]\nmechanism = channel/pipe\n" STREAM, "x", " = 5\n");
	check_long("[", "a", "]\nmechanism = channel/pipe\n" STREAM);
	check_long("[a]\nmechanism = channel/pipe\n" STREAM "placement = ", " ", "nearest\n");
}

static void matrix_that_is_no_file_is_refused_without_waiting(void **state)
{
	char loop[SUPPORT_PATH];

	(void)state;
	alarm(60);
	assert_int_equal(mkfifo(file, 0600), 0);
	check_path_refused(file, "not a regular file");
	check_path_refused("/dev/zero", "not a regular file");
	check_path_refused(dir.path, "not a regular file");
	check_path_refused("", "No such file");
	snprintf(loop, sizeof(loop), "%s", support_path(&dir, "loop.ini"));
	assert_int_equal(symlink("loop.ini", loop), 0);
	check_path_refused(loop, "symbolic links");
	alarm(0);
}

/* The sentence may be cut; what is behind it may not be touched. */
static void matrix_sentence_keeps_to_the_room_it_is_given(void **state)
{
	const struct axes none = {0};

	(void)state;
	support_text(file, "[a]\nmechanism = channel/pip\n");
	for (size_t room = 1; room < 40; room++) {
		struct selection s = {0};
		char err[41];

		memset(err, '#', sizeof(err));
		assert_int_equal(select_matrix(&s, file, &none, err, room), -EINVAL);
		assert_non_null(memchr(err, '\0', room));
		assert_int_equal(err[room], '#');
		select_free(&s);
	}
}

/* The text with some bytes changed, put in or taken out. */
static size_t mutate(char *text, size_t len, uint32_t *random)
{
	static const char bytes[] = "[]=;#,!*?%\n\t \"\\/x0-\x01\xff";

	for (int i = 0; i < 4; i++) {
		size_t at = (*random = *random * 1664525u + 1013904223u) >> 8, n = len - at % len;
		char byte = bytes[(*random >> 4) % (sizeof(bytes) - 1)];

		at %= len;
		if (*random >> 30 == 0 && n > 20)
			memmove(text + at, text + at + 20, n - 20), len -= 20;
		else
			text[at] = byte;
	}
	return len;
}

static void matrix_with_any_bytes_changed_is_read_or_refused(void **state)
{
	static const char sane[] =
		"[matrix]\nreps = 6\ntrial = 30ms\nbudget = 42s\n[two workers, 64 B]\n"
		"mechanism = channel/p*, !channel/pipe-*, lock/mutex\nworkload = pingpong, stream\n"
		"domain = thread, process\nsize = 64, 4K\ncapacity = 16\nplacement = nearest\n"
		"wait = block, spin\n[b]\nworkload = uncontended\nfan = 2\nstart = exec\n";
	uint32_t random = 7;

	(void)state;
	for (int i = 0; i < (support_fast() ? MUTANTS_FAST : MUTANTS); i++) {
		char text[sizeof(sane)], err[ERR];
		struct selection s;
		int code;

		memcpy(text, sane, sizeof(sane));
		support_write(file, text, mutate(text, sizeof(sane) - 1, &random));
		code = load(file, &s, err);
		assert_true(code == 0 ? err[0] == '\0' : strstr(err, file) != NULL);
		select_free(&s);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matrix_that_ships_has_cells_that_differ_and_have_keys),
		cmocka_unit_test(matrix_quick_asks_the_four_standing_questions),
		TEST(matrix_takes_away_what_a_bang_names),
		TEST(matrix_is_read_however_its_lines_end),
		TEST(matrix_counts_each_cell_once_however_often_it_is_named),
		TEST(section_may_have_trials_of_its_own_and_the_longer_one_counts),
		TEST(matrix_is_refused_for_an_axis_it_does_not_have),
		TEST(matrix_with_a_nul_byte_is_refused_wherever_it_stands),
		TEST(matrix_of_a_billion_cells_is_refused),
		TEST(matrix_line_of_ten_kilobytes_is_read_whole_or_refused),
		TEST(matrix_that_is_no_file_is_refused_without_waiting),
		TEST(matrix_sentence_keeps_to_the_room_it_is_given),
		TEST(matrix_with_any_bytes_changed_is_read_or_refused),
	};

	return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
