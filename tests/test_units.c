/*
 * Units: what is read, what is refused, what is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "bench/units.h"

struct reading {
	const char *text;
	uint64_t value;
};

static void units_reads_sizes(void **state)
{
	static const struct reading good[] = {{"0", 0}, {"64", 64}, {"64B", 64}, {"4k", 4096},
		{"64K", 65536}, {"64KiB", 65536}, {"1M", 1 << 20}, {"1.5M", 1536 * 1024},
		{"1 GiB", 1 << 30}, {"2T", UINT64_C(2) << 40},
		{"18446744073709551615", UINT64_MAX}};
	char err[200];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t v = 1;
		assert_int_equal(units_parse_bytes(good[i].text, &v, err, sizeof(err)), 0);
		assert_int_equal(v, good[i].value);
	}
}

static void units_refuses_what_is_no_size(void **state)
{
	static const char *const bad[] = {"", "K", "-1", "+1", " 1", "1 ", "4KB", "4x", "0x10",
		"1.K", ".5K", "0.3", "1.2.3K", "1  K", "1e3", "0.0000001T"};
	uint64_t v = 42;
	char err[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(units_parse_bytes(bad[i], &v, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "is not a size"));
	}
	assert_int_equal(units_parse_bytes("18446744073709551616", &v, err, sizeof(err)), -ERANGE);
	assert_int_equal(units_parse_bytes("16777216T", &v, err, sizeof(err)), -ERANGE);
	assert_int_equal(v, 42);
}

static void units_reads_times(void **state)
{
	static const struct reading good[] = {{"7ns", 7}, {"10us", 10000}, {"30ms", 30000000},
		{"2s", 2000000000}, {"1.5 s", 1500000000}, {"10m", UINT64_C(600000000000)},
		{"10min", UINT64_C(600000000000)}, {"1h", UINT64_C(3600000000000)}};
	char err[200];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t v = 1;
		assert_int_equal(units_parse_time_ns(good[i].text, 0, &v, err, sizeof(err)), 0);
		assert_int_equal(v, good[i].value);
	}
}

static void units_wants_a_unit_for_a_time(void **state)
{
	uint64_t v = 42;
	char err[200];

	(void)state;
	assert_int_equal(units_parse_time_ns("30", 0, &v, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "30ms"));
	assert_int_equal(units_parse_time_ns("0.5ns", 0, &v, err, sizeof(err)), -EINVAL);
	assert_int_equal(units_parse_time_ns("5d", 0, &v, err, sizeof(err)), -EINVAL);
	assert_int_equal(v, 42);
	assert_int_equal(units_parse_time_ns("30", 1000000, &v, err, sizeof(err)), 0);
	assert_int_equal(v, 30000000);
}

static void units_reads_whole_numbers_only(void **state)
{
	uint64_t v = 42;
	char err[200];

	(void)state;
	assert_int_equal(units_parse_u64("18446744073709551615", &v, err, sizeof(err)), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(units_parse_u64("18446744073709551616", &v, err, sizeof(err)), -ERANGE);
	assert_int_equal(units_parse_u64("", &v, err, sizeof(err)), -EINVAL);
	assert_int_equal(units_parse_u64("-1", &v, err, sizeof(err)), -EINVAL);
	assert_int_equal(units_parse_u64("1k", &v, err, sizeof(err)), -EINVAL);
}

static void check_ns(double ns, const char *expect)
{
	char buf[UNITS_TEXT_BYTES];

	assert_string_equal(units_format_ns(buf, sizeof(buf), ns), expect);
}

static void units_prints_three_significant_digits(void **state)
{
	(void)state;
	check_ns(0, "0.00 ns");
	check_ns(0.004, "0.00 ns");
	check_ns(0.056, "0.06 ns");
	check_ns(0.45, "0.45 ns");
	check_ns(0.999, "1.00 ns");
	check_ns(1.234, "1.23 ns");
	check_ns(9.996, "10.0 ns");
	check_ns(812, "812 ns");
	check_ns(999.4, "999 ns");
	check_ns(999.7, "1.00 us");
	check_ns(4310, "4.31 us");
	check_ns(12.04e6, "12.0 ms");
	check_ns(2.5e9, "2.50 s");
	check_ns(3600e9, "3600 s");
	check_ns(123456e9, "123000 s");
	check_ns(1e30, "1.00e21 s");
	check_ns(-4310, "-4.31 us");
	check_ns(NAN, "-");
	check_ns(INFINITY, "-");
}

static void units_prints_rates_and_bandwidths(void **state)
{
	char buf[UNITS_TEXT_BYTES];

	(void)state;
	assert_string_equal(units_format_rate(buf, sizeof(buf), 950), "950 /s");
	assert_string_equal(units_format_rate(buf, sizeof(buf), 1.2345e6), "1.23 M/s");
	assert_string_equal(units_format_bytes_per_s(buf, sizeof(buf), 12.3e9), "12.3 GB/s");
	assert_string_equal(units_format_bytes_per_s(buf, sizeof(buf), 640), "640 B/s");
}

static void units_prints_sizes_exactly_where_they_are_round(void **state)
{
	static const struct reading cases[] = {{"0 B", 0}, {"64 B", 64}, {"1023 B", 1023},
		{"1 KiB", 1024}, {"4097 B", 4097}, {"64 KiB", 65536}, {"9.77 KiB", 10001},
		{"1.23 MiB", 1289748}, {"1024 KiB", 1048575}, {"1 TiB", UINT64_C(1) << 40},
		{"16777216 TiB", UINT64_MAX}};
	char buf[UNITS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
			units_format_bytes(buf, sizeof(buf), cases[i].value), cases[i].text);
}

static void units_reads_back_the_sizes_it_prints(void **state)
{
	char buf[UNITS_TEXT_BYTES], err[200];

	(void)state;
	for (uint64_t bytes = 1; bytes < UINT64_C(1) << 50; bytes *= 2) {
		uint64_t v = 0;
		units_format_bytes(buf, sizeof(buf), bytes);
		assert_int_equal(units_parse_bytes(buf, &v, err, sizeof(err)), 0);
		assert_int_equal(v, bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_reads_sizes),
		cmocka_unit_test(units_refuses_what_is_no_size),
		cmocka_unit_test(units_reads_times),
		cmocka_unit_test(units_wants_a_unit_for_a_time),
		cmocka_unit_test(units_reads_whole_numbers_only),
		cmocka_unit_test(units_prints_three_significant_digits),
		cmocka_unit_test(units_prints_rates_and_bandwidths),
		cmocka_unit_test(units_prints_sizes_exactly_where_they_are_round),
		cmocka_unit_test(units_reads_back_the_sizes_it_prints),
	};

	/* Any locale with a decimal comma will do; without one the C locale has to. */
	if (!setlocale(LC_ALL, "de_DE.UTF-8"))
		setlocale(LC_ALL, "");
	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
