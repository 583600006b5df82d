/* gate_stored_shift.c - what whole campaigns did, all cells together; see gate_stored.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/gate_stored_part.h"
#include "bench/stats.h"
#include "bench/student.h"

/* The values there are, to `out`; how many. */
static size_t present(const double *x, size_t n, double *out)
{
	size_t have = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isnan(x[i]))
			out[have++] = x[i];
	}
	return have;
}

static bool in_family(const struct stored_input *in, size_t i, int family)
{
	return family < 0 || in->family[i] == family;
}

int stored_campaign_shifts(const struct stored_input *in, int family, double *shift)
{
	size_t columns = in->base + in->fresh;
	double *centre = calloc(in->n + 1, sizeof(*centre)), *work;
	double *residual = calloc(in->n + 1, sizeof(*residual));

	work = calloc(2 * (in->n + columns + 1), sizeof(*work));
	if (!centre || !residual || !work) {
		free(centre);
		free(residual);
		free(work);
		return -ENOMEM;
	}
	for (size_t i = 0; i < in->n; i++) {
		size_t n = present(costs_of(in, i), in->base, work);

		centre[i] = stats_median(work, n, work + n);
	}
	for (size_t k = 0; k < columns; k++) {
		size_t n = 0;

		for (size_t i = 0; i < in->n; i++) {
			double r = costs_of(in, i)[k] - centre[i];

			if (in_family(in, i, family) && !isnan(r))
				residual[n++] = r;
		}
		shift[k] = stats_median(residual, n, work);
	}
	free(centre);
	free(residual);
	free(work);
	return 0;
}

/* `work` holds the others; twice as much room. */
static bool lies_apart(double x, double *work, size_t n)
{
	double median = stats_median(work, n, work + n), mad = stats_mad(work, n, work + n);
	double limit = 4 * mad > log1p(stored_shift_most) ? 4 * mad : log1p(stored_shift_most);

	return fabs(x - median) > limit;
}

size_t stored_outliers(const double *shift, size_t n, bool *out, double *work)
{
	size_t have = present(shift, n, work), apart = 0;

	for (size_t i = 0; i < n; i++) {
		size_t others = 0;

		out[i] = false;
		if (isnan(shift[i]) || have < 4)
			continue;
		for (size_t k = 0; k < n; k++) {
			if (k != i && !isnan(shift[k]))
				work[others++] = shift[k];
		}
		out[i] = lies_apart(shift[i], work, others);
		apart += out[i];
	}
	return apart;
}

void stored_shift_between(const double *shift, size_t base, size_t fresh, struct stored_shift *out)
{
	struct group a = group_of(shift, base), b = group_of(shift + base, fresh);
	double df, se, half;

	out->diff = b.mean - a.mean;
	out->lo = out->hi = out->p = NAN;
	if (a.n == 0 || b.n == 0 || a.n + b.n < 3)
		return;
	df = (double)(a.n + b.n - 2);
	se = sqrt(fmax((a.squares + b.squares) / df, stored_least_s2) * one_each(&a, &b));
	half = student_quantile_upper((1 - stored_confidence) / 2, df) * se;
	out->lo = out->diff - half;
	out->hi = out->diff + half;
	out->p = student_upper(out->diff / se, df);
}
