/* The references of REPORT.in.md, each asked of a run made here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "bench/cmd.h"
#include "bench/report.h"
#include "tests/sample_rows.h"

enum { ROWS = 200, ERR = 1000, PATH = 300 };

/* The key that sample_rows.h gives a row. */
#define KEY(mechanism, place, wait)                                                                \
	"channel/" mechanism "/pingpong?domain=thread&size=64&placement=" place "&wait=" wait      \
	"&capacity=1024"
#define PIPE KEY("pipe", "nearest", "block")
#define FIFO KEY("queue-fifo", "nearest", "block")

static const char environment[] = "key,value,reason\ncpu_model,Some CPU,\ngovernor,,none here\n";

static void path_in(const char *dir, const char *name, char *out)
{
	(void)snprintf(out, PATH, "%s/%s", dir, name);
}

/* Makes dir/out.md of dir/in.md, which says `template`. */
static int make_of(const char *dir, const char *template, bool demand, char *err)
{
	char in[PATH], out[PATH];
	const struct report_options o = {
		.template_path = in, .out_path = out, .demand = demand, .keep_pictures = true};

	path_in(dir, "in.md", in);
	path_in(dir, "out.md", out);
	(void)unlink(in);
	append_text(dir, "in.md", template);
	err[0] = '\0';
	return report_make(dir, &o, err, ERR);
}

static void check_said(const char *dir, const char *template, const char *expected)
{
	char err[ERR], *text;

	if (make_of(dir, template, true, err) != 0)
		fail_msg("%s", err);
	text = read_text_file(dir, "out.md");
	assert_non_null(text);
	check_says(text, expected);
	free(text);
}

/* An error in either mode: the reference is wrong, whatever the run holds. */
static void check_wrong(const char *dir, const char *template, const char *says)
{
	char err[ERR];

	assert_int_equal(make_of(dir, template, false, err), -EINVAL);
	check_says(err, says);
	assert_int_equal(make_of(dir, template, true, err), -EINVAL);
}

/* Said as missing, or an error where all is demanded. */
static void check_missing(const char *dir, const char *template, const char *says)
{
	char err[ERR], *text;

	assert_int_equal(make_of(dir, template, false, err), 0);
	text = read_text_file(dir, "out.md");
	check_says(text, "*not in this run*");
	free(text);
	assert_int_equal(make_of(dir, template, true, err), -ENOENT);
	check_says(err, "in.md:1: ");
	check_says(err, says);
}

static int make_some_run(void **state)
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	struct at at = {0};
	size_t n = 0;

	if (!rows || make_dir(state) != 0)
		return -1;
	n = add_rows(rows, n, at, 5000, 6);
	at.placement = "unpinned";
	n = add_rows(rows, n, at, 7000, 6);
	at.placement = "farthest";
	n = add_rows(rows, n, at, 9000, 6);
	at = (struct at){.mechanism = "channel/queue-fifo"};
	n = add_rows(rows, n, at, 10000, 6);
	at = (struct at){.mechanism = "channel/ring-spsc"};
	n = add_rows(rows, n, at, 8000, 6);
	at.mechanism = "channel/shm-sem";
	n = add_rows(rows, n, at, 8000, 6);
	at = (struct at){.mechanism = "channel/ring-spsc", .wait = "spin"};
	n = add_rows(rows, n, at, 200, 6);
	at = (struct at){.workload = "stream"};
	n = add_rows(rows, n, at, 1e6, 6);
	at.bytes = 4096;
	n = add_rows(rows, n, at, 5e5, 6);
	rows[n] = row_at((struct at){.placement = "smt"});
	set_bad(&rows[n++], "skip", "this machine has no smt pair");
	write_samples(*state, rows, n);
	append_text(*state, "environment.csv", environment);
	free(rows);
	return 0;
}

static void references_give_the_figures_of_a_cell(void **state)
{
	check_said(*state, "{{median " PIPE " figure}}", "5.12 us [5.00 .. 5.25 us]");
	check_said(*state, "<{{value " PIPE " figure}}>", "<5.12 us>");
	check_said(*state, "{{median " PIPE " ops_per_s}}", "195 k/s [");
	check_said(*state, "{{median " PIPE " ops}}", "1e+03 [1e+03 .. 1e+03]");
	check_said(*state, "<{{trials " PIPE "}}>", "<6>");
	check_said(*state, "{{ratio " FIFO " / " PIPE " figure}}", "2.00 [2.00 .. 2.00]");
	check_said(*state, "{{run}}", "run-1");
	check_said(*state, "{{env cpu_model}}, {{env governor}}", "Some CPU, unknown");
}

static void references_without_an_ok_row_are_missing(void **state)
{
	check_missing(*state, "{{median channel/none/at?all figure}}", "channel/none/at?all");
	check_missing(*state, "{{value " KEY("pipe", "smt", "block") " figure}}", "no ok row");
	check_missing(*state, "{{median " PIPE " lost}}", "no ok row with that figure");
	check_missing(*state, "{{trials " KEY("pipe", "smt", "block") "}}", "no ok row");
	check_missing(*state, "{{ratio " PIPE " / channel/x figure}}", "no block");
	check_missing(*state, "{{env no_such_key}}", "no no_such_key");
	check_missing(*state, "{{table placement workload=pingpong domain=process}}", "no ok row");
	check_missing(*state, "{{pictures latency-*}}", "no picture");
}

static void references_that_are_wrong_are_errors(void **state)
{
	check_wrong(*state, "{{nonsense}}", "no reference called \"nonsense\"");
	check_wrong(*state, "{{median " PIPE "}}", "is written {{median KEY COLUMN}}");
	check_wrong(*state, "{{median " PIPE " cell}}", "cell is no column of figures");
	check_wrong(*state, "{{ratio " PIPE " to " FIFO " figure}}", "is written {{ratio");
	check_wrong(*state, "{{table mechanism}}", "is written {{table");
	check_wrong(*state, "{{table size colour=red}}", "no AXIS=VALUE");
	check_wrong(*state, "{{table size size=64}}", "no AXIS=VALUE");
	check_wrong(*state, "{{table size show=all}}", "show=");
	check_wrong(*state, "{{answers long}}", "is written {{answers}}");
	check_wrong(*state, "{{rows 5}}", "is written {{rows}}");
	check_wrong(*state, "{{cards x}}", "is written {{cards}}");
}

static void answers_stand_in_a_document_as_they_are_printed(void **state)
{
	char err[ERR], *text;

	assert_int_equal(make_of(*state, "{{answers text}}", false, err), 0);
	text = read_text_file(*state, "out.md");
	check_says(text, "\n    Between two threads, 64 B\n      round trip ");
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		assert_true(at[1] == '\n' || at[1] == '\0' || strncmp(at + 1, "    ", 4) == 0);
	free(text);
}

static void table_sets_medians_side_by_side(void **state)
{
	check_said(*state, "{{table placement workload=pingpong domain=thread}}",
		"| mechanism | unpinned | nearest | farthest |\n|---|--:|--:|--:|\n"
		"| channel/pipe x1024 | 7.18 us | 5.12 us | 9.22 us |\n"
		"| channel/queue-fifo x1024 | - | 10.2 us | - |\n"
		"| channel/ring-spsc x1024 | - | 8.20 us | - |\n"
		"| channel/shm-sem x1024 | - | 8.20 us | - |\n"
		"| channel/ring-spsc (spin) x1024 | - | 205 ns | - |");
	check_said(*state, "{{table size workload=stream show=bytes}}",
		"| mechanism | 64 B | 4 KiB |\n|---|--:|--:|\n"
		"| channel/pipe x1024 | 65.6 MB/s | 2.10 GB/s |");
	check_said(*state,
		"{{table wait workload=pingpong placement=nearest mechanism=*/ring-*,*/shm-sem,*/pipe}}",
		"| mechanism | block | spin |\n|---|--:|--:|\n"
		"| channel/pipe x1024 | 5.12 us | - |\n"
		"| channel/ring-spsc x1024 | 8.20 us | 205 ns |\n"
		"| channel/shm-sem x1024 | 8.20 us | - |");
	check_said(*state, "{{table fan workload=pingpong placement=nearest show=cpu}}",
		"| channel/pipe x1024 | 100 ns |");
}

static void table_refuses_two_cells_in_one_place(void **state)
{
	check_wrong(*state, "{{table wait domain=thread size=64}}", "two cells in one place");
}

static void pictures_are_shown_once_each(void **state)
{
	char path[PATH], err[ERR], *text;

	path_in(*state, "plots", path);
	assert_int_equal(mkdir(path, 0700), 0);
	append_text(*state, "plots/pictures.csv",
		"name,title,why\nlatency-a,[Lat],\nfan-b,Fan,\nsize-c,Size,no gnuplot\n");
	append_text(*state, "plots/latency-a.svg", "<svg/>");
	append_text(*state, "plots/fan-b.svg", "<svg/>");
	assert_int_equal(make_of(*state, "{{pictures l*}}\nand\n{{pictures}}", false, err), 0);
	text = read_text_file(*state, "out.md");
	assert_string_equal(text, "![\\[Lat\\]](plots/latency-a.svg)\nand\n"
				  "![Fan](plots/fan-b.svg)\n\n"
				  "*Size: not drawn, see chapter 7*");
	free(text);
	assert_int_equal(make_of(*state, "{{pictures}}", true, err), -ENOENT);
	check_says(err, "size-c: no gnuplot");
}

static void pictures_that_were_lost_are_missed(void **state)
{
	char path[PATH], err[ERR];

	path_in(*state, "plots", path);
	assert_int_equal(mkdir(path, 0700), 0);
	append_text(*state, "plots/pictures.csv", "name,title,why\nlatency-a,Lat,\n");
	assert_int_equal(make_of(*state, "{{pictures}}", true, err), -ENOENT);
	check_says(err, "its file was not kept");
	append_text(*state, "plots/pictures.csv", "../../etc/x,Lat,\n");
	assert_int_equal(make_of(*state, "a", false, err), -EINVAL);
	check_says(err, "pictures.csv:3: no name of a picture");
}

static void links_to_pictures_lead_from_the_document_to_the_run(void **state)
{
	char run[PATH - 20], out[PATH], in[PATH], path[PATH], err[ERR], *text;
	const struct report_options o = {
		.template_path = in, .out_path = out, .keep_pictures = true};

	(void)snprintf(run, sizeof(run), "%s/kept", (const char *)*state);
	assert_int_equal(mkdir(run, 0700), 0);
	path_in(*state, "kept/plots", path);
	assert_int_equal(mkdir(path, 0700), 0);
	append_text(*state, "kept/plots/pictures.csv", "name,title,why\na,A,\n");
	append_text(*state, "kept/plots/a.svg", "<svg/>");
	write_samples(run, NULL, 0);
	append_text(*state, "in.md", "{{pictures}}");
	path_in(*state, "in.md", in);
	path_in(*state, "out.md", out);
	assert_int_equal(report_make(run, &o, err, ERR), 0);
	text = read_text_file(*state, "out.md");
	assert_string_equal(text, "![A](kept/plots/a.svg)");
	free(text);
	path_in(*state, "beside", path);
	assert_int_equal(mkdir(path, 0700), 0);
	path_in(*state, "beside/out.md", out);
	assert_int_equal(report_make(run, &o, err, ERR), 0);
	text = read_text_file(*state, "beside/out.md");
	assert_string_equal(text, "![A](../kept/plots/a.svg)");
	free(text);
}

/* ---- cards ---------------------------------------------------------------------- */

static void cards_have_promises_figures_and_evidence(void **state)
{
	check_said(*state, "{{cards}}",
		"\n### channel/pipe\n\nanonymous pipe\n\ndomains: thread process coroutine · fans: N:M · ");
	check_said(*state, "{{cards}}",
		"| pingpong | 1x1 thread | 64 B | 5.12 us [5.00 .. 5.25 us] | nearest, block, x1024 | "
		"100 ns | 6 | 9.22 us, farthest, block, x1024 |\n"
		"| stream | 1x1 thread | 64 B | 1.02 M/s [");
	check_said(*state, "{{cards}}",
		"\nEvidence: 30 trials ok (0 noisy), 30000 operations; no "
		"row says what arrived.\n\n"
		"- skip: this machine has no smt pair (1 row)\n");
	check_said(*state, "{{cards}}",
		"### channel/null\n\nnothing is handed over: what the loops "
		"themselves cost");
	check_said(*state, "{{cards}}", "\nNot in this run.\n\n### ");
}

static void cards_tell_what_the_evidence_counted(void **state)
{
	struct sample row[3];

	for (int i = 0; i < 3; i++) {
		row[i] = row_with((struct at){.mechanism = "channel/new", .block = i}, 5000);
		row[i].lost = row[i].duplicated = row[i].reordered = row[i].corrupt = 0;
	}
	set_bad(&row[2], "fail", "lost 3 of 9");
	row[2].lost = 3;
	write_samples(*state, row, 3);
	check_said(*state, "{{cards}}",
		"### channel/new\n\nThis build does not know the mechanism: what it promises cannot "
		"be said.\n");
	check_said(*state, "{{cards}}",
		"Evidence: 2 trials ok (0 noisy), 2000 operations; lost 3, duplicated 0, out of "
		"order 0, damaged 0. 1 trials not ok.\n\n- fail: lost 3 of 9 (1 row)\n");
}

/* ---- documents ------------------------------------------------------------------- */

static void report_that_fails_leaves_what_was_there(void **state)
{
	char err[ERR], *text;

	append_text(*state, "out.md", "old");
	assert_int_equal(make_of(*state, "new {{env x}}", true, err), -ENOENT);
	text = read_text_file(*state, "out.md");
	assert_string_equal(text, "old");
	free(text);
	assert_null(read_text_file(*state, "out.md.new"));
}

/* Of two documents none is written when one cannot be. */
static void report_that_cannot_fill_writes_nothing(void **state)
{
	char in[PATH], out[PATH], fill[PATH], err[ERR], *text;
	const struct report_options o = {.template_path = in,
		.out_path = out,
		.fill_path = fill,
		.demand = true,
		.keep_pictures = true};

	path_in(*state, "in.md", in);
	path_in(*state, "out.md", out);
	path_in(*state, "fill.md", fill);
	append_text(*state, "in.md", "{{run}}");
	append_text(*state, "fill.md", "<!-- table:env x -->\nold\n<!-- /table -->\n");
	assert_int_equal(report_make(*state, &o, err, ERR), -ENOENT);
	check_says(err, "fill.md:1: ");
	assert_null(read_text_file(*state, "out.md"));
	assert_int_equal(unlink(fill), 0);
	append_text(*state, "fill.md", "<!-- table:env cpu_model -->\nold\n<!-- /table -->\n");
	assert_int_equal(report_make(*state, &o, err, ERR), 0);
	text = read_text_file(*state, "fill.md");
	assert_string_equal(text, "<!-- table:env cpu_model -->\nSome CPU\n\n<!-- /table -->\n");
	free(text);
}

/* Everything a file may say, in every place where it says something. */
static void report_of_a_hostile_run_keeps_its_shape(void **state)
{
	static const char evil[] = "|`<script>x</script>\n\n# h\n";
	struct sample row[2] = {row_with((struct at){0}, 5000), row_at((struct at){.block = 1})};
	char err[ERR], *text;

	(void)snprintf(row[0].mechanism, sizeof(row[0].mechanism), "%s", evil);
	(void)snprintf(row[0].cell, sizeof(row[0].cell), "%s", evil);
	(void)snprintf(row[0].placement, sizeof(row[0].placement), "%s", evil);
	(void)snprintf(row[0].params, sizeof(row[0].params), "class=%s", evil);
	(void)snprintf(row[0].run_id, sizeof(row[0].run_id), "%s", evil);
	(void)snprintf(row[0].capacity, sizeof(row[0].capacity), "|<b>\n");
	set_bad(&row[1], "fail", evil);
	(void)snprintf(row[1].status, sizeof(row[1].status), "|<i>\n");
	write_samples(*state, row, 2);
	append_text(*state, "environment.csv", "\"k|<b>\n\",\"v|<b>\n\",\"r|<b>\n\"\n");
	assert_int_equal(
		make_of(*state,
			"{{run}}\n{{belief}}\n{{answers}}\n{{answers brief}}\n{{cards}}\n{{rows}}\n"
			"{{table placement workload=pingpong}}\n{{machine}}\n{{status}}\n"
			"{{findings}}\n{{absent}}\n{{env cpu_model}}",
			false, err),
		0);
	text = read_text_file(*state, "out.md");
	if (strstr(text, "\n# h"))
		fail_msg("%s", text);
	for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<')) {
		const char *line = at;
		size_t ticks = 0;

		while (line > text && line[-1] != '\n')
			line--;
		for (const char *c = line; c < at; c++)
			ticks += *c == '`' && (c == line || c[-1] != '\\');
		assert_int_equal(ticks % 2, 1); /* a tag may stand in a code span only */
	}
	free(text);
}

#define IN_RUN(test) cmocka_unit_test_setup_teardown(test, make_some_run, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RUN(references_give_the_figures_of_a_cell),
		IN_RUN(references_without_an_ok_row_are_missing),
		IN_RUN(references_that_are_wrong_are_errors),
		IN_RUN(answers_stand_in_a_document_as_they_are_printed),
		IN_RUN(table_sets_medians_side_by_side),
		IN_RUN(table_refuses_two_cells_in_one_place),
		IN_RUN(pictures_are_shown_once_each),
		IN_RUN(pictures_that_were_lost_are_missed),
		IN_RUN(links_to_pictures_lead_from_the_document_to_the_run),
		IN_RUN(cards_have_promises_figures_and_evidence),
		IN_RUN(cards_tell_what_the_evidence_counted),
		IN_RUN(report_that_fails_leaves_what_was_there),
		IN_RUN(report_that_cannot_fill_writes_nothing),
		IN_RUN(report_of_a_hostile_run_keeps_its_shape),
	};

	return cmocka_run_group_tests_name("report_refs", tests, NULL, NULL);
}
