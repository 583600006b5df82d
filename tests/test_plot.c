/*
 * Pictures, with the real gnuplot where it is installed and with programs of its name that fail.
 * Run from the top of the tree.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/plot.h"
#include "bench/plot_run.h"

static const struct plot_point points[] = {
	{8, 4e6, 3.9e6, 4.2e6}, {64, 3.5e6, NAN, NAN}, {4096, 9e5, 8e5, 1e6}, {0, 5, NAN, NAN}};
static const struct plot_series series[] = {
	{.label = "channel/one", .point = points, .n = 4},
	{.label = "channel/two_x", .point = points + 1, .n = 2},
	{.label = "nothing to draw", .point = points + 3, .n = 1},
};

struct place {
	char root[64];
	char dir[80];
	char bin[80]; /* for a program called gnuplot */
	char *old_path;
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->root, sizeof(p->root), "/tmp/test_plot.XXXXXX");
	if (mkdtemp(p->root) == NULL)
		return -1;
	(void)snprintf(p->dir, sizeof(p->dir), "%s/plots", p->root);
	(void)snprintf(p->bin, sizeof(p->bin), "%s/bin", p->root);
	p->old_path = strdup(getenv("PATH"));
	*state = p;
	return mkdir(p->bin, 0700);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_place(void **state)
{
	struct place *p = *state;
	int rc = setenv("PATH", p->old_path, 1);

	rc |= nftw(p->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p->old_path);
	free(p);
	return rc;
}

static struct plot_request request_in(const struct place *p)
{
	return (struct plot_request){
		.script = "throughput",
		.dir = p->dir,
		.script_dir = "scripts/plot",
		.name = "throughput-1x1",
		.title = "Throughput",
		.caption = "n = 3, this machine, today",
		.series = series,
		.n_series = 3,
		.timeout_ms = 20000,
	};
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Makes a shell script the only gnuplot there is; NULL: there is none. */
static void fake_gnuplot(const struct place *p, const char *script)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/gnuplot", p->bin);
	if (script != NULL)
		write_file(path, script, 0755);
	assert_int_equal(setenv("PATH", p->bin, 1), 0);
}

static void need_gnuplot(const struct place *p)
{
	char path[PATH_MAX];

	for (const char *dir = p->old_path; *dir != '\0'; dir += strspn(dir, ":")) {
		size_t len = strcspn(dir, ":");

		(void)snprintf(path, sizeof(path), "%.*s/gnuplot", (int)len, dir);
		if (access(path, X_OK) == 0)
			return;
		dir += len;
	}
	print_message("gnuplot is not installed\n");
	skip();
}

static long size_in(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static bool starts_with(const char *dir, const char *name, const char *magic)
{
	char path[PATH_MAX], head[16] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	assert_non_null(file);
	(void)fread(head, 1, sizeof(head) - 1, file);
	assert_int_equal(fclose(file), 0);
	return strncmp(head, magic, strlen(magic)) == 0;
}

static void check_drawn(const struct plot_request *r)
{
	char err[512] = "", svg[128], png[128];
	int rc = plot_draw(r, err, sizeof(err));

	if (rc != 0)
		print_message("%s\n", err);
	assert_int_equal(rc, 0);
	(void)snprintf(svg, sizeof(svg), "%s.svg", r->name);
	(void)snprintf(png, sizeof(png), "%s.png", r->name);
	assert_true(size_in(r->dir, svg) > 1000);
	assert_true(size_in(r->dir, png) > 1000);
	assert_true(starts_with(r->dir, svg, "<?xml"));
	assert_true(starts_with(r->dir, png, "\x89PNG"));
}

static void check_not_drawn(const struct plot_request *r, int rc, const char *part)
{
	char err[512] = "";

	assert_int_equal(plot_draw(r, err, sizeof(err)), rc);
	if (strstr(err, part) == NULL)
		fail_msg("'%s' does not say '%s'", err, part);
	assert_int_equal(size_in(r->dir, "throughput-1x1.svg"), -1);
	assert_int_equal(size_in(r->dir, "throughput-1x1.png"), -1);
}

static void plot_draws_throughput_and_latency(void **state)
{
	struct plot_request r = request_in(*state);

	need_gnuplot(*state);
	check_drawn(&r);
	r.script = "latency";
	r.name = "latency-1x1";
	check_drawn(&r);
}

static void plot_draws_one_point_and_many_series(void **state)
{
	static struct plot_series many[40];
	struct plot_request r = request_in(*state);

	need_gnuplot(*state);
	for (size_t i = 0; i < 40; i++) {
		(void)snprintf(many[i].label, sizeof(many[i].label), "mechanism %zu", i);
		many[i].point = points;
		many[i].n = 1;
	}
	r.series = many;
	r.n_series = 40;
	check_drawn(&r);
	r.n_series = 1;
	r.caption = "";
	check_drawn(&r);
}

static void plot_can_be_drawn_again_from_what_it_left(void **state)
{
	const struct place *p = *state;
	struct plot_request r = request_in(p);
	char err[512] = "", path[128];

	need_gnuplot(p);
	check_drawn(&r);
	(void)snprintf(path, sizeof(path), "%s/throughput-1x1.svg", p->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(plot_run(p->dir, "throughput-1x1.gp", 20000, err, sizeof(err)), 0);
	assert_true(size_in(p->dir, "throughput-1x1.svg") > 1000);
}

static void plot_runs_no_command_hidden_in_text(void **state)
{
	static const char *const evil[] = {"`touch canary`", "\"`touch canary`\"",
		"'; system('touch canary') #", "x'\nsystem('touch canary')\n#",
		"x' . `touch canary` . '", "$(touch canary)", "@evil \\", "''; !touch canary",
		"| touch canary", "< touch canary", "%s %n %d", "{/Symbol \\} ^_&~", "\x1b]0;\x07",
		"\xff\xfe", "\\", "'", ""};
	enum { N = sizeof(evil) / sizeof(evil[0]) };
	static struct plot_series hostile[N];
	const struct place *p = *state;
	struct plot_request r = request_in(p);

	need_gnuplot(p);
	for (size_t i = 0; i < N; i++) {
		(void)snprintf(hostile[i].label, sizeof(hostile[i].label), "%s", evil[i]);
		hostile[i].point = points;
		hostile[i].n = 2;
	}
	r.series = hostile;
	r.n_series = N;
	for (size_t i = 0; i < N; i++) {
		r.title = evil[i];
		r.caption = evil[N - 1 - i];
		check_drawn(&r);
	}
	assert_int_equal(size_in(p->dir, "canary"), -1);
	assert_int_equal(access("canary", F_OK), -1);
}

static void plot_refuses_names_that_are_paths_or_commands(void **state)
{
	static const char *const bad[] = {"", "../x", "a b", "|sh", "x'", "A", "x.svg"};
	struct plot_request r = request_in(*state);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.name = bad[i];
		check_not_drawn(&r, -EINVAL, "names are lower-case");
	}
}

static void plot_says_when_there_is_nothing_to_draw(void **state)
{
	struct plot_request r = request_in(*state);

	r.n_series = 0;
	check_not_drawn(&r, -EINVAL, "no point to draw");
	r.series = series + 2;
	r.n_series = 1;
	check_not_drawn(&r, -EINVAL, "no point to draw");
}

static void plot_says_when_gnuplot_is_missing(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state, NULL);
	check_not_drawn(&r, -ENOENT, "gnuplot is not on PATH");
}

static void plot_says_when_its_script_is_missing(void **state)
{
	struct plot_request r = request_in(*state);

	r.script_dir = "/nonexistent";
	check_not_drawn(&r, -ENOENT, "/nonexistent/throughput.gp");
}

static void plot_quotes_a_failing_gnuplot_and_removes_the_half(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state,
		"#!/bin/sh\necho half > throughput-1x1.svg\necho 'line 7: bad thing' >&2\nexit 3\n");
	check_not_drawn(&r, -EIO, "exit code 3: line 7: bad thing");
	fake_gnuplot(*state, "#!/bin/sh\nkill -SEGV $$\n");
	check_not_drawn(&r, -EIO, "killed by signal 11");
}

static void plot_survives_a_talkative_gnuplot(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state,
		"#!/bin/sh\ni=0\nwhile [ $i -lt 20000 ]; do echo complaint $i >&2; i=$((i+1)); done\n"
		"exit 1\n");
	check_not_drawn(&r, -EIO, "exit code 1: complaint");
}

static void plot_does_not_believe_an_exit_code_without_picture(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state, "#!/bin/sh\nexit 0\n");
	check_not_drawn(&r, -EIO, "left no picture");
	fake_gnuplot(*state, "#!/bin/sh\n: > throughput-1x1.png\necho x > throughput-1x1.svg\n");
	check_not_drawn(&r, -EIO, "left no picture");
}

/* A child that went to us as the subreaper; if it is alive it is killed here. */
static void check_killed(pid_t child)
{
	int status = 0;

	for (int i = 0; i < 500 && waitpid(child, &status, WNOHANG) == 0; i++)
		(void)usleep(10000);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
	fail_msg("process %d was still alive", (int)child);
}

static void plot_kills_a_hanging_gnuplot_with_its_children(void **state)
{
	const struct place *p = *state;
	struct plot_request r = request_in(p);
	char path[128];
	int child = 0;
	FILE *file;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	fake_gnuplot(
		p, "#!/bin/sh\ntrap '' TERM HUP INT\n/bin/sleep 600 &\necho $! > child\nwait\n");
	r.timeout_ms = 300;
	check_not_drawn(&r, -ETIMEDOUT, "not done after 300 ms, killed");
	(void)snprintf(path, sizeof(path), "%s/child", p->dir);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &child), 1);
	assert_int_equal(fclose(file), 0);
	check_killed(child);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void plot_gives_gnuplot_a_clean_environment(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state,
		"#!/bin/sh\n[ \"$LC_ALL\" = C ] || exit 11\n[ -z \"${GNUTERM+x}\" ] || exit 12\n"
		"[ \"$1 $2\" = '-d throughput-1x1.gp' ] || exit 13\nread x && exit 14\n"
		"echo x > throughput-1x1.png\necho x > throughput-1x1.svg\n");
	assert_int_equal(setenv("GNUTERM", "x11", 1), 0);
	assert_int_equal(setenv("LC_ALL", "de_DE.UTF-8", 1), 0);
	assert_int_equal(plot_draw(&r, (char[512]){0}, 512), 0);
	assert_int_equal(unsetenv("GNUTERM"), 0);
	assert_int_equal(unsetenv("LC_ALL"), 0);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(plot_draws_throughput_and_latency),
		IN_PLACE(plot_draws_one_point_and_many_series),
		IN_PLACE(plot_can_be_drawn_again_from_what_it_left),
		IN_PLACE(plot_runs_no_command_hidden_in_text),
		IN_PLACE(plot_refuses_names_that_are_paths_or_commands),
		IN_PLACE(plot_says_when_there_is_nothing_to_draw),
		IN_PLACE(plot_says_when_gnuplot_is_missing),
		IN_PLACE(plot_says_when_its_script_is_missing),
		IN_PLACE(plot_quotes_a_failing_gnuplot_and_removes_the_half),
		IN_PLACE(plot_survives_a_talkative_gnuplot),
		IN_PLACE(plot_does_not_believe_an_exit_code_without_picture),
		IN_PLACE(plot_kills_a_hanging_gnuplot_with_its_children),
		IN_PLACE(plot_gives_gnuplot_a_clean_environment),
	};

	return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
