/* samples.csv: the columns, what is written comes back, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "tests/sample_rows.h"
#include "tests/support.h"

/* The order is for ever: readers of old files count on it. */
static const char first_columns[] =
	"schema_version,run_id,timestamp_utc,host,cell,family,mechanism,impl,workload,domain,start,"
	"producers,consumers,procs,msg_bytes,capacity,wait,params,placement,cpus,workers_per_pu,"
	"loop,rate_per_s,block,order,side,rep,attempt,status,reason,quality,quality_reason,ops,"
	"elapsed_ns,ops_per_s,bytes_per_s,kind,lat_count,lat_min_ns,lat_p50_ns,lat_p90_ns,"
	"lat_p99_ns,lat_p999_ns,lat_p9999_ns,lat_max_ns,lat_mean_ns,cpu_ns_per_op,"
	"cpu_user_ns_per_op,cpu_sys_ns_per_op,ctx_voluntary_per_op,ctx_involuntary_per_op,"
	"runq_wait_ns,minor_faults,migrations,steal_pct,full_waits_per_op,empty_waits_per_op,"
	"start_skew_ns,overlap_pct,fairness,lost,duplicated,reordered,corrupt,clock,clock_cost_ns";

struct reading {
	char path[300], err[400];
	struct sample *row;
	size_t n;
	int code;
};

static void read_samples(struct reading *r, const char *dir)
{
	*r = (struct reading){0};
	(void)snprintf(r->path, sizeof(r->path), "%s/samples.csv", dir);
	r->code = samples_read(r->path, &r->row, &r->n, r->err, sizeof(r->err));
}

/* Refused, nothing handed out, and the sentence says so. */
static void check_refused(const char *dir, const char *words)
{
	struct reading r;

	read_samples(&r, dir);
	assert_true(r.code < 0);
	assert_null(r.row);
	if (!strstr(r.err, words))
		fail_msg("\"%s\" does not say \"%s\"", r.err, words);
	assert_non_null(strstr(r.err, "samples.csv"));
}

/* Rows as text, the value of one column replaced. */
static void write_with(const char *dir, const char *column, const char *value)
{
	struct sample s = row_with((struct at){0}, 1000);
	struct csv_row row = {0};
	size_t n;
	const char *const *name = samples_columns(&n);
	char *line, *save = NULL, *field;
	size_t i = 0;

	samples_header(&row);
	append_text(dir, "samples.csv", strndupa(row.buf, row.len));
	csv_row_reset(&row);
	samples_row(&row, &s);
	line = strndupa(row.buf, row.len - 1);
	csv_row_reset(&row);
	for (save = line; (field = strsep(&save, ",")) != NULL; i++)
		csv_row_text(&row, strcmp(name[i], column) == 0 ? value : field);
	assert_int_equal(i, n);
	csv_row_end(&row);
	append_text(dir, "samples.csv", strndupa(row.buf, row.len));
	csv_row_free(&row);
}

static void samples_columns_stand_in_the_published_order(void **state)
{
	struct csv_row row = {0};

	(void)state;
	samples_header(&row);
	assert_true(row.len >= sizeof(first_columns));
	assert_memory_equal(row.buf, first_columns, sizeof(first_columns) - 1);
	assert_non_null(memchr(",\n", row.buf[sizeof(first_columns) - 1], 2)); /* or later ones */
	csv_row_free(&row);
}

static void samples_manual_has_every_column(void **state)
{
	char *manual = read_text_file("results", "README.md"), quoted[80];
	size_t n;
	const char *const *name = samples_columns(&n);

	(void)state;
	if (!manual)
		skip_because("results/README.md is not there");
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(quoted, sizeof(quoted), "`%s`", name[i]);
		if (!strstr(manual, quoted))
			fail_msg("results/README.md does not explain %s", quoted);
	}
	free(manual);
}

static void samples_rows_come_back_as_they_were_written(void **state)
{
	struct sample s = row_with((struct at){.domain = "process", .block = 3}, 1234.5);
	struct reading r;

	(void)snprintf(s.reason, sizeof(s.reason), "two\nlines, \"quoted\"");
	(void)snprintf(s.cpus, sizeof(s.cpus), "0 1");
	s.bytes_per_s = 123456789012;
	s.ctx_voluntary_per_op = 0.000814996;
	write_samples(*state, &s, 1);
	read_samples(&r, *state);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.row->reason, s.reason);
	assert_string_equal(r.row->cell, s.cell);
	assert_string_equal(r.row->start, "fork");
	assert_true(r.row->bytes_per_s == 123456789012);
	assert_true(r.row->lat_p50_ns == 1234.5);
	assert_true(fabs(r.row->ctx_voluntary_per_op - 0.000814996) < 1e-9);
	assert_true(isnan(r.row->lat_p99_ns));
	assert_string_equal(r.row->params, "");
	free(r.row);
}

/* Every column by itself: a wrong offset in the table would show as another column's value. */
static void samples_columns_are_each_their_own_field(void **state)
{
	size_t n;
	const char *const *name = samples_columns(&n);
	struct csv_row row = {0};
	struct reading r;
	char text[24], *again;

	write_samples(*state, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "%zu", i);
		csv_row_text(&row, i == 0 ? "1" : text);
	}
	csv_row_end(&row);
	append_text(*state, "samples.csv", again = strndup(row.buf, row.len));
	read_samples(&r, *state);
	assert_int_equal(r.n, 1);
	assert_string_equal(name[3], "host");
	assert_string_equal(r.row->host, "3");
	csv_row_reset(&row);
	samples_row(&row, r.row);
	assert_int_equal(row.len, strlen(again));
	assert_memory_equal(row.buf, again, row.len);
	csv_row_free(&row);
	free(again);
	free(r.row);
}

static void samples_write_whole_numbers_without_a_point(void **state)
{
	struct sample s = row_with((struct at){0}, 1000);
	char *text;

	s.lat_max_ns = 1657911128;
	write_samples(*state, &s, 1);
	text = read_text_file(*state, "samples.csv");
	assert_non_null(strstr(text, ",1657911128,"));
	assert_null(strstr(text, "1657911128."));
	assert_null(strstr(text, "e+"));
	assert_null(strstr(text, "nan"));
	free(text);
}

static void samples_drop_a_last_line_that_was_cut_off(void **state)
{
	struct sample rows[2] = {row_with((struct at){0}, 1000), row_with((struct at){0}, 2000)};
	struct reading r;

	write_samples(*state, rows, 2);
	append_text(*state, "samples.csv", "1,run-1,2026-01-02T03:04:05Z,vm,channel/pi");
	read_samples(&r, *state);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.n, 2);
	assert_true(r.row[1].lat_p50_ns == 2000);
	free(r.row);
}

static void samples_refuse_another_schema(void **state)
{
	write_with(*state, "schema_version", "2");
	check_refused(*state, "schema 2");
}

static void samples_refuse_a_row_without_a_schema(void **state)
{
	write_with(*state, "schema_version", "");
	check_refused(*state, "schema");
}

static void samples_refuse_what_is_no_number(void **state)
{
	static const char *const bad[] = {"12x", "nan", "inf", "0x10", " 7", "1e999", "-", "1,5"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char path[300];

		write_with(*state, "ops_per_s", bad[i]);
		check_refused(*state, "samples.csv:2: ops_per_s is no number");
		(void)snprintf(path, sizeof(path), "%s/samples.csv", (char *)*state);
		assert_int_equal(unlink(path), 0);
	}
}

static void samples_refuse_a_text_that_does_not_fit(void **state)
{
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	write_with(*state, "cell", text);
	check_refused(*state, "samples.csv:2: cell has 399 bytes");
}

static void samples_refuse_a_file_without_their_columns(void **state)
{
	append_text(*state, "samples.csv", "key,value,reason\nhost,vm,\n");
	check_refused(*state, "no column schema_version");
}

static void samples_refuse_an_empty_file_and_none(void **state)
{
	check_refused(*state, "samples.csv");
	append_text(*state, "samples.csv", "");
	check_refused(*state, "empty");
}

static void samples_of_a_header_alone_are_no_rows(void **state)
{
	struct reading r;

	write_samples(*state, NULL, 0);
	read_samples(&r, *state);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.n, 0);
	free(r.row);
}

static void samples_take_columns_that_a_later_version_appended(void **state)
{
	struct sample s = row_with((struct at){0}, 1000);
	struct csv_row row = {0};
	struct reading r;

	samples_header(&row);
	append_text(*state, "samples.csv", strndupa(row.buf, row.len - 1));
	append_text(*state, "samples.csv", ",later\n");
	csv_row_reset(&row);
	samples_row(&row, &s);
	append_text(*state, "samples.csv", strndupa(row.buf, row.len - 1));
	append_text(*state, "samples.csv", ",7\n");
	csv_row_free(&row);
	read_samples(&r, *state);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.n, 1);
	assert_true(r.row->lat_p50_ns == 1000);
	free(r.row);
}

/* The first n columns of a line that ends; no field of the row has a comma in it. */
static void append_columns(const char *dir, const struct csv_row *row, size_t n)
{
	char *line = strndupa(row->buf, row->len - 1), *end = line;

	for (; n > 1; n--)
		end = strchr(end, ',') + 1;
	*strchr(end, ',') = '\0';
	append_text(dir, "samples.csv", line);
	append_text(dir, "samples.csv", "\n");
}

/* Intervals of percentiles came in two steps: files of before the second one are read. */
static void samples_of_before_a_column_was_appended_leave_it_empty(void **state)
{
	struct sample s = row_with((struct at){0}, 1000);
	struct csv_row row = {0};
	struct reading r;
	size_t n, kept = 0;
	const char *const *name = samples_columns(&n);

	while (kept < n && strcmp(name[kept], "lat_p90_lo_ns") != 0)
		kept++;
	assert_int_equal(n - kept, 7 * 3); /* of seven percentiles, and the last columns so far */
	s.callbacks_failed = 3;
	s.lat_p90_lo_ns = s.joined_p99_beyond = 5;
	samples_header(&row);
	append_columns(*state, &row, kept);
	csv_row_reset(&row);
	samples_row(&row, &s);
	append_columns(*state, &row, kept);
	csv_row_free(&row);
	read_samples(&r, *state);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.n, 1);
	assert_true(r.row->callbacks_failed == 3 && r.row->lat_p50_ns == 1000);
	assert_true(isnan(r.row->lat_p90_lo_ns) && isnan(r.row->joined_p99_beyond));
	free(r.row);
}

static void samples_are_usable_when_ok_and_plain(void **state)
{
	struct sample s = row_with((struct at){0}, 1000);

	(void)state;
	assert_true(sample_usable(&s, true));
	set_noisy(&s);
	assert_true(sample_usable(&s, false));
	assert_false(sample_usable(&s, true));
	(void)snprintf(s.loop, sizeof(s.loop), "probed");
	assert_false(sample_usable(&s, false));
	(void)snprintf(s.loop, sizeof(s.loop), "plain");
	set_bad(&s, "timeout", "took too long");
	assert_false(sample_usable(&s, false));
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_columns_stand_in_the_published_order),
		cmocka_unit_test(samples_manual_has_every_column),
		IN_DIR(samples_rows_come_back_as_they_were_written),
		IN_DIR(samples_columns_are_each_their_own_field),
		IN_DIR(samples_write_whole_numbers_without_a_point),
		IN_DIR(samples_drop_a_last_line_that_was_cut_off),
		IN_DIR(samples_refuse_another_schema),
		IN_DIR(samples_refuse_a_row_without_a_schema),
		IN_DIR(samples_refuse_what_is_no_number),
		IN_DIR(samples_refuse_a_text_that_does_not_fit),
		IN_DIR(samples_refuse_a_file_without_their_columns),
		IN_DIR(samples_refuse_an_empty_file_and_none),
		IN_DIR(samples_of_a_header_alone_are_no_rows),
		IN_DIR(samples_take_columns_that_a_later_version_appended),
		IN_DIR(samples_of_before_a_column_was_appended_leave_it_empty),
		cmocka_unit_test(samples_are_usable_when_ok_and_plain),
	};

	return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
