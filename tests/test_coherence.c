/*
 * From processor to processor: one pair, the matrix of all, and what is shown where some are
 * missing.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/coherence_map.h"
#include "bench/launch.h"
#include "harness/futex.h"
#include "tests/plot_scene.h"
#include "tests/support.h"

enum { ERR = 400, TRIES = 5, LINES = 4 };

#define PLENTY_NS UINT64_C(30000000000)

static struct topo *native(void)
{
	char err[ERR];
	struct topo *t = topo_open_native(err, sizeof(err));

	if (!t)
		fail_msg("%s", err);
	return t;
}

static struct topo *native_with_a_pair(void)
{
	struct topo *t = native();

	if (topo_pu_count(t) < 2) {
		topo_close(t);
		skip_because("one PU makes no pair");
	}
	return t;
}

static struct clock a_clock(void)
{
	struct clock c;

	clock_calibrate(&c, false, NULL, 0);
	return c;
}

/* ---- one pair -------------------------------------------------------------------- */

static void pair_takes_a_time_that_is_no_less_at_the_median(void **state)
{
	struct topo *t = native_with_a_pair();
	struct clock clock = a_clock();
	struct coherence c = {0};
	cpu_set_t before, after;
	char err[ERR] = "";
	int code = -1;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int i = 0; i < TRIES && code; i++)
		code = coherence_pair(
			t, &clock, topo_pu_os(t, 0), topo_pu_os(t, 1), &c, err, sizeof(err));
	if (code)
		fail_msg("%s", err);
	assert_int_equal(c.n, COHERENCE_LINES);
	assert_true(c.min_ns > 0 && c.min_ns <= c.median_ns);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	topo_close(t);
}

static void one_way_is_half_of_a_round_trip(void **state)
{
	const struct clock four_ns = {.ns_per_tick_q32 = UINT64_C(4) << 32};

	(void)state;
	assert_true(coherence_one_way_ns(&four_ns, 1000, 5) == 400);
}

/* The samples' trips lie within the call, one after the other: all together take no longer. */
static void pair_takes_no_longer_than_the_call(void **state)
{
	struct topo *t = native_with_a_pair();
	struct clock clock = a_clock();
	struct coherence_how how = {.clock = &clock, .lines = LINES, .trips = 1 << 12};
	double ns[LINES], sum = 0;
	uint64_t begin = 0;
	char err[ERR] = "";
	int code = -1;

	(void)state;
	for (int i = 0; i < TRIES && code; i++) {
		begin = monotonic_ns();
		how.deadline_ns = begin + PLENTY_NS;
		code = coherence_samples(
			t, topo_pu_os(t, 0), topo_pu_os(t, 1), &how, ns, err, sizeof(err));
	}
	if (code)
		fail_msg("%s", err);
	for (unsigned k = 0; k < LINES; k++) {
		assert_true(ns[k] > 0);
		sum += ns[k] * 2 * how.trips;
	}
	assert_true(sum <= 1.001 * (double)(monotonic_ns() - begin));
	topo_close(t);
}

static void pair_that_cannot_be_is_refused_with_a_reason(void **state)
{
	struct topo *t = native(), *foreign;
	struct clock clock = a_clock();
	unsigned os = topo_pu_os(t, 0);
	struct coherence c;
	char err[ERR] = "";

	(void)state;
	assert_int_equal(coherence_pair(t, &clock, os, os, &c, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "itself"));
	assert_int_equal(coherence_pair(t, &clock, os, 77777, &c, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "P#77777"));
	assert_int_equal(coherence_pair(t, &clock, 77777, os, &c, err, sizeof(err)), -EINVAL);
	foreign = topo_open_synthetic("pack:1 core:2 pu:1", err, sizeof(err));
	assert_int_equal(coherence_pair(foreign, &clock, 0, 1, &c, err, sizeof(err)), -EXDEV);
	assert_non_null(strstr(err, "not this machine"));
	topo_close(foreign);
	topo_close(t);
}

static void pair_gives_up_at_its_deadline(void **state)
{
	struct topo *t = native_with_a_pair();
	struct clock clock = a_clock();
	struct coherence_how how = {.clock = &clock, .lines = 2, .trips = 1u << 31};
	double ns[2];
	char err[ERR] = "";

	(void)state;
	how.deadline_ns = monotonic_ns() + 20 * 1000 * 1000;
	assert_int_equal(coherence_samples(
				 t, topo_pu_os(t, 0), topo_pu_os(t, 1), &how, ns, err, sizeof(err)),
		-ETIMEDOUT);
	assert_non_null(strstr(err, "in time"));
	topo_close(t);
}

static void samples_have_a_least_and_a_median(void **state)
{
	double odd[] = {5, 1, 3}, even[] = {8, 2, 4, 6};
	struct coherence c = coherence_of(odd, 3), d = coherence_of(even, 4);

	(void)state;
	assert_true(c.min_ns == 1 && c.median_ns == 3 && c.n == 3);
	assert_true(d.min_ns == 2 && d.median_ns == 5 && d.n == 4);
}

/* ---- the matrix ------------------------------------------------------------------- */

static void map_holds_every_pair_in_both_directions(void **state)
{
	struct topo *t = native();
	struct clock clock = a_clock();
	unsigned n = topo_pu_count(t);
	struct coherence_map m;
	char err[ERR];

	(void)state;
	assert_int_equal(coherence_map_make(&m, t, err, sizeof(err)), 0);
	coherence_map_measure(&m, t, &clock, UINT64_C(3000000000), 7);
	for (unsigned i = 0; i < n * n && m.rounds == MAP_ROUNDS; i++) {
		struct coherence c = coherence_map_at(&m, i / n, i % n);
		const char *why = coherence_map_reason(&m, i / n, i % n);

		if (i / n == i % n)
			assert_true(c.n == 0 && !why[0]);
		else if (c.n == 0)
			assert_non_null(strstr(why, "in time"));
		else
			assert_true(c.min_ns > 0 && c.min_ns <= c.median_ns && !why[0]);
	}
	assert_true(n == 1 || coherence_map_measured(&m) > 0);
	coherence_map_free(&m);
	topo_close(t);
}

static void check_all_missing(uint64_t budget_ns, const char *words)
{
	struct topo *t = native_with_a_pair();
	struct clock clock = a_clock();
	struct coherence_map m;
	char err[ERR];

	assert_int_equal(coherence_map_make(&m, t, err, sizeof(err)), 0);
	coherence_map_measure(&m, t, &clock, budget_ns, 7);
	assert_int_equal(coherence_map_measured(&m), 0);
	assert_non_null(strstr(coherence_map_reason(&m, 0, 1), words));
	assert_non_null(strstr(coherence_map_reason(&m, 1, 0), words));
	coherence_map_free(&m);
	topo_close(t);
}

static void map_says_why_a_pair_is_missing(void **state)
{
	(void)state;
	check_all_missing(0, "budget");
	launch_stop = 1;
	check_all_missing(UINT64_C(20000000000), "interrupted");
	launch_stop = 0;
}

/* Both PUs of a topology that was handed on, though the second may not be used any more. */
static void map_lacks_pairs_of_a_processor_that_refuses(void **state)
{
	struct topo *t = native_with_a_pair();
	struct clock clock = a_clock();
	struct coherence_map m;
	char err[ERR];

	(void)state;
	assert_int_equal(coherence_map_make(&m, t, err, sizeof(err)), 0);
	m.os[0] = 77777;
	coherence_map_measure(&m, t, &clock, PLENTY_NS, 7);
	assert_int_equal(coherence_map_at(&m, 0, 1).n, 0);
	assert_non_null(strstr(coherence_map_reason(&m, 0, 1), "cannot pin to PU P#77777"));
	assert_non_null(strstr(coherence_map_reason(&m, 1, 0), "cannot pin to PU P#77777"));
	coherence_map_free(&m);
	topo_close(t);
}

static void map_of_too_many_processors_is_refused(void **state)
{
	char err[ERR];
	struct topo *t = topo_open_synthetic("pack:65 core:16 pu:1", err, sizeof(err));
	struct coherence_map m;

	(void)state;
	assert_int_equal(coherence_map_make(&m, t, err, sizeof(err)), -E2BIG);
	assert_non_null(strstr(err, "1040 PUs is too large"));
	topo_close(t);
}

/* ---- showing ----------------------------------------------------------------------- */

/* An invented matrix: row + column ns more than 100; every `nth` pair is missing, 0: none. */
static struct coherence_map invented(const char *machine, unsigned nth)
{
	char err[ERR];
	struct topo *t = topo_open_synthetic(machine, err, sizeof(err));
	struct coherence_map m;
	unsigned k = 0;

	assert_int_equal(coherence_map_make(&m, t, err, sizeof(err)), 0);
	topo_close(t);
	for (unsigned row = 0; row < m.n; row++) {
		for (unsigned column = 0; column < m.n; column++) {
			double ns = 100 + row * 10 + column;

			if (row == column)
				continue;
			if (nth && k++ % nth == 0)
				coherence_map_lack(&m, row, column, "nobody came");
			else
				coherence_map_add(&m, row, column, &ns, 1);
		}
	}
	return m;
}

static char *shown(
	const struct coherence_map *m, void (*show)(const struct coherence_map *, FILE *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	show(m, f);
	fclose(f);
	return text;
}

static void map_shows_what_is_missing_as_missing(void **state)
{
	struct coherence_map m = invented("pack:1 l3:1 core:3 pu:1", 3);
	char *csv = shown(&m, coherence_map_csv), *text = shown(&m, coherence_map_text);

	(void)state;
	assert_string_equal(csv, "pu_a,pu_b,class,min_ns,median_ns,n,reason\n"
				 "0,1,same-l3,,,0,nobody came\n"
				 "0,2,same-l3,102,102,1,\n"
				 "1,0,same-l3,110,110,1,\n"
				 "1,2,same-l3,,,0,nobody came\n"
				 "2,0,same-l3,120,120,1,\n"
				 "2,1,same-l3,121,121,1,\n");
	assert_non_null(strstr(text, "\n    0           -   102\n"
				     "    1   110           -\n"
				     "    2   120   121      \n"));
	assert_non_null(
		strstr(text, "same-l3                 6        4    102.0    115.0    121.0"));
	assert_non_null(strstr(text, "missing: 2, nobody came"));
	free(csv);
	free(text);
	coherence_map_free(&m);
}

/* Where the picture's grey boxes lie: the script puts the matrix at (90, 56). */
static unsigned read_grey(const char *svg, unsigned n, bool *grey)
{
	static const char mark[] = "<polygon fill = 'rgb(200, 200, 200)' points = '";
	double box = n < 5 ? 110.0 : n < 13 ? 600.0 / n : 720.0 / n;
	unsigned found = 0;

	for (const char *at = svg; (at = strstr(at, mark)) != NULL; at += sizeof(mark)) {
		double x, y, right, top;

		assert_int_equal(sscanf(at + sizeof(mark) - 1, "%lf,%lf %lf,%*f %*f,%lf", &x, &y,
					 &right, &top),
			4);
		if (x > 90 + box * n)
			continue; /* the legend */
		assert_true(right - x < 1.2 * box + 1 && y - top < 1.2 * box + 1);
		grey[(unsigned)((top + y - 112) / 2 / box) * n +
			(unsigned)((x + right - 180) / 2 / box)] = true;
		found++;
	}
	return found;
}

/* Every missing pair has a box of its own in its place, and no other pair has one. */
static void check_picture(const struct place *p, const char *machine, unsigned nth)
{
	struct coherence_map m = invented(machine, nth);
	bool *grey = calloc((size_t)m.n * m.n, sizeof(*grey));
	char err[ERR], path[200], *svg;

	if (coherence_map_draw(&m, p->dir, "Invented.", err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_true(size_in(p->dir, "coherence.png") > 0);
	snprintf(path, sizeof(path), "%s/coherence.svg", p->dir);
	svg = support_read(path);
	read_grey(svg, m.n, grey);
	for (unsigned i = 0; i < m.n * m.n; i++) {
		bool missing = coherence_map_reason(&m, i / m.n, i % m.n)[0];

		if (grey[i] != missing)
			fail_msg("%s: row %u, column %u is shown as %s", machine, i / m.n, i % m.n,
				missing ? "measured" : "missing");
	}
	assert_true((strstr(svg, ">not measured<") != NULL) == (nth > 0));
	free(svg);
	free(grey);
	coherence_map_free(&m);
}

static void picture_has_missing_pairs_in_their_places(void **state)
{
	const struct place *p = *state;

	need_gnuplot(p);
	check_picture(p, "pack:1 l3:1 core:2 pu:1", 0);
	check_picture(p, "pack:1 l3:1 core:2 pu:1", 2);
	check_picture(p, "pack:2 l3:1 core:4 pu:1", 3);
	check_picture(p, "pack:2 l3:2 core:4 pu:2", 5);
	if (!support_fast())
		check_picture(p, "pack:2 l3:4 core:8 pu:2", 7);
}

static void picture_of_nothing_is_not_drawn(void **state)
{
	const struct place *p = *state;
	struct coherence_map m = invented("pack:1 core:1 pu:1", 0);
	char err[ERR];

	assert_int_equal(coherence_map_draw(&m, p->dir, "", err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "nothing to draw"));
	coherence_map_free(&m);
	m = invented("pack:1 core:257 pu:1", 0);
	assert_int_equal(coherence_map_draw(&m, p->dir, "", err, sizeof(err)), -EFBIG);
	assert_non_null(strstr(err, "coherence.csv"));
	assert_int_equal(size_in(p->dir, "coherence.svg"), -1);
	coherence_map_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pair_takes_a_time_that_is_no_less_at_the_median),
		cmocka_unit_test(one_way_is_half_of_a_round_trip),
		cmocka_unit_test(pair_takes_no_longer_than_the_call),
		cmocka_unit_test(pair_that_cannot_be_is_refused_with_a_reason),
		cmocka_unit_test(pair_gives_up_at_its_deadline),
		cmocka_unit_test(samples_have_a_least_and_a_median),
		cmocka_unit_test(map_holds_every_pair_in_both_directions),
		cmocka_unit_test(map_says_why_a_pair_is_missing),
		cmocka_unit_test(map_lacks_pairs_of_a_processor_that_refuses),
		cmocka_unit_test(map_of_too_many_processors_is_refused),
		cmocka_unit_test(map_shows_what_is_missing_as_missing),
		IN_PLACE(picture_has_missing_pairs_in_their_places),
		IN_PLACE(picture_of_nothing_is_not_drawn),
	};

	const char *src = getenv("HANDOFF_SRC");

	setenv("HANDOFF_SHARE", src ? src : ".", 1);
	return cmocka_run_group_tests_name("coherence", tests, NULL, NULL);
}
