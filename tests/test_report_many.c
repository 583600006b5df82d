/*
 * Reports of large runs: everything that the full matrix asks for, and ten thousand rows in the
 * shapes that a loop within a loop would be slow on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <time.h>

#include "bench/cell.h"
#include "bench/report.h"
#include "tests/sample_rows.h"

enum { MANY = 10000, MOST_SECONDS = 5, LINE_BYTES = 1024 };

static const struct report_options quiet = {.keep_pictures = true};
static const struct report_options demanding = {.keep_pictures = true, .demand = true};

static double cpu_seconds(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Makes the report of the n rows, which it frees, in time; its text is the caller's. */
static char *report_in_time(const char *dir, struct sample *rows, size_t n)
{
	char err[1000] = "", *text;
	double begin;

	write_samples(dir, rows, n);
	free(rows);
	begin = cpu_seconds();
	if (report_make(dir, &quiet, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	if (cpu_seconds() - begin > MOST_SECONDS)
		fail_msg("%.1f s", cpu_seconds() - begin);
	text = read_text_file(dir, "REPORT.md");
	assert_non_null(text);
	return text;
}

/* Lines that begin so; strstr() under a sanitizer looks at the whole text every time. */
static size_t count_lines(const char *text, const char *begin)
{
	size_t n = 0;

	for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
		n += strncmp(at + 1, begin, strlen(begin)) == 0;
	return n;
}

/* The last cell in the order of keys ends the document. */
static void check_end(const char *text, const char *cell)
{
	const char *last = strrchr(text, '`'), *line = last;

	while (line > text && line[-1] != '\n')
		line--;
	check_says(line, cell);
	assert_string_equal(strchr(line, '\n'), "\n");
}

static struct sample *new_rows(void)
{
	struct sample *rows = calloc(MANY, sizeof(*rows));

	assert_non_null(rows);
	return rows;
}

static void report_of_ten_thousand_cells_ends_with_the_last(void **state)
{
	struct sample *rows = new_rows();
	char *text;

	for (size_t i = 0; i < MANY; i++)
		rows[i] = row_with((struct at){.bytes = 10000 + (double)i}, 5000);
	text = report_in_time(*state, rows, MANY);
	check_says(text, "10000 rows: 10000 ok;");
	assert_int_equal(count_lines(text, "| `channel/pipe/pingpong?"), MANY);
	check_end(text, "&size=19999&");
	free(text);
}

static void report_of_ten_thousand_reasons_lists_each(void **state)
{
	struct sample *rows = new_rows();
	char *text, reason[64];

	for (size_t i = 0; i < MANY; i++) {
		rows[i] = row_at((struct at){.bytes = 10000 + (double)(i / 2)});
		(void)snprintf(reason, sizeof(reason), "limit number %zu", i);
		set_bad(&rows[i], "skip", reason);
	}
	text = report_in_time(*state, rows, MANY);
	assert_int_equal(count_lines(text, "- limit number "), MANY);       /* chapter 7 */
	assert_int_equal(count_lines(text, "- skip: limit number "), MANY); /* the card */
	check_end(text, "&size=14999&");
	free(text);
}

static void report_of_ten_thousand_mechanisms_has_their_cards(void **state)
{
	struct sample *rows = new_rows();
	char *text, name[32];

	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "channel/x-%05zu", i);
		rows[i] = row_with((struct at){.mechanism = name}, 5000 + (double)i);
	}
	text = report_in_time(*state, rows, MANY);
	assert_int_equal(count_lines(text, "### channel/x-"), MANY);
	assert_int_equal(count_lines(text, "Evidence: 1 trials ok"), MANY);
	check_end(text, "`channel/x-09999/");
	free(text);
}

static void report_of_two_cells_of_five_thousand_trials_compares_them(void **state)
{
	struct sample *rows = new_rows();
	char *text;

	for (size_t i = 0; i < MANY; i++)
		rows[i] = row_with((struct at){.mechanism = i % 2 ? "channel/pipe" : "channel/fifo",
					   .block = (double)(i / 2)},
			5000 + (double)(i % 2) * 1000 + (double)(i % 7));
	text = report_in_time(*state, rows, MANY);
	check_says(text, "| sleeps | channel/fifo | 5.00 us [5.00 .. 5.00 us] | 100 ns | 5000 |  | "
			 " |");
	check_says(strstr(text, "| `channel/fifo/"), "| 5000 | 0 | |\n");
	check_says(strstr(text, "| `channel/pipe/"), "| 5000 | 0 | |\n");
	free(text);
}

/* ---- the full matrix ------------------------------------------------------- */

/* A row as the cell would have it, of an invented figure. */
static struct sample row_of(const char *key, double block)
{
	struct cell c;
	struct sample s;
	char err[200], fan[32];

	if (cell_parse(&c, key, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	s = row_with((struct at){.mechanism = c.mech->name,
			     .workload = c.workload->name,
			     .domain = domain_name(c.domain),
			     .wait = wait_name(c.wait),
			     .placement = c.placement,
			     .bytes = c.msg_bytes,
			     .block = block},
		1000 + (double)strlen(key) + block);
	cell_make_key(&c);
	assert_string_equal(c.key, key);
	cell_capacity(&c, s.capacity, sizeof(s.capacity));
	cell_fan(&c, fan, sizeof(fan));
	(void)snprintf(s.cell, sizeof(s.cell), "%s", c.key);
	(void)snprintf(s.family, sizeof(s.family), "%s", family_name(c.mech->family));
	if (c.domain == DOMAIN_PROCESS)
		(void)snprintf(s.start, sizeof(s.start), "%s", start_name(c.start));
	s.producers = c.side_a;
	s.consumers = workload_one_role(c.workload) ? NAN : (double)c.side_b;
	s.msg_bytes = c.msg_bytes ? (double)c.msg_bytes : NAN;
	return s;
}

/* Rows of every cell of a shipped matrix, as this machine would plan it. */
static struct sample *rows_of_matrix(const char *matrix, size_t blocks, size_t *n)
{
	const char *bin = getenv("HANDOFF_BIN");
	char command[300], line[LINE_BYTES];
	size_t room = 1 << 15;
	struct sample *rows = calloc(room, sizeof(*rows));
	FILE *plan;

	assert_non_null(rows);
	(void)snprintf(command, sizeof(command), "%s run --matrix %s --dry-run",
		bin ? bin : "build/release/handoff", matrix);
	plan = popen(command, "re");
	assert_non_null(plan);
	*n = 0;
	while (fgets(line, sizeof(line), plan)) {
		char *skip = strstr(line, "  skip: "), *search = strstr(line, "  rate found");

		if (!strchr(line, '?') || line[0] == ' ')
			continue;
		line[strcspn(line, "\n")] = '\0';
		if (skip)
			*skip = '\0';
		if (search)
			*search = '\0';
		for (size_t b = 0; b < blocks && *n < room; b++) {
			rows[*n] = row_of(line, (double)b);
			if (skip)
				set_bad(&rows[*n], "skip", "this machine has no such pair");
			(*n)++;
		}
	}
	assert_int_equal(pclose(plan), 0);
	assert_in_range(*n, 1, room - 1);
	return rows;
}

static const char environment[] = "key,value,reason\ncpu_model,Some CPU,\nkernel,6.1.0,\n";

/* Every reference of the prose has its rows in a run of the matrix that is kept. */
static void report_of_the_full_matrix_has_all_that_the_prose_refers_to(void **state)
{
	const char *dir = *state;
	char err[1000] = "", path[300], *text;
	size_t n;
	struct sample *rows = rows_of_matrix("full", 3, &n);

	write_samples(dir, rows, n);
	free(rows);
	append_text(dir, "environment.csv", environment);
	(void)snprintf(path, sizeof(path), "%s/plots", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	append_text(dir, "plots/pictures.csv", "name,title,why\nthroughput-thread,T,\n");
	append_text(dir, "plots/throughput-thread.svg", "<svg/>");
	if (report_make(dir, &demanding, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	text = read_text_file(dir, "REPORT.md");
	check_says(text, "![T](plots/throughput-thread.svg)");
	assert_null(strstr(text, "not in this run"));
	assert_null(strstr(text, "Not in this run"));
	free(text);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(report_of_ten_thousand_cells_ends_with_the_last),
		IN_DIR(report_of_ten_thousand_reasons_lists_each),
		IN_DIR(report_of_ten_thousand_mechanisms_has_their_cards),
		IN_DIR(report_of_two_cells_of_five_thousand_trials_compares_them),
		IN_DIR(report_of_the_full_matrix_has_all_that_the_prose_refers_to),
	};

	return cmocka_run_group_tests_name("report_many", tests, NULL, NULL);
}
