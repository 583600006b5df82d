/*
 * What stands in the pictures: order, figures, captions. Run from the top of the tree.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/picture_scene.h"

static void roundtrip_puts_domains_beside_each_other_sleepers_first(void **state)
{
	struct scene *s = *state;
	char *text;

	pic_pingpongs(s, 6);
	(void)pic_add(s, (struct at){.mechanism = "channel/fifo", .domain = "process"}, 4000, 6);
	(void)pic_add(s, (struct at){.mechanism = "channel/ring", .wait = "spin"}, 300, 6);
	pic_draw(s);
	text = pic_text(s, "roundtrip", "-series.gp");
	assert_true(
		pic_place(text, "label[1] = 'thread'") < pic_place(text, "label[2] = 'process'"));
	assert_true(pic_place(text, "'Mechanisms that sleep while they wait'") <
		    pic_place(text, "'fifo'"));
	assert_true(pic_place(text, "'fifo'") <
		    pic_place(text, "'pipe'")); /* its process is the fastest */
	assert_true(pic_place(text, "'pipe'") < pic_place(text, "'Mechanisms that spin or yield"));
	assert_true(pic_place(text, "'Mechanisms that spin or yield") <
		    pic_place(text, "'ring (spin)'"));
	free(text);
	text = pic_text(s, "roundtrip", ".csv");
	check_says(text, "\n1,2,9225,9000,9450,,\n"); /* fifo, thread: series 1 in row 2 */
	check_says(text, "\n2,2,4100,4000,4200,,\n"); /* fifo, process: in the same row */
	check_says(text, "\n1,3,5125,5000,5250,,\n");
	free(text);
}

static void roundtrip_has_a_column_for_unrelated_processes(void **state)
{
	struct scene *s = *state;
	struct sample *r;

	pic_pingpongs(s, 6);
	r = pic_add(s, (struct at){.domain = "process"}, 4000, 6);
	for (int i = 0; i < 6; i++)
		(void)snprintf(r[i].start, sizeof(r[i].start), "exec");
	pic_draw(s);
	pic_says(s, "roundtrip", "-series.gp", "'process, unrelated (started by exec)'");
}

static void captions_say_interval_or_range_and_how_many_trials(void **state)
{
	struct scene *s = *state;
	struct sample *r;

	pic_pingpongs(s, 8);
	pic_draw(s);
	pic_caption_says(s, "roundtrip",
		"Medians over trials (n = 8); bars: 95 % interval of the median. Run: the machine");
	s->n = 0;
	pic_pingpongs(s, 5);
	pic_draw(s);
	pic_caption_says(
		s, "roundtrip", "(n = 5); bars: range of the trials (too few for an interval)");
	r = pic_add(s, (struct at){.mechanism = "channel/tcp"}, 700, 9);
	set_noisy(&r[4]);
	r = pic_add(s, (struct at){.mechanism = "channel/udp"}, 700, 2);
	set_noisy(&r[1]);
	pic_draw(s);
	pic_caption_says(s, "roundtrip",
		"(n = 2 to 8; 1 noisy left out; 1 noisy used, too few clean ones); bars: 95 % "
		"interval of the median, the range where there are fewer than six trials. ");
}

static void throughput_shows_every_mechanism_or_says_how_many_it_does_not(void **state)
{
	struct scene *s = *state;
	char name[32], *text;
	size_t shown = 0;

	for (int i = 0; i < 45; i++) {
		for (int bytes = 64; bytes <= 4096; bytes *= 64) {
			(void)snprintf(name, sizeof(name), "channel/m%02d", i);
			(void)pic_add(s,
				(struct at){
					.mechanism = name, .workload = "stream", .bytes = bytes},
				1e6 * (i + 1), 6);
		}
	}
	pic_draw(s);
	for (int page = 1; page <= 3; page++) {
		char file[32];

		(void)snprintf(file, sizeof(file),
			page > 1 ? "throughput-thread-%d" : "throughput-thread", page);
		text = pic_text(s, file, "-series.gp");
		for (const char *at = text; (at = strstr(at, "\nlabel[")); at++)
			shown++;
		if (page == 1)
			assert_true(pic_place(text, "'m44'") < pic_place(text, "'m43'"));
		free(text);
		pic_caption_says(s, file, "Not shown: 15 slower ones (m14, m13, ");
		pic_caption_says(s, file, "The mechanisms are on 3 pictures, fastest first. ");
	}
	assert_int_equal(shown, 30);
	assert_null(pic_find(s, "throughput-thread-4"));
}

/* pipe mostly with room for 64, fifo mostly for 1024; a pair of figures each of the other. */
static void throughput_has_one_capacity_along_a_line(void **state)
{
	static const char *const capacity[] = {"64", "1024"};
	struct scene *s = *state;
	char *text;

	for (int i = 0; i < 2; i++) {
		struct at at = {.mechanism = i ? "channel/fifo" : "channel/pipe",
			.workload = "stream",
			.capacity = capacity[i]};

		(void)pic_add(s, at, 2e6 - 1e6 * i, 6);
		at.bytes = 4096;
		(void)pic_add(s, at, 1e5, 6);
		at.bytes = 64;
		at.capacity = capacity[!i];
		(void)pic_add(s, at, 7e6, 6);
	}
	pic_draw(s);
	text = pic_text(s, "throughput-thread", ".csv");
	check_says(text, "\n1,64,2050000,2000000,2100000,,\n");
	check_says(text, "\n2,64,1025000,1000000,1050000,,\n");
	assert_null(strstr(text, ",64,7"));
	free(text);
	pic_caption_says(
		s, "throughput-thread", "the one that most points have; 2 medians of others not");
}

static void fans_stand_in_the_order_of_workers(void **state)
{
	static const double fan[][2] = {{4, 4}, {1, 1}, {2, 1}, {1, 2}, {2, 2}, {1, 4}};
	static const char *const mechanisms[] = {"channel/pipe", "channel/fifo", "channel/solo"};
	struct scene *s = *state;
	char *text;

	for (int i = 0; i < 3; i++) {
		for (int f = 0; f < (i == 2 ? 1 : 6); f++) {
			struct at at = {.mechanism = mechanisms[i],
				.workload = "stream",
				.placement = "unpinned"};
			struct sample *r = pic_add(s, at, 1e6 * (f + 1), 6);

			for (int k = 0; k < 6; k++) {
				r[k].producers = fan[f][0];
				r[k].consumers = fan[f][1];
			}
		}
	}
	pic_draw(s);
	text = pic_text(s, "fans-stream-thread", "-series.gp");
	check_says(text, "category[1] = '1x1'");
	check_says(text, "category[2] = '1x2'");
	check_says(text, "category[3] = '2x1'");
	check_says(text, "category[4] = '2x2'");
	check_says(text, "category[5] = '1x4'");
	check_says(text, "category[6] = '4x4'");
	free(text);
	pic_says(s, "fans-stream-thread", ".csv", "\n1,6,1025000,1000000,1050000,,\n");
	pic_caption_says(s, "fans-stream-thread", "Not shown, with nothing to compare: solo. ");
}

static void locks_stand_over_their_workers(void **state)
{
	static const char *const mechanisms[] = {"lock/mutex", "lock/semaphore"};
	struct scene *s = *state;

	for (int i = 0; i < 2; i++) {
		for (int workers = 1; workers <= 4; workers *= 2) {
			struct at at = {.mechanism = mechanisms[i], .workload = "contend"};
			struct sample *r = pic_add(s, at, 1e6, 6);

			for (int k = 0; k < 6; k++) {
				r[k].producers = workers;
				r[k].consumers = 0;
				r[k].msg_bytes = NAN;
			}
		}
	}
	pic_draw(s);
	pic_says(s, "lock-fans-contend-thread", "-series.gp", "category[3] = '4'");
	pic_says(s, "lock-fans-contend-thread", "-series.gp", "x_title = 'workers'\n");
	pic_says(
		s, "lock-fans-contend-thread", "-series.gp", "y_title = 'acquisitions per second'");
	assert_int_equal(pic_need(s, "lock-fans-contend-thread")->chapter, 6);
}

static void placements_begin_with_unpinned_and_say_which_are_absent(void **state)
{
	static const char *const places[] = {"same-pu", "nearest", "unpinned"};
	struct scene *s = *state;
	char *text;

	for (int i = 0; i < 3; i++) {
		struct sample *r = pic_add(s, (struct at){.placement = places[i]}, 5000, 6);

		for (int k = 0; k < 6 && i == 1; k++)
			(void)snprintf(r[k].params, sizeof(r[k].params), "class=same-l3;x=y");
		(void)pic_add(s, (struct at){.mechanism = "channel/fifo", .placement = places[i]},
			9000, 6);
		for (int k = 0; k < 6 && i == 1; k++)
			(void)snprintf(
				r[k + 6].params, sizeof(r[k + 6].params), "class=same-l3;x=y");
	}
	pic_draw(s);
	text = pic_text(s, "places-pingpong", "-series.gp");
	check_says(text, "label[1] = 'unpinned'");
	check_says(text, "label[2] = 'nearest (same-l3)'");
	check_says(text, "label[3] = 'same-pu'");
	free(text);
	pic_caption_says(
		s, "places-pingpong", "Not in this run: farthest (or no other class than nearest)");
}

static void cost_has_time_and_cpu_time_with_their_intervals(void **state)
{
	struct scene *s = *state;
	struct sample *r;

	pic_pingpongs(s, 6);
	r = pic_add(s, (struct at){.mechanism = "channel/ring", .wait = "spin"}, 300, 6);
	for (int i = 0; i < 6; i++)
		r[i].cpu_ns_per_op = 600 + i;
	r = pic_add(s, (struct at){.mechanism = "channel/tcp"}, 20000, 6);
	for (int i = 0; i < 6; i++)
		r[i].cpu_ns_per_op = NAN;
	pic_draw(s);
	pic_says(s, "cost-thread", ".csv", "\n3,307.5,602.5,600,605,300,315\n");
	pic_says(s, "cost-thread", "-series.gp", "dash[1] = 0; hollow[1] = 1;");
	pic_says(s, "cost-thread", "-series.gp", "hollow[3] = 0;");
	pic_caption_says(s, "cost-thread", "Without CPU time, not shown: 1. ");
}

static void cost_has_every_way_to_wait_by_name_and_sleepers_hollow(void **state)
{
	static const char *const waits[] = {"epoll", "spin", "yield", "spin-then-block"};
	struct scene *s = *state;
	char name[64];

	pic_pingpongs(s, 6);
	for (int i = 0; i < 4; i++)
		(void)pic_add(s, (struct at){.wait = waits[i]}, 6000 + 100 * i, 6);
	pic_draw(s);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "pipe (%s)", waits[i]);
		pic_says(s, "cost-thread", "-series.gp", name);
	}
	pic_says(s, "cost-thread", "-series.gp", "hollow[3] = 1;"); /* pipe, fifo, epoll */
	pic_says(s, "cost-thread", "-series.gp", "hollow[4] = 0;");
}

static void mechanisms_have_the_same_look_in_every_picture(void **state)
{
	struct scene *s = *state;
	char *one, *two;

	pic_pingpongs(s, 6);
	(void)pic_add(s, (struct at){.domain = "process"}, 4000, 6);
	(void)pic_add(s, (struct at){.domain = "process", .mechanism = "channel/tcp"}, 5000, 6);
	pic_draw(s);
	one = pic_text(s, "cost-thread", "-series.gp");  /* pipe, fifo */
	two = pic_text(s, "cost-process", "-series.gp"); /* pipe, tcp */
	check_says(one, "tint[1] = 1; mark[1] = 1;");
	check_says(one, "tint[2] = 0; mark[2] = 0;");
	check_says(two, "tint[1] = 1; mark[1] = 1;");
	check_says(two, "tint[2] = 2; mark[2] = 2;");
	free(one);
	free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(roundtrip_puts_domains_beside_each_other_sleepers_first),
		IN_SCENE(roundtrip_has_a_column_for_unrelated_processes),
		IN_SCENE(captions_say_interval_or_range_and_how_many_trials),
		IN_SCENE(throughput_shows_every_mechanism_or_says_how_many_it_does_not),
		IN_SCENE(throughput_has_one_capacity_along_a_line),
		IN_SCENE(fans_stand_in_the_order_of_workers),
		IN_SCENE(locks_stand_over_their_workers),
		IN_SCENE(placements_begin_with_unpinned_and_say_which_are_absent),
		IN_SCENE(cost_has_time_and_cpu_time_with_their_intervals),
		IN_SCENE(cost_has_every_way_to_wait_by_name_and_sleepers_hollow),
		IN_SCENE(mechanisms_have_the_same_look_in_every_picture),
	};

	return cmocka_run_group_tests_name("pictures_shown", tests, NULL, NULL);
}
