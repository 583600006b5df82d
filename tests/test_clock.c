/*
 * Clock: the rate that it finds, conversions, the fall-back, the offset of two
 * CPUs.  A busy machine spoils single readings, so what depends on time gets
 * several tries.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "harness/clock.h"
#include "tests/support.h"

enum { TRIES = 10, STRETCH_NS = 50 * 1000 * 1000, READS = 100 * 1000 };

static uint64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Over 50 ms by the system's clock: how far off ours is, in permille. */
static int64_t permille_off(const struct clock *c)
{
	const struct timespec nap = {.tv_nsec = STRETCH_NS};
	uint64_t raw = raw_ns(), ticks = clock_read(c), ns;

	nanosleep(&nap, NULL);
	raw = raw_ns() - raw;
	ns = clock_ns(c, clock_read(c) - ticks);
	return ((int64_t)ns - (int64_t)raw) * 1000 / (int64_t)raw;
}

static void check_rate(const struct clock *c)
{
	int64_t off = INT64_MAX;

	for (int i = 0; i < TRIES && (off < -10 || off > 10); i++)
		off = permille_off(c);
	assert_in_range(off + 10, 0, 20);
}

static void clock_agrees_with_the_system_within_a_percent(void **state)
{
	struct clock c;
	char why[128] = "?";

	(void)state;
	clock_calibrate(&c, false, why, sizeof(why));
	check_rate(&c);
	/* either the counter is used, or it is said why not */
	assert_int_equal(why[0] == '\0', c.source != CLOCK_SOURCE_GETTIME);
	assert_true(c.hz > 0 && c.step_ns_x100 > 0);
}

static void clock_falls_back_to_nanoseconds_of_the_system(void **state)
{
	struct clock c;
	char why[128] = "";

	(void)state;
	clock_calibrate(&c, true, why, sizeof(why));
	assert_int_equal(c.source, CLOCK_SOURCE_GETTIME);
	assert_string_equal(clock_source_name(c.source), "monotonic_raw");
	assert_non_null(strstr(why, "asked for"));
	assert_int_equal(c.hz, 1000000000);
	assert_int_equal(c.offset_bound_ns, 0);
	assert_int_equal(clock_ns(&c, 12345), 12345);
	assert_int_equal(clock_ticks(&c, 12345), 12345);
	check_rate(&c);
	clock_calibrate(&c, true, NULL, 0); /* nobody asks why */
}

static void clock_never_runs_backwards_in_one_thread(void **state)
{
	(void)state;
	for (int gettime = 0; gettime < 2; gettime++) {
		struct clock c;
		uint64_t last;

		clock_calibrate(&c, gettime != 0, NULL, 0);
		last = clock_read(&c);
		for (int i = 0; i < READS; i++) {
			uint64_t now = clock_read(&c);

			assert_true(now >= last);
			last = now;
		}
	}
}

/* A clock of a given rate, not of this machine. */
static struct clock clock_of(uint64_t hz)
{
	return (struct clock){
		.hz = hz, .ns_per_tick_q32 = (uint64_t)(((clock_u128)1000000000 << 32) / hz)};
}

static void clock_converts_there_and_back_without_loss(void **state)
{
	static const uint64_t hz[] = {24000000, 1000000000, 2445000000, 5999999999};
	/* up to a year, beyond what a double keeps */
	static const uint64_t ns[] = {0, 1, 9, 10, 999, 123456789, UINT64_C(9007199254740993),
		UINT64_C(31536000000000000)};

	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hz); h++) {
		struct clock c = clock_of(hz[h]);
		uint64_t tick_ns = 1000000000 / hz[h] + 1;

		for (size_t i = 0; i < ARRAY_LEN(ns); i++) {
			uint64_t back = clock_ns(&c, clock_ticks(&c, ns[i]));

			/* rounded up to a tick, down to a nanosecond */
			assert_true(back + 1 >= ns[i] && back <= ns[i] + tick_ns);
		}
	}
}

static void clock_rounds_ticks_up_so_that_no_wait_is_short(void **state)
{
	struct clock c = clock_of(24000000); /* 41.67 ns a tick */

	(void)state;
	assert_int_equal(clock_ticks(&c, 0), 0);
	assert_int_equal(clock_ticks(&c, 1), 1);
	assert_int_equal(clock_ticks(&c, 41), 1);
	assert_int_equal(clock_ticks(&c, 42), 2);
}

/* The first two CPUs that this process may use. */
static bool two_cpus(unsigned cpu[2], cpu_set_t *set)
{
	unsigned n = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(*set), set), 0);
	for (unsigned i = 0; i < CPU_SETSIZE && n < 2; i++) {
		if (CPU_ISSET(i, set))
			cpu[n++] = i;
	}
	return n == 2;
}

static void clock_bounds_the_offset_of_two_cpus(void **state)
{
	struct clock c;
	cpu_set_t before, after;
	unsigned cpu[2];
	uint64_t bound;

	(void)state;
	if (!two_cpus(cpu, &before))
		skip_because("one CPU: there is no offset to bound");
	clock_calibrate(&c, false, NULL, 0);
	assert_int_equal(clock_bound_offset(&c, cpu[0], cpu[1]), 0);
	assert_true(c.offset_bound_ns != UINT64_MAX);
	bound = c.offset_bound_ns;
	assert_int_equal(clock_bound_offset(&c, cpu[1], cpu[0]), 0);
	assert_true(c.offset_bound_ns >= bound); /* only ever raised */
	sched_getaffinity(0, sizeof(after), &after);
	assert_true(CPU_EQUAL(&before, &after));
}

static void clock_says_when_it_cannot_bound_the_offset(void **state)
{
	struct clock c;
	cpu_set_t before, after;
	unsigned cpu[2] = {0, 0};

	(void)state;
	two_cpus(cpu, &before); /* the first of them will do */
	clock_calibrate(&c, true, NULL, 0);
	c.offset_bound_ns = 77;
	assert_true(clock_bound_offset(&c, CPU_SETSIZE, cpu[0]) < 0);
	assert_true(clock_bound_offset(&c, CPU_SETSIZE - 1, cpu[0]) < 0);
	assert_true(clock_bound_offset(&c, cpu[0], CPU_SETSIZE) < 0);
	assert_true(clock_bound_offset(&c, cpu[0], CPU_SETSIZE - 1) < 0);
	assert_int_equal(c.offset_bound_ns, 77);
	sched_getaffinity(0, sizeof(after), &after);
	assert_true(CPU_EQUAL(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_agrees_with_the_system_within_a_percent),
		cmocka_unit_test(clock_falls_back_to_nanoseconds_of_the_system),
		cmocka_unit_test(clock_never_runs_backwards_in_one_thread),
		cmocka_unit_test(clock_converts_there_and_back_without_loss),
		cmocka_unit_test(clock_rounds_ticks_up_so_that_no_wait_is_short),
		cmocka_unit_test(clock_bounds_the_offset_of_two_cpus),
		cmocka_unit_test(clock_says_when_it_cannot_bound_the_offset),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
