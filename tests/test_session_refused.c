/*
 * A run's directory: what is refused before anything is measured, and a disk
 * that fills up.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run_scene.h"

enum { ERR = 1200 };

/* ---- refused ------------------------------------------------------------------------------ */

static void check_create_refused(const char *path, int code)
{
	struct session s;
	char err[ERR] = "", out[SUPPORT_PATH];

	snprintf(out, sizeof(out), "%s", path);
	assert_int_equal(session_create(&s, out, err, sizeof(err)), code);
	assert_non_null(strstr(err, out));
	session_close(&s);
}

static void session_is_not_created_over_another_run(void **state)
{
	struct trial_result *r = run_result(1);
	struct session s;

	(void)state;
	run_new(&s);
	run_commit(&s, r, 0);
	check_create_refused(support_path(&run_dir, "run"), -EBUSY); /* it is still being written */
	session_close(&s);
	check_create_refused(support_path(&run_dir, "run"), -EEXIST);
	run_check(1);
	free(r);
}

static void session_is_not_created_where_it_cannot_be(void **state)
{
	(void)state;
	support_text(support_path(&run_dir, "file"), "");
	check_create_refused(support_path(&run_dir, "file"), -ENOTDIR);
	check_create_refused(support_path(&run_dir, "no/such/place"), -ENOENT);
	assert_int_equal(mkdir(support_path(&run_dir, "odd"), 0700), 0);
	assert_int_equal(mkfifo(support_path(&run_dir, "odd/samples.csv"), 0600), 0);
	check_create_refused(support_path(&run_dir, "odd"), -EEXIST);
	assert_int_equal(mkdir(support_path(&run_dir, "link"), 0700), 0);
	assert_int_equal(symlink("/dev/null", support_path(&run_dir, "link/histograms.csv")), 0);
	check_create_refused(support_path(&run_dir, "link"), -EEXIST);
}

static void session_has_one_runner_at_a_time(void **state)
{
	struct session first, second;
	char err[ERR] = "";

	(void)state;
	run_new(&first);
	assert_int_equal(
		session_resume(&second, support_path(&run_dir, "run"), err, sizeof(err)), -EBUSY);
	assert_non_null(strstr(err, "another run"));
	session_close(&second);
	session_close(&first);
	run_again(&second);
	session_close(&second);
}

static void session_is_not_resumed_where_no_run_is(void **state)
{
	struct session s;
	char err[ERR] = "";

	(void)state;
	assert_int_equal(
		session_resume(&s, support_path(&run_dir, "none"), err, sizeof(err)), -ENOENT);
	session_close(&s);
	assert_int_equal(session_resume(&s, run_dir.path, err, sizeof(err)), -ENOENT);
	session_close(&s);
	assert_false(support_exists(support_path(&run_dir, "samples.csv")));
}

/* The file in place of the run's, which then is not resumed; what it was stays. */
static void check_odd_file_refused(const char *file, mode_t type)
{
	char path[SUPPORT_PATH], err[ERR] = "";
	struct session s;

	run_new(&s);
	session_close(&s);
	snprintf(path, sizeof(path), "%s/run/%s", run_dir.path, file);
	assert_int_equal(unlink(path), 0);
	support_text(support_path(&run_dir, "victim"), "precious");
	if (type == S_IFIFO)
		assert_int_equal(mkfifo(path, 0600), 0);
	else
		assert_int_equal(symlink("../victim", path), 0);
	assert_true(session_resume(&s, support_path(&run_dir, "run"), err, sizeof(err)) < 0);
	assert_non_null(strstr(err, file));
	session_close(&s);
	run_teardown(NULL);
	run_setup(NULL);
}

static void session_is_not_resumed_over_a_link_or_a_fifo(void **state)
{
	(void)state;
	check_odd_file_refused("samples.csv", S_IFIFO);
	check_odd_file_refused("histograms.csv", S_IFIFO);
	check_odd_file_refused("samples.csv", S_IFLNK);
	check_odd_file_refused("histograms.csv", S_IFLNK);
}

/* In a child, whose files may not grow: exit code 0 if a commit then fails and says so. */
static int commit_on_full_disk(struct session *s, struct trial_result *r)
{
	const struct rlimit small = {.rlim_cur = 1500, .rlim_max = 1500};
	struct sample row = run_row(s, r, 0);
	char err[ERR] = "";
	int code;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	code = session_commit(s, &row, r, err, sizeof(err));
	return code < 0 && strstr(err, s->dir) ? 0 : 1;
}

static void session_says_when_the_disk_is_full(void **state)
{
	struct trial_result *r = run_result(5000);
	struct session s;
	int status = -1;
	pid_t pid;

	(void)state;
	run_new(&s);
	pid = fork();
	if (pid == 0)
		_exit(commit_on_full_disk(&s, r));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	session_close(&s);
	run_again(&s); /* room again: what was half written goes */
	run_commit(&s, r, 0);
	session_close(&s);
	run_check(1);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(session_is_not_created_over_another_run),
		RUN_TEST(session_is_not_created_where_it_cannot_be),
		RUN_TEST(session_has_one_runner_at_a_time),
		RUN_TEST(session_is_not_resumed_where_no_run_is),
		RUN_TEST(session_is_not_resumed_over_a_link_or_a_fifo),
		RUN_TEST(session_says_when_the_disk_is_full),
	};

	return cmocka_run_group_tests_name("session refused", tests, NULL, NULL);
}
