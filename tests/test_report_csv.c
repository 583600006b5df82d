/* {{csv FILE ...}} and {{measured DIR}}: what is kept beside a run, as a table in its report, and where it is from. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/report.h"
#include "tests/sample_rows.h"

enum { ERR = 1000, PATH = 200 };

/* dir/run, dir/side/table.csv and a place for prose. */
struct scene {
	char *dir, run[PATH], err[ERR];
};

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct sample rows[6];
	char side[PATH];

	if (!s || make_dir((void **)&s->dir) != 0)
		return -1;
	*state = s;
	(void)snprintf(s->run, PATH, "%s/run", s->dir);
	(void)snprintf(side, PATH, "%s/side", s->dir);
	if (mkdir(s->run, 0700) != 0 || mkdir(side, 0700) != 0)
		return -1;
	write_samples(s->run, rows, add_rows(rows, 0, (struct at){0}, 5000, 6));
	append_text(s->dir, "side/table.csv",
		"tool,peer_value,reason\nperf,1.5,\"a | b, c\"\nother,,none\nlast,3,<b>\n");
	return 0;
}

static int remove_scene(void **state)
{
	struct scene *s = *state;
	int rc = remove_dir((void **)&s->dir);

	free(s);
	return rc;
}

/* The report of one reference, to be freed; NULL: not written, and s->err says why. */
static char *said(struct scene *s, const char *reference, bool demand, int code)
{
	char in[PATH + 20], out[PATH + 20];
	const struct report_options o = {
		.template_path = in, .out_path = out, .demand = demand, .keep_pictures = true};

	(void)snprintf(in, sizeof(in), "%s/in.md", s->dir);
	(void)snprintf(out, sizeof(out), "%s/out.md", s->dir);
	(void)unlink(in);
	(void)unlink(out);
	append_text(s->dir, "in.md", reference);
	s->err[0] = '\0';
	if (report_make(s->run, &o, s->err, ERR) != code)
		fail_msg("not %d: %s", code, s->err);
	return read_text_file(s->dir, "out.md");
}

static void check_said(struct scene *s, const char *reference, const char *expected)
{
	char *text = said(s, reference, true, 0);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void file_beside_the_run_becomes_a_table(void **state)
{
	check_said(*state, "{{csv side/table.csv}}\n",
		"| tool | peer value | reason |\n|---|---|---|\n"
		"| perf | 1.5 | a \\| b, c |\n| other | - | none |\n| last | 3 | &lt;b&gt; |\n");
}

static void columns_and_first_rows_can_be_chosen(void **state)
{
	check_said(*state, "{{csv side/table.csv first=2 reason tool}}\n",
		"| reason | tool |\n|---|---|\n| a \\| b, c | perf |\n| none | other |\n\n"
		"1 more are in the file.\n");
	check_said(*state, "{{csv side/table.csv first=3 tool}}\n",
		"| tool |\n|---|\n| perf |\n| other |\n| last |\n");
}

static void file_that_is_not_there_is_missing_not_wrong(void **state)
{
	struct scene *s = *state;
	char *text = said(s, "{{csv side/none.csv}}\n", false, 0);

	check_says(text, "*not in this run*");
	free(text);
	assert_null(said(s, "\n{{csv side/none.csv}}\n", true, -ENOENT));
	check_says(s->err, "in.md:2: csv side/none.csv: ");
}

static void optional_file_that_is_not_there_is_said_even_where_all_is_demanded(void **state)
{
	check_said(*state, "{{csv side/none.csv optional first=3 tool}}\n",
		"*Not measured: there is no side/none.csv beside this run.*\n");
	check_said(*state, "{{csv side/table.csv optional first=3 tool}}\n",
		"| tool |\n|---|\n| perf |\n| other |\n| last |\n");
}

static void references_to_other_places_or_columns_are_refused(void **state)
{
	static const char *const bad[] = {"{{csv}}", "{{csv /etc/passwd}}", "{{csv ../x.csv}}",
		"{{csv side/../../x}}", "{{csv side/table.csv first=0}}",
		"{{csv side/table.csv first=x}}"};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_null(said(s, bad[i], false, -EINVAL));
		check_says(s->err, "is written {{csv FILE");
	}
	assert_null(said(s, "{{csv side/table.csv tool price}}", false, -EINVAL));
	check_says(s->err, "side/table.csv has no column price");
}

/* ---- when and where it was measured ---------------------------------------------- */

#define OWN_MACHINE                                                                                \
	"cpu_model,Some CPU,\ncpus_online,0-3,\nkernel,6.1.0,\ncompiler,gcc 12,\n"                 \
	"compiler_flags,-O2,\nhandoff_commit,abc,\n"

static void put_environment(struct scene *s, const char *where, const char *rows)
{
	char text[1000];

	(void)snprintf(text, sizeof(text), "key,value,reason\n%s", rows);
	append_text(s->dir, where, text);
}

static void remove_file(const struct scene *s, const char *file)
{
	char path[2 * PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", s->dir, file);
	assert_int_equal(unlink(path), 0);
}

static void run_says_when_by_what_and_where_it_was_measured(void **state)
{
	put_environment(*state, "run/environment.csv", OWN_MACHINE);
	check_said(*state, "{{measured}}\n",
		"Measured on Some CPU (CPUs 0-3), kernel 6.1.0, on 2026-01-02 (UTC), by commit abc, "
		"gcc 12 \\-O2.\n");
}

static void files_beside_it_say_their_own_day_and_build(void **state)
{
	static const char *const day[] = {OWN_MACHINE "taken_utc,2026-03-04T05:06:07Z,\n",
		OWN_MACHINE "began,2026-03-04T05:06:07Z,\n"};
	struct scene *s = *state;

	put_environment(s, "run/environment.csv", OWN_MACHINE);
	for (int i = 0; i < 2; i++) {
		put_environment(s, "side/environment.csv", day[i]);
		check_said(s, "{{measured side}}\n",
			"Measured on Some CPU (CPUs 0-3), kernel 6.1.0, on 2026-03-04 (UTC), by commit "
			"abc, gcc 12 \\-O2.\n");
		remove_file(s, "side/environment.csv");
	}
}

static void files_of_another_machine_are_called_so(void **state)
{
	put_environment(*state, "run/environment.csv", OWN_MACHINE);
	put_environment(*state, "side/environment.csv",
		"cpu_model,Another | CPU,\ncpus_online,0-3,\nkernel,6.1.0,\n");
	check_said(*state, "{{measured side}}\n",
		"Measured on Another \\| CPU (CPUs 0-3), kernel 6.1.0, on a day that was not kept, by "
		"commit unknown, unknown unknown: **another machine than the run's**.\n");
}

static void files_without_an_environment_are_not_given_one(void **state)
{
	put_environment(*state, "run/environment.csv", OWN_MACHINE);
	check_said(
		*state, "{{measured side}}\n", "When and where this was measured was not kept.\n");
	check_said(*state, "{{measured nowhere}}.\n", ".\n");
}

static void environment_that_cannot_be_read_is_an_error(void **state)
{
	struct scene *s = *state;

	append_text(s->dir, "side/environment.csv", "no,such,header\n");
	assert_null(said(s, "{{measured side}}\n", false, -EINVAL));
	check_says(s->err, "environment.csv");
	assert_null(said(s, "{{measured ../side}}\n", false, -EINVAL));
	check_says(s->err, "is written {{measured}} or {{measured DIR}}");
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, remove_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(file_beside_the_run_becomes_a_table),
		IN_SCENE(columns_and_first_rows_can_be_chosen),
		IN_SCENE(file_that_is_not_there_is_missing_not_wrong),
		IN_SCENE(optional_file_that_is_not_there_is_said_even_where_all_is_demanded),
		IN_SCENE(references_to_other_places_or_columns_are_refused),
		IN_SCENE(run_says_when_by_what_and_where_it_was_measured),
		IN_SCENE(files_beside_it_say_their_own_day_and_build),
		IN_SCENE(files_of_another_machine_are_called_so),
		IN_SCENE(files_without_an_environment_are_not_given_one),
		IN_SCENE(environment_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests_name("report_csv", tests, NULL, NULL);
}
