/*
 * Runs as google/benchmark's JSON and as Go's benchmark text: the one is read back by Python's
 * parser, the other by a strict one of our own that has the rules of benchstat's.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/escape.h"
#include "bench/export_rows.h"
#include "harness/compiler.h"
#include "tests/program.h"
#include "tests/sample_rows.h"

enum { ROWS = 16, MOST_KIB = 64 * 1024 };

/* Good until the next call. */
static const char *here(const char *name)
{
	static char path[2 * SUPPORT_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", program.here, name);
	return path;
}

static void leave_run(const struct sample *row, size_t n)
{
	char dir[SUPPORT_PATH + 8];

	assert_int_equal(system("mkdir -p \"$D/here/run\""), 0);
	(void)snprintf(dir, sizeof(dir), "%s/run", program.here);
	write_samples(dir, row, n);
	support_text(here("run/environment.csv"),
		"key,value,reason\ncpus_online_count,2,\ncpu_model,\"EPYC \"\"7763\"\", 2\",\n"
		"kernel,6.1.0,\ngovernor,,not there\n");
}

/* Three trials each of a pipe and of a stream, and what has no time per operation. */
static size_t make_rows(struct sample *row)
{
	size_t n = add_rows(row, 0, (struct at){0}, 5000, 3);

	n = add_rows(
		row, n, (struct at){.workload = "stream", .mechanism = "channel/fifo"}, 2e6, 3);
	row[n] = row_at((struct at){.workload = "wake-one", .mechanism = "event/futex"});
	(void)snprintf(row[n++].kind, sizeof(row->kind), "wake");
	row[1].lat_p99_ns = 9000;
	row[4].cpu_ns_per_op = NAN;
	(void)snprintf(row[2].side, sizeof(row->side), "old");
	row[n] = row_at((struct at){0});
	set_bad(&row[n++], "fail", "lost");
	return n;
}

/* ---- google/benchmark --------------------------------------------------------------- */

/* What its own compare.py and the importers look at. */
static const char gbench_reader[] =
	"import json, sys\n"
	"def refuse(word):\n"
	"    raise ValueError(word)\n"
	"run = json.load(open(sys.argv[1], encoding='utf-8'), parse_constant=refuse)\n"
	"context = run['context']\n"
	"assert context['json_schema_version'] == 1 and context['date'] and 'host_name' in context\n"
	"names = {}\n"
	"for b in run['benchmarks']:\n"
	"    assert b['run_type'] == 'iteration' and b['run_name'] == b['name']\n"
	"    assert b['name'].endswith('/real_time') and b['time_unit'] == 'ns'\n"
	"    assert b['real_time'] > 0 and b['iterations'] == 1000 and b['threads'] == 2\n"
	"    names.setdefault(b['name'], []).append(b)\n"
	"for name, trials in names.items():\n"
	"    assert [b['repetition_index'] for b in trials] == list(range(len(trials)))\n"
	"    assert all(b['repetitions'] == len(trials) for b in trials)\n"
	"    assert len({'cpu_time' in b for b in trials}) == 1\n"
	"    print(name, len(trials), [round(b['real_time']) for b in trials],\n"
	"        trials[0].get('cpu_time'), trials[1].get('p99_ns') if len(trials) > 1 else '')\n"
	"print(context.get('num_cpus'), context.get('cpu_model'), context.get('run_id'))\n";

static void need_python(void)
{
	if (system("command -v python3 >/dev/null") == 0)
		return;
	skip_because("python3 is not installed");
}

static void check_prints(const char *line, const char *words)
{
	program_ends(line, RC_FINE);
	check_says(program.out, words);
}

static void gbench_has_a_repetition_for_each_trial(void **state)
{
	struct sample *row = calloc(ROWS, sizeof(*row));

	(void)state;
	need_python();
	assert_non_null(row);
	leave_run(row, make_rows(row));
	support_text(here("read.py"), gbench_reader);
	program_ends(H "export --to gbench --out run.json run", RC_FINE);
	check_says(program.err, "1 trials without a time per operation are left out");
	check_prints("python3 read.py run.json",
		"channel/fifo/stream?domain=thread&size=64&placement=nearest&wait=block&"
		"capacity=1024/real_time 3 [500, 495, 490] None None\n");
	check_says(program.out,
		"channel/pipe/pingpong?domain=thread&size=64&placement=nearest&wait=block&"
		"capacity=1024/real_time 3 [5000, 5050, 5100] 100 9000\n");
	check_says(program.out, "2 EPYC \"7763\", 2 run-1\n");
	free(row);
}

static const char hostile[] = "channel/a\"b\\c/<&>\n\t\x01\xff \xc3\xa4?x=1,2&y=\"{}\"-8";

static void gbench_holds_whatever_a_cell_is_called(void **state)
{
	struct sample *row = calloc(ROWS, sizeof(*row));

	(void)state;
	need_python();
	assert_non_null(row);
	row[0] = row_with((struct at){0}, 5000);
	(void)snprintf(row[0].cell, sizeof(row[0].cell), "%s", hostile);
	(void)snprintf(row[0].host, sizeof(row[0].host), "a\"b\n");
	leave_run(row, 1);
	support_text(here("read.py"), gbench_reader);
	program_ends(H "export --to gbench run >run.json", RC_FINE);
	check_prints("env PYTHONIOENCODING=utf-8 python3 read.py run.json",
		"channel/a\"b\\c/<&>\n\t\x01\xef\xbf\xbd \xc3\xa4?x=1,2&y=\"{}\"-8/real_time 1 ");
	free(row);
}

static void json_strings_of_64_kib_come_back_whole(void **state)
{
	char *text = malloc(65537), *at = text;
	FILE *to;

	(void)state;
	need_python();
	assert_non_null(text);
	while (at + 16 < text + 65536)
		at += sprintf(at, "<&>\"'\\/\n\r\t\x01\x7f\xc3\xa4");
	*at = '\0';
	support_text(here("plain"), text);
	to = fopen(here("quoted"), "we");
	assert_non_null(to);
	escape_json(to, text);
	assert_int_equal(fclose(to), 0);
	to = fopen(here("page"), "we");
	assert_non_null(to);
	(void)fputs("<a b=\"", to);
	at[-16] = '\0'; /* ends after a whole one */
	for (char *c = text; *c; c++)
		*c = *c == '\x01' ? '+' : *c;
	escape_xml(to, text);
	(void)fputs("\"/>", to);
	assert_int_equal(fclose(to), 0);
	support_text(here("page.txt"), text);
	program_ends("python3 -c 'import json, xml.etree.ElementTree as t; "
		     "assert json.load(open(\"quoted\", encoding=\"utf-8\")) == "
		     "open(\"plain\", \"rb\").read().decode(); "
		     "assert t.parse(\"page\").getroot().get(\"b\") == "
		     "open(\"page.txt\", \"rb\").read().decode()'",
		RC_FINE);
	free(text);
}

/* ---- Go ---------------------------------------------------------------------------------- */

enum { FIGURES = 8 };

struct go_line {
	char name[EXPORT_GOBENCH_NAME];
	unsigned long iterations;
	double value[FIGURES];
	char unit[FIGURES][24];
	size_t n;
};

struct go_file {
	struct go_line line[ROWS];
	size_t n, units;
	char config[512];
};

/* "Unit U better=higher" and nothing else. */
static void read_unit(const char *line, struct go_file *f)
{
	char unit[32], better[16];
	int end = 0;

	assert_int_equal(sscanf(line, "Unit %31s better=%15s%n", unit, better, &end), 2);
	assert_true(line[end] == '\0');
	assert_true(strcmp(better, "lower") == 0 || strcmp(better, "higher") == 0);
	assert_int_equal(strcmp(better, "higher") == 0,
		strcmp(unit, "ops/s") == 0 || strcmp(unit, "B/s") == 0);
	f->units++;
}

/* A figure and its unit, in a text of fields that are parted by a blank. */
static void read_pair(struct go_line *l, const char *value, const char *unit)
{
	char *end;

	assert_non_null(unit);
	assert_true(l->n < FIGURES);
	l->value[l->n] = strtod(value, &end);
	assert_true(*end == '\0' && isfinite(l->value[l->n]));
	(void)snprintf(l->unit[l->n++], sizeof(l->unit[0]), "%s", unit);
}

static void read_benchmark(char *line, struct go_file *f)
{
	struct go_line *l = &f->line[f->n++];
	char *save = NULL, *field = strtok_r(line, " ", &save), *end;
	size_t n;

	assert_true(f->n <= ROWS);
	(void)snprintf(l->name, sizeof(l->name), "%s", field);
	n = strlen(l->name);
	while (isdigit((unsigned char)l->name[n - 1]))
		n--;
	assert_true(l->name[n] == '\0' || l->name[n - 1] != '-'); /* no GOMAXPROCS */
	assert_true(isupper((unsigned char)l->name[strlen("Benchmark")]) ||
		    l->name[strlen("Benchmark")] == '_');
	field = strtok_r(NULL, " ", &save);
	assert_non_null(field);
	l->iterations = strtoul(field, &end, 10);
	assert_true(*end == '\0' && isdigit((unsigned char)field[0]));
	while ((field = strtok_r(NULL, " ", &save)) != NULL)
		read_pair(l, field, strtok_r(NULL, " ", &save));
	assert_true(l->n > 0);
}

static void read_go_line(char *line, struct go_file *f)
{
	char *colon = strchr(line, ':');

	if (strncmp(line, "Benchmark", 9) == 0) {
		read_benchmark(line, f);
	} else if (strncmp(line, "Unit ", 5) == 0) {
		read_unit(line, f);
	} else {
		assert_non_null(colon);
		assert_true(colon[1] == ' ' && colon[2]);
		for (const char *c = line; c < colon; c++)
			assert_true(islower((unsigned char)*c));
		(void)snprintf(f->config + strlen(f->config), sizeof(f->config) - strlen(f->config),
			"%s;", line);
	}
}

static void read_go(char *text, struct go_file *f)
{
	*f = (struct go_file){0};
	for (char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		for (char *c = line; *c; c++)
			assert_true((unsigned char)*c < 0x80 && !iscntrl((unsigned char)*c));
		read_go_line(line, f);
	}
	assert_int_equal(f->units, 7);
}

static double value_of(const struct go_line *l, const char *unit)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->unit[i], unit) == 0)
			return l->value[i];
	}
	return NAN;
}

static void gobench_has_a_line_for_each_trial(void **state)
{
	struct sample *row = calloc(ROWS, sizeof(*row));
	struct go_file *f = calloc(1, sizeof(*f));

	(void)state;
	assert_true(row && f);
	leave_run(row, make_rows(row));
	program_ends(H "export --to gobench run", RC_FINE);
	check_says(program.err, "1 trials without a figure for this format are left out");
	read_go(program.out, f);
	assert_int_equal(f->n, 6);
	assert_string_equal(f->line[0].name,
		"BenchmarkPingpong/mechanism=channel.pipe/domain=thread/size=64/"
		"placement=nearest/wait=block/capacity=1024");
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(f->line[i].name, f->line[i / 3 * 3].name);
		assert_int_equal(f->line[i].iterations, 1000);
		assert_true(fabs(value_of(&f->line[i], "ops/s") / row[i].ops_per_s - 1) < 1e-5);
		assert_true(
			fabs(value_of(&f->line[i], "ns/op") * row[i].ops_per_s / 1e9 - 1) < 1e-5);
	}
	assert_true(value_of(&f->line[0], "p50-ns") == 5000);
	assert_true(isnan(value_of(&f->line[0], "p99-ns")));
	assert_true(value_of(&f->line[1], "p99-ns") == 9000);
	assert_true(value_of(&f->line[3], "cpu-ns/op") == 100);
	assert_true(isnan(value_of(&f->line[4], "cpu-ns/op")));
	assert_true(value_of(&f->line[3], "B/s") == 2e6 * 64);
	assert_string_equal(f->config, "cpu: EPYC \"7763\", 2;kernel: 6.1.0;");
	free(row);
	free(f);
}

static void gobench_names_differ_where_the_cells_do(void **state)
{
	static const struct {
		const char *cell, *want;
	} name[] = {
		{"channel/pipe/stream?domain=thread&fan=1x1",
			"BenchmarkStream/mechanism=channel.pipe/domain=thread/fan=1x1"},
		{"channel/pipe/Stream?domain=thread&fan=1x1",
			"Benchmark_Stream/mechanism=channel.pipe/domain=thread/fan=1x1"},
		{"channel/a.b/stream?p=pu:0+pu:1",
			"BenchmarkStream/mechanism=channel.a%2Eb/p=pu:0+pu:1"},
		{"channel/a/b/stream?p=1-8", "BenchmarkStream/mechanism=channel.a.b/p=1-8/_"},
		{"channel/a/b/stream?p=-8x", "BenchmarkStream/mechanism=channel.a.b/p=-8x"},
		{"x/y-8", "BenchmarkY-8/mechanism=x"},
		{"y-8", "BenchmarkY-8/_"},
		{"a b", "BenchmarkA%20b"},
		{"", "Benchmark"},
		{"a/b/c?d/e%f\n\xc3\xa4", "BenchmarkC/mechanism=a.b/d%2Fe%25f%0A%C3%A4"},
	};
	char out[EXPORT_GOBENCH_NAME], cell[320];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		export_gobench_name(name[i].cell, out);
		assert_string_equal(out, name[i].want);
	}
	memset(cell, ' ', sizeof(cell) - 1);
	memcpy(cell, "a/b/c?", 6);
	cell[sizeof(cell) - 1] = '\0';
	export_gobench_name(cell, out);
	assert_int_equal(strlen(out), strlen("BenchmarkC/mechanism=a.b/") + 3 * (319 - 6));
}

static void gobench_holds_whatever_a_cell_is_called(void **state)
{
	struct sample *row = calloc(ROWS, sizeof(*row));
	struct go_file *f = calloc(1, sizeof(*f));

	(void)state;
	assert_true(row && f);
	row[0] = row_with((struct at){0}, 5000);
	(void)snprintf(row[0].cell, sizeof(row[0].cell), "%s", hostile);
	(void)snprintf(row[0].host, sizeof(row[0].host), "a\nBenchmark x");
	leave_run(row, 1);
	program_ends(H "export --to gobench run", RC_FINE);
	read_go(program.out, f);
	assert_int_equal(f->n, 1);
	check_says(f->config, "host: a?Benchmark x;");
	free(row);
	free(f);
}

static void exports_take_one_side_of_pairs_or_a_file(void **state)
{
	struct sample *row = calloc(ROWS, sizeof(*row));
	struct go_file *f = calloc(1, sizeof(*f));

	(void)state;
	assert_true(row && f);
	leave_run(row, make_rows(row));
	program_ends(H "export --to gobench --side old run/samples.csv", RC_FINE);
	read_go(program.out, f);
	assert_int_equal(f->n, 1);
	assert_true(value_of(&f->line[0], "p50-ns") == 5100);
	program_ends("mv run/samples.csv run/pairs.csv", RC_FINE);
	program_ends(H "export --to gobench --side old run", RC_FINE);
	read_go(program.out, f);
	assert_int_equal(f->n, 1);
	program_ends(H "export --to gobench --side new run", RC_NOTHING);
	program_ends(H "export --to gobench --side both run", RC_USAGE);
	check_says(program.err, "--side is old or new");
	program_ends(H "export --to gobench -w wake-one run", RC_NOTHING);
	check_says(program.err, "no trial has a figure for this format");
	program_ends(H "export --to gbench -w wake-one run", RC_NOTHING);
	check_says(program.err, "no trial has a time per operation");
	free(row);
	free(f);
}

/* As structures these would not fit by far. */
static void runs_of_many_trials_are_exported_in_the_room_of_a_few(void **state)
{
	static const char *const line[] = {
		H "export --to gobench --out text run", H "export --to gbench --out text run"};
	struct sample *row = calloc(ROWS, sizeof(*row));
	struct rusage u;

	(void)state;
	assert_non_null(row);
	program_need_no_asan("room");
	leave_run(row, add_rows(row, 0, (struct at){0}, 5000, 3));
	free(row);
	program_ends("awk -F, -v OFS=, 'NR == 1 { print; next } "
		     "{ for (i = 0; i < 10000; i++) { $24 = 1000 * i + NR; print } }' "
		     "run/samples.csv > many",
		RC_FINE);
	program_ends("mv many run/samples.csv", RC_FINE);
	for (size_t i = 0; i < ARRAY_LEN(line); i++)
		program_ends(line[i], RC_FINE);
	assert_int_equal(getrusage(RUSAGE_CHILDREN, &u), 0);
	if (u.ru_maxrss > MOST_KIB)
		fail_msg("took %ld KiB", u.ru_maxrss);
	program_says("grep -c repetition_index text", "30000\n");
}

static void more_trials_than_can_be_held_are_refused_with_a_way_out(void **state)
{
	struct export_rows *r = calloc(1, sizeof(*r));
	char err[200] = "";

	(void)state;
	assert_non_null(r);
	r->n = EXPORT_MOST_HELD / sizeof(struct sample) + 1;
	assert_int_equal(export_rows_keep(r, err, sizeof(err)), -E2BIG);
	check_says(err, "choose some by -m");
	assert_null(r->all);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first: it looks at the largest child so far */
		PROGRAM_TEST(runs_of_many_trials_are_exported_in_the_room_of_a_few),
		cmocka_unit_test(more_trials_than_can_be_held_are_refused_with_a_way_out),
		PROGRAM_TEST(gbench_has_a_repetition_for_each_trial),
		PROGRAM_TEST(gbench_holds_whatever_a_cell_is_called),
		PROGRAM_TEST(json_strings_of_64_kib_come_back_whole),
		PROGRAM_TEST(gobench_has_a_line_for_each_trial),
		cmocka_unit_test(gobench_names_differ_where_the_cells_do),
		PROGRAM_TEST(gobench_holds_whatever_a_cell_is_called),
		PROGRAM_TEST(exports_take_one_side_of_pairs_or_a_file),
	};

	program_find();
	return cmocka_run_group_tests_name("export_run", tests, NULL, NULL);
}
