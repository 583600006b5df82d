/* row_tails.c - of a row: its percentiles, its ends, shares, drift; see row.h. */
#include <stdio.h>

#include "bench/intervals.h"
#include "bench/row.h"
#include "bench/tails.h"

static void put_points(struct sample *s, const struct hist *h)
{
	TAILS_PUT(s, lat_p50, h, 0.5);
	TAILS_PUT(s, lat_p90, h, 0.9);
	TAILS_PUT(s, lat_p99, h, 0.99);
	TAILS_PUT(s, lat_p999, h, 0.999);
	TAILS_PUT(s, lat_p9999, h, 0.9999);
	s->lat_overflow = (double)h->overflow;
}

static void put_shares(struct sample *s, const struct trial_result *r)
{
	double *const to[2][2] = {
		{&s->share_min_pct, &s->share_max_pct}, {&s->share_b_min_pct, &s->share_b_max_pct}};

	for (int side = 0; side < 2; side++) {
		if (r->share_max[side] <= 0)
			continue;
		*to[side][0] = 100 * r->share_min[side];
		*to[side][1] = 100 * r->share_max[side];
	}
}

/* Senders stamp their operations, receivers and who contends their waits. */
static void put_waiting(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	for (int side = 0; side < 2; side++) {
		if (r->hist_kind[side] == KIND_WAIT && r->hist[side].count)
			s->longest_stamped_wait_ns = (double)r->hist[side].max;
	}
	if (r->overtakes_n == 0 || (c->mech->flags & (MECH_RACY | MECH_FLOOR)))
		return;
	s->overtakes_mean = (double)r->overtakes / (double)r->overtakes_n;
	s->overtakes_max = (double)r->overtakes_max;
}

static void put_drift(struct sample *s, const struct trial_result *r)
{
	struct drift d;

	if (r->intervals == 0)
		return;
	s->intervals = r->intervals;
	intervals_drift(r->interval, r->intervals, &d);
	snprintf(s->drift, sizeof(s->drift), "%s", d.word);
	s->drift_p = d.p;
	s->drift_pct = d.pct;
}

void row_put_tails(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	if (r->hist_kind[0] != KIND_NONE && r->hist[0].count)
		put_points(s, &r->hist[0]);
	s->end_skew_ns = (double)r->end_skew_ns;
	put_shares(s, r);
	put_waiting(s, c, r);
	put_drift(s, r);
}
