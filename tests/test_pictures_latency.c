/*
 * Latency in nines: which lines of histograms.csv count. Run from the top of the tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/hist.h"
#include "tests/picture_scene.h"

static const char header[] =
	"run_id,cell,block,rep,attempt,kind,count,overflow,min_ns,max_ns,sum_ns,bins\n";

/* A line of n samples of ns each. */
static void add_line(
	const struct scene *s, const struct sample *row, const char *kind, uint64_t ns, unsigned n)
{
	char text[600];

	(void)snprintf(text, sizeof(text),
		"run-1,%s,%.0f,%.0f,%.0f,%s,%u,0,%llu,%llu,%llu,%zu:%u\n", row->cell, row->block,
		row->rep, row->attempt, kind, n, (unsigned long long)ns, (unsigned long long)ns,
		(unsigned long long)(ns * n), hist_index(ns), n);
	append_text(s->dir, "histograms.csv", text);
}

/* Pipe and fifo, whose kind is that of round trips. */
static void some_rows(struct scene *s, size_t trials)
{
	pic_pingpongs(s, trials);
	append_text(s->dir, "histograms.csv", header);
	for (size_t i = 0; i < s->n; i++)
		(void)snprintf(s->row[i].kind, sizeof(s->row[i].kind), "rtt");
}

static void latency_merges_the_trials_behind_the_median_and_no_others(void **state)
{
	struct scene *s = *state;
	struct sample other;
	char *text;

	some_rows(s, 6); /* rows 0 to 5: pipe */
	set_noisy(&s->row[5]);
	for (size_t i = 0; i < 5; i++)
		add_line(s, &s->row[i], "rtt", 1000, 100);
	add_line(s, &s->row[5], "rtt", 1, 100000); /* noisy, left out */
	add_line(s, &s->row[0], "op", 2, 100000);  /* of another kind */
	other = s->row[0];
	other.block = 77;
	add_line(s, &other, "rtt", 3, 100000); /* never committed */
	for (size_t i = 6; i < 12; i++)
		add_line(s, &s->row[i], "rtt", 2000, 1000);
	pic_draw(s);
	text = pic_text(s, "latency-thread", ".csv");
	check_says(text, "\n1,1,1000,,,,\n");
	check_says(text, "\n2,1,2000,,,,\n");
	assert_null(strstr(text, ",1,,,,\n"));
	assert_null(strstr(text, ",2,,,,\n"));
	assert_null(strstr(text, ",3,,,,\n"));
	check_says(text, "\n1,4.21696503,1000"); /* 500 samples: 118 lie beyond */
	assert_null(strstr(text, "\n1,5.6"));    /* 88 would */
	check_says(text, "\n2,56.2341325,2000"); /* 6000 samples: 106 */
	free(text);
	pic_caption_says(s, "latency-thread", "all samples of the trials, 500 to 6000 of them;");
	pic_caption_says(s, "latency-thread", "1 noisy left out");
}

static void latency_names_what_has_too_few_samples(void **state)
{
	struct scene *s = *state;

	some_rows(s, 6);
	for (size_t i = 6; i < 12; i++)
		add_line(s, &s->row[i], "rtt", 2000, 1000);
	add_line(s, &s->row[0], "rtt", 1000, 99);
	pic_draw(s);
	pic_says(s, "latency-thread", "-series.gp", "series = 1\n");
	pic_says(s, "latency-thread", "-series.gp", "label[1] = 'fifo'");
	pic_caption_says(s, "latency-thread", "Not shown, with too few samples: pipe. ");
}

static void latency_without_histograms_says_so(void **state)
{
	struct scene *s = *state;
	char path[300];

	some_rows(s, 6);
	(void)snprintf(path, sizeof(path), "%s/histograms.csv", s->dir);
	assert_int_equal(unlink(path), 0);
	pic_draw(s);
	assert_string_equal(pic_need(s, "latency-thread")->why,
		"histograms.csv: cannot open: No such file or directory");
	append_text(s->dir, "histograms.csv", "a,b\n1,2\n");
	pic_draw(s);
	check_says(pic_need(s, "latency-thread")->why, "histograms.csv has no column cell");
	assert_int_equal(unlink(path), 0);
	append_text(s->dir, "histograms.csv", header);
	add_line(s, &s->row[0], "rtt", 1000, 99);
	pic_draw(s);
	assert_null(pic_find(s, "latency-thread")); /* nothing to see, nothing wrong */
}

static void latency_has_pictures_of_64_bytes_and_of_64_kib_and_more(void **state)
{
	static const int sizes[] = {64, 4096, 65536, 1 << 20};
	struct scene *s = *state;

	append_text(s->dir, "histograms.csv", header);
	for (int i = 0; i < 4; i++) {
		(void)pic_add(s, (struct at){.bytes = sizes[i]}, 5000, 3);
		(void)pic_add(
			s, (struct at){.bytes = sizes[i], .mechanism = "channel/fifo"}, 6000, 3);
	}
	for (size_t i = 0; i < s->n; i++) {
		(void)snprintf(s->row[i].kind, sizeof(s->row[i].kind), "rtt");
		add_line(s, &s->row[i], "rtt", 5000, 1000);
	}
	pic_draw(s);
	(void)pic_need(s, "latency-thread");
	(void)pic_need(s, "latency-thread-64k");
	(void)pic_need(s, "latency-thread-1m");
	assert_null(pic_find(s, "latency-thread-4k"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(latency_merges_the_trials_behind_the_median_and_no_others),
		IN_SCENE(latency_names_what_has_too_few_samples),
		IN_SCENE(latency_without_histograms_says_so),
		IN_SCENE(latency_has_pictures_of_64_bytes_and_of_64_kib_and_more),
	};

	return cmocka_run_group_tests_name("pictures_latency", tests, NULL, NULL);
}
