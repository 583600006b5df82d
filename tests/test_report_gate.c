/* {{gate DIR}}: gates whose right answer was known, as rates in the report of a run beside them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "bench/gate_runs.h"
#include "bench/report.h"
#include "tests/sample_rows.h"

enum { ERR = 1000, PATH = 200 };

/* dir/run and dir/gate. */
struct scene {
	char *dir, run[PATH], gate[PATH], err[ERR];
	unsigned gates; /* each has its seed */
};

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct sample rows[6];

	if (!s || make_dir((void **)&s->dir) != 0)
		return -1;
	*state = s;
	(void)snprintf(s->run, PATH, "%s/run", s->dir);
	(void)snprintf(s->gate, PATH, "%s/gate", s->dir);
	if (mkdir(s->run, 0700) != 0)
		return -1;
	write_samples(s->run, rows, add_rows(rows, 0, (struct at){0}, 5000, 6));
	return 0;
}

static int remove_scene(void **state)
{
	struct scene *s = *state;
	int rc = remove_dir((void **)&s->dir);

	free(s);
	return rc;
}

static void add(struct scene *s, const char *file, struct gate_run run)
{
	char path[2 * PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", s->gate, file);
	(void)snprintf(run.matrix, sizeof(run.matrix), "gate6");
	(void)snprintf(run.commit, sizeof(run.commit), "abc123");
	run.cells = 6;
	run.gated = 18;
	run.wall_s = 25;
	if (run.seed <= 0)
		run.seed = (double)++s->gates;
	if (gate_runs_add(path, &run, s->err, ERR) != 0)
		fail_msg("%s", s->err);
}

/* The report of one reference, to be freed; NULL: not written, and s->err says why. */
static char *said(struct scene *s, const char *reference, int code)
{
	char in[PATH + 20], out[PATH + 20];
	const struct report_options o = {
		.template_path = in, .out_path = out, .demand = true, .keep_pictures = true};

	(void)snprintf(in, sizeof(in), "%s/in.md", s->dir);
	(void)snprintf(out, sizeof(out), "%s/out.md", s->dir);
	append_text(s->dir, "in.md", reference);
	s->err[0] = '\0';
	if (report_make(s->run, &o, s->err, ERR) != code)
		fail_msg("not %d: %s", code, s->err);
	return read_text_file(s->dir, "out.md");
}

static void check_said(struct scene *s, const char *words)
{
	char *text = said(s, "{{gate gate}}\n", 0);

	assert_non_null(text);
	check_says(text, words);
	free(text);
}

static void gates_add_up_to_rates_with_exact_bounds(void **state)
{
	struct scene *s = *state;
	char *text;

	assert_int_equal(mkdir(s->gate, 0700), 0);
	append_text(s->dir, "gate/environment.csv", "key,value,reason\n");
	for (int i = 0; i < 20; i++)
		add(s, "aa.csv", (struct gate_run){.kind = "aa", .false_cells = i == 3});
	add(s, "aa.csv", (struct gate_run){.kind = "aa2", .suite = 1, .open = 9, .exit_code = 4});
	for (int i = 0; i < 5; i++)
		add(s, "inject.csv",
			(struct gate_run){.kind = "inject",
				.effect_pct = 10,
				.injected = 2,
				.found = i > 0 ? 2 : 1,
				.false_cells = i == 0,
				.suite = 1});
	add(s, "inject.csv",
		(struct gate_run){.kind = "inject", .effect_pct = 5, .injected = 2, .found = 0});
	for (int i = 0; i < 2; i++)
		add(s, "inject.csv",
			(struct gate_run){
				.kind = "inject", .effect_pct = 2, .injected = 6, .suite = i});
	text = said(s, "{{gate gate}}\n", 0);
	assert_non_null(text);
	check_says(text,
		"| the same program twice | gate6 | abc123 | 1 of 20 [0.13, 24.9] | "
		"19 of 20 [75, 99.9] | - | - | 0 of 360 [0, 1.02] | 0 of 20 [0, 16.8] | 25 | 25 |\n");
	check_says(text, "| the same objects, linked in another order | gate6 | abc123 | "
			 "1 of 1 [2.5, 100] | 0 of 1 [0, 97.5] | - | - | 9 of 18 [26, 74] | "
			 "1 of 1 [2.5, 100] | 25 | 25 |\n");
	check_says(text, "| 10 % slower in 2 cells | gate6 | abc123 | 1 of 5 [0.51, 71.6] | "
			 "4 of 5 [28, 99.5] | 9 of 10 [55, 99.7] | 9 of 10 [55, 99.7] | "
			 "0 of 90 [0, 4.02] |");
	check_says(text, "| 5 % slower in 2 cells | gate6 | abc123 | 0 of 1 [0, 97.5] | "
			 "0 of 1 [0, 97.5] | 0 of 2 [0, 84.2] | - |");
	/* all are slower: the whole is to be called so, not each */
	check_says(text, "| 2 % slower in 6 cells | gate6 | abc123 | 0 of 2 [0, 84.2] | "
			 "1 of 2 [1.3, 98.7] | - | - |");
	free(text);
}

static void how_far_relinked_programs_lie_apart_stands_beside_the_margins(void **state)
{
	struct scene *s = *state;
	struct gate_run run = {.kind = "aa2", .new_id = "first"};
	char *text;

	assert_int_equal(mkdir(s->gate, 0700), 0);
	for (int m = 0; m < COSTS; m++)
		run.shift[m] = (struct gate_shift){NAN, NAN};
	run.shift[COST_CPU] = (struct gate_shift){1, 4};
	add(s, "aa2.csv", run);
	(void)snprintf(run.new_id, sizeof(run.new_id), "second"); /* another link: the same row */
	run.shift[COST_CPU] = (struct gate_shift){2, 3};
	run.shift[COST_P50] = (struct gate_shift){0.25, 0.5};
	add(s, "aa2.csv", run);
	text = said(s, "{{gate gate}}\n", 0);
	assert_non_null(text);
	check_says(text, " | throughput (margin 3 %) | p50 (margin 3 %) |");
	check_says(text,
		"linked in another order | gate6 | abc123 | - | 0.25, 0.50 | - | 1.50, 4.00 | - |");
	free(text);
}

static void a_gate_that_is_kept_twice_counts_once(void **state)
{
	struct scene *s = *state;

	assert_int_equal(mkdir(s->gate, 0700), 0);
	add(s, "aa.csv", (struct gate_run){.kind = "aa", .seed = 1000});
	add(s, "aa.csv", (struct gate_run){.kind = "aa", .seed = 1001, .exit_code = 2});
	add(s, "runs.csv", (struct gate_run){.kind = "aa", .seed = 1000});
	check_said(s, "| abc123 | 0 of 2 [0, 84.2] | 1 of 2 [1.3, 98.7] | - | - | "
		      "0 of 36 [0, 9.74] | 1 of 2 [1.3, 98.7] |");
}

static void gates_of_other_constants_or_programs_stand_apart(void **state)
{
	struct scene *s = *state;
	char *text, *again;

	assert_int_equal(mkdir(s->gate, 0700), 0);
	add(s, "aa.csv", (struct gate_run){.kind = "aa", .rules = "1", .false_cells = 1});
	add(s, "aa.csv", (struct gate_run){.kind = "aa", .rules = "2"});
	add(s, "aa.csv", (struct gate_run){.kind = "aa", .rules = "2", .old_id = "other"});
	text = said(s, "{{gate gate}}\n", 0);
	assert_non_null(text);
	check_says(text, "| 1 of 1 [2.5, 100] | 0 of 1 [0, 97.5] | - |");
	again = strstr(text, "| 0 of 1 [0, 97.5] | 1 of 1 [2.5, 100] | - |");
	assert_non_null(again);
	assert_non_null(strstr(again + 1, "| 0 of 1 [0, 97.5] | 1 of 1 [2.5, 100] | - |"));
	free(text);
}

static void without_gates_one_sentence_says_so(void **state)
{
	struct scene *s = *state;

	check_said(s, "*Not measured: no campaign of gates is kept in gate beside this run.*\n");
	assert_int_equal(mkdir(s->gate, 0700), 0);
	check_said(s, "*Not measured: no campaign of gates is kept in gate beside this run.*\n");
}

static void files_that_hold_no_gates_are_refused(void **state)
{
	struct scene *s = *state;

	assert_int_equal(mkdir(s->gate, 0700), 0);
	append_text(s->dir, "gate/other.csv", "a,b\n1,2\n");
	assert_null(said(s, "{{gate gate}}\n", -EINVAL));
	check_says(s->err, "gate/other.csv:1");
	assert_null(said(s, "{{gate}}\n", -EINVAL));
	assert_null(said(s, "{{gate ../gate}}\n", -EINVAL));
}

#define IN_SCENE(f) cmocka_unit_test_setup_teardown(f, make_scene, remove_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(gates_add_up_to_rates_with_exact_bounds),
		IN_SCENE(how_far_relinked_programs_lie_apart_stands_beside_the_margins),
		IN_SCENE(a_gate_that_is_kept_twice_counts_once),
		IN_SCENE(gates_of_other_constants_or_programs_stand_apart),
		IN_SCENE(without_gates_one_sentence_says_so),
		IN_SCENE(files_that_hold_no_gates_are_refused),
	};

	return cmocka_run_group_tests_name("report_gate", tests, NULL, NULL);
}
