/* export_hgrm.c - percentile distributions as HdrHistogram prints them; see export.h. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export.h"
#include "bench/report.h"

enum {
	TICKS = 5, /* for each halving of what lies beyond */
	PATH_BYTES = 4400,
};

/* Where a walk through the bins stands. */
struct walk {
	const struct hist *h;
	size_t bin;    /* the next one */
	uint64_t seen; /* samples in those before */
};

/* All samples of the bins up to that of the rank. */
static uint64_t count_to(struct walk *w, uint64_t rank)
{
	while (w->seen < rank && w->bin < HIST_BINS)
		w->seen += w->h->bin[w->bin++];
	return w->seen < rank ? w->h->count : w->seen;
}

static double deviation(const struct hist *h, double mean)
{
	double sum = 0;

	for (size_t i = 0; i < HIST_BINS; i++) {
		double low = (double)hist_value_low(i), high = (double)hist_value_high(i);
		double away = (low + high) / 2 - mean;

		sum += h->bin[i] * away * away;
	}
	sum += (double)h->overflow * ((double)h->max - mean) * ((double)h->max - mean);
	return h->count ? sqrt(sum / (double)h->count) : 0;
}

static void put_foot(FILE *to, const struct hist *h)
{
	double mean = hist_mean(h);

	fprintf(to, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean, deviation(h, mean));
	fprintf(to, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", (double)h->max,
		h->count);
	fprintf(to, "#[Buckets = %12d, SubBuckets     = %12d]\n", HIST_MAX_BITS - HIST_OCTAVE_BITS,
		2 << HIST_OCTAVE_BITS);
}

/* From 0 in TICKS steps to a half, in as many to three quarters, and so on. */
static double next_level(double p)
{
	return p + exp2(-floor(-log2(1 - p) + 1e-9)) / (2 * TICKS);
}

void export_hgrm_put(FILE *to, const struct hist *h)
{
	struct walk w = {.h = h};

	fprintf(to, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	for (double p = 0; h->count && hist_percentile_ok(h, p); p = next_level(p)) {
		uint64_t rank = hist_rank(h, p);
		uint64_t value = hist_high_at_rank(h, rank);

		fprintf(to, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", (double)value, p,
			count_to(&w, rank), 1 / (1 - p));
	}
	if (h->count)
		fprintf(to, "%12.3f %2.12f %10" PRIu64 "\n", (double)h->max, 1.0, h->count);
	put_foot(to, h);
}

static int put_hist(void *ctx, FILE *to, char *err, size_t err_len)
{
	(void)err, (void)err_len;
	export_hgrm_put(to, ctx);
	return 0;
}

static int write_file(const struct export_job *job, const struct tail *t, char *err, size_t err_len)
{
	char name[EXPORT_NAME], path[PATH_BYTES];
	int code;

	export_name(t->row->cell, t->kind, "hgrm", name);
	snprintf(path, sizeof(path), "%.4000s/%s", job->out_dir, name);
	code = report_save(path, put_hist, t->hist, err, err_len);
	if (!code)
		fprintf(job->names, "%s\n", path);
	return code;
}

int export_hgrm(const struct export_job *job, char *err, size_t err_len)
{
	struct tails tails;
	int code = tails_read(&tails, job->run_dir, job->row, job->n, err, err_len);
	int files = 0;

	for (size_t i = 0; i < tails.n && !code; i++) {
		code = write_file(job, &tails.tail[i], err, err_len);
		files += !code;
	}
	tails_free(&tails);
	if (!code && files == 0) {
		snprintf(err, err_len, "%s: of these rows there is no histogram in histograms.csv",
			job->run_dir);
		code = -ENODATA;
	}
	return code ? code : files;
}
