/*
 * The picture of latency against the offered rate, and what a report says of load:
 * from rows and a knees.csv made by hand.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/knees.h"
#include "bench/pictures.h"
#include "tests/support.h"

enum { ROWS = 400, ERR = 400 };

static struct support_dir dir; /* of the running test */
static struct sample *rows;
static size_t n_rows;

static int setup(void **state)
{
	(void)state;
	support_open(&dir);
	rows = calloc(ROWS, sizeof(*rows));
	n_rows = 0;
	return rows ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(rows);
	support_close(&dir);
	return 0;
}

/* Three trials of a cell at a rate. */
static void add(const char *mechanism, const char *placement, double rate, double p50, double p99)
{
	for (int rep = 0; rep < 3; rep++) {
		struct sample *s = &rows[n_rows++];

		assert_true(n_rows < ROWS);
		sample_init(s);
		snprintf(s->mechanism, sizeof(s->mechanism), "%s", mechanism);
		snprintf(s->cell, sizeof(s->cell),
			"%s/openloop?domain=thread&fan=1x1&size=64&placement=%s&rate=%.0f",
			mechanism, placement, rate);
		snprintf(s->axes, sizeof(s->axes), "rate=%.0f", rate);
		strcpy(s->family, "channel");
		strcpy(s->workload, "openloop");
		strcpy(s->domain, "thread");
		strcpy(s->wait, "block");
		strcpy(s->capacity, "native");
		strcpy(s->status, "ok");
		strcpy(s->quality, "clean");
		strcpy(s->loop, "plain");
		strcpy(s->kind, "response");
		snprintf(s->placement, sizeof(s->placement), "%s", placement);
		s->schema_version = SAMPLES_SCHEMA;
		s->producers = s->consumers = 1;
		s->msg_bytes = 64;
		s->rate_per_s = rate;
		s->block = s->rep = rep;
		s->attempt = 1;
		s->lat_p50_ns = p50 * (1 + 0.01 * rep);
		s->lat_p99_ns = p99 * (1 + 0.01 * rep);
		s->svc_p50_ns = p50 / 2;
	}
}

static void curve(const char *mechanism, const char *placement, double knee)
{
	static const double of[] = {0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		add(mechanism, placement, of[i] * knee, 4000 + 6000 * of[i],
			10000 / (1.13 - of[i]));
}

static size_t draw(struct picture *out)
{
	struct ranking none = {0};

	return pictures_draw(out, dir.path, &none, rows, n_rows, "by hand");
}

static const struct picture *drawn(const char *name)
{
	static struct picture out[PICTURES_MAX];
	size_t n = draw(out);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(out[i].name, name) == 0) {
			if (out[i].why[0] && strstr(out[i].why, "gnuplot"))
				skip_because("%s", out[i].why);
			return &out[i];
		}
	}
	return NULL;
}

static char *file(const char *name)
{
	return support_read(support_path(&dir, name));
}

static void write_knee(const char *cell, uint64_t knee)
{
	char err[ERR] = "", path[SUPPORT_PATH];
	struct knee_row row = {.slo_ns = 1000000, .knee_per_s = knee, .trials = 20};
	struct knees k = {&row, 1};

	snprintf(row.cell, sizeof(row.cell), "%s", cell);
	snprintf(path, sizeof(path), "%s", support_path(&dir, "knees.csv"));
	if (knees_write(&k, path, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

static void picture_of_load_has_a_line_for_each_mechanism_and_its_knee(void **state)
{
	const struct picture *p;
	char *data, *series, *caption;

	(void)state;
	curve("channel/pipe", "nearest", 200000);
	curve("channel/queue-fifo", "nearest", 700000);
	write_knee("channel/pipe/openloop?domain=thread&fan=1x1&size=64&placement=nearest", 200000);
	p = drawn("load-thread");
	assert_non_null(p);
	assert_string_equal(p->why, "");
	assert_int_equal(p->chapter, 6);
	data = file("plots/load-thread.csv");
	assert_non_null(strstr(data, "\n1,20000,9805.82524,9708.73786,9902.91262,200000,200000\n"));
	series = file("plots/load-thread-series.gp");
	assert_non_null(strstr(series, "'pipe'"));
	assert_non_null(strstr(series, "'pipe: service'"));
	assert_non_null(strstr(series, "'queue-fifo'"));
	caption = file("plots/load-thread-caption.gp");
	assert_non_null(strstr(caption, "knee"));
	assert_true(support_exists(support_path(&dir, "plots/load-thread.svg")));
	assert_true(support_exists(support_path(&dir, "plots/load-thread.png")));
	free(data);
	free(series);
	free(caption);
}

static void placements_and_arrivals_have_pictures_of_their_own(void **state)
{
	struct picture out[PICTURES_MAX];
	size_t n, poisson;

	(void)state;
	curve("channel/pipe", "nearest", 200000);
	curve("channel/pipe", "same-pu", 100000);
	poisson = n_rows;
	curve("channel/pipe", "nearest", 300000);
	for (size_t i = poisson; i < n_rows; i++)
		snprintf(rows[i].axes, sizeof(rows[i].axes), "arrivals=poisson&rate=%.0f",
			rows[i].rate_per_s);
	n = draw(out);
	assert_int_equal(n, 3);
	assert_string_equal(out[0].name, "load-thread");
	assert_string_equal(out[1].name, "load-thread-poisson");
	assert_string_equal(out[2].name, "load-thread-same-pu");
	assert_non_null(strstr(out[1].title, "Poisson arrivals"));
}

static void figures_that_were_left_out_are_said_and_one_rate_is_no_curve(void **state)
{
	const struct picture *p;
	char *caption;

	(void)state;
	curve("channel/pipe", "nearest", 200000);
	rows[0].lat_p99_ns = rows[1].lat_p99_ns = rows[2].lat_p99_ns = NAN;
	strcpy(rows[3].missed, "offered 2/s, achieved 1/s");
	p = drawn("load-thread");
	assert_non_null(p);
	caption = file("plots/load-thread-caption.gp");
	assert_non_null(strstr(caption, "In 1 of 21 trials"));
	assert_non_null(strstr(caption, "1 points have no 99th percentile"));
	assert_null(strstr(caption, "knee"));
	free(caption);
	n_rows = 0;
	add("channel/pipe", "nearest", 1000, 100, 200);
	assert_null(drawn("load-thread"));
}

static void knees_come_back_as_they_were_written(void **state)
{
	const struct knee_row rows_out[] = {
		{.cell = "a/b?c=1",
			.slo_ns = 5,
			.knee_per_s = 7,
			.capacity_per_s = 9,
			.trials = 11},
		{.cell = "quoted, \"cell\"", .slo_ns = 5, .trials = 1, .reason = "why, then"},
	};
	struct knees out = {(struct knee_row *)(uintptr_t)rows_out, 2}, in;
	char err[ERR] = "", path[SUPPORT_PATH];

	(void)state;
	snprintf(path, sizeof(path), "%s", support_path(&dir, "knees.csv"));
	assert_int_equal(knees_read(&in, path, err, sizeof(err)), 0);
	assert_int_equal(in.n, 0);
	assert_int_equal(knees_write(&out, path, err, sizeof(err)), 0);
	assert_int_equal(knees_read(&in, path, err, sizeof(err)), 0);
	assert_int_equal(in.n, 2);
	assert_string_equal(in.row[0].cell, "a/b?c=1");
	assert_true(in.row[0].knee_per_s == 7 && in.row[0].capacity_per_s == 9);
	assert_true(in.row[0].slo_ns == 5 && in.row[0].trials == 11 && in.row[1].knee_per_s == 0);
	assert_string_equal(in.row[1].cell, rows_out[1].cell);
	assert_string_equal(in.row[1].reason, "why, then");
	knees_free(&in);
}

static void file_that_is_no_knees_csv_is_refused(void **state)
{
	static const char *const texts[] = {
		"cell,slo_ns\na,1\n",
		"cell,slo_ns,knee_per_s,capacity_per_s,trials,why\n",
		"cell,slo_ns,knee_per_s,capacity_per_s,trials,reason\na,,1,1,1,\n",
		"cell,slo_ns,knee_per_s,capacity_per_s,trials,reason\na,1,x,1,1,\n",
		"cell,slo_ns,knee_per_s,capacity_per_s,trials,reason\na,1,-1,1,1,\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char err[ERR] = "", path[SUPPORT_PATH];
		struct knees k;

		snprintf(path, sizeof(path), "%s", support_path(&dir, "knees.csv"));
		support_text(path, texts[i]);
		assert_true(knees_read(&k, path, err, sizeof(err)) < 0);
		assert_non_null(strstr(err, "knees.csv:"));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(picture_of_load_has_a_line_for_each_mechanism_and_its_knee),
		TEST(placements_and_arrivals_have_pictures_of_their_own),
		TEST(figures_that_were_left_out_are_said_and_one_rate_is_no_curve),
		TEST(knees_come_back_as_they_were_written),
		TEST(file_that_is_no_knees_csv_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
