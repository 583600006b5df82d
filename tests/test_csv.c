/*
 * CSV: rows byte by byte, files through the reader, and every way a file can be bad.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/csv.h"
#include "tests/support.h"

enum { ROWS_TEXT = 4096, ERR_BYTES = 300 };

static char dir[] = "/tmp/test_csv_XXXXXX";
static char path[sizeof(dir) + 8];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/f.csv", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

/* What a reading delivered: "line|field|field;" for each row. */
struct reading {
	int rc;
	size_t rows, stop_at;
	char text[ROWS_TEXT], err[ERR_BYTES];
};

static int note_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reading *r = ctx;
	size_t at = strlen(r->text);

	if (at + 40 < ROWS_TEXT)
		at += (size_t)snprintf(r->text + at, ROWS_TEXT - at, "%d", (int)line);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(strlen(field[i]), len[i]);
		if (at + len[i] + 40 < ROWS_TEXT) /* what does not fit is counted only */
			at += (size_t)snprintf(r->text + at, ROWS_TEXT - at, "|%s", field[i]);
	}
	snprintf(r->text + at, ROWS_TEXT - at, ";");
	return ++r->rows == r->stop_at ? 77 : 0;
}

static void write_file(const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static void read_back(struct reading *r, struct csv_limits *limits)
{
	memset(r->text, 0, sizeof(r->text));
	memset(r->err, 0, sizeof(r->err));
	r->rows = 0;
	r->rc = csv_read_file(path, limits, note_row, r, r->err, sizeof(r->err));
}

static void check_rows(const char *file, const char *rows)
{
	struct reading r = {0};
	struct csv_limits limits = {0};

	write_file(file, strlen(file));
	read_back(&r, &limits);
	assert_string_equal(r.err, "");
	assert_int_equal(r.rc, 0);
	assert_string_equal(r.text, rows);
	assert_int_equal(limits.rows, r.rows);
	assert_false(limits.truncated_tail);
}

/* where: "line" or "line:column". */
static void check_bad(const char *file, size_t n, const char *where, const char *what)
{
	struct reading r = {0};
	struct csv_limits limits = {.max_row_bytes = 200, .max_field_bytes = 100, .max_columns = 4};
	char start[100];

	write_file(file, n);
	read_back(&r, &limits);
	assert_int_equal(r.rc, -EINVAL);
	snprintf(start, sizeof(start), "%s:%s: ", path, where);
	assert_memory_equal(r.err, start, strlen(start));
	assert_non_null(strstr(r.err, what));
}

#define CHECK_BAD(file, where, what) check_bad((file), sizeof(file) - 1, (where), (what))

static void check_line(struct csv_row *row, const char *expect)
{
	assert_int_equal(csv_row_end(row), 0);
	assert_int_equal(row->len, strlen(expect));
	assert_memory_equal(row->buf, expect, row->len);
	csv_row_reset(row);
}

static void csv_quotes_only_where_it_must(void **state)
{
	struct csv_row row = {0};

	(void)state;
	csv_row_text(&row, "channel/pipe");
	csv_row_text(&row, "a,b");
	csv_row_text(&row, "say \"x\"");
	csv_row_text(&row, "two\nlines");
	csv_row_text(&row, " edge");
	csv_row_text(&row, "in side");
	csv_row_text(&row, "=1+2");
	csv_row_text(&row, NULL);
	csv_row_empty(&row);
	check_line(&row,
		"channel/pipe,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" edge\",in side,=1+2,,\n");
	csv_row_text(&row, "");
	check_line(&row, "\"\"\n"); /* a blank line would be no row */
	csv_row_free(&row);
}

static void write_numbers(struct csv_row *row)
{
	csv_row_u64(row, UINT64_MAX);
	csv_row_i64(row, INT64_MIN);
	csv_row_f64(row, 1234.5678, 2);
	csv_row_f64(row, -0.001, 2);
	csv_row_f64(row, NAN, 2);
	csv_row_f64(row, -INFINITY, CSV_SHORT);
	csv_row_f64(row, 0.1, CSV_SHORT);
	csv_row_f64(row, 1234567.8, CSV_SHORT);
	csv_row_f64(row, 100, CSV_SHORT);
	csv_row_f64(row, 0, CSV_SHORT);
	csv_row_f64(row, 0.000001234567, CSV_SHORT);
	csv_row_f64(row, 3.14159265, CSV_SHORT);
	check_line(row, "18446744073709551615,-9223372036854775808,1234.57,0.00,,,0.1,1234568,100,"
			"0,0.00000123457,3.14159\n");
}

static void csv_writes_numbers_without_exponent_or_nan(void **state)
{
	struct csv_row row = {0};

	(void)state;
	write_numbers(&row);
	csv_row_f64(&row, DBL_MAX, 99);
	assert_int_equal(row.len, 309 + 1 + 60);
	csv_row_free(&row);
}

static double written_and_read(double value)
{
	struct csv_row row = {0};
	char text[512];

	csv_row_f64(&row, value, CSV_SHORT);
	assert_true(row.len < sizeof(text));
	memcpy(text, row.buf, row.len);
	text[row.len] = '\0';
	csv_row_free(&row);
	return strtod(text, NULL);
}

static void a_short_number_is_known_before_it_is_read_again(void **state)
{
	/* of seven digits and more none is lost: rounded to six, the first would be another */
	static const double edges[] = {1234565.3, 999999.6, 0.99999996, 1e-7, 0, -0.001, 2e15};
	uint64_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		assert_true(csv_short(edges[i]) == written_and_read(edges[i]));
	for (int i = 0; i < 100000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		double v = exp((double)(x >> 40) / (double)(1 << 24) * 60 - 30);

		assert_true(csv_short(v) == written_and_read(v));
		assert_true(csv_short(csv_short(v)) == csv_short(v));
	}
	assert_true(isnan(csv_short(INFINITY)));
}

static void csv_numbers_do_not_depend_on_the_locale(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "ps_AF"};
	struct csv_row row = {0};
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!setlocale(LC_ALL, names[i]))
			continue;
		tried++;
		write_numbers(&row);
	}
	setlocale(LC_ALL, "C");
	csv_row_free(&row);
	if (!tried)
		skip_because("no locale with another decimal point is installed");
}

static void csv_reads_back_the_bytes_it_wrote(void **state)
{
	static const char alphabet[] = "a,\"\r\n \t=#;\xc3\xa9";
	struct csv_row row = {0};
	uint64_t seed = 99;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct reading r = {0};
		char fields[3][12] = {"", "", ""}, expect[100];
		for (size_t i = 0; i < 33; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			fields[i / 11][i % 11] = alphabet[(seed >> 33) % sizeof(alphabet)];
		}
		for (size_t i = 0; i < 3; i++)
			csv_row_text(&row, fields[i]);
		assert_int_equal(csv_row_end(&row), 0);
		write_file(row.buf, row.len);
		csv_row_reset(&row);
		read_back(&r, NULL);
		snprintf(expect, sizeof(expect), "1|%s|%s|%s;", fields[0], fields[1], fields[2]);
		assert_string_equal(r.err, "");
		assert_string_equal(r.text, expect);
	}
	csv_row_free(&row);
}

static void csv_row_write_puts_the_row_into_a_file(void **state)
{
	struct csv_row row = {0};
	struct reading r = {0};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	csv_row_text(&row, "a");
	assert_int_equal(csv_row_end(&row), 0);
	assert_int_equal(csv_row_write(&row, fd), 0);
	assert_int_equal(csv_row_write(&row, full), -ENOSPC);
	close(fd);
	close(full);
	read_back(&r, NULL);
	assert_string_equal(r.text, "1|a;");
	csv_row_free(&row);
}

static void csv_reads_rows_with_their_lines(void **state)
{
	(void)state;
	check_rows("", "");
	check_rows("a,b\n1,2\n", "1|a|b;2|1|2;");
	check_rows("a,b\r\n1,2\r\n", "1|a|b;2|1|2;");
	check_rows("a,b\n\n\r\n1,2\n", "1|a|b;4|1|2;");
	check_rows("a,b\n\"x\ny\",2\n,\n", "1|a|b;2|x\ny|2;4||;");
	check_rows("a,b\n\"\ny\",2\n3,4\n", "1|a|b;2|\ny|2;4|3|4;");
	check_rows("a,b\n\" x \", y \n", "1|a|b;2| x | y ;");
	check_rows("\xef\xbb\xbf\"a\",b\n1,2\n", "1|a|b;2|1|2;");
	check_rows("a\n\"\"\n", "1|a;2|;");
}

static void csv_drops_and_reports_an_incomplete_last_line(void **state)
{
	static const char *const tails[] = {"1", "1,2", "1,\"x", "1,2\r", "1,2,3", "\r"};
	struct reading r = {0};
	char file[64];

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct csv_limits limits = {0};
		snprintf(file, sizeof(file), "a,b\n5,6\n%s", tails[i]);
		write_file(file, strlen(file));
		read_back(&r, &limits);
		assert_int_equal(r.rc, 0);
		assert_string_equal(r.text, "1|a|b;2|5|6;");
		assert_true(limits.truncated_tail);
	}
}

static void csv_says_where_a_file_is_bad(void **state)
{
	(void)state;
	CHECK_BAD("a,b\n1\n", "2:2", "1 fields, but the header has 2");
	CHECK_BAD("a,b\n1\r\n", "2:2", "1 fields, but the header has 2");
	CHECK_BAD("a,b\n\n1,2,3\n", "3:5", "3 fields");
	CHECK_BAD("a,b\n1,2,\n", "2:5", "3 fields");
	CHECK_BAD("a,b\n\"1,\"\",\",2,3,4\n", "2:11", "4 fields"); /* within quotes is none */
	CHECK_BAD("a,b\n\"1\n,2\"\n", "3:4", "1 fields");          /* the row ends there */
	CHECK_BAD("a,b\n1,\"x\n3,4\n", "2", "never closed");
	CHECK_BAD("a,b\n1,\"x\n3,4", "2", "never closed");
	CHECK_BAD("a,b\n1,x\"y\n", "2:4", "misplaced quote");
	CHECK_BAD("a,b\n1,\"x\"y\n", "2:6", "misplaced quote");
	CHECK_BAD("a,b\n1,\0\n", "2:3", "NUL");
	CHECK_BAD("a,b\n1,2\r3,4\n", "2", "carriage return");
	CHECK_BAD("a,b\n\r1,2\n", "2", "carriage return");
	CHECK_BAD("a,b,c,d,e\n", "1", "more than 4 columns");
}

static void csv_keeps_to_its_limits(void **state)
{
	char file[300] = "a,b\n";

	(void)state;
	memset(file + 4, 'x', 101);
	memcpy(file + 105, ",1\n", 3);
	check_bad(file, 108, "2", "field 1 has 101 bytes");
	memset(file + 4, 'x', 250);
	check_bad(file, 254, "2", "longer than the limit of 200 bytes");
	memset(file + 4, '\n', 250);
	file[4] = '"';
	check_bad(file, 254, "2", "longer than the limit of 200 bytes");
}

/* Rows of 37 bytes meet the chunk boundary at every offset. */
static void csv_reads_across_chunk_boundaries(void **state)
{
	enum { N = 20000, ROW = 37 };
	struct reading r = {0};
	char *file = malloc((size_t)N * ROW + 1);

	(void)state;
	assert_non_null(file);
	for (size_t i = 0; i < N; i++)
		snprintf(file + i * ROW, ROW + 1, "%08zu,\"%s\"\r\n", i,
			i % 2 ? "xxxxxxxxxxx\r\nyyyyyyyyyyy" : "xxxxxxxxxxx\"\"yyyyyyyyyyy");
	write_file(file, (size_t)N * ROW);
	read_back(&r, NULL);
	assert_string_equal(r.err, "");
	assert_int_equal(r.rows, N);
	assert_memory_equal(r.text, "1|00000000|xxxxxxxxxxx\"yyyyyyyyyyy;2|00000001|", 46);
	free(file);
}

static void csv_stops_where_the_callback_says(void **state)
{
	struct reading r = {.stop_at = 2};

	(void)state;
	write_file("a\n1\n2\n", 6);
	read_back(&r, NULL);
	assert_int_equal(r.rc, 77);
	assert_int_equal(r.rows, 2);
}

static void csv_refuses_what_is_no_regular_file_without_waiting(void **state)
{
	struct reading r = {0};

	(void)state;
	unlink(path);
	read_back(&r, NULL);
	assert_int_equal(r.rc, -ENOENT);
	assert_non_null(strstr(r.err, "No such file"));
	assert_int_equal(mkfifo(path, 0600), 0);
	read_back(&r, NULL);
	assert_int_equal(r.rc, -EINVAL);
	assert_non_null(strstr(r.err, "not a regular file"));
	unlink(path);
	assert_true(csv_read_file(dir, NULL, note_row, &r, r.err, sizeof(r.err)) < 0);
	assert_non_null(strstr(r.err, "not a regular file"));
}

static void csv_finds_columns_by_name(void **state)
{
	static const char *const names[] = {"key", "p50_ns", "p99_ns"};

	(void)state;
	assert_int_equal(csv_header_find(names, 3, "p99_ns"), 2);
	assert_int_equal(csv_header_find(names, 3, "p99"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_quotes_only_where_it_must),
		cmocka_unit_test(csv_writes_numbers_without_exponent_or_nan),
		cmocka_unit_test(a_short_number_is_known_before_it_is_read_again),
		cmocka_unit_test(csv_numbers_do_not_depend_on_the_locale),
		cmocka_unit_test(csv_reads_back_the_bytes_it_wrote),
		cmocka_unit_test(csv_row_write_puts_the_row_into_a_file),
		cmocka_unit_test(csv_reads_rows_with_their_lines),
		cmocka_unit_test(csv_drops_and_reports_an_incomplete_last_line),
		cmocka_unit_test(csv_says_where_a_file_is_bad),
		cmocka_unit_test(csv_keeps_to_its_limits),
		cmocka_unit_test(csv_reads_across_chunk_boundaries),
		cmocka_unit_test(csv_stops_where_the_callback_says),
		cmocka_unit_test(csv_refuses_what_is_no_regular_file_without_waiting),
		cmocka_unit_test(csv_finds_columns_by_name),
	};

	return cmocka_run_group_tests_name("csv", tests, make_dir, remove_dir);
}
