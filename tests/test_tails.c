/*
 * Tails: the interval of a percentile against the binomial distribution added up term by term,
 * what is shown of it, and histograms of several trials as one.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/session.h"
#include "bench/tails.h"
#include "harness/atomic.h"
#include "harness/workload.h"
#include "tests/support.h"

enum { MOST_N = 400, WRITES = 400000, TRIALS = 4 };

static const double fractions[] = {0.01, 0.1, 0.5, 0.9, 0.99, 0.999};

/* P(B <= k) for k = 0 .. n, by adding one coin after the other. */
static void brute_force(unsigned n, double p, long double *below)
{
	long double mass[MOST_N + 2] = {1}, sum = 0;

	for (unsigned coins = 1; coins <= n; coins++) {
		for (unsigned k = coins; k > 0; k--)
			mass[k] = mass[k] * (1 - (long double)p) + mass[k - 1] * (long double)p;
		mass[0] *= 1 - (long double)p;
	}
	for (unsigned k = 0; k <= n; k++)
		below[k] = sum += mass[k];
}

/* The definition: r the largest with P(B < r) <= 2.5 %, s the smallest with P(B < s) >= 97.5 %. */
static struct tails_ranks by_definition(unsigned n, const long double *below)
{
	struct tails_ranks at = {.r = 0, .s = n + 1};

	for (unsigned r = 1; r <= n && below[r - 1] <= 0.025L; r++)
		at.r = r;
	for (unsigned s = n; s >= 1 && below[s - 1] >= 0.975L; s--)
		at.s = s;
	return at;
}

static void tails_binomial_agrees_with_coins_thrown_one_by_one(void **state)
{
	long double below[MOST_N + 1];

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(fractions); f++) {
		for (unsigned n = 1; n <= MOST_N; n += n < 20 ? 1 : 37) {
			brute_force(n, fractions[f], below);
			for (unsigned k = 0; k <= n; k++) {
				double got = tails_binomial(n, fractions[f], k);

				if (fabs(got - (double)below[k]) > 1e-11)
					fail_msg("P(Bin(%u, %g) <= %u) = %.15g, not %.15Lg", n,
						fractions[f], k, got, below[k]);
			}
		}
	}
}

static void tails_ranks_are_the_ones_that_the_definition_gives(void **state)
{
	long double below[MOST_N + 1];

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(fractions); f++) {
		for (unsigned n = 1; n <= MOST_N; n++) {
			struct tails_ranks got = tails_ranks(n, fractions[f]), want;

			brute_force(n, fractions[f], below);
			want = by_definition(n, below);
			if (got.r != want.r || got.s != want.s)
				fail_msg("n %u, p %g: %" PRIu64 " .. %" PRIu64 ", not %" PRIu64
					 " .. %" PRIu64,
					n, fractions[f], got.r, got.s, want.r, want.s);
		}
	}
}

/* Where the normal distribution is as good as the binomial one. */
static void tails_ranks_of_many_samples_are_those_of_the_normal_distribution(void **state)
{
	(void)state;
	for (double n = 1e6; n < 2e9; n *= 10) {
		for (size_t f = 0; f < ARRAY_LEN(fractions); f++) {
			double mean = n * fractions[f], sd = sqrt(mean * (1 - fractions[f]));
			struct tails_ranks at = tails_ranks((uint64_t)n, fractions[f]);

			/* skewness moves both by (z^2 - 1) / 6 at most, rounding by one */
			assert_true(fabs((double)at.r - (mean - 1.959964 * sd)) < 2);
			assert_true(fabs((double)at.s - (mean + 1.959964 * sd)) < 3);
		}
	}
}

/* ---- what is shown ----------------------------------------------------------- */

static struct hist *new_hist(void)
{
	struct hist *h = malloc(sizeof(*h));

	assert_non_null(h);
	hist_reset(h);
	return h;
}

static struct hist *ramp(uint64_t n)
{
	struct hist *h = new_hist();

	for (uint64_t i = 1; i <= n; i++)
		hist_record(h, i);
	return h;
}

static void tails_percentile_stands_between_the_samples_that_enclose_it(void **state)
{
	struct hist *h = ramp(2000); /* below 2048 ns the value of a rank is the rank */
	struct tails_ranks at = tails_ranks(2000, 0.5);
	struct tails_point point;

	(void)state;
	tails_point(h, 0.5, &point);
	assert_true(point.ns == 1000 && point.beyond == 1000);
	assert_true(point.lo_ns == (double)at.r && point.hi_ns == (double)at.s);
	assert_true(at.r > 900 && at.r < 1000 && at.s > 1000 && at.s < 1100);
	free(h);
}

static void tails_percentile_with_fewer_than_100_beyond_has_neither_value_nor_interval(void **state)
{
	struct tails_point point;

	(void)state;
	for (uint64_t n = 9995; n <= 10005; n++) {
		struct hist *h = ramp(n);

		tails_point(h, 0.99, &point);
		assert_true(point.beyond == (double)hist_beyond(h, 0.99));
		assert_true(isnan(point.ns) == (point.beyond < HIST_BEYOND_MIN));
		assert_true(isnan(point.lo_ns) == isnan(point.ns));
		assert_true(isnan(point.hi_ns) == isnan(point.ns));
		free(h);
	}
	struct hist *none = new_hist();

	tails_point(none, 0.5, &point);
	assert_true(isnan(point.ns) && isnan(point.beyond));
	free(none);
}

/* The ends of a bin enclose what was recorded, whatever its rank. */
static void tails_ranks_of_a_histogram_enclose_the_sorted_samples(void **state)
{
	enum { N = 3000 };
	static uint64_t sorted[N];
	struct hist *h = new_hist();

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		sorted[i] = i * i * i * 3 + i; /* ascending, past the overflow */
		hist_record(h, sorted[i]);
	}
	assert_true(h->overflow > 0);
	for (uint64_t rank = 1; rank <= N; rank++) {
		uint64_t v = sorted[rank - 1], low = hist_low_at_rank(h, rank);
		uint64_t high = hist_high_at_rank(h, rank);

		assert_true(low <= v && v <= high);
		if (v <= HIST_MAX_NS)
			assert_true(high - low <= v / 1024);
	}
	free(h);
}

/* ---- looking while somebody writes --------------------------------------------- */

struct written {
	struct hist *hist;
	atomic_u32 done;
};

static void *write_samples(void *arg)
{
	struct written *w = arg;

	for (uint64_t i = 0; i < WRITES; i++)
		hist_record(w->hist, i % 100000);
	store_release(&w->done, 1u);
	return NULL;
}

static uint64_t add_up(const uint32_t *bins)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < HIST_BINS; i++)
		sum += bins[i];
	return sum;
}

static void tails_bins_looked_at_while_they_are_written_never_go_backwards(void **state)
{
	struct written w = {.hist = new_hist()};
	uint32_t *before = calloc(HIST_BINS, sizeof(*before)), *now = before;
	pthread_t thread;
	bool done;

	(void)state;
	assert_non_null(before);
	assert_int_equal(pthread_create(&thread, NULL, write_samples, &w), 0);
	do {
		done = load_acquire(&w.done) != 0;
		now = calloc(HIST_BINS, sizeof(*now));
		if (!now)
			break;
		hist_add_bins(now, w.hist);
		for (size_t i = 0; i < HIST_BINS; i++)
			done |= now[i] < before[i];
		free(before);
		before = now;
	} while (!done);
	pthread_join(thread, NULL);
	assert_int_equal(load_acquire(&w.done), 1);
	assert_true(add_up(before) == WRITES);
	hist_add_bins(before, w.hist); /* those of a second worker come on top */
	assert_true(add_up(before) == 2 * WRITES);
	free(before);
	free(w.hist);
}

/* ---- several trials as one ------------------------------------------------------ */

struct scene {
	struct support_dir dir;
	struct session session;
	struct sample row[TRIALS];
	const struct sample *ptr[TRIALS];
	struct trial_result *result;
	struct hist *want[2]; /* of all trials but the last */
	char err[400];
};

static void commit_trial(struct scene *s, int i)
{
	struct trial_result *r = s->result;
	struct sample *row = &s->row[i];

	sample_init(row);
	snprintf(row->cell, sizeof(row->cell), "channel/pipe/stream?size=%d", i / 3);
	snprintf(row->status, sizeof(row->status), "ok");
	row->schema_version = SAMPLES_SCHEMA;
	row->block = row->rep = i % 3;
	row->attempt = 1;
	memset(r, 0, sizeof(*r));
	r->status = TRIAL_OK;
	r->hist_kind[0] = KIND_OP;
	r->hist_kind[1] = KIND_WAIT;
	for (int side = 0; side < 2; side++) {
		hist_reset(&r->hist[side]);
		for (uint64_t k = 0; k < 500; k++)
			hist_record(&r->hist[side], 1 + k * k * (uint64_t)(1 + i + 10 * side));
		hist_record(&r->hist[side], HIST_MAX_NS + 1 + (uint64_t)i);
		if (i < 3)
			assert_int_equal(hist_merge(s->want[side], &r->hist[side]), 0);
	}
	if (session_commit(&s->session, row, r, s->err, sizeof(s->err)) != 0)
		fail_msg("%s", s->err);
	s->ptr[i] = row;
}

/* Three trials of one cell and one of another, two kinds of samples each. */
static void open_scene(struct scene *s)
{
	*s = (struct scene){.result = calloc(1, sizeof(*s->result))};
	assert_non_null(s->result);
	support_open(&s->dir);
	for (int side = 0; side < 2; side++)
		s->want[side] = new_hist();
	if (session_create(&s->session, support_path(&s->dir, "run"), s->err, sizeof(s->err)) != 0)
		fail_msg("%s", s->err);
	for (int i = 0; i < TRIALS; i++)
		commit_trial(s, i);
}

static void close_scene(struct scene *s)
{
	session_close(&s->session);
	support_close(&s->dir);
	free(s->want[0]);
	free(s->want[1]);
	free(s->result);
}

static void check_merged(const struct tail *t, const struct hist *want, uint64_t trials)
{
	assert_non_null(t);
	assert_true(t->trials == trials);
	assert_memory_equal(t->hist, want, sizeof(*want)); /* sum, min, max, overflow too */
}

static void tails_of_a_cell_are_its_trials_merged_kind_by_kind(void **state)
{
	struct scene s;
	struct tails t;

	(void)state;
	open_scene(&s);
	assert_int_equal(tails_read(&t, s.session.dir, s.ptr, TRIALS, s.err, sizeof(s.err)), 0);
	assert_true(t.n == 4 && t.without == 0);
	check_merged(tails_find(&t, s.row[0].cell, "op"), s.want[0], 3);
	check_merged(tails_find(&t, s.row[0].cell, "wait"), s.want[1], 3);
	check_merged(tails_find(&t, s.row[3].cell, "wait"), &s.result->hist[1], 1);
	assert_null(tails_find(&t, s.row[3].cell, "rtt"));
	tails_free(&t);
	close_scene(&s);
}

static void tails_pass_over_rows_that_nobody_wants_and_count_those_without(void **state)
{
	struct sample stranger;
	const struct sample *wanted[2];
	struct scene s;
	struct tails t;

	(void)state;
	open_scene(&s);
	stranger = s.row[0];
	stranger.attempt = 2;
	wanted[0] = &stranger;
	wanted[1] = &s.row[3];
	assert_int_equal(tails_read(&t, s.session.dir, wanted, 2, s.err, sizeof(s.err)), 0);
	assert_true(t.n == 2 && t.without == 1);
	assert_null(tails_find(&t, s.row[0].cell, "op"));
	check_merged(tails_find(&t, s.row[3].cell, "op"), &s.result->hist[0], 1);
	tails_free(&t);
	close_scene(&s);
}

static void check_refused(struct scene *s, const char *path, const char *words)
{
	struct tails t;

	assert_true(tails_read(&t, s->session.dir, s->ptr, TRIALS, s->err, sizeof(s->err)) < 0);
	if (!strstr(s->err, words) || !strstr(s->err, path))
		fail_msg("\"%s\" does not say \"%s\" and %s", s->err, words, path);
	tails_free(&t);
}

static void tails_of_a_spoiled_file_are_refused_by_file_and_line(void **state)
{
	char line[500];
	struct scene s;
	char *path;

	(void)state;
	open_scene(&s);
	path = strdup(support_path(&s.dir, "run/histograms.csv"));
	assert_non_null(path);
	snprintf(line, sizeof(line), "run,%s,0,0,1,op,5,0,1,1,5,1:4\n", s.row[0].cell);
	support_append(path, line);
	check_refused(&s, "histograms.csv:10", "do not add up");
	support_text(path, "run_id,cell,block,rep,attempt,kind,count\n");
	check_refused(&s, "histograms.csv:1", "no column min_ns");
	unlink(path);
	check_refused(&s, "histograms.csv", "No such file");
	free(path);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tails_binomial_agrees_with_coins_thrown_one_by_one),
		cmocka_unit_test(tails_ranks_are_the_ones_that_the_definition_gives),
		cmocka_unit_test(tails_ranks_of_many_samples_are_those_of_the_normal_distribution),
		cmocka_unit_test(tails_percentile_stands_between_the_samples_that_enclose_it),
		cmocka_unit_test(
			tails_percentile_with_fewer_than_100_beyond_has_neither_value_nor_interval),
		cmocka_unit_test(tails_ranks_of_a_histogram_enclose_the_sorted_samples),
		cmocka_unit_test(tails_bins_looked_at_while_they_are_written_never_go_backwards),
		cmocka_unit_test(tails_of_a_cell_are_its_trials_merged_kind_by_kind),
		cmocka_unit_test(tails_pass_over_rows_that_nobody_wants_and_count_those_without),
		cmocka_unit_test(tails_of_a_spoiled_file_are_refused_by_file_and_line),
	};

	return cmocka_run_group_tests_name("tails", tests, NULL, NULL);
}
