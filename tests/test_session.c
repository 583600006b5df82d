/*
 * A run's directory: what is made, what a commit leaves, what a killed runner
 * left and --resume cuts off, and what is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/row.h"
#include "bench/session.h"
#include "tests/support.h"

enum { ERR = 1200, SAMPLES = 1000, TRIAL_NS = 30 * 1000 * 1000 };

static struct support_dir dir; /* of the running test */
static struct clock clock_raw = {.ns_per_tick_q32 = 1ull << 32, .hz = 1000000000};

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

/* ---- a trial that never ran ---------------------------------------------------------- */

static struct cell make_cell(void)
{
	struct cell c;
	char err[ERR] = "";

	if (cell_parse(&c, "channel/queue-fifo/pingpong?placement=unpinned", err, sizeof(err)) != 0)
		fail_msg("%s", err);
	c.pu[0] = c.pu[1] = PLACE_PU_NONE;
	c.stretch_ns = TRIAL_NS;
	return c;
}

/* An ok trial of `ops` operations; free() it. */
static struct trial_result *make_result(uint64_t ops)
{
	struct trial_result *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->status = TRIAL_OK;
	r->ops = r->cpu_ops = ops;
	r->elapsed_ns = TRIAL_NS;
	r->overlap_permille = 1000;
	r->fairness = 1;
	r->full_waits = r->empty_waits = UNKNOWN_COUNT;
	r->hist_kind[0] = KIND_RTT;
	r->hist_kind[1] = KIND_WAIT;
	for (unsigned side = 0; side < 2; side++) {
		hist_reset(&r->hist[side]);
		for (uint64_t i = 0; i < SAMPLES; i++)
			hist_record(&r->hist[side], 1000 + i * (side + 1));
	}
	return r;
}

static struct sample make_row(const struct session *s, const struct trial_result *r, uint64_t block)
{
	const struct row_common common = {
		.run_id = s->run_id, .host = s->host, .clock = &clock_raw, .cpus = 64};
	const struct row_place at = {.block = block, .rep = block, .attempt = 1};
	struct cell c = make_cell();
	struct sample row;

	row_fill(&row, &common, &c, r, &at);
	return row;
}

static void commit(struct session *s, struct trial_result *r, uint64_t block)
{
	struct sample row = make_row(s, r, block);
	char err[ERR] = "";

	if (session_commit(s, &row, r, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

static void open_new(struct session *s)
{
	char err[ERR] = "";

	if (session_create(s, support_path(&dir, "run"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

/* Lines of a file in the run. */
static unsigned count_lines(const char *file)
{
	char name[64], *text;
	unsigned n = 0;

	snprintf(name, sizeof(name), "run/%s", file);
	text = support_read(support_path(&dir, name));
	for (char *p = text; (p = strchr(p, '\n')); p++)
		n++;
	free(text);
	return n;
}

/* The run's rows as a reader has them; blocks 0 .. n-1 in order. */
static void check_rows(size_t n)
{
	struct sample *row = NULL;
	size_t found = 0;
	char err[ERR] = "";

	if (samples_read(support_path(&dir, "run/samples.csv"), &row, &found, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(found, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(row[i].block, i);
		assert_string_equal(row[i].run_id, "run");
	}
	free(row);
}

/* ---- commits -------------------------------------------------------------------------- */

static void session_begins_with_headers_alone(void **state)
{
	struct session s;

	(void)state;
	open_new(&s);
	assert_string_equal(s.run_id, "run");
	assert_true(s.host[0] && !strpbrk(s.host, "/ \n,"));
	session_close(&s);
	assert_int_equal(count_lines("samples.csv"), 1);
	assert_int_equal(count_lines("histograms.csv"), 1);
	check_rows(0);
}

static void session_commits_histograms_and_a_row(void **state)
{
	struct trial_result *r = make_result(5000);
	struct session s;
	char *text;

	(void)state;
	open_new(&s);
	commit(&s, r, 0);
	commit(&s, r, 1);
	session_close(&s);
	check_rows(2);
	assert_int_equal(count_lines("samples.csv"), 3);
	assert_int_equal(count_lines("histograms.csv"), 1 + 2 * 2); /* both sides of each */
	text = support_read(support_path(&dir, "run/histograms.csv"));
	assert_non_null(strstr(text, ",rtt,1000,0,1000,1999,"));
	assert_non_null(strstr(text, ",wait,1000,0,1000,2998,"));
	free(text);
	free(r);
}

static void session_commits_no_histogram_without_a_number(void **state)
{
	struct trial_result *r = make_result(5000);
	struct session s;

	(void)state;
	open_new(&s);
	for (uint32_t status = TRIAL_OK + 1; status < TRIAL_STATUS_COUNT; status++) {
		r->status = status;
		commit(&s, r, status - 1);
	}
	session_close(&s);
	check_rows(TRIAL_STATUS_COUNT - 1);
	assert_int_equal(count_lines("histograms.csv"), 1);
	free(r);
}

static void session_keeps_text_whatever_it_holds(void **state)
{
	static const char nasty[] = "said \"no\", then\nleft;\t'x' \xc3\xa9 ,,";
	struct trial_result *r = make_result(1);
	struct sample *row = NULL;
	struct session s;
	char err[ERR] = "";
	size_t n = 0;

	(void)state;
	r->status = TRIAL_FAIL;
	snprintf(r->reason, sizeof(r->reason), "%s", nasty);
	open_new(&s);
	commit(&s, r, 0);
	session_close(&s);
	assert_int_equal(
		samples_read(support_path(&dir, "run/samples.csv"), &row, &n, err, ERR), 0);
	assert_int_equal(n, 1);
	assert_string_equal(row[0].reason, nasty);
	free(row);
	free(r);
}

/* ---- the end of a killed runner --------------------------------------------------------- */

static void open_again(struct session *s)
{
	char err[ERR] = "";

	if (session_resume(s, support_path(&dir, "run"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_string_equal(s->run_id, "run");
}

/* Two rows; the files then lose their last `bytes`. */
static void write_cut(struct trial_result *r, const char *file, off_t bytes)
{
	char name[64];
	struct session s;
	struct stat st;

	open_new(&s);
	commit(&s, r, 0);
	commit(&s, r, 1);
	session_close(&s);
	snprintf(name, sizeof(name), "run/%s", file);
	assert_int_equal(stat(support_path(&dir, name), &st), 0);
	assert_int_equal(truncate(support_path(&dir, name), st.st_size - bytes), 0);
}

static void check_cut_and_continued(const char *file, off_t bytes, bool row_lost)
{
	struct trial_result *r = make_result(5000);
	struct session s;

	write_cut(r, file, bytes);
	open_again(&s);
	commit(&s, r, row_lost ? 1 : 2);
	session_close(&s);
	check_rows(row_lost ? 2 : 3);
	free(r);
	teardown(NULL);
	setup(NULL);
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
	struct trial_result *r = make_result(5000);
	char *before, *after;
	struct session s;

	(void)state;
	write_cut(r, "samples.csv", 0);
	before = support_read(support_path(&dir, "run/samples.csv"));
	open_again(&s);
	session_close(&s);
	after = support_read(support_path(&dir, "run/samples.csv"));
	assert_string_equal(before, after);
	free(before);
	free(after);
	free(r);
}

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
	struct trial_result *r = make_result(1);
	struct session s;

	(void)state;
	open_new(&s);
	commit(&s, r, 0);
	check_create_refused(support_path(&dir, "run"), -EEXIST);
	session_close(&s);
	check_create_refused(support_path(&dir, "run"), -EEXIST);
	check_rows(1);
	free(r);
}

static void session_is_not_created_where_it_cannot_be(void **state)
{
	(void)state;
	support_text(support_path(&dir, "file"), "");
	check_create_refused(support_path(&dir, "file"), -ENOTDIR);
	check_create_refused(support_path(&dir, "no/such/place"), -ENOENT);
	assert_int_equal(mkdir(support_path(&dir, "odd"), 0700), 0);
	assert_int_equal(mkfifo(support_path(&dir, "odd/samples.csv"), 0600), 0);
	check_create_refused(support_path(&dir, "odd"), -EEXIST);
	assert_int_equal(mkdir(support_path(&dir, "link"), 0700), 0);
	assert_int_equal(symlink("/dev/null", support_path(&dir, "link/histograms.csv")), 0);
	check_create_refused(support_path(&dir, "link"), -EEXIST);
}

static void session_has_one_runner_at_a_time(void **state)
{
	struct session first, second;
	char err[ERR] = "";

	(void)state;
	open_new(&first);
	assert_int_equal(
		session_resume(&second, support_path(&dir, "run"), err, sizeof(err)), -EBUSY);
	assert_non_null(strstr(err, "another run"));
	session_close(&second);
	session_close(&first);
	open_again(&second);
	session_close(&second);
}

static void session_is_not_resumed_where_no_run_is(void **state)
{
	struct session s;
	char err[ERR] = "";

	(void)state;
	assert_int_equal(session_resume(&s, support_path(&dir, "none"), err, sizeof(err)), -ENOENT);
	session_close(&s);
	assert_int_equal(session_resume(&s, dir.path, err, sizeof(err)), -ENOENT);
	session_close(&s);
	assert_false(support_exists(support_path(&dir, "samples.csv")));
	assert_int_equal(mkfifo(support_path(&dir, "samples.csv"), 0600), 0);
	assert_true(session_resume(&s, dir.path, err, sizeof(err)) < 0);
	session_close(&s);
}

/* In a child, whose files may not grow: exit code 0 if a commit then fails and says so. */
static int commit_on_full_disk(struct session *s, struct trial_result *r)
{
	const struct rlimit small = {.rlim_cur = 1500, .rlim_max = 1500};
	struct sample row = make_row(s, r, 0);
	char err[ERR] = "";
	int code;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	code = session_commit(s, &row, r, err, sizeof(err));
	return code < 0 && strstr(err, s->dir) ? 0 : 1;
}

static void session_says_when_the_disk_is_full(void **state)
{
	struct trial_result *r = make_result(5000);
	struct session s;
	int status = -1;
	pid_t pid;

	(void)state;
	open_new(&s);
	pid = fork();
	if (pid == 0)
		_exit(commit_on_full_disk(&s, r));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	session_close(&s);
	open_again(&s); /* room again: what was half written goes */
	commit(&s, r, 0);
	session_close(&s);
	check_rows(1);
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
	assert_int_equal(chdir(dir.path), 0);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(session_begins_with_headers_alone),
		TEST(session_commits_histograms_and_a_row),
		TEST(session_commits_no_histogram_without_a_number),
		TEST(session_keeps_text_whatever_it_holds),
		TEST(session_resumed_cuts_an_unfinished_line_off),
		TEST(session_resumed_leaves_whole_lines_alone),
		TEST(session_is_not_created_over_another_run),
		TEST(session_is_not_created_where_it_cannot_be),
		TEST(session_has_one_runner_at_a_time),
		TEST(session_is_not_resumed_where_no_run_is),
		TEST(session_says_when_the_disk_is_full),
		TEST(session_without_a_name_gets_one_and_is_the_latest),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
