/* scripts/keep-run and scripts/report: a run that is kept, and the documents made of it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <sys/wait.h>

#include "tests/sample_rows.h"

enum { COMMAND = 3 * PATH_MAX };

static char source[PATH_MAX], program[PATH_MAX];

/* The exit code of a shell command in the directory; what it prints goes to dir/said. */
static int in_dir(const char *dir, const char *command)
{
	char line[COMMAND];
	int status;

	(void)snprintf(
		line, sizeof(line), "cd %s && HANDOFF_SHARE=%s %s >said 2>&1", dir, dir, command);
	status = system(line);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int script(const char *dir, const char *name, const char *words)
{
	char command[2 * PATH_MAX];

	(void)snprintf(command, sizeof(command), "%s/scripts/%s %s", source, name, words);
	return in_dir(dir, command);
}

/* A tree with the program, a README with a marked table, prose, and a run. */
static int make_tree(void **state)
{
	struct sample rows[6];
	char run[100], command[PATH_MAX + 100];

	if (make_dir(state) != 0)
		return -1;
	(void)snprintf(command, sizeof(command),
		"mkdir -p run/plots build && ln -s %s build/handoff", program);
	if (in_dir(*state, command) != 0)
		return -1;
	(void)snprintf(run, sizeof(run), "%s/run", (const char *)*state);
	write_samples(run, rows, add_rows(rows, 0, (struct at){0}, 5000, 6));
	append_text(run, "environment.csv", "key,value,reason\ncpu_model,Some CPU,\n");
	append_text(run, "plan.csv", "cell\n");
	append_text(run, "topology.xml", "<topology/>\n");
	append_text(run, "plots/pictures.csv", "name,title,why\na,A,\n");
	append_text(run, "plots/a.svg", "<svg/>\n");
	append_text(run, "plots/a.png", "PNG\n");
	append_text(run, "histograms.csv",
		"run_id,cell,block\n"
		"r,channel/pipe/pingpong?domain=thread&fan=1x1&size=64&placement=nearest,0\n"
		"r,channel/pipe/pingpong?domain=thread&fan=1x1&size=640&placement=nearest,0\n"
		"r,channel/pipe/stream?domain=thread&fan=1x1&size=64&placement=nearest,0\n"
		"r,\"channel/x/pingpong?domain=thread&fan=1x1&size=64&placement=cpu:0,2\",0\n"
		"r,channel/x/pingpong?domain=process&fan=1x1&size=64&placement=smt&start=exec,0\n");
	append_text(*state, "README.md",
		"# Name\n<!-- table:env cpu_model -->\n<!-- /table -->\nend\n");
	append_text(*state, "REPORT.in.md", "# {{run}}\n\n{{pictures}}\n\n{{rows}}\n");
	return 0;
}

static void check_file(const char *dir, const char *name, const char *says)
{
	char *text = read_text_file(dir, name);

	if (!text)
		fail_msg("there is no %s", name);
	check_says(text, says);
	free(text);
}

static void keep_run_takes_what_a_report_needs_and_no_more(void **state)
{
	char *text;

	assert_int_equal(script(*state, "keep-run", "run full"), 0);
	check_file(*state, "results/kept/full/samples.csv", "channel/pipe");
	check_file(*state, "results/kept/full/environment.csv", "Some CPU");
	check_file(*state, "results/kept/full/plan.csv", "cell");
	check_file(*state, "results/kept/full/topology.xml", "<topology/>");
	check_file(*state, "results/kept/full/plots/a.svg", "<svg/>");
	check_file(*state, "results/kept/full/plots/pictures.csv", "a,A,");
	assert_null(read_text_file(*state, "results/kept/full/plots/a.png"));
	text = read_text_file(*state, "results/kept/full/histograms.csv");
	assert_string_equal(text,
		"run_id,cell,block\n"
		"r,channel/pipe/pingpong?domain=thread&fan=1x1&size=64&placement=nearest,0\n"
		"r,\"channel/x/pingpong?domain=thread&fan=1x1&size=64&placement=cpu:0,2\",0\n");
	free(text);
}

static void keep_run_refuses_what_it_would_break(void **state)
{
	assert_int_equal(script(*state, "keep-run", "run ../full"), 2);
	assert_int_equal(script(*state, "keep-run", "run full"), 0);
	assert_int_equal(script(*state, "keep-run", "run full"), 2);
	check_file(*state, "said", "is there already");
	assert_int_equal(in_dir(*state, "rm run/plan.csv"), 0);
	assert_int_equal(script(*state, "keep-run", "run other"), 2);
	check_file(*state, "said", "run has no plan.csv");
}

static void run_without_pictures_is_kept_with_the_histograms_that_are_asked_for(void **state)
{
	char *text;

	assert_int_equal(in_dir(*state, "rm run/plots/pictures.csv"), 0);
	assert_int_equal(script(*state, "keep-run", "run table 'x/pingpong[?].*cpu:0,2$'"), 0);
	check_file(*state, "said", "handoff report run");
	text = read_text_file(*state, "results/kept/table/histograms.csv");
	assert_string_equal(text,
		"run_id,cell,block\n"
		"r,\"channel/x/pingpong?domain=thread&fan=1x1&size=64&placement=cpu:0,2\",0\n");
	free(text);
}

static void documents_made_twice_are_the_same_to_the_byte(void **state)
{
	assert_int_equal(script(*state, "keep-run", "run full"), 0);
	assert_int_equal(script(*state, "report", "results/kept/full"), 0);
	check_file(*state, "REPORT.md", "![A](results/kept/full/plots/a.svg)");
	check_file(*state, "README.md",
		"# Name\n<!-- table:env cpu_model -->\nSome CPU\n\n<!-- /table -->\nend\n");
	assert_int_equal(in_dir(*state, "cp REPORT.md R && cp README.md D"), 0);
	assert_int_equal(script(*state, "report", "results/kept/full"), 0);
	assert_int_equal(in_dir(*state, "cmp REPORT.md R && cmp README.md D"), 0);
	assert_int_equal(in_dir(*state, "ls results/kept/full/REPORT.md"), 2);
}

static void documents_need_no_gnuplot(void **state)
{
	assert_int_equal(script(*state, "keep-run", "run full"), 0);
	assert_int_equal(script(*state, "report", "results/kept/full"), 0);
	assert_int_equal(in_dir(*state, "mv REPORT.md R"), 0);
	assert_int_equal(in_dir(*state, "env PATH=/none build/handoff report --demand-all "
					"--keep-pictures --out REPORT.md results/kept/full"),
		0);
	assert_int_equal(in_dir(*state, "cmp REPORT.md R"), 0);
}

static void documents_that_are_stale_are_found(void **state)
{
	assert_int_equal(script(*state, "keep-run", "run full"), 0);
	assert_int_equal(script(*state, "report", "results/kept/full"), 0);
	assert_int_equal(script(*state, "report", "--check results/kept/full"), 0);
	append_text(*state, "README.md", "more prose\n"); /* is no figure */
	assert_int_equal(script(*state, "report", "--check results/kept/full"), 0);
	append_text(*state, "REPORT.md", "a figure by hand\n");
	assert_int_equal(script(*state, "report", "--check results/kept/full"), 1);
	check_file(*state, "REPORT.md", "a figure by hand\n");
	assert_int_equal(in_dir(*state, "ls *.check"), 2);
}

static void documents_want_a_kept_run(void **state)
{
	assert_int_equal(script(*state, "report", "results/kept/full"), 2);
	check_file(*state, "said", "there is no kept run in results/kept/full");
	assert_null(read_text_file(*state, "REPORT.md"));
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(keep_run_takes_what_a_report_needs_and_no_more),
		IN_TREE(keep_run_refuses_what_it_would_break),
		IN_TREE(run_without_pictures_is_kept_with_the_histograms_that_are_asked_for),
		IN_TREE(documents_made_twice_are_the_same_to_the_byte),
		IN_TREE(documents_need_no_gnuplot),
		IN_TREE(documents_that_are_stale_are_found),
		IN_TREE(documents_want_a_kept_run),
	};
	const char *src = getenv("HANDOFF_SRC"), *bin = getenv("HANDOFF_BIN");

	if (!realpath(src ? src : ".", source) ||
		!realpath(bin ? bin : "build/release/handoff", program))
		return 1;
	return cmocka_run_group_tests_name("report_kept", tests, NULL, NULL);
}
