/*
 * What was decided, as Markdown, JUnit XML and annotations: each is read back by a parser, Python's
 * for XML, strict ones of our own for the others; names and reasons are what formats trip over.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/escape.h"
#include "bench/judged_print.h"
#include "bench/judged_words.h"
#include "bench/utf8.h"
#include "harness/compiler.h"
#include "tests/judged_scene.h"
#include "tests/program.h"

enum { LINE = 4096, MOST = 64, SUMMARY_BYTES = 1 << 20 };

/* Good until the next call. */
static const char *here(const char *name)
{
	static char path[2 * SUPPORT_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", program.here, name);
	return path;
}

/* program.here/gate, as `ab` would leave it. */
static void leave(const struct judgement *j)
{
	char err[600] = "", path[SUPPORT_PATH + 32];

	(void)snprintf(path, sizeof(path), "%s/gate", program.here);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/gate/judgement.csv", program.here);
	if (judged_write(path, j, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static char *printed(const struct judgement *j, size_t most)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	judged_print(to, j, most);
	assert_int_equal(fclose(to), 0);
	return text;
}

/* ---- Markdown ------------------------------------------------------------------------ */

/* Borders of a table row: every | that is not escaped. */
static size_t borders_of(const char *line)
{
	size_t n = 0;

	for (const char *c = line; *c; c++) {
		if (*c == '\\' && c[1])
			c++;
		else
			n += *c == '|';
	}
	return n;
}

struct markdown {
	size_t rows, changed, details;
	bool last_line;
};

/* A line of a document; within <details> nothing is changed. */
static void read_markdown_line(const char *line, struct markdown *m, size_t *columns)
{
	bool table = line[0] == '|';

	if (strncmp(line, "<details>", 9) == 0) {
		assert_non_null(strstr(line, "</summary>"));
		m->details++;
	}
	m->last_line = strncmp(line, "verdict=", 8) == 0 || (m->last_line && line[0] == '`');
	if (!table) {
		*columns = 0;
		assert_true(!line[0] || strchr("*#<`v0123456789ABITOa", line[0]) != NULL);
		return;
	}
	if (*columns && borders_of(line) != *columns)
		fail_msg("not %zu borders: %s", *columns, line);
	m->rows += *columns && line[1] == ' ';
	m->changed += *columns && line[1] == ' ' && m->details == 0;
	*columns = borders_of(line);
}

static void read_markdown(char *text, struct markdown *m)
{
	size_t columns = 0;

	*m = (struct markdown){0};
	for (char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		for (char *c = line; *c; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
		read_markdown_line(line, m, &columns);
		*end = '\n';
	}
	assert_int_equal(count_of(text, "<details>"), count_of(text, "</details>"));
	assert_true(m->last_line);
}

static void markdown_shows_first_what_became_slower_by_how_much_and_how_sure(void **state)
{
	struct judgement j;
	struct markdown m;
	char *slower;

	(void)state;
	scene_each(&j);
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	read_markdown(program.out, &m);
	assert_int_equal(m.rows, 6);    /* cells */
	assert_int_equal(m.changed, 3); /* two slower, one missing */
	assert_ptr_equal(strstr(program.out, "### handoff: 2 of 6 cells became slower; 1 cell"),
		program.out);
	slower = strstr(program.out,
		"| **50.0 % slower** [45.5, 54.6] | p50 | "
		"`channel/pipe/pingpong?domain=process&fan=1x1&size=64&"
		"placement=nearest` | 5.12 us | 7.68 us | 34 | 6.2 % | "
		"also throughput 12.3 % slower; p99 9.0 times as slow (not gated) |\n");
	assert_non_null(slower);
	assert_true(slower - program.out < 600);
	assert_non_null(strstr(slower, "| **12.3 % slower** [8.9, 15.8] | throughput | "));
	assert_non_null(strstr(slower, "| also p50 20.0 % faster; fine: cpu |\n"));
	assert_true(slower < strstr(program.out, "\nTwo builds that do not differ"));
	assert_true(slower < strstr(program.out, "<details>"));
	assert_non_null(strstr(program.out, "a cell slower in at most 1 % of runs, and all cells "
					    "together in at most 1 %."));
	assert_non_null(strstr(program.out, "in times where the change is in times"));
	assert_non_null(strstr(program.out, "| needs about 120 pairs; would have seen 6.2 %; also "
					    "fine: throughput; no figure: p99 |\n"));
	assert_non_null(strstr(program.out, ", seed 18446744073709551615</sub>"));
	judged_free(&j);
}

static void markdown_heads_a_cell_by_time_and_tells_its_cost_beside_it(void **state)
{
	static const char *const metric[] = {"switches", "throughput", "cpu", "p50"};
	struct judgement j;

	(void)state;
	scene_judgement(&j);
	for (size_t i = 0; i < ARRAY_LEN(metric); i++) {
		struct judged *r = scene_row(&j, "lock/a/contend", metric[i], JUDGED_REGRESSED);

		r->ratio = metric[i][0] == 'c' ? 1.4 : metric[i][0] == 'p' ? 1.2 : 1.1;
		r->lo = r->ratio - 0.01;
		r->hi = r->ratio + 0.01;
	}
	judged_sort(&j);
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	assert_non_null(strstr(program.out, "| **20.0 % slower** [19.0, 21.0] | p50 | "));
	assert_non_null(strstr(program.out, "also throughput 10.0 % slower; cpu 40.0 % more CPU"));
	judged_free(&j);
}

/* q is not a chance of any false alarm, and nothing was drawn by a seed. */
static void markdown_of_stored_campaigns_tells_false_discoveries_and_no_seed(void **state)
{
	struct judgement j;
	char *text;

	(void)state;
	scene_each(&j);
	j.mode = JUDGED_STORED;
	j.fwer = 0.05;
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	assert_non_null(strstr(program.out, "at most 5 % is expected not to be (false discov"));
	assert_non_null(strstr(program.out, "wrongly called slower in at most 1 % of comp"));
	assert_null(strstr(program.out, "seed"));
	assert_null(strstr(program.out, "fwer"));
	assert_non_null(strstr(program.out, " q=0.05 margin=3%\n"));
	assert_non_null(strstr(program.out, "needs about 120 campaigns a side;"));
	text = printed(&j, 0);
	assert_null(strstr(text, "seed"));
	free(text);
	judged_free(&j);
}

/* A metric without figures says the least: its cell stands where the others do. */
static void markdown_has_a_cell_once_where_its_gravest_metric_stands(void **state)
{
	struct judgement j;
	struct markdown m;
	char *fine;

	(void)state;
	scene_judgement(&j);
	scene_row(&j, "timer/a/late", "throughput", JUDGED_NA);
	scene_row(&j, "timer/a/late", "p50", JUDGED_OK);
	scene_row(&j, "timer/b/late", "throughput", JUDGED_NA);
	scene_row(&j, "timer/c/late", "p50", JUDGED_INCONCLUSIVE);
	scene_row(&j, "timer/c/late", "cpu", JUDGED_IMPROVED);
	scene_row(&j, "timer/c/late", "p99", JUDGED_INCONCLUSIVE);
	judged_sort(&j);
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	read_markdown(program.out, &m);
	assert_int_equal(m.rows, 3);
	assert_non_null(strstr(program.out, "#### Faster: 1 cell\n"));
	assert_non_null(strstr(program.out, "| also p50 not settled, 0.4 % slower; p99 not sett"));
	fine = strstr(program.out, "<summary>Fine: 1 cell<");
	assert_non_null(fine);
	assert_non_null(strstr(fine, "`timer/a/late`"));
	assert_non_null(strstr(program.out, "<summary>Without figures: 1 cell<"));
	judged_free(&j);
}

/* Names are short where cells have much in common, and different still. */
static void markdown_says_once_what_all_cells_have_alike(void **state)
{
	struct judgement j;

	(void)state;
	scene_judgement(&j);
	scene_row(&j, "channel/pipe/stream?domain=thread&fan=1x1&size=64&wait=spin", "p50",
		JUDGED_REGRESSED);
	scene_row(&j, "channel/pipe/stream?domain=thread&size=64&fan=1x1", "p50", JUDGED_REGRESSED);
	scene_row(&j, "lock/mcs/contend?fan=1x11&domain=thread&size=64", "p50", JUDGED_REGRESSED);
	judged_sort(&j);
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	assert_non_null(strstr(program.out, "\nAll cells have `domain=thread&size=64`, which"));
	assert_non_null(strstr(program.out, "| `channel/pipe/stream?fan=1x1&wait=spin` |"));
	assert_non_null(strstr(program.out, "| `channel/pipe/stream?fan=1x1` |"));
	assert_non_null(strstr(program.out, "| `lock/mcs/contend?fan=1x11` |"));
	j.n = 1;
	judged_sort(&j);
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	assert_null(strstr(program.out, "All cells have"));
	assert_non_null(strstr(program.out, "domain=thread&"));
	judged_free(&j);
}

static void markdown_holds_whatever_a_name_or_reason_says(void **state)
{
	struct judgement j;
	struct markdown m;

	(void)state;
	scene_hostile(&j);
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	read_markdown(program.out, &m);
	assert_int_equal(m.rows, j.n);
	assert_null(strstr(program.out, "</testcase>|"));
	assert_non_null(strstr(program.out, "&lt;/testcase&gt;")); /* a reason */
	judged_free(&j);
}

static void check_capped(const char *line, size_t most)
{
	struct markdown m;
	char *text;

	program_ends(line, RC_FINE);
	text = support_read(here("summary.md"));
	assert_true(strlen(text) <= most);
	assert_true(strlen(text) > most / 2);
	read_markdown(text, &m);
	assert_true(m.rows > 0 && m.rows < 20000);
	assert_non_null(strstr(text, "more cells do not fit here"));
	assert_non_null(strstr(text, "verdict=FAIL regressed=2000 "));
	free(text);
}

static void markdown_of_many_rows_fits_and_says_how_many_do_not(void **state)
{
	struct judgement j;

	(void)state;
	scene_many(&j, 20000);
	leave(&j);
	check_capped(H "export --to markdown --out summary.md gate", SUMMARY_BYTES);
	check_capped(H "export --to markdown --limit 64K --out summary.md gate", 64 * 1024);
	judged_free(&j);
}

/* ---- annotations ----------------------------------------------------------------------- */

struct annotation {
	char level[16], title[LINE], message[LINE];
};

/* %XX back; a property holds no ':' and no ',', neither holds a line break. */
static void decode(const char *from, const char *end, bool property, char *out)
{
	while (from < end) {
		assert_true(*from != '\r' && *from != '\n');
		assert_false(property && (*from == ':' || *from == ','));
		if (*from == '%') {
			char hex[3] = {from[1], from[2], '\0'};

			assert_true(
				isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]));
			*out++ = (char)strtol(hex, NULL, 16);
			from += 3;
		} else {
			*out++ = *from++;
		}
	}
	*out = '\0';
}

/* ::LEVEL title=TITLE::MESSAGE and nothing else; as the runner reads it. */
static void read_annotation(const char *line, struct annotation *a)
{
	const char *space = strchr(line, ' '), *message;

	assert_ptr_equal(strstr(line, "::"), line);
	assert_non_null(space);
	(void)snprintf(a->level, sizeof(a->level), "%.*s", (int)(space - line - 2), line + 2);
	assert_true(strcmp(a->level, "error") == 0 || strcmp(a->level, "warning") == 0 ||
		    strcmp(a->level, "notice") == 0);
	assert_ptr_equal(strstr(space, " title="), space);
	message = strstr(space, "::");
	assert_non_null(message);
	decode(space + 7, message, true, a->title);
	decode(message + 2, line + strlen(line), false, a->message);
	assert_true(a->title[0] && a->message[0]);
}

static size_t read_annotations(char *text, struct annotation *a)
{
	char *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		assert_true(n < MOST);
		read_annotation(line, &a[n++]);
	}
	return n;
}

static size_t count_level(const struct annotation *a, size_t n, const char *level)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += strcmp(a[i].level, level) == 0;
	return count;
}

static void annotations_say_the_whole_then_what_fails(void **state)
{
	struct annotation *a = calloc(MOST, sizeof(*a));
	struct judgement j;
	size_t n;

	(void)state;
	assert_non_null(a);
	scene_each(&j);
	leave(&j);
	program_ends(H "export --to github gate", RC_FINE);
	n = read_annotations(program.out, a);
	assert_int_equal(n, 7);
	assert_string_equal(a[0].title, "handoff FAIL");
	assert_string_equal(a[0].message, "2 of 6 cells became slower; 1 cell is missing");
	assert_string_equal(a[1].title, "p50 channel/pipe/pingpong?domain=process&fan=1x1&size=64&"
					"placement=nearest");
	assert_string_equal(a[1].message, "REGRESSED: 50.0 % slower [45.5, 54.6], "
					  "5.12 us -> 7.68 us, 34 pairs");
	assert_string_equal(a[4].message, "MISSING: no figure; only in the old one");
	assert_int_equal(count_level(a, n, "error"), 5);
	assert_int_equal(count_level(a, n, "warning"), 2); /* not gated; inconclusive */
	j.advisory = true;
	leave(&j);
	program_ends(H "export --to github gate", RC_FINE);
	n = read_annotations(program.out, a);
	assert_int_equal(count_level(a, n, "error"), 0);
	judged_free(&j);
	free(a);
}

/* What a format cannot hold is U+FFFD. */
static void sanitise(const char *text, bool breaks, char *out)
{
	for (const char *at = text; *at;) {
		int n = utf8_bytes(at);
		bool bad = n == 0 || ((unsigned char)*at < ' ' && *at != '\t' &&
					     !(breaks && (*at == '\n' || *at == '\r')));

		out += sprintf(out, "%.*s", bad ? 3 : n, bad ? "\xef\xbf\xbd" : at);
		at += n ? n : 1;
	}
	*out = '\0';
}

static void annotations_hold_whatever_a_name_says(void **state)
{
	struct annotation *a = calloc(MOST, sizeof(*a));
	struct judgement j;
	char want[LINE];
	size_t n;

	(void)state;
	assert_non_null(a);
	scene_hostile(&j);
	leave(&j);
	program_ends(H "export --to github gate", RC_FINE);
	n = read_annotations(program.out, a);
	assert_true(n > 7);
	for (size_t i = 1; i < n; i++) {
		sanitise(j.row[i - 1].cell, true, want);
		assert_string_equal(strchr(a[i].title, ' ') + 1, want);
	}
	judged_free(&j);
	free(a);
}

static void annotations_are_as_many_as_are_shown(void **state)
{
	struct annotation *a = calloc(MOST, sizeof(*a));
	struct judgement j;
	size_t n;

	(void)state;
	assert_non_null(a);
	scene_many(&j, 500);
	for (size_t i = 0; i < 100; i++)
		j.row[j.n - 1 - i].verdict = JUDGED_INCONCLUSIVE;
	judged_sort(&j);
	leave(&j);
	program_ends(H "export --to github gate", RC_FINE);
	n = read_annotations(program.out, a);
	assert_int_equal(count_level(a, n, "error"), 10);
	assert_int_equal(count_level(a, n, "warning"), 9);
	j.advisory = true;
	leave(&j);
	program_ends(H "export --to github gate", RC_FINE);
	n = read_annotations(program.out, a);
	assert_int_equal(count_level(a, n, "warning"), 10);
	judged_free(&j);
	free(a);
}

static void step_summary_is_appended_to_what_is_there(void **state)
{
	struct judgement j;
	struct markdown m;
	char *text, *filler = malloc(SUMMARY_BYTES);

	(void)state;
	assert_non_null(filler);
	scene_each(&j);
	leave(&j);
	support_text(here("summary"), "before\n");
	program_ends("env GITHUB_STEP_SUMMARY=summary " H "export --to github --step-summary gate",
		RC_FINE);
	assert_int_equal(count_of(program.out, "::error "), 5);
	text = support_read(here("summary"));
	assert_ptr_equal(strstr(text, "before\n### handoff: 2 of"), text);
	read_markdown(text + strlen("before\n"), &m);
	assert_int_equal(m.rows, j.cells);
	free(text);
	memset(filler, 'x', SUMMARY_BYTES - 40000);
	support_write(here("summary"), filler, SUMMARY_BYTES - 40000);
	program_ends("env GITHUB_STEP_SUMMARY=summary " H "export --to github --step-summary gate",
		RC_FINE);
	assert_non_null(strstr(program.err, "nothing appended"));
	program_ends("test $(wc -c <summary) -eq 1008576", RC_FINE);
	program_ends("env GITHUB_STEP_SUMMARY=/nowhere/x " H
		     "export --to github --step-summary gate",
		RC_USAGE);
	assert_non_null(strstr(program.err, "/nowhere/x"));
	judged_free(&j);
	free(filler);
}

/* ---- JUnit ------------------------------------------------------------------------------- */

/*
 * Prints the suite's counts; of each testcase leaves outcome, class, name, time, message and text in
 * `cases`.  Whoever shows a failure takes its message or its text, so the text says the message.
 */
static const char junit_reader[] =
	"import sys, xml.etree.ElementTree as tree\n"
	"root = tree.parse(sys.argv[1]).getroot()\n"
	"assert root.tag == 'testsuites' and len(root) == 1\n"
	"suite = root[0]\n"
	"cases = suite.findall('testcase')\n"
	"kinds = {'failure': 0, 'skipped': 0, 'passed': 0}\n"
	"out = []\n"
	"for case in cases:\n"
	"    found = [c for c in case if c.tag in kinds]\n"
	"    assert len(found) <= 1 and case.get('classname') and case.find('system-out').text\n"
	"    kind = found[0].tag if found else 'passed'\n"
	"    message = found[0].get('message') if found else ''\n"
	"    text = found[0].text if found else ''\n"
	"    assert not found or (message and message in text)\n"
	"    kinds[kind] += 1\n"
	"    out += [kind, case.get('classname'), case.get('name'), case.get('time') or '', message, "
	"text]\n"
	"assert int(suite.get('tests')) == len(cases)\n"
	"assert int(suite.get('failures')) == kinds['failure']\n"
	"assert int(suite.get('skipped')) == kinds['skipped']\n"
	"open('cases', 'wb').write(('\\0'.join(out) + '\\0').encode())\n"
	"print(len(cases), kinds['failure'], kinds['skipped'])\n";

/* A testcase as the reader left it. */
struct junit_case {
	const char *outcome, *class, *name, *time, *message, *text;
};

/* Goes on to the next one. */
static struct junit_case next_case(const char **at)
{
	const char *field[6];

	for (int i = 0; i < 6; i++) {
		field[i] = *at;
		*at += strlen(*at) + 1;
	}
	return (struct junit_case){field[0], field[1], field[2], field[3], field[4], field[5]};
}

static void read_junit(const char *counts)
{
	support_text(here("junit.py"), junit_reader);
	if (system("command -v python3 >/dev/null") != 0)
		skip_because("python3 is not installed");
	program_ends(H "export --to junit --out junit.xml gate", RC_FINE);
	program_says("python3 junit.py junit.xml", counts);
}

static void check_case(const struct junit_case *got, const char *outcome, const struct judged *r)
{
	char cell[LINE], name[LINE], want[2 * LINE];

	sanitise(r->cell, true, cell);
	assert_string_equal(got->outcome, outcome);
	(void)snprintf(name, sizeof(name), "%s %s", got->class, got->name);
	(void)snprintf(want, sizeof(want), "%s %s", cell, r->metric);
	if (strncmp(cell, got->class, strlen(got->class)) == 0 && cell[strlen(got->class)] == '/')
		name[strlen(got->class)] = '/';
	else
		(void)snprintf(name, sizeof(name), "%s", got->name);
	assert_string_equal(name, want);
}

static void junit_fails_what_regressed_and_skips_what_has_no_verdict(void **state)
{
	static const char *const outcome[] = {"failure", "failure", "failure", "failure", "passed",
		"passed", "skipped", "skipped", "skipped", "skipped", "passed", "passed"};
	struct judgement j;
	struct junit_case c;
	const char *at;
	char *cases;

	(void)state;
	scene_each(&j);
	leave(&j);
	read_junit("13 4 4\n"); /* and one passes as a whole */
	at = cases = support_read(here("cases"));
	c = next_case(&at);
	assert_string_equal(c.outcome, "passed");
	assert_string_equal(c.name, "all cells together");
	for (size_t i = 0; i < j.n; i++) {
		c = next_case(&at);
		check_case(&c, outcome[i], &j.row[i]);
	}
	free(cases);
	judged_free(&j);
}

/* What became slower, by how much, how sure that is, where: in message and text alike. */
static void junit_says_what_by_how_much_and_how_sure(void **state)
{
	static const char say[] = "REGRESSED: 50.0 % slower [45.5, 54.6], 5.12 us -> 7.68 us, 34 "
				  "pairs; would have seen 6.2 %";
	struct judgement j;
	struct junit_case c;
	const char *at;
	char *cases, text[LINE];

	(void)state;
	scene_each(&j);
	leave(&j);
	read_junit("13 4 4\n");
	at = cases = support_read(here("cases"));
	(void)next_case(&at);
	c = next_case(&at);
	assert_string_equal(c.class, "channel/pipe");
	assert_string_equal(
		c.name, "pingpong?domain=process&fan=1x1&size=64&placement=nearest p50");
	assert_true(fabs(atof(c.time) / 7.684875e-6 - 1) < 1e-3);
	assert_string_equal(c.message, say);
	(void)snprintf(text, sizeof(text), "p50 of %s: %s (in brackets: 95 %% interval)",
		j.row[0].cell, say);
	assert_string_equal(c.text, text);
	c = next_case(&at); /* a rate: what one message takes */
	assert_string_equal(c.class, "channel/pipe");
	assert_true(fabs(atof(c.time) * 195000 / 1.123 - 1) < 1e-3);
	for (size_t i = 2; i < j.n; i++) {
		c = next_case(&at);
		if (j.row[i].verdict == JUDGED_INCONCLUSIVE)
			assert_non_null(strstr(c.text, "needs about 120 pairs; would have seen "
						       "6.2 % (in"));
		if (j.row[i].verdict == JUDGED_NEW)
			assert_string_equal(c.time, "");
	}
	free(cases);
	judged_free(&j);
}

static void junit_holds_whatever_a_name_or_reason_says(void **state)
{
	struct judgement j;
	const char *at;
	char *cases;

	(void)state;
	scene_hostile(&j);
	leave(&j);
	read_junit("13 8 4\n");
	at = cases = support_read(here("cases"));
	(void)next_case(&at);
	for (size_t i = 0; i < j.n; i++) {
		struct junit_case c = next_case(&at);

		check_case(&c, j.row[i].verdict == JUDGED_NA ? "skipped" : "failure", &j.row[i]);
	}
	free(cases);
	judged_free(&j);
}

static void junit_fails_as_a_whole_where_all_became_slower_or_nothing_was_compared(void **state)
{
	static const struct {
		int code;
		bool suite;
		const char *words;
	} want[] = {{1, true, "1 1 0\n"}, {2, false, "1 1 0\n"}, {3, false, "1 1 0\n"},
		{4, false, "1 0 1\n"}, {130, false, "1 1 0\n"}, {0, false, "1 0 0\n"}};
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		scene_judgement(&j);
		j.exit_code = want[i].code;
		j.suite_flagged = want[i].suite;
		judged_sort(&j);
		leave(&j);
		read_junit(want[i].words);
		judged_free(&j);
	}
}

/* ---- words, terminal, escapes --------------------------------------------------------------- */

static void titles_say_the_whole_in_one_sentence(void **state)
{
	static const struct {
		int code;
		bool suite;
		const char *note, *want;
	} title[] = {
		{0, false, "", "nothing became slower in 0 cells"},
		{1, true, "", "all cells together became 0.2 % slower [-0.9, 1.3]"},
		{1, false, "NEW crashed", "NEW crashed"},
		{2, false, "no binary", "error: no binary"},
		{2, true, "", "error: all cells together became 0.2 % slower [-0.9, 1.3]"},
		{1, false, "", "no reason was given"},
		{3, false, "another kernel", "not comparable: another kernel"},
		{4, false, "steal", "no verdict: 0 of 0 cells are not settled; steal"},
		{130, false, "", "stopped by signal 2"},
	};
	char say[JUDGED_TITLE];
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(title); i++) {
		scene_judgement(&j);
		j.exit_code = title[i].code;
		j.suite_flagged = title[i].suite;
		(void)snprintf(j.note, sizeof(j.note), "%s", title[i].note);
		assert_string_equal(judged_title(say, &j), title[i].want);
	}
}

static void what_broke_fails_in_every_format(void **state)
{
	struct judgement j;
	char say[JUDGED_TITLE];
	struct judged *r;

	(void)state;
	scene_judgement(&j);
	r = scene_row(&j, "channel/pipe/stream", "cell", JUDGED_NA);
	r->gated = true;
	(void)snprintf(r->reason, sizeof(r->reason), "NEW crashed: signal 11");
	scene_row(&j, "channel/pipe/stream", "p99", JUDGED_NA);
	j.exit_code = 1;
	judged_sort(&j);
	assert_string_equal(judged_title(say, &j), "1 cell broke");
	leave(&j);
	program_ends(H "export --to markdown gate", RC_FINE);
	assert_non_null(strstr(program.out, "#### Broke: 1 cell\n"));
	assert_non_null(
		strstr(program.out, "| `channel/pipe/stream` | NEW crashed: signal 11; also no "
				    "figure: p99 |"));
	program_ends(H "export --to github gate", RC_FINE);
	assert_non_null(strstr(program.out, "\n::error title=cell channel/pipe/stream::NA: no "
					    "figure; NEW crashed: signal 11\n"));
	read_junit("3 1 1\n");
	judged_free(&j);
}

static void changes_are_said_in_the_words_of_their_metric(void **state)
{
	static const struct {
		const char *metric;
		double ratio, lo, hi;
		const char *want;
	} change[] = {
		{"throughput", 1.123, 1.098, 1.151, "12.3 % slower [9.8, 15.1]"},
		{"p50", 0.8, 0.776, 0.8247, "20.0 % faster [17.5, 22.4]"},
		{"p50", 0.9999, 0.98, 1.02, "0.0 % slower [-2.0, 2.0]"},
		{"cpu", 1.05, 1.04, 1.06, "5.0 % more CPU time [4.0, 6.0]"},
		{"switches", 0, 0, 0.1, "100.0 % fewer switches [90.0, 100.0]"},
		{"p99", 4.25, 3.5, 5, "4.2 times as slow [3.5, 5.0]"},
		{"p99", 1.5, NAN, NAN, "50.0 % slower"},
		{"p99", NAN, NAN, NAN, ""},
	};
	struct judged r = {0};
	char say[JUDGED_SAY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(change); i++) {
		(void)snprintf(r.metric, sizeof(r.metric), "%s", change[i].metric);
		r.ratio = change[i].ratio;
		r.lo = change[i].lo;
		r.hi = change[i].hi;
		assert_string_equal(judged_say_sure(say, &r), change[i].want);
	}
}

static void values_are_said_in_their_unit(void **state)
{
	static const struct {
		const char *unit;
		double value;
		const char *want;
	} value[] = {{"msg/s", 195000, "195 k/s"}, {"1/s", 1.5e6, "1.50 M/s"},
		{"ns", 5123, "5.12 us"}, {"ns/op", 812, "812 ns/op"}, {"1/op", 2.25, "2.25 /op"},
		{"ns", NAN, "-"}};
	struct judged r = {0};
	char say[JUDGED_SAY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(value); i++) {
		(void)snprintf(r.unit, sizeof(r.unit), "%s", value[i].unit);
		assert_string_equal(judged_say_value(say, &r, value[i].value), value[i].want);
	}
}

static void terminal_shows_changes_first_and_what_is_fine_in_a_line(void **state)
{
	static const char begin[] =
		"handoff: 2 of 6 cells became slower; 1 cell is missing\n"
		"  old build/old\n"
		"  new build/new\n"
		"  on  AMD EPYC 7763, 2 PUs, Linux 6.1.0; both side by side, "
		"seed 18446744073709551615\n"
		"\n"
		"Slower: 3 metrics of 2 cells\n"
		"  p50         50.0 % slower [45.5, 54.6], 5.12 us -> 7.68 us, 34 pairs\n"
		"              channel/pipe/pingpong?domain=process&fan=1x1&size=64&"
		"placement=nearest\n"
		"  ... and 2 more\n";
	static const char end[] =
		"\nFine: 2 metrics of 2 cells; no interval reaches further than 3.5 %; "
		"slow-downs from 6.2 % on would have been seen\n"
		"\nAll cells together: 0.2 % slower [-0.9, 1.3]\n"
		"\nverdict=FAIL regressed=2 improved=1 inconclusive=1 broke=0 missing=1 suite=ok cells=6 "
		"fwer=0.01 margin=3%\n";
	struct judgement j;
	char *text;

	(void)state;
	scene_each(&j);
	text = printed(&j, 1);
	assert_memory_equal(text, begin, sizeof(begin) - 1);
	assert_true(strlen(text) > sizeof(end));
	assert_string_equal(text + strlen(text) - (sizeof(end) - 1), end);
	free(text);
	text = printed(&j, 0);
	assert_null(strstr(text, " more\n"));
	assert_non_null(strstr(text, "pairs; needs about 120 pairs; would have seen 6.2 %\n"));
	assert_int_equal(count_of(text, "\n              "), j.n - 2);
	free(text);
	judged_free(&j);
}

static void terminal_gets_no_control_characters(void **state)
{
	struct judgement j;
	char *text;

	(void)state;
	scene_hostile(&j);
	text = printed(&j, 0);
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= ' ' || *c == '\n');
	free(text);
	judged_free(&j);
}

/* 64 KiB of what each format trips over, and every byte there is. */
static void escapes_of_64_kib_come_back_whole(void **state)
{
	char *text = malloc(65537), *at = text, *out = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&out, &len);

	(void)state;
	assert_true(text && to);
	while (at + 12 < text + 65536)
		at += sprintf(at, "<&>\"'\\,:%%\n\xc3\xa4");
	*at = '\0';
	escape_command(to, text, true);
	assert_int_equal(fclose(to), 0);
	assert_null(strpbrk(out, ":,\n\r"));
	{
		char *back = malloc(len + 1);

		decode(out, out + len, true, back);
		assert_string_equal(back, text);
		free(back);
	}
	free(out);
	free(text);
}

/* ---- the command ---------------------------------------------------------------------------- */

static void check_refused(const char *line, const char *words)
{
	program_ends(line, RC_USAGE);
	assert_string_equal(program.out, "");
	if (!strstr(program.err, words))
		fail_msg("\"%s\" does not say \"%s\"", program.err, words);
}

static void judged_exports_say_what_is_missing_or_wrong(void **state)
{
	struct judgement j;

	(void)state;
	scene_each(&j);
	leave(&j);
	check_refused(H "export --to markdown", "which directory");
	check_refused(H "export --to markdown nowhere", "nowhere/judgement.csv");
	check_refused(H "export --to junit gate gate", "at a time");
	check_refused(H "export --to markdown --limit 1K gate", "16K");
	check_refused(H "export --to markdown --step-summary gate", "--to github only");
	check_refused("env -u GITHUB_STEP_SUMMARY " H "export --to github --step-summary gate",
		"GITHUB_STEP_SUMMARY is not set");
	check_refused(H "export --to junit --out nowhere/x gate", "nowhere/x");
	support_append(here("gate/judgement.csv"), "1,metric,x\n");
	check_refused(H "export --to junit gate", "gate/judgement.csv:15:11: 3 fields");
	judged_free(&j);
}

static void judged_exports_write_a_file_whole_or_to_standard_output(void **state)
{
	struct judgement j;
	char *text;

	(void)state;
	scene_each(&j);
	leave(&j);
	program_ends(H "export --to junit --out one gate/judgement.csv", RC_FINE);
	assert_string_equal(program.out, "");
	text = support_read(here("one"));
	program_ends(H "export --to junit gate", RC_FINE);
	assert_string_equal(program.out, text);
	free(text);
	judged_free(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(markdown_shows_first_what_became_slower_by_how_much_and_how_sure),
		PROGRAM_TEST(markdown_heads_a_cell_by_time_and_tells_its_cost_beside_it),
		PROGRAM_TEST(markdown_of_stored_campaigns_tells_false_discoveries_and_no_seed),
		PROGRAM_TEST(markdown_has_a_cell_once_where_its_gravest_metric_stands),
		PROGRAM_TEST(markdown_says_once_what_all_cells_have_alike),
		PROGRAM_TEST(markdown_holds_whatever_a_name_or_reason_says),
		PROGRAM_TEST(markdown_of_many_rows_fits_and_says_how_many_do_not),
		PROGRAM_TEST(annotations_say_the_whole_then_what_fails),
		PROGRAM_TEST(annotations_hold_whatever_a_name_says),
		PROGRAM_TEST(annotations_are_as_many_as_are_shown),
		PROGRAM_TEST(step_summary_is_appended_to_what_is_there),
		PROGRAM_TEST(junit_fails_what_regressed_and_skips_what_has_no_verdict),
		PROGRAM_TEST(junit_says_what_by_how_much_and_how_sure),
		PROGRAM_TEST(junit_holds_whatever_a_name_or_reason_says),
		PROGRAM_TEST(
			junit_fails_as_a_whole_where_all_became_slower_or_nothing_was_compared),
		cmocka_unit_test(titles_say_the_whole_in_one_sentence),
		PROGRAM_TEST(what_broke_fails_in_every_format),
		cmocka_unit_test(changes_are_said_in_the_words_of_their_metric),
		cmocka_unit_test(values_are_said_in_their_unit),
		cmocka_unit_test(terminal_shows_changes_first_and_what_is_fine_in_a_line),
		cmocka_unit_test(terminal_gets_no_control_characters),
		cmocka_unit_test(escapes_of_64_kib_come_back_whole),
		PROGRAM_TEST(judged_exports_say_what_is_missing_or_wrong),
		PROGRAM_TEST(judged_exports_write_a_file_whole_or_to_standard_output),
	};

	program_find();
	return cmocka_run_group_tests_name("export_judged", tests, NULL, NULL);
}
