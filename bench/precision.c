/* precision.c - see precision.h. */
#include "bench/precision.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rank.h"
#include "bench/stats.h"

static const double confidence = 0.95;

/* Those that count, into v; how many. */
static size_t choose(const struct precision_figure *f, size_t n, double *v)
{
	size_t clean = 0, used = 0;

	for (size_t i = 0; i < n; i++)
		clean += f[i].clean;
	for (size_t i = 0; i < n; i++) {
		if (f[i].clean || clean < RANK_ENOUGH_CLEAN)
			v[used++] = f[i].value;
	}
	return used;
}

/* NAN where there is no interval. */
static double half_width_pct(const double *v, size_t n, double *median, double *work)
{
	struct stats_interval i = {0};
	bool has = stats_median_interval(v, n, confidence, &i, work);

	*median = stats_median(v, n, work);
	if (!has || *median == 0)
		return (double)NAN;
	return 100 * fmax(i.hi - *median, *median - i.lo) / fabs(*median);
}

void precision_look(const struct precision_figure *f, size_t n, double want_pct,
	struct precision *out, double *work)
{
	double *v = work, before, ignored;
	size_t used = choose(f, n, v);

	*out = (struct precision){.n = used, .median = (double)NAN, .half_width_pct = (double)NAN};
	if (used == 0)
		return;
	out->half_width_pct = half_width_pct(v, used, &out->median, work + n);
	before = half_width_pct(v, used - 1, &ignored, work + n);
	out->met = out->half_width_pct <= want_pct && before <= want_pct;
}

bool precision_parse(const char *text, double *pct)
{
	char *end;

	if (strspn(text, "0123456789.") + 1 != strlen(text))
		return false;
	*pct = strtod(text, &end);
	return end != text && strcmp(end, "%") == 0 && *pct > 0 && *pct < 100;
}
