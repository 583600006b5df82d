/*
 * A run's directory: what is made, what a commit leaves, and what a killed
 * runner left and --resume cuts off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run_scene.h"

enum { ERR = 1200 };

/* Lines of a file in the run. */
static unsigned count_lines(const char *file)
{
	char name[64], *text;
	unsigned n = 0;

	snprintf(name, sizeof(name), "run/%s", file);
	text = support_read(support_path(&run_dir, name));
	for (char *p = text; (p = strchr(p, '\n')); p++)
		n++;
	free(text);
	return n;
}

/* ---- commits -------------------------------------------------------------------------- */

static void session_begins_with_headers_alone(void **state)
{
	struct session s;

	(void)state;
	run_new(&s);
	assert_string_equal(s.run_id, "run");
	assert_true(s.host[0] && !strpbrk(s.host, "/ \n,"));
	session_close(&s);
	assert_int_equal(count_lines("samples.csv"), 1);
	assert_int_equal(count_lines("histograms.csv"), 1);
	run_check(0);
}

static void session_commits_histograms_and_a_row(void **state)
{
	struct trial_result *r = run_result(5000);
	struct session s;
	char *text;

	(void)state;
	run_new(&s);
	run_commit(&s, r, 0);
	run_commit(&s, r, 1);
	session_close(&s);
	run_check(2);
	assert_int_equal(count_lines("samples.csv"), 3);
	assert_int_equal(count_lines("histograms.csv"), 1 + 2 * 2); /* both sides of each */
	text = support_read(support_path(&run_dir, "run/histograms.csv"));
	assert_non_null(strstr(text, ",rtt,1000,0,1000,1999,"));
	assert_non_null(strstr(text, ",wait,1000,0,1000,2998,"));
	free(text);
	free(r);
}

static void session_commits_no_histogram_without_a_number(void **state)
{
	struct trial_result *r = run_result(5000);
	struct session s;

	(void)state;
	run_new(&s);
	for (uint32_t status = TRIAL_OK + 1; status < TRIAL_STATUS_COUNT; status++) {
		r->status = status;
		run_commit(&s, r, status - 1);
	}
	session_close(&s);
	run_check(TRIAL_STATUS_COUNT - 1);
	assert_int_equal(count_lines("histograms.csv"), 1);
	free(r);
}

static void session_keeps_text_whatever_it_holds(void **state)
{
	static const char nasty[] = "said \"no\", then\nleft;\t'x' \xc3\xa9 ,,";
	struct trial_result *r = run_result(1);
	struct sample *row = NULL;
	struct session s;
	char err[ERR] = "";
	size_t n = 0;

	(void)state;
	r->status = TRIAL_FAIL;
	snprintf(r->reason, sizeof(r->reason), "%s", nasty);
	run_new(&s);
	run_commit(&s, r, 0);
	session_close(&s);
	assert_int_equal(
		samples_read(support_path(&run_dir, "run/samples.csv"), &row, &n, err, ERR), 0);
	assert_int_equal(n, 1);
	assert_string_equal(row[0].reason, nasty);
	free(row);
	free(r);
}

/* ---- the end of a killed runner --------------------------------------------------------- */

/* Two rows; the files then lose their last `bytes`. */
static void write_cut(struct trial_result *r, const char *file, off_t bytes)
{
	char name[64];
	struct session s;
	struct stat st;

	run_new(&s);
	run_commit(&s, r, 0);
	run_commit(&s, r, 1);
	session_close(&s);
	snprintf(name, sizeof(name), "run/%s", file);
	assert_int_equal(stat(support_path(&run_dir, name), &st), 0);
	assert_int_equal(truncate(support_path(&run_dir, name), st.st_size - bytes), 0);
}

static void check_cut_and_continued(const char *file, off_t bytes, bool row_lost)
{
	struct trial_result *r = run_result(5000);
	struct session s;

	write_cut(r, file, bytes);
	run_again(&s);
	run_commit(&s, r, row_lost ? 1 : 2);
	session_close(&s);
	run_check(row_lost ? 2 : 3);
	free(r);
	run_teardown(NULL);
	run_setup(NULL);
}

static void session_resumed_cuts_an_unfinished_line_off(void **state)
{
	(void)state;
	check_cut_and_continued("samples.csv", 0, false);
	check_cut_and_continued("samples.csv", 1, true); /* only the LF is missing */
	check_cut_and_continued("samples.csv", 2, true);
	check_cut_and_continued("samples.csv", 100, true);
	check_cut_and_continued("histograms.csv", 1, false);
	check_cut_and_continued("histograms.csv", 50, false);
}

static void session_resumed_leaves_whole_lines_alone(void **state)
{
	struct trial_result *r = run_result(5000);
	char *before, *after;
	struct session s;

	(void)state;
	write_cut(r, "samples.csv", 0);
	before = support_read(support_path(&run_dir, "run/samples.csv"));
	run_again(&s);
	session_close(&s);
	after = support_read(support_path(&run_dir, "run/samples.csv"));
	assert_string_equal(before, after);
	free(before);
	free(after);
	free(r);
}

/* ---- results/ -------------------------------------------------------------------------------- */

static void session_without_a_name_gets_one_and_is_the_latest(void **state)
{
	struct session a, b;
	char err[ERR] = "", link[SUPPORT_PATH] = "", here[4096];
	int code;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(run_dir.path), 0);
	code = session_create(&a, NULL, err, sizeof(err));
	code = code ? code : session_create(&b, NULL, err, sizeof(err));
	if (!code) {
		session_publish(&a);
		session_publish(&b);
	}
	code = code ? code : -(readlink("results/latest", link, sizeof(link) - 1) < 0);
	assert_int_equal(chdir(here), 0);
	if (code)
		fail_msg("%s", err);
	assert_string_not_equal(a.dir, b.dir); /* even within a second */
	assert_string_equal(b.dir + strlen("results/"), link);
	assert_string_equal(b.run_id, link);
	session_close(&a);
	session_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(session_begins_with_headers_alone),
		RUN_TEST(session_commits_histograms_and_a_row),
		RUN_TEST(session_commits_no_histogram_without_a_number),
		RUN_TEST(session_keeps_text_whatever_it_holds),
		RUN_TEST(session_resumed_cuts_an_unfinished_line_off),
		RUN_TEST(session_resumed_leaves_whole_lines_alone),
		RUN_TEST(session_without_a_name_gets_one_and_is_the_latest),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
