/*
 * Selections: globs, products, near matches, and matrix files, kind and hostile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/registry.h"
#include "bench/select.h"
#include "tests/support.h"

enum { ERR = 600, MANY = 200, HUGE_BYTES = 2 << 20 };

static struct support_dir dir; /* of the running test */

static int setup(void **state)
{
	(void)state;
	support_open(&dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	support_close(&dir);
	return 0;
}

/* ---- axes ---------------------------------------------------------------------- */

/* One axis named with the given values, NULL-terminated. */
static void name_axis(struct axes *axes, enum axis a, const char **values)
{
	struct opt_list *l = &axes->value[a];

	l->item = values;
	for (l->n = 0; values[l->n]; l->n++)
		;
}

static void check_choice(const char **mechanisms, size_t want)
{
	struct selection s = {0};
	struct axes axes = {0};
	char err[ERR] = "";
	const char *stream[] = {"stream", NULL}, *thread[] = {"thread", NULL};

	name_axis(&axes, AXIS_MECHANISM, mechanisms);
	name_axis(&axes, AXIS_WORKLOAD, stream);
	name_axis(&axes, AXIS_DOMAIN, thread);
	if (select_axes(&s, &axes, err, sizeof(err)) != 0)
		fail_msg("%s: %s", mechanisms[0], err);
	assert_int_equal(s.n, want);
	select_free(&s);
}

static size_t count_of(enum family family)
{
	size_t n = 0;

	for (size_t i = 0; i < registry_count(); i++)
		n += registry_all()[i]->family == family &&
		     (registry_all()[i]->domains & BIT(DOMAIN_THREAD));
	return n;
}

static void select_takes_globs_and_takes_away(void **state)
{
	const char *one[] = {"channel/pipe", NULL}, *all[] = {"*", NULL};
	const char *channels[] = {"channel/*", NULL};
	const char *but[] = {"channel/*", "!channel/null", NULL}, *not [] = {"!channel/null", NULL};
	const char *same[] = {"channel/pipe", "channel/pip?", NULL};
	const char *none[] = {"channel/pipe", "!channel/*", NULL};

	size_t n = count_of(FAMILY_CHANNEL), streams = n + count_of(FAMILY_BUS);

	(void)state;
	check_choice(one, 1);
	check_choice(all, streams);
	check_choice(channels, n);
	check_choice(but, n - 1);
	check_choice(not, streams - 1);
	check_choice(same, 1);
	check_choice(none, 0);
}

/* How many cells, of them how many of coroutines, where nobody names a domain. */
static void check_domains(const char *mechanism, size_t want, size_t coroutines)
{
	const char *one[] = {mechanism, NULL}, *stream[] = {"stream", NULL};
	struct selection s = {0};
	struct axes axes = {0};
	char err[ERR] = "";
	size_t n = 0;

	name_axis(&axes, AXIS_MECHANISM, one);
	name_axis(&axes, AXIS_WORKLOAD, stream);
	assert_int_equal(select_axes(&s, &axes, err, sizeof(err)), 0);
	for (size_t i = 0; i < s.n; i++)
		n += s.cell[i].domain == DOMAIN_COROUTINE;
	assert_int_equal(s.n, want);
	assert_int_equal(n, coroutines);
	select_free(&s);
}

static void select_takes_coroutines_by_default_only_where_there_is_nothing_else(void **state)
{
	(void)state;
	check_domains("channel/pipe", 2, 0);
	check_domains("channel/queue-async", 1, 1);
}

static void select_has_every_cell_once(void **state)
{
	struct selection s = {0};
	struct axes axes = {0};
	char err[ERR] = "";
	size_t n;

	(void)state;
	assert_int_equal(select_axes(&s, &axes, err, sizeof(err)), 0);
	n = s.n;
	assert_true(n >= registry_count());
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n; k++)
			assert_string_not_equal(s.cell[i].key, s.cell[k].key);
	}
	assert_int_equal(select_axes(&s, &axes, err, sizeof(err)), 0);
	assert_int_equal(s.n, n); /* the same again adds nothing, and is counted */
	assert_true(s.duplicates >= n);
	select_free(&s);
}

static void select_counts_impossible_combinations_by_reason(void **state)
{
	const char *copy[] = {"channel/memcpy", NULL}, *stream[] = {"stream", NULL};
	const char *waits[] = {"block", "spin", "yield", NULL}, *starts[] = {"fork", "exec", NULL};
	struct selection s = {0};
	struct axes axes = {0};
	char err[ERR] = "";
	size_t left_out = 0;

	(void)state;
	name_axis(&axes, AXIS_MECHANISM, copy);
	name_axis(&axes, AXIS_WORKLOAD, stream);
	name_axis(&axes, AXIS_WAIT, waits);
	name_axis(&axes, AXIS_START, starts);
	assert_int_equal(select_axes(&s, &axes, err, sizeof(err)), 0);
	assert_int_equal(s.n, 3); /* thread; process by fork and by exec; block */
	for (size_t i = 0; i < s.n_left_out; i++) {
		assert_true(s.left_out[i].why[0] && s.left_out[i].n > 0);
		left_out += s.left_out[i].n;
	}
	assert_int_equal(s.n + s.duplicates + left_out, 2 * 2 * 3);
	select_free(&s);
}

static void check_refused(enum axis a, const char *value, const char *because)
{
	const char *values[] = {value, NULL};
	struct selection s = {0};
	struct axes axes = {0};
	char err[ERR] = "";

	name_axis(&axes, a, values);
	assert_int_equal(select_axes(&s, &axes, err, sizeof(err)), -EINVAL);
	if (!strstr(err, because) || !strstr(err, axis_name(a)))
		fail_msg("%s: \"%s\" does not say \"%s\"", value, err, because);
	select_free(&s);
}

static void select_offers_near_matches(void **state)
{
	(void)state;
	check_refused(AXIS_MECHANISM, "channel/pip", "did you mean channel/pipe");
	check_refused(AXIS_MECHANISM, "lock/mutxe", "lock/mutex");
	check_refused(AXIS_WORKLOAD, "sream", "stream");
	check_refused(AXIS_MECHANISM, "xyzzyplugh", "handoff list");
}

static void select_refuses_values_that_match_nothing(void **state)
{
	static const char *const fans[] = {
		"0", "0x1", "1x0", "1x", "x1", "-1", "1x-1", "1x1x1", "257", "200x200", "a"};
	static const char *const sizes[] = {"0", "-1", "big", "2G", "1e9", "18446744073709551617"};

	(void)state;
	check_refused(AXIS_MECHANISM, "channel/nothing*", "matches nothing");
	check_refused(AXIS_MECHANISM, "!channel/nothing", "matches nothing");
	check_refused(AXIS_DOMAIN, "fiber", "thread, process, coroutine and mixed");
	check_refused(AXIS_START, "spawn", "fork and exec");
	check_refused(AXIS_WAIT, "pray", "spin-then-block");
	for (size_t i = 0; i < ARRAY_LEN(fans); i++)
		check_refused(AXIS_FAN, fans[i], "\"");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		check_refused(AXIS_SIZE, sizes[i], "\"");
		check_refused(AXIS_CAPACITY, sizes[i], "\"");
	}
	check_refused(AXIS_PLACEMENT,
		"pu:0123456789012345678901234567890123456789012345678901234567890123456789",
		"too long");
}

/* ---- matrix files ---------------------------------------------------------------- */

static int load(const char *path, struct selection *s, char err[ERR])
{
	const struct axes none = {0};

	*s = (struct selection){0};
	err[0] = '\0';
	return select_matrix(s, path, &none, err, ERR);
}

/* The file is refused, by its name, for a reason. */
static void check_path_refused(const char *path, const char *because)
{
	struct selection s;
	char err[ERR];

	if (load(path, &s, err) >= 0)
		fail_msg("%s was taken (%zu cells)", path, s.n);
	if (!strstr(err, path) || !strstr(err, because))
		fail_msg("\"%s\" does not say \"%s\"", err, because);
	select_free(&s);
}

static void check_text_refused(const char *text, const char *because)
{
	char path[SUPPORT_PATH];

	snprintf(path, sizeof(path), "%s", support_path(&dir, "m.ini"));
	support_text(path, text);
	check_path_refused(path, because);
}

static void check_text_gives(const char *text, size_t cells)
{
	struct selection s;
	char err[ERR];

	support_text(support_path(&dir, "m.ini"), text);
	if (load(support_path(&dir, "m.ini"), &s, err) != 0)
		fail_msg("%s", err);
	assert_int_equal(s.n, cells);
	select_free(&s);
}

static void matrix_files_that_ship_are_read(void **state)
{
	static const char *const shipped[] = {"quick", "default", "full", "ci", "gate60", "gate6"};
	const char *src = getenv("HANDOFF_SRC");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shipped); i++) {
		struct selection s;
		char path[SUPPORT_PATH], err[ERR];

		snprintf(path, sizeof(path), "%s/bench/matrices/%s.ini", src ? src : ".",
			shipped[i]);
		if (load(path, &s, err) != 0)
			fail_msg("%s", err);
		assert_true(s.n >= (i == 0 ? 60 : 1));
		select_free(&s);
	}
}

static void matrix_sections_are_products_that_add_up(void **state)
{
	(void)state;
	check_text_gives("[a]\nmechanism = channel/pipe\nworkload = stream\nsize = 64, 128,256\n"
			 "domain=thread\n[b]\nmechanism=lock/mutex\nworkload=contend\nfan=2\n",
		3 + 2);
	check_text_gives("; nothing said\n[a]\nmechanism = channel/pipe\nworkload = stream\n"
			 "[again]\nmechanism = channel/[p]ipe\nworkload = stream\n",
		2);
}

static void matrix_says_its_reps_and_times(void **state)
{
	struct selection s;
	char err[ERR];

	(void)state;
	support_text(support_path(&dir, "m.ini"),
		"[matrix]\nreps = 7\ntrial = 20ms\nbudget = 1m\n[a]\nmechanism = lock/mutex\n");
	assert_int_equal(load(support_path(&dir, "m.ini"), &s, err), 0);
	assert_true(s.reps == 7 && s.trial_ns == 20000000 && s.budget_ns == UINT64_C(60000000000));
	select_free(&s);
}

static void matrix_gives_way_to_axes_of_the_command_line(void **state)
{
	const char *sizes[] = {"8", "16", NULL};
	struct selection s = {0};
	struct axes named = {0};
	char err[ERR] = "";

	(void)state;
	name_axis(&named, AXIS_SIZE, sizes);
	support_text(support_path(&dir, "m.ini"),
		"[a]\nmechanism = channel/pipe\nworkload = stream\ndomain = thread\nsize = 64\n");
	assert_int_equal(
		select_matrix(&s, support_path(&dir, "m.ini"), &named, err, sizeof(err)), 0);
	assert_int_equal(s.n, 2);
	assert_true(s.cell[0].msg_bytes == 8 && s.cell[1].msg_bytes == 16);
	select_free(&s);
}

static void matrix_is_refused_for_what_it_does_not_know(void **state)
{
	(void)state;
	check_text_refused("[a]\ncolour = red\n", "no axis colour");
	check_text_refused("[a]\nsize = 8\nsize = 16\n", "twice");
	check_text_refused("[a]\nsize =\n", "no value");
	check_text_refused("[a]\nmechanism = channel/pip\n", "channel/pipe");
	check_text_refused("[a]\nsize = 99999999999999999999\n", "size");
	check_text_refused("[matrix]\nreps = many\n[a]\nsize = 8\n", "reps");
	check_text_refused("[matrix]\ntrial = 5\n[a]\nsize = 8\n", "trial");
	check_text_refused("[matrix]\nrepz = 5\n[a]\nsize = 8\n", "repz");
	check_text_refused("[a]\nthis is no line\n", "line 2");
	check_text_refused("", "no section");
	check_text_refused("[matrix]\nreps = 5\n", "no section");
}

/* "size = 1,2,3 ..." and so on: n values on each of four axes. */
static void write_product(const char *path, unsigned n)
{
	static const char *const axes[] = {"size", "capacity", "fan"};
	char text[32];

	support_text(path, "[a]\n");
	for (size_t a = 0; a < ARRAY_LEN(axes); a++) {
		support_append(path, axes[a]);
		for (unsigned i = 1; i <= n; i++) {
			snprintf(text, sizeof(text), "%s%u", i == 1 ? " = " : ",", i);
			support_append(path, text);
		}
		support_append(path, "\n");
	}
}

static void matrix_of_a_billion_cells_is_refused_before_it_is_made(void **state)
{
	char path[SUPPORT_PATH];

	(void)state;
	snprintf(path, sizeof(path), "%s", support_path(&dir, "m.ini"));
	write_product(path, 40); /* 64000 a mechanism and workload; short lines */
	check_path_refused(path, "too many");
}

/* Whatever the reader's longest line: a long one is read whole or refused, never cut. */
static void matrix_line_is_never_cut(void **state)
{
	char text[16 * MANY] = "[a]\nmechanism = channel/pipe\nworkload = stream\n"
			       "domain = thread\nsize = ";
	struct selection s;
	char err[ERR];

	(void)state;
	for (unsigned i = 1; i <= MANY; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
			i == 1 ? "" : ", ", 1000 + i);
	support_text(support_path(&dir, "m.ini"), text);
	if (load(support_path(&dir, "m.ini"), &s, err) == 0)
		assert_int_equal(s.n, MANY);
	else
		assert_true(err[0] != '\0');
	select_free(&s);
}

static void matrix_is_refused_when_it_is_no_text_file(void **state)
{
	char path[SUPPORT_PATH], *large = calloc(1, HUGE_BYTES);

	(void)state;
	assert_non_null(large);
	check_path_refused(dir.path, "not a regular file");
	check_path_refused("/dev/null", "not a regular file");
	snprintf(path, sizeof(path), "%s", support_path(&dir, "missing.ini"));
	check_path_refused(path, "No such file");
	snprintf(path, sizeof(path), "%s", support_path(&dir, "fifo.ini"));
	assert_int_equal(mkfifo(path, 0600), 0);
	check_path_refused(path, "not a regular file"); /* and is not waited for */
	snprintf(path, sizeof(path), "%s", support_path(&dir, "nul.ini"));
	support_write(path, "[a]\nsize = 8\0\n", 14);
	check_path_refused(path, "NUL");
	memset(large, '#', HUGE_BYTES);
	snprintf(path, sizeof(path), "%s", support_path(&dir, "large.ini"));
	support_write(path, large, HUGE_BYTES);
	check_path_refused(path, "larger than");
	free(large);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(select_takes_globs_and_takes_away),
		cmocka_unit_test(
			select_takes_coroutines_by_default_only_where_there_is_nothing_else),
		cmocka_unit_test(select_has_every_cell_once),
		cmocka_unit_test(select_counts_impossible_combinations_by_reason),
		cmocka_unit_test(select_offers_near_matches),
		cmocka_unit_test(select_refuses_values_that_match_nothing),
		cmocka_unit_test(matrix_files_that_ship_are_read),
		TEST(matrix_sections_are_products_that_add_up),
		TEST(matrix_says_its_reps_and_times),
		TEST(matrix_gives_way_to_axes_of_the_command_line),
		TEST(matrix_is_refused_for_what_it_does_not_know),
		TEST(matrix_of_a_billion_cells_is_refused_before_it_is_made),
		TEST(matrix_line_is_never_cut),
		TEST(matrix_is_refused_when_it_is_no_text_file),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
