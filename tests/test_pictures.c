/*
 * Which pictures rows make. Run from the top of the tree.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/picture_scene.h"

static void pictures_of_nothing_and_of_one_mechanism_are_none(void **state)
{
	struct scene *s = *state;

	pic_draw(s);
	assert_int_equal(s->pictures, 0);
	for (int bytes = 64; bytes <= 65536; bytes *= 32) {
		(void)pic_add(s, (struct at){.bytes = bytes}, 5000, 6);
		(void)pic_add(s, (struct at){.bytes = bytes, .workload = "stream"}, 1e6, 6);
		(void)pic_add(s, (struct at){.bytes = bytes, .placement = "unpinned"}, 5000, 6);
	}
	pic_draw(s);
	assert_int_equal(s->pictures, 0);
}

static void pictures_say_that_gnuplot_is_missing(void **state)
{
	struct scene *s = *state;

	pic_pingpongs(s, 6);
	pic_draw(s);
	check_says(pic_need(s, "roundtrip")->why, "gnuplot is not on PATH");
	check_says(pic_need(s, "cost-thread")->why, "gnuplot is not on PATH");
	assert_int_equal(pic_need(s, "roundtrip")->chapter, 1);
	assert_int_equal(pic_need(s, "cost-thread")->chapter, 6);
}

static void pictures_never_show_floors_and_races(void **state)
{
	static const char *const floors[] = {"channel/null", "channel/memcpy"};
	struct scene *s = *state;
	char *text;

	for (int bytes = 64; bytes <= 4096; bytes *= 64) {
		for (int i = 0; i < 2; i++) {
			struct at at = {.mechanism = floors[i], .bytes = bytes};

			(void)pic_add(s, at, 100, 6);
			at.workload = "stream";
			(void)pic_add(s, at, 1e8, 6);
		}
		(void)pic_add(s, (struct at){.bytes = bytes, .workload = "stream"}, 1e6, 6);
	}
	for (int fan = 1; fan <= 2; fan++) {
		static const char *const locks[] = {"lock/null", "lock/none", "lock/mutex"};

		for (int i = 0; i < 3; i++) {
			struct at at = {.mechanism = locks[i], .workload = "contend"};
			struct sample *r = pic_add(s, at, 1e6, 6);

			for (int k = 0; k < 6; k++) {
				r[k].msg_bytes = NAN;
				r[k].producers = fan;
				r[k].consumers = 0;
			}
		}
	}
	pic_draw(s);
	assert_int_equal(s->pictures, 0); /* one mechanism is left of each family */
	(void)pic_add(s, (struct at){.mechanism = "channel/fifo", .workload = "stream"}, 2e6, 6);
	(void)pic_add(s,
		(struct at){.mechanism = "channel/fifo", .workload = "stream", .bytes = 4096}, 2e6,
		6);
	pic_draw(s);
	text = pic_text(s, "throughput-thread", "-series.gp");
	assert_true(pic_place(text, "'fifo'") < pic_place(text, "'pipe'"));
	assert_null(strstr(text, "null"));
	assert_null(strstr(text, "memcpy"));
	free(text);
}

static void pictures_beyond_the_most_are_counted(void **state)
{
	struct scene *s = *state;
	char name[2][32];

	for (int i = 0; i < 60; i++) {
		(void)snprintf(name[0], sizeof(name[0]), "f%02d/a", i);
		(void)snprintf(name[1], sizeof(name[1]), "f%02d/b", i);
		(void)pic_add(s, (struct at){.mechanism = name[0]}, 5000, 6);
		(void)pic_add(s, (struct at){.mechanism = name[1]}, 5000, 6);
	}
	pic_draw(s);
	assert_int_equal(s->pictures, PICTURES_MAX);
	check_says(pic_need(s, "more")->why, "more would be too many: a report has at most 127");
	/* 60 side by side, 60 of cost, 60 of latency without histograms */
	check_says(pic_need(s, "more")->why, "53 more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(pictures_of_nothing_and_of_one_mechanism_are_none),
		IN_SCENE(pictures_say_that_gnuplot_is_missing),
		IN_SCENE(pictures_never_show_floors_and_races),
		IN_SCENE(pictures_beyond_the_most_are_counted),
	};

	return cmocka_run_group_tests_name("pictures", tests, NULL, NULL);
}
