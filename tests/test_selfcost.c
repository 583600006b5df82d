/* What `make bench-self` found: rows, verdicts and files. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "bench/selfcost.h"
#include "tests/sample_rows.h"

enum { ERR = 400, PATH = 200 };

static const double below[] = {1.01, 1.00, 1.006, 1.01, 1.0, 1.015};
static const double across[] = {1.01, 1.00, 1.006, 1.01, 1.0, 1.025};
static const double above[] = {1.03, 1.021, 1.05, 1.03, 1.04, 1.03};

static char *kept(struct selfcost *t, const char *dir)
{
	char err[ERR] = "";

	if (selfcost_end(t, err, ERR) != 0)
		fail_msg("%s", err);
	return read_text_file(dir, "kept/self.csv");
}

static void begin(struct selfcost *t, const char *dir)
{
	static char path[PATH];
	char err[ERR] = "";

	(void)snprintf(path, sizeof(path), "%s/kept", dir);
	if (selfcost_begin(t, path, err, ERR) != 0)
		fail_msg("%s", err);
}

static void limit_is_kept_or_broken_by_the_whole_interval(void **state)
{
	struct selfcost t;
	char *text;

	begin(&t, *state);
	selfcost_put(&t, "a", "b", "ratio", below, 6, 1.02);
	assert_int_equal(t.broken, 0);
	selfcost_put(&t, "c", "b", "ratio", across, 6, 1.02);
	assert_int_equal(t.broken, 0);
	selfcost_put(&t, "d", "b", "ratio", above, 6, 1.02);
	assert_int_equal(t.broken, 1);
	text = kept(&t, *state);
	assert_string_equal(text,
		"what,against,value,unit,low,high,bounds,pairs,limit,kept,reason\n"
		"a,b,1.008,ratio,1.000,1.015,interval95,6,1.02,yes,\n"
		"c,b,1.008,ratio,1.000,1.025,interval95,6,1.02,not separable,\n"
		"d,b,1.030,ratio,1.021,1.050,interval95,6,1.02,no,\n");
	free(text);
}

static void what_has_no_figure_or_no_limit_says_so(void **state)
{
	struct selfcost t;
	char *text;

	begin(&t, *state);
	selfcost_put(&t, "few", "b", "ms", above, 5, NAN);
	selfcost_put(&t, "none", "b", "ratio", above, 0, 1.02);
	selfcost_absent(&t, "x", "y", "no such, here");
	assert_int_equal(t.broken, 0);
	text = kept(&t, *state);
	assert_string_equal(text,
		"what,against,value,unit,low,high,bounds,pairs,limit,kept,reason\n"
		"few,b,1.030,ms,1.021,1.050,range,5,,,\n"
		"none,b,,,,,,,,,no pair came to an end\n"
		"x,y,,,,,,,,,\"no such, here\"\n");
	free(text);
	text = read_text_file(*state, "kept/environment.csv");
	assert_non_null(text);
	check_says(text, "\nhandoff_commit,");
	free(text);
}

static void table_is_there_only_when_it_is_whole(void **state)
{
	struct selfcost t;
	char err[ERR] = "";

	begin(&t, *state);
	selfcost_put(&t, "a", "b", "ratio", below, 6, 1.02);
	assert_null(read_text_file(*state, "kept/self.csv"));
	free(kept(&t, *state));
	assert_null(read_text_file(*state, "kept/self.csv.new"));
	assert_int_not_equal(selfcost_begin(&t, "/dev/null/x", err, ERR), 0);
	check_says(err, "/dev/null/x: ");
	assert_int_equal(selfcost_begin(&t, NULL, err, ERR), 0);
	selfcost_put(&t, "printed only", "b", "ratio", below, 6, 1.02);
	assert_int_equal(selfcost_end(&t, err, ERR), 0);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(limit_is_kept_or_broken_by_the_whole_interval),
		IN_DIR(what_has_no_figure_or_no_limit_says_so),
		IN_DIR(table_is_there_only_when_it_is_whole),
	};

	return cmocka_run_group_tests_name("selfcost", tests, NULL, NULL);
}
