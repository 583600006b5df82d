/* openloop.c - see openloop.h. */
#include "bench/openloop.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/tails.h"

enum { NS_PER_S = 1000000000, CLAIM_BLOCK = 64 };

bool openloop_is_auto(const struct cell *c)
{
	return workload_scheduled(c->workload) && c->extra.rate_per_s == 0;
}

static uint64_t due_within(uint64_t rate_per_s, uint64_t ns)
{
	return (uint64_t)((clock_u128)rate_per_s * ns / NS_PER_S);
}

void openloop_plan(struct cell *c)
{
	uint64_t rate = c->extra.rate_per_s, most = due_within(rate, OPENLOOP_LONGEST_NS);
	uint64_t least = !rate || most > OPENLOOP_MESSAGES ? OPENLOOP_MESSAGES : most;
	uint64_t n = due_within(rate, c->stretch_ns);

	c->n = n > least ? n : least;
	c->block = c->side_a > 1 || c->side_b > 1 ? 1 : CLAIM_BLOCK;
	if (rate && n < least)
		c->stretch_ns = (uint64_t)((clock_u128)least * NS_PER_S / rate);
}

/* ---- what came of it ------------------------------------------------------ */

static double per_second(uint64_t n, uint64_t ns)
{
	return ns ? (double)n * 1e9 / (double)ns : NAN;
}

bool openloop_missed(const struct trial_result *r)
{
	double offered = per_second(r->n, r->offered_ns);
	double achieved = per_second(r->ops, r->served_ns);

	return !(achieved >= offered * OPENLOOP_ACHIEVED_PERCENT / 100);
}

bool openloop_believable(const struct hist *h, uint64_t bound_ns)
{
	return bound_ns <= UINT64_MAX / OPENLOOP_BOUNDS &&
	       hist_value_at_percentile(h, 0.5) >= OPENLOOP_BOUNDS * bound_ns;
}

static void say_why_not(struct sample *s, const char *what, const struct hist *h, uint64_t bound_ns)
{
	size_t used = strlen(s->oneway_reason);

	if (bound_ns == UINT64_MAX) {
		snprintf(s->oneway_reason, sizeof(s->oneway_reason),
			"the clocks of the processors could not be compared");
		return;
	}
	snprintf(s->oneway_reason + used, sizeof(s->oneway_reason) - used,
		"%s%s: median %" PRIu64 " ns, under %d x bound", used ? "; " : "", what,
		hist_value_at_percentile(h, 0.5), OPENLOOP_BOUNDS);
}

static void put_service(struct sample *s, const struct hist *h, uint64_t bound_ns)
{
	s->svc_count = (double)h->count;
	if (h->count == 0)
		return;
	s->svc_max_ns = (double)h->max;
	TAILS_PUT(s, svc_p50, h, 0.5);
	TAILS_PUT(s, svc_p99, h, 0.99);
	TAILS_PUT(s, svc_p999, h, 0.999);
	if (openloop_believable(h, bound_ns))
		return;
	say_why_not(s, "service", h, bound_ns);
	s->svc_max_ns = NAN;
	TAILS_DROP(s, svc_p50);
	TAILS_DROP(s, svc_p99);
	TAILS_DROP(s, svc_p999);
}

void openloop_gate(struct sample *s, const char *what, const struct hist *h, uint64_t bound_ns)
{
	if (h->count == 0 || openloop_believable(h, bound_ns))
		return;
	say_why_not(s, what, h, bound_ns);
	s->lat_min_ns = s->lat_max_ns = s->lat_mean_ns = NAN;
	TAILS_DROP(s, lat_p50);
	TAILS_DROP(s, lat_p90);
	TAILS_DROP(s, lat_p99);
	TAILS_DROP(s, lat_p999);
	TAILS_DROP(s, lat_p9999);
}

void openloop_row(struct sample *s, const struct cell *c, const struct trial_result *r)
{
	openloop_gate(s, "response", &r->hist[0], c->oneway_bound_ns);
	put_service(s, &r->hist[1], c->oneway_bound_ns);
	s->offered_per_s = per_second(r->n, r->offered_ns);
	s->achieved_per_s = per_second(r->ops, r->served_ns);
	s->late_sends = (double)r->late_sends;
	if (c->extra.rate_per_s && openloop_missed(r))
		snprintf(s->missed, sizeof(s->missed), "offered %.0f/s, achieved %.0f/s",
			s->offered_per_s, s->achieved_per_s);
	if (c->oneway_bound_ns != UINT64_MAX)
		s->oneway_bound_ns = (double)c->oneway_bound_ns;
	s->oneway_negative = (double)r->oneway_negative;
}

/* ---- around a knee -------------------------------------------------------- */

static uint64_t two_digits(double v)
{
	double unit = 1;

	while (v / unit >= 100)
		unit *= 10;
	return (uint64_t)(round(v / unit) * unit);
}

size_t openloop_rates(uint64_t knee_per_s, uint64_t rate_per_s[OPENLOOP_RATES])
{
	static const double of_knee[OPENLOOP_RATES] = {0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25};
	size_t n = 0;

	for (int i = 0; i < OPENLOOP_RATES; i++) {
		uint64_t rate = two_digits((double)knee_per_s * of_knee[i]);

		if (rate > CELL_MAX_RATE)
			rate = CELL_MAX_RATE;
		if (rate > (n ? rate_per_s[n - 1] : 0))
			rate_per_s[n++] = rate;
	}
	return n;
}
