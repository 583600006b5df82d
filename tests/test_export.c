/*
 * Export: what `handoff export --to hgrm` writes is read back by a strict parser of its own, and
 * is what the histograms say.
 */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export.h"
#include "bench/session.h"
#include "harness/workload.h"
#include "tests/program.h"

enum { MOST_LINES = 4096, TRIALS = 3 };

/* ---- a strict reader of the format ------------------------------------------------- */

struct line {
	double value, percentile, inverse; /* inverse 0: none, the last line */
	uint64_t count;
};

struct hgrm {
	struct line line[MOST_LINES];
	size_t n;
	double mean, deviation, max;
	uint64_t total;
	long buckets, sub_buckets;
};

/* Columns right-aligned, separated by blanks; nothing else on the line. */
static bool read_line(const char *text, struct line *l)
{
	int used = 0;
	bool whole = sscanf(text, " %lf %lf %" SCNu64 "%n", &l->value, &l->percentile, &l->count,
			     &used) == 3;

	l->inverse = 0;
	if (whole && text[used] && sscanf(text + used, " %lf%n", &l->inverse, &used) == 1)
		return text[strlen(text) - 1] != ' ';
	return whole && !text[used];
}

/* Footers as HdrHistogram writes them, and after the lines only. */
static bool read_foot(const char *text, struct hgrm *h, int which)
{
	int end = 0;

	if (which == 0)
		return sscanf(text, "#[Mean    = %lf, StdDeviation   = %lf]%n", &h->mean,
			       &h->deviation, &end) == 2 &&
		       !text[end] && end;
	if (which == 1)
		return sscanf(text, "#[Max     = %lf, Total count    = %" SCNu64 "]%n", &h->max,
			       &h->total, &end) == 2 &&
		       !text[end] && end;
	return sscanf(text, "#[Buckets = %ld, SubBuckets     = %ld]%n", &h->buckets,
		       &h->sub_buckets, &end) == 2 &&
	       !text[end] && end;
}

static void read_hgrm(char *text, struct hgrm *h)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	int feet = 0;

	*h = (struct hgrm){0};
	assert_non_null(line);
	assert_string_equal(line, "       Value     Percentile TotalCount 1/(1-Percentile)");
	while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
		if (line[0] == '#') {
			if (!read_foot(line, h, feet++))
				fail_msg("no footer: \"%s\"", line);
			continue;
		}
		assert_int_equal(feet, 0);
		assert_true(h->n < MOST_LINES);
		if (!read_line(line, &h->line[h->n++]))
			fail_msg("no line: \"%s\"", line);
	}
	assert_int_equal(feet, 3);
	assert_true(h->n > 0);
}

/* ---- what any of these files must keep ----------------------------------------------- */

static void check_monotone(const struct hgrm *h)
{
	for (size_t i = 1; i < h->n; i++) {
		assert_true(h->line[i].value >= h->line[i - 1].value);
		assert_true(h->line[i].percentile > h->line[i - 1].percentile);
		assert_true(h->line[i].count >= h->line[i - 1].count);
	}
}

/* How many samples lie in the bins up to this value. */
static uint64_t count_below(const struct hist *h, double value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < HIST_BINS && (double)hist_value_low(i) <= value; i++)
		sum += h->bin[i];
	return sum;
}

static void check_line(const struct line *l, const struct hist *h)
{
	double want = (double)hist_value_at_percentile(h, l->percentile);

	assert_true(fabs(l->value - want) <= want / 1024);
	assert_true(hist_beyond(h, l->percentile) >= HIST_BEYOND_MIN);
	assert_true(l->count >= hist_rank(h, l->percentile));
	if (l->value <= (double)HIST_MAX_NS)
		assert_true(l->count == count_below(h, l->value));
	assert_true(fabs(l->inverse * (1 - l->percentile) - 1) < 0.01);
}

static void check_says(const struct hgrm *f, const struct hist *h)
{
	const struct line *last = &f->line[f->n - 1];

	check_monotone(f);
	for (size_t i = 0; i + 1 < f->n; i++)
		check_line(&f->line[i], h);
	assert_true(last->percentile == 1 && last->inverse == 0);
	assert_true(last->value == (double)h->max && f->max == (double)h->max);
	assert_true(last->count == h->count && f->total == h->count);
	assert_true(fabs(f->mean - hist_mean(h)) <= 0.001);
	assert_true(f->buckets == 26 && f->sub_buckets == 2048);
}

/* ---- histograms as text ---------------------------------------------------------------- */

static void put_and_read(const struct hist *h, struct hgrm *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	export_hgrm_put(to, h);
	assert_int_equal(fclose(to), 0);
	read_hgrm(text, f);
	free(text);
}

static struct hist *new_hist(void)
{
	struct hist *h = malloc(sizeof(*h));

	assert_non_null(h);
	hist_reset(h);
	return h;
}

static void hgrm_of_many_samples_agrees_with_the_histogram(void **state)
{
	struct hgrm *f = malloc(sizeof(*f));
	struct hist *h = new_hist();
	uint64_t seed = 7;

	(void)state;
	assert_non_null(f);
	for (int i = 0; i < 1000000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		hist_record(h, 1000 + (seed >> 40) % (1u << (4 + (seed >> 58) % 20)));
	}
	put_and_read(h, f);
	check_says(f, h);
	assert_true(f->n > 60); /* to the last nine that has 100 beyond it */
	assert_true(f->line[f->n - 2].percentile > 0.9998);
	free(f);
	free(h);
}

static void hgrm_halves_what_lies_beyond_in_five_steps(void **state)
{
	static const double want[] = {
		0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.775, 0.8};
	struct hgrm *f = malloc(sizeof(*f));
	struct hist *h = new_hist();

	(void)state;
	assert_non_null(f);
	for (uint64_t i = 1; i <= 2000; i++)
		hist_record(h, i);
	put_and_read(h, f);
	check_says(f, h);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_true(fabs(f->line[i].percentile - want[i]) < 1e-12);
	assert_true(f->line[5].value == 1000 && f->line[5].count == 1000);
	assert_true(fabs(f->mean - 1000.5) < 0.001);
	assert_true(fabs(f->deviation - sqrt((2000.0 * 2000 - 1) / 12)) < 0.001);
	free(f);
	free(h);
}

static void hgrm_of_too_few_samples_has_nothing_but_the_maximum(void **state)
{
	struct hgrm *f = malloc(sizeof(*f));
	struct hist *h = new_hist();

	(void)state;
	assert_non_null(f);
	for (uint64_t i = 0; i < HIST_BEYOND_MIN; i++)
		hist_record(h, 50 + i);
	put_and_read(h, f);
	check_says(f, h);
	assert_true(f->n == 1);
	free(f);
	free(h);
}

static void hgrm_counts_what_lies_above_the_last_bin(void **state)
{
	struct hgrm *f = malloc(sizeof(*f));
	struct hist *h = new_hist();

	(void)state;
	assert_non_null(f);
	for (uint64_t i = 0; i < 1000; i++)
		hist_record(h, i < 600 ? 10 : HIST_MAX_NS + i);
	put_and_read(h, f);
	check_says(f, h);
	assert_true(f->line[f->n - 2].value == (double)h->max);
	assert_true(f->line[f->n - 2].count == 1000);
	free(f);
	free(h);
}

/* ---- names -------------------------------------------------------------------------------- */

static void export_names_are_tame_and_differ_where_the_cells_do(void **state)
{
	static const char *const cell[] = {"channel/pipe/pingpong?domain=thread&size=64",
		"channel/pipe/pingpong?domain=thread&size=640",
		"lock/mutex/contend?placement=pu:0+pu:1", "lock/mutex/contend?placement=pu:0_pu:1",
		"lock/mutex/contend?placement=pu_0_pu:1"};
	char name[ARRAY_LEN(cell) + 2][EXPORT_NAME], longer[2][320];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[0][319] = longer[1][319] = '\0';
	longer[1][318] = 'y';
	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		export_name(i < ARRAY_LEN(cell) ? cell[i] : longer[i - ARRAY_LEN(cell)], "rtt",
			"hgrm", name[i]);
		assert_true(strlen(name[i]) < 255);
		for (const char *c = name[i]; *c; c++)
			assert_true(isalnum((unsigned char)*c) || strchr("-._=", *c));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(name[i], name[k]);
	}
	assert_string_equal(name[0], "channel_pipe_pingpong_domain=thread_size=64-rtt.hgrm");
}

/* ---- the command ---------------------------------------------------------------------------- */

static const struct at {
	const char *cell, *mechanism, *status;
} cells[] = {
	{"channel/pipe/stream?domain=thread", "channel/pipe", "ok"},
	{"channel/fifo/stream?domain=thread", "channel/fifo", "ok"},
	{"channel/tcp/stream?domain=thread", "channel/tcp", "fail"},
};

static void commit(struct session *s, struct trial_result *r, const struct at *at, int block)
{
	struct sample row;
	char err[400];

	sample_init(&row);
	row.schema_version = SAMPLES_SCHEMA;
	snprintf(row.cell, sizeof(row.cell), "%s", at->cell);
	snprintf(row.mechanism, sizeof(row.mechanism), "%s", at->mechanism);
	snprintf(row.workload, sizeof(row.workload), "stream");
	snprintf(row.loop, sizeof(row.loop), "plain");
	snprintf(row.status, sizeof(row.status), "%s", at->status);
	snprintf(row.quality, sizeof(row.quality), "%s", block ? "clean" : "noisy");
	row.block = row.rep = block;
	row.attempt = 1;
	if (session_commit(s, &row, r, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

/* Three trials of each cell, in program.here/run; all[side] and clean[side]: of the first cell. */
static void make_run(struct hist *all[2], struct hist *clean[2])
{
	struct trial_result *r = calloc(1, sizeof(*r));
	struct session s;
	char dir[SUPPORT_PATH + 8], err[400];

	assert_non_null(r);
	snprintf(dir, sizeof(dir), "%s/run", program.here);
	if (session_create(&s, dir, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	r->status = TRIAL_OK;
	r->hist_kind[0] = KIND_OP;
	r->hist_kind[1] = KIND_WAIT;
	for (int i = 0; i < TRIALS * (int)ARRAY_LEN(cells); i++) {
		int block = i / (int)ARRAY_LEN(cells), cell = i % (int)ARRAY_LEN(cells);

		for (int side = 0; side < 2; side++) {
			hist_reset(&r->hist[side]);
			for (uint64_t k = 0; k < 5000; k++)
				hist_record(&r->hist[side], 100 + k * (uint64_t)(1 + i + side));
			if (cell == 0)
				assert_int_equal(hist_merge(all[side], &r->hist[side]), 0);
			if (cell == 0 && block > 0)
				assert_int_equal(hist_merge(clean[side], &r->hist[side]), 0);
		}
		commit(&s, r, &cells[cell], block);
	}
	session_close(&s);
	free(r);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Good until the next call. */
static const char *here(const char *name)
{
	static char path[2 * SUPPORT_PATH];

	snprintf(path, sizeof(path), "%s/%s", program.here, name);
	return path;
}

static void keep_first_line(const char *path)
{
	char *text = support_read(path);

	strchr(text, '\n')[1] = '\0';
	support_text(path, text);
	free(text);
}

static void check_file(const char *name, const struct hist *want)
{
	struct hgrm *f = malloc(sizeof(*f));
	char *text = support_read(here(name));

	assert_non_null(f);
	read_hgrm(text, f);
	check_says(f, want);
	free(text);
	free(f);
}

static void export_writes_a_file_for_each_cell_and_kind_of_the_ok_trials(void **state)
{
	struct hist *all[2] = {new_hist(), new_hist()}, *clean[2] = {new_hist(), new_hist()};

	(void)state;
	make_run(all, clean);
	program_ends(H "export --to hgrm run", RC_FINE);
	assert_non_null(
		strstr(program.out, "run/hgrm/channel_fifo_stream_domain=thread-op.hgrm\n"));
	assert_int_equal(
		count_lines(program.out), 4); /* two cells, two kinds; the failed one none */
	check_file("run/hgrm/channel_pipe_stream_domain=thread-op.hgrm", all[0]);
	check_file("run/hgrm/channel_pipe_stream_domain=thread-wait.hgrm", all[1]);
	program_ends(
		H "export --to hgrm --clean -m channel/pipe -o few run && ls few | wc -l", RC_FINE);
	assert_int_equal(count_lines(program.out), 2);
	check_file("few/channel_pipe_stream_domain=thread-op.hgrm", clean[0]);
	for (int side = 0; side < 2; side++) {
		free(all[side]);
		free(clean[side]);
	}
}

static void export_says_what_is_missing_or_wrong(void **state)
{
	struct hist *all[2] = {new_hist(), new_hist()}, *clean[2] = {new_hist(), new_hist()};

	(void)state;
	make_run(all, clean);
	program_ends(H "export run", RC_USAGE);
	assert_non_null(strstr(program.err, "there is hgrm"));
	program_ends(H "export --to hdr run", RC_USAGE);
	assert_non_null(strstr(program.err, "\"hdr\""));
	program_ends(H "export --to hgrm nowhere", RC_USAGE);
	assert_non_null(strstr(program.err, "nowhere/samples.csv"));
	program_ends(H "export --to hgrm -s many run", RC_USAGE);
	program_ends(H "export --to hgrm run run", RC_USAGE);
	support_text(here("taken"), "");
	program_ends(H "export --to hgrm -o taken run", RC_USAGE);
	assert_non_null(strstr(program.err, "taken"));
	program_ends(H "export --to hgrm -m channel/tcp run", RC_NOTHING);
	keep_first_line(here("run/histograms.csv"));
	program_ends(H "export --to hgrm run", RC_NOTHING);
	assert_non_null(strstr(program.err, "no histogram"));
	for (int side = 0; side < 2; side++) {
		free(all[side]);
		free(clean[side]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hgrm_of_many_samples_agrees_with_the_histogram),
		cmocka_unit_test(hgrm_halves_what_lies_beyond_in_five_steps),
		cmocka_unit_test(hgrm_of_too_few_samples_has_nothing_but_the_maximum),
		cmocka_unit_test(hgrm_counts_what_lies_above_the_last_bin),
		cmocka_unit_test(export_names_are_tame_and_differ_where_the_cells_do),
		PROGRAM_TEST(export_writes_a_file_for_each_cell_and_kind_of_the_ok_trials),
		PROGRAM_TEST(export_says_what_is_missing_or_wrong),
	};

	program_find();
	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
