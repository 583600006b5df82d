/*
 * Pictures, with the real gnuplot where it is installed. Run from the top of the tree.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/plot_run.h"
#include "tests/plot_scene.h"

static const struct plot_point counted[] = {{.x = 2, .y = 100, .lo = 50, .hi = 200},
	{.x = 3, .y = 300, .x_lo = 2.5, .x_hi = 3.5}, {.x = 4, .y = 200}};
static const struct plot_series panels[] = {
	{.label = "one", .point = counted, .n = 3, .panel = 1, .look = {3, 4, 5, true}},
	{.label = "two", .point = counted + 1, .n = 2},
	{.label = "three", .point = counted, .n = 2, .panel = 1, .look = {99, 99, 99, false}},
};
static const struct plot_category rows[] = {
	{"sleep", 1, true}, {"a", 2, false}, {"b", 3, false}, {"c", 4, false}};

static void plot_draws_with_every_script(void **state)
{
	static const char *const scripts[] = {"throughput", "latency", "fans", "dots", "cost"};
	struct plot_request r = request_in(*state);
	char name[32];

	need_gnuplot(*state);
	r.category = rows;
	r.n_categories = 4;
	r.name = name;
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "%s-1", scripts[i]);
		r.script = scripts[i];
		r.series = panels;
		r.n_series = 1;
		r.panel[0] = NULL;
		plot_is_drawn(&r);
		(void)snprintf(name, sizeof(name), "%s-2", scripts[i]);
		r.n_series = 3;
		r.panel[0] = "left";
		r.panel[1] = "right";
		r.unit = "ns";
		plot_is_drawn(&r);
	}
}

static void plot_draws_one_point_and_many_series(void **state)
{
	static struct plot_series many[40];
	struct plot_request r = request_in(*state);

	need_gnuplot(*state);
	for (size_t i = 0; i < 40; i++) {
		(void)snprintf(many[i].label, sizeof(many[i].label), "mechanism %zu", i);
		many[i].point = scene_points;
		many[i].n = 1;
	}
	r.series = many;
	r.n_series = 40;
	plot_is_drawn(&r);
	r.n_series = 1;
	r.caption = "";
	plot_is_drawn(&r);
}

static void plot_can_be_drawn_again_from_what_it_left(void **state)
{
	const struct place *p = *state;
	struct plot_request r = request_in(p);
	char err[512] = "", path[128];

	need_gnuplot(p);
	plot_is_drawn(&r);
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
	static struct plot_category texts[N];
	const struct place *p = *state;
	struct plot_request r = request_in(p);

	need_gnuplot(p);
	for (size_t i = 0; i < N; i++) {
		(void)snprintf(hostile[i].label, sizeof(hostile[i].label), "%s", evil[i]);
		hostile[i].point = scene_points;
		hostile[i].n = 2;
		(void)snprintf(texts[i].label, sizeof(texts[i].label), "%s", evil[i]);
		texts[i].at = (double)i + 1;
	}
	r.series = hostile;
	r.n_series = N;
	r.category = texts;
	r.n_categories = N;
	r.script = "dots";
	for (size_t i = 0; i < N; i += 2) {
		r.title = r.panel[0] = evil[i];
		r.caption = r.y_title = r.unit = evil[(i + 1) % N];
		plot_is_drawn(&r);
		r.script = i % 4 == 0 ? "fans" : "cost";
	}
	assert_int_equal(size_in(p->dir, "canary"), -1);
	assert_int_equal(access("canary", F_OK), -1);
}

static void plot_refuses_names_that_are_paths_or_commands(void **state)
{
	static const char *const bad[] = {"", "../x", "-", "-e", "a b", "|sh", "x'", "A", "x.svg"};
	struct plot_request r = request_in(*state);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.name = bad[i];
		plot_is_not_drawn(&r, -EINVAL, "names are lower-case");
	}
}

static void plot_says_when_there_is_nothing_to_draw(void **state)
{
	struct plot_request r = request_in(*state);

	r.n_series = 0;
	plot_is_not_drawn(&r, -EINVAL, "no point to draw");
	r.series = scene_series + 2;
	r.n_series = 1;
	plot_is_not_drawn(&r, -EINVAL, "no point to draw");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(plot_draws_with_every_script),
		IN_PLACE(plot_draws_one_point_and_many_series),
		IN_PLACE(plot_can_be_drawn_again_from_what_it_left),
		IN_PLACE(plot_runs_no_command_hidden_in_text),
		IN_PLACE(plot_refuses_names_that_are_paths_or_commands),
		IN_PLACE(plot_says_when_there_is_nothing_to_draw),
	};

	return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
