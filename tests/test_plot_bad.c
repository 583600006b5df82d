/*
 * Pictures without a good gnuplot: with none, and with programs of its name that are too old, fail,
 * hang or leave half of what they should. Run from the top of the tree.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/plot_scene.h"

static void plot_says_when_gnuplot_is_missing(void **state)
{
	struct plot_request r = request_in(*state);

	only_gnuplot(*state, NULL);
	plot_is_not_drawn(&r, -ENOENT, "gnuplot is not on PATH");
}

static void plot_says_when_gnuplot_is_too_old(void **state)
{
	static const char *const old[] = {
		"gnuplot 4.6 patchlevel 6", "gnuplot 5.0 patchlevel 7", "gnuplot 5.1"};
	struct plot_request r = request_in(*state);
	char script[256];

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(script, sizeof(script),
			"#!/bin/sh\n[ \"$1\" = --version ] || exit 0\necho '%s'\n", old[i]);
		only_gnuplot(*state, script);
		plot_is_not_drawn(&r, -ENOTSUP, "is too old: pictures need 5.2 or newer");
	}
	only_gnuplot(*state,
		"#!/bin/sh\n[ \"$1\" = --version ] && echo 'gnuplot 10.0' && exit 0\n" WHOLE_PICTURES);
	assert_int_equal(plot_draw(&r, (char[512]){0}, 512), 0);
}

static void plot_says_when_gnuplot_has_no_version(void **state)
{
	struct plot_request r = request_in(*state);

	only_gnuplot(*state, "#!/bin/sh\necho 'who knows'\n");
	plot_is_not_drawn(&r, -EIO, "names no version: who knows");
	only_gnuplot(*state, "#!/bin/sh\necho 'no display' >&2\nexit 1\n");
	plot_is_not_drawn(&r, -EIO, "gnuplot --version: exit code 1: no display");
}

static void plot_says_when_its_script_is_missing(void **state)
{
	struct plot_request r = request_in(*state);

	r.script_dir = "/nonexistent";
	plot_is_not_drawn(&r, -ENOENT, "/nonexistent/throughput.gp");
}

static void plot_quotes_a_failing_gnuplot_and_removes_the_half(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(
		*state, "echo half > throughput-1x1.svg\necho 'line 7: bad thing' >&2\nexit 3\n");
	plot_is_not_drawn(&r, -EIO, "exit code 3: line 7: bad thing");
	fake_gnuplot(*state, "kill -SEGV $$\n");
	plot_is_not_drawn(&r, -EIO, "killed by signal 11");
}

static void plot_survives_a_talkative_gnuplot(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state,
		"i=0\nwhile [ $i -lt 20000 ]; do echo complaint $i >&2; i=$((i+1)); done\n"
		"exit 1\n");
	plot_is_not_drawn(&r, -EIO, "exit code 1: complaint");
}

static void plot_does_not_believe_an_exit_code_without_picture(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state, "exit 0\n");
	plot_is_not_drawn(&r, -EIO, "left no picture");
	fake_gnuplot(*state,
		": > throughput-1x1.png\necho '" SIXTY_BYTES "</svg>' > throughput-1x1.svg\n");
	plot_is_not_drawn(&r, -EIO, "left no picture");
}

static void plot_does_not_take_half_a_picture_for_one(void **state)
{
	struct plot_request r = request_in(*state);

	fake_gnuplot(*state, WHOLE_PICTURES "echo '" SIXTY_BYTES "' > throughput-1x1.svg\n");
	plot_is_not_drawn(&r, -EIO, "left half a picture in throughput-1x1.svg");
	fake_gnuplot(*state, WHOLE_PICTURES "echo '" SIXTY_BYTES "' > throughput-1x1.png\n");
	plot_is_not_drawn(&r, -EIO, "left half a picture in throughput-1x1.png");
}

/* ---- several ------------------------------------------------------------------ */

enum { JOBS = 5 };

static void prepare(struct plot_request *r, struct plot_job *job, char name[JOBS][8])
{
	char err[512];

	for (size_t i = 0; i < JOBS; i++) {
		(void)snprintf(name[i], 8, "p-%zu", i);
		job[i] = (struct plot_job){.name = name[i]};
		r->name = name[i];
		assert_int_equal(plot_write(r, err, sizeof(err)), 0);
	}
}

static void plot_of_several_fails_where_it_fails_only(void **state)
{
	const struct place *p = *state;
	struct plot_request r = request_in(p);
	struct plot_job job[JOBS];
	char name[JOBS][8], file[16];

	prepare(&r, job, name);
	fake_gnuplot(p, "n=${2%.gp}\n[ $n = p-2 ] && echo broken >&2 && exit 1\n" WHOLE("$n"));
	plot_render(p->dir, job, JOBS, 20000);
	for (size_t i = 0; i < JOBS; i++) {
		(void)snprintf(file, sizeof(file), "p-%zu.svg", i);
		assert_int_equal(job[i].rc, i == 2 ? -EIO : 0);
		assert_int_equal(size_in(p->dir, file) > 0, i != 2);
	}
	assert_string_equal(job[2].err, "gnuplot p-2.gp: exit code 1: broken");
}

/* How much those wrote that were tried. */
static long tries_within(const struct place *p, unsigned timeout_ms)
{
	struct plot_request r = request_in(p);
	struct plot_job job[JOBS];
	char name[JOBS][8], words[64];

	prepare(&r, job, name);
	fake_gnuplot(p, "echo x >> tries\nexec /bin/sleep 600\n");
	plot_render(p->dir, job, JOBS, timeout_ms);
	(void)snprintf(words, sizeof(words), "not done after %u ms, killed", timeout_ms);
	for (size_t i = 0; i < JOBS; i++) {
		assert_int_equal(job[i].rc, -ETIMEDOUT);
		assert_non_null(strstr(job[i].err, words));
	}
	return size_in(p->dir, "tries");
}

/* Two hang for a moment; the others are not tried. */
static void plot_of_several_does_not_wait_for_each_to_hang(void **state)
{
	long wrote = 0;

	/* a busy machine may not even start one in a short time */
	for (unsigned ms = 500; ms <= 8000 && wrote < 2; ms *= 4)
		wrote = tries_within(*state, ms);
	assert_in_range(wrote, 2, 4);
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
	char path[128], words[64];
	int child = 0;
	FILE *file = NULL;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	fake_gnuplot(p, "trap '' TERM HUP INT\n/bin/sleep 600 &\necho $! > child\nwait\n");
	(void)snprintf(path, sizeof(path), "%s/child", p->dir);
	/* until the shell had the time to say who its child is */
	for (r.timeout_ms = 300; r.timeout_ms <= 20000 && size_in(p->dir, "child") <= 0;
		r.timeout_ms *= 4) {
		(void)snprintf(words, sizeof(words), "not done after %u ms, killed", r.timeout_ms);
		plot_is_not_drawn(&r, -ETIMEDOUT, words);
	}
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
		"[ \"$LC_ALL\" = C ] || exit 11\n[ -z \"${GNUTERM+x}\" ] || exit 12\n"
		"[ \"$1 $2\" = '-d throughput-1x1.gp' ] || exit 13\nread x && exit 14\n" WHOLE_PICTURES);
	assert_int_equal(setenv("GNUTERM", "x11", 1), 0);
	assert_int_equal(setenv("LC_ALL", "de_DE.UTF-8", 1), 0);
	assert_int_equal(plot_draw(&r, (char[512]){0}, 512), 0);
	assert_int_equal(unsetenv("GNUTERM"), 0);
	assert_int_equal(unsetenv("LC_ALL"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(plot_says_when_gnuplot_is_missing),
		IN_PLACE(plot_says_when_gnuplot_is_too_old),
		IN_PLACE(plot_says_when_gnuplot_has_no_version),
		IN_PLACE(plot_says_when_its_script_is_missing),
		IN_PLACE(plot_quotes_a_failing_gnuplot_and_removes_the_half),
		IN_PLACE(plot_survives_a_talkative_gnuplot),
		IN_PLACE(plot_does_not_believe_an_exit_code_without_picture),
		IN_PLACE(plot_does_not_take_half_a_picture_for_one),
		IN_PLACE(plot_of_several_fails_where_it_fails_only),
		IN_PLACE(plot_of_several_does_not_wait_for_each_to_hang),
		IN_PLACE(plot_kills_a_hanging_gnuplot_with_its_children),
		IN_PLACE(plot_gives_gnuplot_a_clean_environment),
	};

	return cmocka_run_group_tests_name("plot_bad", tests, NULL, NULL);
}
