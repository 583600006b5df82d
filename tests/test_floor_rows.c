/*
 * Floors of a run: rows that are below theirs, which pairs a plan has measured, and the file.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/floor_scene.h"

/* ---- rows below ---------------------------------------------------------------------- */

#define PINGPONG                                                                                   \
	"channel/ring-spsc/pingpong?domain=thread&fan=1x1&size=64&placement=nearest&wait=spin"

/* Its floor is 208 ns on the invented machine. */
static struct sample measured(double p50_ns)
{
	struct sample s;

	sample_init(&s);
	snprintf(s.status, sizeof(s.status), "ok");
	snprintf(s.loop, sizeof(s.loop), "plain");
	snprintf(s.quality, sizeof(s.quality), "clean");
	snprintf(s.kind, sizeof(s.kind), "rtt");
	snprintf(s.cell, sizeof(s.cell), "%s", PINGPONG);
	s.lat_p50_ns = p50_ns;
	s.ctx_voluntary_per_op = 0;
	s.ops = 1000;
	return s;
}

/* What floor_defects() says; free() it. */
static char *defects(const struct floors *f, const struct sample *rows, size_t n, size_t want)
{
	struct cell c = floor_scene_cell(PINGPONG, PU_A, PU_B);
	struct plan p = {.cell = &c, .n = 1, .reps = n};
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(floor_defects(to, f, &p, rows, n, 2), want);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void row_gains_its_floor_and_its_distance(void **state)
{
	struct cell c = floor_scene_cell(PINGPONG, PU_A, PU_B);
	struct floors f;
	struct sample s = measured(416), skipped = measured(NAN);

	(void)state;
	floor_scene(&f);
	floor_row(&f, &c, 0, 2, &s);
	assert_true(s.floor_ns == 208 && s.floor_ratio == 2);
	assert_string_equal(s.floor_parts, "2 line + 4 copy-64");
	assert_string_equal(s.quality, "clean");
	snprintf(skipped.status, sizeof(skipped.status), "skip");
	floor_row(&f, &c, 0, 2, &skipped);
	assert_true(isnan(skipped.floor_ns) && isnan(skipped.floor_ratio));
	assert_string_equal(skipped.floor_parts, "");
	floors_free(&f);
}

static void cell_below_its_floor_in_three_blocks_is_marked_and_named(void **state)
{
	struct cell c = floor_scene_cell(PINGPONG, PU_A, PU_B);
	struct floors f;
	struct sample s[5];
	char *text;

	(void)state;
	floor_scene(&f);
	for (size_t i = 0; i < ARRAY_LEN(s); i++) {
		s[i] = measured(i == 1 ? 208 : 160); /* one block above, four below */
		floor_row(&f, &c, 3, 2, &s[i]);
		assert_string_equal(s[i].quality_reason, i < 3 ? "" : "below-floor");
		assert_string_equal(s[i].quality, i < 3 ? "clean" : "noisy");
	}
	text = defects(&f, s, ARRAY_LEN(s), 1);
	assert_non_null(strstr(text, PINGPONG));
	assert_non_null(strstr(text, "in 4 blocks, a defect of handoff to explain"));
	assert_non_null(strstr(text, "160 ns, floor 208 ns (2 line + 4 copy-64), ratio 0.77"));
	free(text);
	floors_free(&f);
}

static void cell_below_its_floor_in_two_blocks_is_neither(void **state)
{
	struct cell c = floor_scene_cell(PINGPONG, PU_A, PU_B);
	struct floors f;
	struct sample s[4];
	char *text;

	(void)state;
	floor_scene(&f);
	for (size_t i = 0; i < ARRAY_LEN(s); i++) {
		s[i] = measured(i < 2 ? 160 : 170); /* 170 is above 0.8 of 208 */
		floor_row(&f, &c, 0, 2, &s[i]);
		assert_string_equal(s[i].quality, "clean");
	}
	text = defects(&f, s, ARRAY_LEN(s), 0);
	assert_string_equal(text, "");
	free(text);
	floors_free(&f);
}

/* A later pass that finds less takes the accusation back, but not what stands in the rows. */
static void cell_is_not_named_when_a_later_pass_lowers_its_floor(void **state)
{
	struct cell c = floor_scene_cell(PINGPONG, PU_A, PU_B);
	struct floor_result r = {.copy = {{.min_ns = 2, .n = 1}, {.min_ns = 2000, .n = 1}}};
	struct floors f;
	struct sample s[3];
	char *text;

	(void)state;
	floor_scene(&f);
	for (size_t i = 0; i < ARRAY_LEN(s); i++) {
		s[i] = measured(160);
		floor_row(&f, &c, 0, 2, &s[i]);
	}
	assert_string_equal(s[2].quality_reason, "below-floor");
	for (int p = 0; p < FLOOR_COPY; p++)
		r.part[p].min_ns = floor_scene_ns[p];
	r.part[FLOOR_LINE_TWO].min_ns = 70;
	f.pass++;
	assert_int_equal(floors_add(&f, (struct floors_pair){PU_B, PU_A}, &r), 0);
	text = defects(&f, s, ARRAY_LEN(s), 0);
	free(text);
	floors_free(&f);
}

static void resumed_run_counts_the_blocks_of_before(void **state)
{
	struct cell c = floor_scene_cell(PINGPONG, PU_A, PU_B);
	struct plan p = {.cell = &c, .n = 1, .reps = 3};
	struct floors f;
	struct sample before[2], s = measured(160);

	(void)state;
	floor_scene(&f);
	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		before[i] = measured(160);
		before[i].floor_ratio = 0.77;
	}
	floor_rows_resume(&f, &p, before, ARRAY_LEN(before));
	floor_row(&f, &c, 0, 2, &s);
	assert_string_equal(s.quality_reason, "below-floor");
	floors_free(&f);
}

/* ---- the plan --------------------------------------------------------------------------- */

/* 40 cells on 40 pairs of PUs of a machine of 80. */
static void plan_with_forty_pairs_measures_sixteen_and_names_the_others(void **state)
{
	enum { CELLS = 40 };
	char err[400] = "";
	struct topo *t = topo_open_synthetic("pack:1 core:80 pu:1", err, sizeof(err));
	struct plan p = {.cell = calloc(CELLS, sizeof(struct cell)), .n = CELLS, .reps = 1};
	struct floors f;
	size_t unnamed = 0;

	(void)state;
	assert_non_null(t);
	assert_non_null(p.cell);
	for (unsigned i = 0; i < CELLS; i++)
		p.cell[i] = floor_scene_cell(
			i % 2 ? "channel/pipe/pingpong?size=4K" : "channel/pipe/pingpong", 2 * i,
			2 * i + 1);
	assert_int_equal(floors_plan(&f, &p, t, NULL, err, sizeof(err)), 0);
	assert_int_equal(f.n_pairs, FLOORS_PAIRS);
	assert_int_equal(f.n_other, CELLS - FLOORS_PAIRS);
	assert_int_equal(f.n_bytes, 2);
	assert_true(f.bytes[0] == 64 && f.bytes[1] == 4096);
	f.n_pairs = 0; /* this is not that machine: only what is said of the others */
	assert_int_equal(floors_measure(&f, 0, err, sizeof(err)), 0);
	for (size_t i = 0; i < f.n; i++)
		unnamed += f.row[i].part != -1 || f.row[i].pair.a != 2 * (FLOORS_PAIRS + i) ||
			   !strstr(f.row[i].why, "first 16 pairs");
	assert_int_equal(f.n, CELLS - FLOORS_PAIRS);
	assert_int_equal(unnamed, 0);
	floors_free(&f);
	free(p.cell);
	topo_close(t);
}

static void check_all_pairs(const char *machine, size_t pairs, bool all)
{
	char err[400] = "";
	struct topo *t = topo_open_synthetic(machine, err, sizeof(err));
	struct cell c = floor_scene_cell(
		"channel/pipe/pingpong?placement=unpinned", PLACE_PU_NONE, PLACE_PU_NONE);
	struct plan p = {.cell = &c, .n = 1, .reps = 1};
	struct floors f;

	assert_non_null(t);
	assert_int_equal(floors_plan(&f, &p, t, NULL, err, sizeof(err)), 0);
	assert_int_equal(f.n_pairs, pairs);
	assert_true(f.all == all);
	floors_free(&f);
	topo_close(t);
}

static void plan_with_unpinned_cells_wants_all_pairs_where_they_are_few(void **state)
{
	(void)state;
	check_all_pairs("core:2 pu:1", 3, true);
	check_all_pairs("core:5 pu:1", 15, true);
	check_all_pairs("core:6 pu:1", 0, false);
}

static void pair_that_cannot_be_measured_says_why_and_stops_no_other(void **state)
{
	char err[400] = "";
	struct topo *t = topo_open_native(err, sizeof(err));
	struct clock clock;
	struct floors f = {.topo = t, .clock = &clock, .n_pairs = 2};

	(void)state;
	assert_non_null(t);
	clock_calibrate(&clock, false, NULL, 0);
	f.pair[0] = (struct floors_pair){topo_pu_os(t, 0), 99999};
	f.pair[1] = (struct floors_pair){topo_pu_os(t, 0), topo_pu_os(t, 0)};
	assert_true(floors_measure(&f, FLOORS_LEAST_NS, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "99999"));
	assert_int_equal(f.row[0].part, -1);
	assert_true(f.row[0].why[0]);
	assert_false(floors_has(&f, f.pair[0]));
	assert_true(floors_has(&f, f.pair[1]));
	floors_free(&f);
	topo_close(t);
}

/* ---- the file ---------------------------------------------------------------------------- */

static bool same(double x, double y)
{
	return x == y || (isnan(x) && isnan(y));
}

static void floors_come_back_from_their_file(void **state)
{
	struct floors f, back = {0};
	struct support_dir dir;
	char err[400] = "";

	(void)state;
	support_open(&dir);
	floor_scene(&f);
	f.pass = 7;
	assert_int_equal(floors_add_other(&f, (struct floors_pair){1, 2}, "why, \"so\""), 0);
	assert_int_equal(floors_write(&f, support_path(&dir, "floors.csv"), err, sizeof(err)), 0);
	if (floors_read(&back, support_path(&dir, "floors.csv"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_int_equal(back.n, f.n);
	assert_int_equal(back.pass, 7);
	for (size_t i = 0; i < f.n; i++) {
		const struct floors_row *x = &f.row[i], *y = &back.row[i];

		assert_true(x->pass == y->pass && x->pair.a == y->pair.a &&
			    x->pair.b == y->pair.b && x->part == y->part && x->bytes == y->bytes &&
			    x->n == y->n);
		assert_true(same(x->min_ns, y->min_ns) && same(x->median_ns, y->median_ns) &&
			    same(x->spread_ns, y->spread_ns));
		assert_string_equal(x->why, y->why);
	}
	floors_free(&f);
	floors_free(&back);
	support_close(&dir);
}

static void floors_file_that_is_none_is_refused_by_its_line(void **state)
{
	static const char head[] =
		"pass,pu_a,pu_b,part,bytes,min_ns,median_ns,spread_ns,n,reason\n";
	static const char *const bad[] = {"1,0,1,lime,,1,2,,3,\n", "1,0,1,copy,,x,2,,3,\n",
		"1,0,-1,copy,,1,2,,3,\n", "1,0,1,copy,64,1,2,,,\n", "1,0,1,copy,9999999,1,2,,3,\n",
		"1,0,1,copy,64,nan,2,,3,\n", "1,0,1,copy,64,0x10,2,,3,\n"};
	struct support_dir dir;
	char text[400], err[400];

	(void)state;
	support_open(&dir);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct floors f = {0};

		snprintf(text, sizeof(text), "%s%s", head, bad[i]);
		support_text(support_path(&dir, "floors.csv"), text);
		assert_true(
			floors_read(&f, support_path(&dir, "floors.csv"), err, sizeof(err)) < 0);
		if (!strstr(err, "floors.csv: line 2: "))
			fail_msg("%s: \"%s\"", bad[i], err);
		floors_free(&f);
	}
	support_close(&dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_gains_its_floor_and_its_distance),
		cmocka_unit_test(cell_below_its_floor_in_three_blocks_is_marked_and_named),
		cmocka_unit_test(cell_below_its_floor_in_two_blocks_is_neither),
		cmocka_unit_test(cell_is_not_named_when_a_later_pass_lowers_its_floor),
		cmocka_unit_test(resumed_run_counts_the_blocks_of_before),
		cmocka_unit_test(plan_with_forty_pairs_measures_sixteen_and_names_the_others),
		cmocka_unit_test(plan_with_unpinned_cells_wants_all_pairs_where_they_are_few),
		cmocka_unit_test(pair_that_cannot_be_measured_says_why_and_stops_no_other),
		cmocka_unit_test(floors_come_back_from_their_file),
		cmocka_unit_test(floors_file_that_is_none_is_refused_by_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
