/*
 * `handoff report` with whatever gnuplot there is and whatever the files hold: the program from
 * outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/hist.h"
#include "tests/program.h"
#include "tests/sample_rows.h"

#define REPORT "/usr/bin/env PATH=\"$D/bin\" HANDOFF_GNUPLOT_MS=700 " H "report run"

/* A line for each row that has a kind. */
static void write_histograms(const char *dir, const struct sample *rows, size_t n)
{
	struct csv_row line = {0};
	char path[300], bins[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/histograms.csv", dir);
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fputs("run_id,cell,block,rep,attempt,kind,count,overflow,min_ns,max_ns,sum_ns,bins\n",
		file);
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].kind[0])
			continue;
		csv_row_reset(&line);
		csv_row_text(&line, rows[i].run_id);
		csv_row_text(&line, rows[i].cell);
		csv_row_f64(&line, rows[i].block, 0);
		csv_row_f64(&line, rows[i].rep, 0);
		csv_row_f64(&line, rows[i].attempt, 0);
		csv_row_text(&line, rows[i].kind);
		for (int k = 0; k < 5; k++)
			csv_row_u64(&line, 1000);
		(void)snprintf(bins, sizeof(bins), "%zu:900 %zu:100", hist_index(3000 + i % 50),
			hist_index(200000 + 10 * (i % 50)));
		csv_row_text(&line, bins);
		assert_int_equal(csv_row_end(&line), 0);
		assert_int_equal(fwrite(line.buf, 1, line.len, file), line.len);
	}
	assert_int_equal(fclose(file), 0);
	csv_row_free(&line);
}

/* Into program.here/run, with what the machine is called. */
static void write_run(const struct sample *rows, size_t n, const char *cpu_model)
{
	struct csv_row line = {0};
	char dir[SUPPORT_PATH + 8], path[SUPPORT_PATH + 32];

	(void)snprintf(dir, sizeof(dir), "%s/run", program.here);
	assert_int_equal(mkdir(dir, 0700), 0);
	write_samples(dir, rows, n);
	write_histograms(dir, rows, n);
	csv_row_text(&line, "cpu_model");
	csv_row_text(&line, cpu_model);
	csv_row_text(&line, "");
	assert_int_equal(csv_row_end(&line), 0);
	(void)snprintf(path, sizeof(path), "%s/environment.csv", dir);
	support_text(path, "key,value,reason\n");
	support_append_bytes(path, line.buf, line.len);
	csv_row_free(&line);
}

/* Rows of two mechanisms with a picture of every kind: sizes, placements, fans. */
static size_t some_rows(struct sample *rows, const char *const mechanism[2])
{
	static const char *const workloads[] = {"pingpong", "stream"};
	static const char *const places[] = {"nearest", "unpinned"};
	size_t n = 0;

	for (int i = 0; i < 32; i++) {
		struct at at = {.mechanism = mechanism[i & 1],
			.workload = workloads[i >> 1 & 1],
			.placement = places[i >> 2 & 1],
			.bytes = i & 8 ? 65536 : 64};
		size_t first = n;

		n = add_rows(rows, n, at, 5000 + 100 * i, 3);
		for (; first < n; first++) {
			(void)snprintf(rows[first].kind, sizeof(rows[first].kind), "%s",
				i & 2 ? "op" : "rtt");
			rows[first].producers = rows[first].consumers = i & 16 ? 2 : 1;
		}
	}
	return n;
}

static void ordinary_run(void)
{
	static const char *const mechanism[] = {"channel/pipe", "channel/fifo"};
	struct sample *rows = calloc(200, sizeof(*rows));

	assert_non_null(rows);
	write_run(rows, some_rows(rows, mechanism), "Some CPU");
	free(rows);
}

static void put_gnuplot(const char *script)
{
	char path[SUPPORT_PATH + 16];

	(void)snprintf(path, sizeof(path), "%s/bin", program.dir.path);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/bin/gnuplot", program.dir.path);
	if (!script)
		return;
	support_text(path, script);
	assert_int_equal(chmod(path, 0755), 0);
}

/* The reason once on stderr, and in chapter 7; files and exit code are as they would be. */
static void check_reason(const char *script, const char *reason)
{
	char *before, *after, *text;
	const char *said;

	ordinary_run();
	put_gnuplot(script);
	before = read_text_file(program.here, "run/samples.csv");
	program_ends(REPORT, RC_FINE);
	after = read_text_file(program.here, "run/samples.csv");
	assert_string_equal(before, after);
	said = strstr(program.err, "pictures: ");
	if (!said)
		fail_msg("no reason is said: %s", program.err);
	assert_null(strstr(said + 1, "pictures: "));
	check_says(said, reason);
	text = read_text_file(program.here, "run/REPORT.md");
	assert_non_null(text);
	check_says(strstr(text, "\n## 7 "), "Picture roundtrip was not drawn: ");
	check_says(strstr(text, "\n## 7 "), reason);
	check_says(text, "not drawn, see chapter 7");
	assert_null(strstr(text, ".svg)"));
	free(before);
	free(after);
	free(text);
}

#define SIXTY   "............................................................"
#define VERSION "#!/bin/sh\n[ \"$1\" = --version ] && echo 'gnuplot 5.4' && exit 0\n"

static void report_does_without_gnuplot(void **state)
{
	(void)state;
	check_reason(NULL, "gnuplot is not on PATH");
}

static void report_does_without_a_gnuplot_that_is_too_old(void **state)
{
	(void)state;
	check_reason("#!/bin/sh\necho 'gnuplot 4.6 patchlevel 6'\n", "gnuplot 4.6 is too old");
}

static void report_does_without_a_failing_gnuplot(void **state)
{
	(void)state;
	check_reason(VERSION "echo 'line 3: no such terminal' >&2\nexit 1\n", "no such terminal");
}

static void report_does_without_a_hanging_gnuplot(void **state)
{
	(void)state;
	check_reason(VERSION "exec /bin/sleep 600\n", "not done after 700 ms, killed");
	program_await_nobody("a hanging gnuplot");
}

static void report_does_without_a_gnuplot_that_leaves_nothing(void **state)
{
	(void)state;
	check_reason(VERSION "exit 0\n", "left no picture");
}

static void report_does_without_a_gnuplot_that_leaves_half(void **state)
{
	(void)state;
	check_reason(VERSION "echo '<svg>' > ${2%.gp}.svg\nexit 0\n", "left half a picture");
}

/* What answers the standing questions is in chapter 1, the rest in chapter 6. */
static void report_shows_each_picture_in_its_chapter(void **state)
{
	char *text, *six;

	(void)state;
	ordinary_run();
	put_gnuplot(VERSION "n=${2%.gp}\necho '" SIXTY "</svg>' > $n.svg\n"
			    "echo '" SIXTY "IEND' > $n.png\n");
	program_ends(REPORT, RC_FINE);
	assert_string_equal(program.err, "");
	text = read_text_file(program.here, "run/REPORT.md");
	assert_non_null(text);
	six = strstr(text, "\n## 6 ");
	assert_non_null(six);
	check_says(six, "](plots/cost-thread.svg)");
	check_says(six, "](plots/places-pingpong.svg)");
	check_says(six, "](plots/fans-stream-thread.svg)");
	*six = '\0';
	check_says(text, "](plots/roundtrip.svg)");
	check_says(text, "](plots/roundtrip-64k.svg)");
	check_says(text, "](plots/throughput-thread.svg)");
	check_says(text, "](plots/latency-thread-64k.svg)");
	free(text);
}

/* ---- hostile files ----------------------------------------------------------------- */

static void need_gnuplot(void)
{
	if (program_finish(program_start("sh -c 'gnuplot --version'")) != 0)
		skip_because("gnuplot is not installed");
}

static const char *const evil[] = {
	"`touch canary`",
	"';system('touch canary')#",
	"\";system(\"touch canary\")#",
	"$(touch canary)",
	"x'\nsystem('touch canary')\n#",
	"%s%n%d %d",
	"{/Symbol a}_^@&~",
	"<script>&amp;\"'",
	"\x1b]0;x\x07\xff\xfe",
	"| touch canary\\",
};
enum { EVILS = sizeof(evil) / sizeof(evil[0]) };

/* Cut where it must be. */
static void put_evil(char *field, size_t size, const char *before, size_t i)
{
	char text[128];
	size_t len;

	(void)snprintf(text, sizeof(text), "%.16s%s", before, evil[i % EVILS]);
	len = strnlen(text, size - 1);
	memcpy(field, text, len);
	field[len] = '\0';
}

static void spoil(struct sample *s, size_t i)
{
	put_evil(s->placement, sizeof(s->placement), "", i / 3);
	put_evil(s->params, sizeof(s->params), "class=", i);
	put_evil(s->run_id, sizeof(s->run_id), "", i);
	put_evil(s->host, sizeof(s->host), "", i);
	put_evil(s->timestamp_utc, sizeof(s->timestamp_utc), "", i);
	put_evil(s->capacity, sizeof(s->capacity), "", i % 2);
	if (i % 3 == 0)
		put_evil(s->wait, sizeof(s->wait), "", i);
	if (i % 64 > 31)
		put_evil(s->domain, sizeof(s->domain), "", 1);
}

/* Mechanisms, and families, workloads or all other texts too. */
static size_t hostile_rows(struct sample *rows)
{
	size_t n = 0;

	for (size_t e = 0; e < EVILS; e++) {
		size_t first = n;
		char name[2][48];

		put_evil(name[0], sizeof(name[0]), "channel/a", e);
		put_evil(name[1], sizeof(name[1]), "channel/b", e);
		n += some_rows(&rows[n], (const char *const[]){name[0], name[1]});
		for (size_t i = first; i < n && e == 0; i++)
			put_evil(rows[i].family, sizeof(rows[i].family), "", e);
		for (size_t i = first; i < n && e == 1; i++)
			put_evil(rows[i].workload, sizeof(rows[i].workload), "", e);
		for (size_t i = first; i < n && e > 1; i++)
			spoil(&rows[i], i);
	}
	return n;
}

static void check_nothing_ran(void)
{
	if (program_finish(
		    program_start("sh -c 'test -z \"$(find \"$D\" -name canary -print)\"'")) != 0)
		fail_msg("a command of the files was run");
	assert_int_equal(access("canary", F_OK), -1);
}

static void report_of_hostile_files_runs_nothing_and_draws(void **state)
{
	struct sample *rows = calloc(2000, sizeof(*rows));
	char *list;

	(void)state;
	assert_non_null(rows);
	need_gnuplot();
	write_run(rows, hostile_rows(rows),
		"CPU `touch canary` ';system(\"touch canary\")#\n\"$(touch canary)\" %s {/Symbol x}");
	free(rows);
	program_ends(H "report run", RC_FINE);
	assert_string_equal(program.err, "");
	check_nothing_ran();
	list = read_text_file(program.here, "run/plots/pictures.csv");
	assert_non_null(list);
	assert_true(strlen(list) > 1000);
	free(list);
	/* what markup there is in a picture is gnuplot's */
	program_ends("sh -c '! grep -l \"<script\" run/plots/*.svg'", RC_FINE);
	program_ends("sh -c 'test $(ls run/plots/*.svg | wc -l) -gt 20'", RC_FINE);
	program_ends(
		"sh -c 'cd run/plots && for f in $(ls x*.svg | head -n 3); do gnuplot -d ${f%.svg}.gp || exit 1; "
		"done 2>&1'",
		RC_FINE);
	check_nothing_ran();
}

/* ---- large runs ----------------------------------------------------------------------- */

enum { MANY = 10000 };

/* Twenty mechanisms in all that the matrices ask for: sizes, domains, placements, fans, waits. */
static size_t many_rows(struct sample *rows)
{
	static const double bytes[] = {8, 64, 1024, 16384, 65536};
	static const char *const places[] = {"nearest", "unpinned", "farthest", "same-pu"};
	size_t n = 0;

	for (int i = 0; n + 6 <= MANY; i++) {
		char name[32];
		struct at at = {.mechanism = name,
			.workload = i / 20 % 2 ? "stream" : "pingpong",
			.domain = i / 40 % 2 ? "process" : "thread",
			.bytes = bytes[i / 80 % 5],
			.placement = places[i / 400 % 4],
			.wait = i % 20 < 13 ? "block" : "spin"};
		size_t first = n;

		(void)snprintf(name, sizeof(name), "channel/m%02d", i % 20);
		n = add_rows(rows, n, at, 1000 * (1 + i % 20), 6);
		for (; first < n; first++) {
			(void)snprintf(rows[first].kind, sizeof(rows[first].kind), "%s",
				i / 20 % 2 ? "op" : "rtt");
			rows[first].producers = rows[first].consumers = i >= 1600 ? 2 : 1;
		}
	}
	return n;
}

static void report_of_ten_thousand_rows_has_all_its_pictures(void **state)
{
	struct sample *rows;
	long begin;

	(void)state;
	if (support_fast())
		skip_because("ten thousand rows: not where tests are to be fast");
	need_gnuplot();
	rows = calloc(MANY, sizeof(*rows));
	assert_non_null(rows);
	write_run(rows, many_rows(rows), "Some CPU");
	free(rows);
	begin = program_now_ms();
	program_ends(H "report run", RC_FINE);
	print_message("%.1f s\n", 1e-3 * (double)(program_now_ms() - begin));
	assert_null(strstr(program.err, "pictures: "));
	program_ends("sh -c 'test $(ls run/plots/*.png | wc -l) -gt 20'", RC_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(report_does_without_gnuplot),
		PROGRAM_TEST(report_does_without_a_gnuplot_that_is_too_old),
		PROGRAM_TEST(report_does_without_a_failing_gnuplot),
		PROGRAM_TEST(report_does_without_a_hanging_gnuplot),
		PROGRAM_TEST(report_does_without_a_gnuplot_that_leaves_nothing),
		PROGRAM_TEST(report_does_without_a_gnuplot_that_leaves_half),
		PROGRAM_TEST(report_shows_each_picture_in_its_chapter),
		PROGRAM_TEST(report_of_hostile_files_runs_nothing_and_draws),
		PROGRAM_TEST(report_of_ten_thousand_rows_has_all_its_pictures),
	};

	program_find();
	return cmocka_run_group_tests_name("pictures_report", tests, NULL, NULL);
}
