/* intervals.c - see intervals.h. */
#include "bench/intervals.h"

#include <math.h>
#include <stdlib.h>

#include "bench/stats.h"
#include "bench/trend.h"

static double rate(const struct trial_interval *v)
{
	return v->length_ns ? (double)v->ops * 1e9 / (double)v->length_ns : NAN;
}

void intervals_header(struct csv_row *row)
{
	static const char *const columns[] = {"run_id", "cell", "block", "rep", "attempt",
		"interval", "begin_ns", "length_ns", "ops", "ops_per_s", "kind", "lat_count",
		"lat_p50_ns", "lat_p99_ns"};

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		csv_row_text(row, columns[i]);
	csv_row_end(row);
}

static void put_if(struct csv_row *row, uint64_t value)
{
	if (value)
		csv_row_u64(row, value);
	else
		csv_row_empty(row);
}

void intervals_row(
	struct csv_row *row, const struct sample *s, const struct trial_interval *v, uint32_t index)
{
	csv_row_text(row, s->run_id);
	csv_row_text(row, s->cell);
	csv_row_u64(row, (uint64_t)s->block);
	csv_row_u64(row, (uint64_t)s->rep);
	csv_row_u64(row, (uint64_t)s->attempt);
	csv_row_u64(row, index);
	csv_row_u64(row, v->begin_ns);
	csv_row_u64(row, v->length_ns);
	csv_row_u64(row, v->ops);
	csv_row_f64(row, rate(v), CSV_SHORT);
	csv_row_text(row, s->kind);
	if (s->kind[0])
		csv_row_u64(row, v->samples);
	else
		csv_row_empty(row);
	put_if(row, v->p50_ns);
	put_if(row, v->p99_ns);
	csv_row_end(row);
}

static void test(const double *x, size_t n, double *work, struct drift *out)
{
	long rising;
	double slope = trend_slope(x, n, work), median = stats_median(x, n, work);

	out->p = trend_mann_kendall(x, n, &rising, work);
	out->pct = median > 0 ? 100 * slope * (double)(n - 1) / median : NAN;
	out->word = out->p > DRIFT_ALPHA_PERMILLE / 1000.0 ? "none" : rising > 0 ? "up" : "down";
}

void intervals_drift(const struct trial_interval *v, size_t n, struct drift *out)
{
	double *x, *work;

	*out = (struct drift){"", NAN, NAN};
	if (n && v[n - 1].length_ns < v[0].length_ns / 2)
		n--;
	if (n < DRIFT_LEAST_INTERVALS)
		return;
	x = malloc(n * sizeof(*x));
	work = malloc(trend_work(n) * sizeof(*work));
	for (size_t i = 0; x && i < n; i++)
		x[i] = v[i].length_ns ? rate(&v[i]) : 0;
	if (x && work)
		test(x, n, work, out);
	free(x);
	free(work);
}
