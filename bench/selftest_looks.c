/* selftest_looks.c - what must be true of each trial of the self-test; see selftest.h. */
#include "bench/selftest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "primitives/selftest.h"

enum {
	CLOCK_STRETCH_NS = 20000000,
	BARE_LOOPS = 2000000, /* iterations of the loop that does nothing ... */
	BARE_TRIES = 5,       /* ... and how often: the fastest counts */
	SLEEP_CPU_SHARE = 5,  /* who sleeps uses less than one part in so many */
	READINGS = 1000,      /* to find what one costs */
	P50_SHARE = 10,       /* the median of what is late once in a while: so much less */
};

static double raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- in this process --------------------------------------------------------- */

void selftest_look_clock(struct selftest *t)
{
	double begin = raw_ns(), now;
	uint64_t ticks = clock_read(&t->clock);

	do
		now = raw_ns();
	while (now - begin < CLOCK_STRETCH_NS);
	ticks = clock_read(&t->clock) - ticks;
	selftest_add(t, "clock", SELFTEST_SAME, SELFTEST_NS, now - begin,
		(double)clock_ns(&t->clock, ticks), "%s by monotonic_raw",
		clock_source_name((enum clock_source)t->clock.source));
}

/* ns of one turn of a loop that does nothing and reads no clock. */
static double bare_loop_ns(void)
{
	double best = INFINITY, took;

	for (int i = 0; i < BARE_TRIES; i++) {
		took = raw_ns();
		for (uint64_t k = 0; k < BARE_LOOPS; k++)
			__asm__ volatile("" ::"r"(k) : "memory");
		took = (raw_ns() - took) / BARE_LOOPS;
		best = took < best ? took : best;
	}
	return best;
}

/*
 * What a send of selftest/busy takes: the stretch, one reading that begins it, and
 * half of one by which its end is missed.  The fastest reading of many counts.
 */
static double busy_ns(void)
{
	double best = INFINITY, last = raw_ns(), now;

	for (int i = 0; i < READINGS; i++) {
		now = raw_ns();
		best = now - last < best ? now - last : best;
		last = now;
	}
	return SELFTEST_BUSY_NS + 1.5 * best;
}

/* ---- what the trial's own clocks say ----------------------------------------- */

/* See the mechanisms: nanoseconds in most of them. */
static double second_full(const struct selftest *t)
{
	return (double)t->result->full_waits;
}

static double second_empty(const struct selftest *t)
{
	return (double)t->result->empty_waits;
}

/* ---- floors and known costs --------------------------------------------------- */

void selftest_look_floor(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, bare_loop_ns(),
		t->row.elapsed_ns / t->row.ops, "%s/%s, %s", s->mechanism, s->workload, where);
}

void selftest_look_alone(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct sample *r = &t->row;

	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_RATE, (double)s->n * 1e9 / second_full(t),
		r->ops_per_s, "sends, %s", where);
	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_NS, second_empty(t) / (double)s->n,
		r->cpu_ns_per_op, "CPU time of a send, %s", where);
	selftest_add(t, s->check, SELFTEST_EXACT, SELFTEST_COUNT, (double)s->n, r->ops,
		"operations, %s", where);
}

void selftest_look_trips(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct sample *r = &t->row;

	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_NS, second_full(t) / (double)s->n,
		r->lat_mean_ns, "mean of the round trips, %s", where);
	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_NS, busy_ns(), r->lat_p50_ns,
		"p50 of the round trips, %s", where);
	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, SELFTEST_BUSY_NS, r->lat_min_ns,
		"shortest round trip, %s", where);
	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, second_empty(t) / (double)s->n,
		r->cpu_ns_per_op, "CPU time of both sides, %s", where);
	selftest_add(t, s->check, SELFTEST_EXACT, SELFTEST_COUNT, (double)s->n, r->lat_count,
		"samples, every one, %s", where);
}

void selftest_look_stream(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct sample *r = &t->row;

	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_RATE, (double)s->n * 1e9 / second_full(t),
		r->ops_per_s, "messages, %s", where);
	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_NS, busy_ns(), r->lat_p50_ns,
		"p50 of the sends, %s", where);
	selftest_add(t, s->check, SELFTEST_EXACT, SELFTEST_COUNT, (double)s->n / STAMP_EVERY,
		r->lat_count, "samples, one in %d, %s", STAMP_EVERY, where);
}

void selftest_look_sleep(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct sample *r = &t->row;
	double mean = second_full(t) / (double)s->n;

	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_RATE, 1e9 / mean, r->ops_per_s,
		"round trips, %s", where);
	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_NS, mean, r->lat_mean_ns,
		"mean of the round trips, %s", where);
	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_NS, second_empty(t), r->lat_max_ns,
		"longest round trip, %s", where);
	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, 2.0 * SELFTEST_SLEEP_NS,
		r->lat_min_ns, "shortest round trip, %s", where);
	selftest_add(t, s->check, SELFTEST_MOST, SELFTEST_NS, mean / SLEEP_CPU_SHARE,
		r->cpu_ns_per_op, "CPU time of a round trip, %s", where);
}

/* Nobody else wants it: the second clock has read the same stretch. */
void selftest_look_held(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct sample *r = &t->row;

	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_RATE, (double)s->n * 1e9 / second_full(t),
		r->ops_per_s, "sections, %s", where);
	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, second_empty(t) / (double)s->n,
		1e9 / r->ops_per_s, "time of a section, %s", where);
	selftest_add(t, s->check, SELFTEST_EXACT, SELFTEST_COUNT, (double)s->n, r->ops,
		"operations, %s", where);
}

/*
 * The stretch ends by a flag, which no mechanism sees: but it lasts as long as was
 * asked for, and a lock that is held for so long lets so many in and no more.  Who is
 * alone at it is in or about to be from its first section to the flag: the second
 * clock's reading of that and all its sections give the rate too.  Of several, one may
 * be kept from the lock when the flag falls, for longer than 2 % of the stretch.
 */
void selftest_look_hold(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct sample *r = &t->row;
	double asked = (double)s->stretch_ns * (1 - SELFTEST_TOLERANCE_PERCENT / 100.0);

	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, asked, r->elapsed_ns,
		"length by monotonic, %s", where);
	selftest_add(t, s->check, SELFTEST_MOST, SELFTEST_SHARE, 1,
		r->ops_per_s * SELFTEST_HOLD_NS / 1e9, "share of the time held, %s", where);
	if (s->side_a == 1)
		selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_RATE,
			(double)t->result->cpu_ops * 1e9 / second_full(t), r->ops_per_s,
			"sections by contending, %s", where);
}

/* ---- a delay at the right place ------------------------------------------------ */

static double samples_from(const struct hist *h, uint64_t ns)
{
	double n = (double)h->overflow;

	for (size_t i = hist_index(ns); i < HIST_BINS; i++)
		n += h->bin[i];
	return n;
}

/* Of the samples in [from, to): their time, by the middle of their bins. */
static double time_between(const struct hist *h, uint64_t from_ns, uint64_t to_ns)
{
	double sum = 0;

	for (size_t i = hist_index(from_ns); i < hist_index(to_ns); i++)
		sum += h->bin[i] * ((double)hist_value_low(i) + (double)hist_value_high(i)) / 2;
	return sum;
}

void selftest_look_late(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct sample *r = &t->row;
	double made = 2.0 * (double)s->n / SELFTEST_LATE_EVERY;
	double seen = samples_from(&t->result->hist[0], SELFTEST_LATE_SEEN_NS);

	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_COUNT, made, seen,
		"round trips held up, %s", where);
	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_COUNT, second_empty(t), seen,
		"round trips over 900 us, %s", where);
	selftest_add(t, s->check, SELFTEST_SAME, SELFTEST_NS, second_full(t),
		time_between(&t->result->hist[0], SELFTEST_LATE_SEEN_NS, SELFTEST_LATE_MORE_NS),
		"time of those under 2 ms, %s", where);
	selftest_add(t, s->check, SELFTEST_MOST, SELFTEST_NS, SELFTEST_LATE_NS / P50_SHARE,
		r->lat_p50_ns, "p50: not in it, %s", where);
	selftest_add(t, s->check, SELFTEST_MOST, SELFTEST_NS, SELFTEST_LATE_SEEN_NS, r->lat_p99_ns,
		"p99: not in it, %s", where);
	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, SELFTEST_LATE_NS, r->lat_p999_ns,
		"p99.9: in it, %s", where);
	selftest_add(t, s->check, SELFTEST_LEAST, SELFTEST_NS, SELFTEST_LATE_NS, r->lat_max_ns,
		"longest: in it, %s", where);
}

/* ---- faults: caught, and rightly named ------------------------------------------ */

static const char *const fault_names[] = {
	[SELFTEST_LOST] = "lost",
	[SELFTEST_DUPLICATED] = "duplicated",
	[SELFTEST_REORDERED] = "reordered",
	[SELFTEST_CORRUPT] = "corrupt",
};

/*
 * How many there must be.  Of several senders each begins its own period, which
 * may make one more.  Of several receivers none sees the whole: what is doubled or
 * out of order shows at least once.
 */
static double faults_made(const struct selftest_scene *s, bool one)
{
	bool known = one || s->fault == SELFTEST_LOST || s->fault == SELFTEST_CORRUPT;

	return known ? (double)s->n / SELFTEST_FAULT_EVERY : 1;
}

/* Who gets a duplicate late sees it out of order, where there are several receivers. */
void selftest_look_fault(struct selftest *t, const struct selftest_scene *s, const char *where)
{
	const struct trial_result *r = t->result;
	const uint64_t count[] = {
		[SELFTEST_LOST] = r->lost,
		[SELFTEST_DUPLICATED] = r->duplicated,
		[SELFTEST_REORDERED] = r->reordered,
		[SELFTEST_CORRUPT] = r->corrupt,
	};
	bool one = s->side_a == 1 && s->side_b == 1;
	uint64_t others = 0;
	struct selftest_figure *f = selftest_add(t, s->check, one ? SELFTEST_EXACT : SELFTEST_LEAST,
		SELFTEST_COUNT, faults_made(s, one), (double)count[s->fault], "%s, %s",
		fault_names[s->fault], where);

	for (uint32_t i = SELFTEST_LOST; i <= SELFTEST_CORRUPT; i++) {
		if (i == s->fault ||
			(!one && s->fault == SELFTEST_DUPLICATED && i == SELFTEST_REORDERED))
			continue;
		others += count[i];
	}
	if (r->status == TRIAL_FAIL && others == 0 && f->verdict == SELFTEST_OK)
		return;
	f->verdict = SELFTEST_WRONG;
	t->missed = r->status == TRIAL_OK;
	snprintf(f->reason, sizeof(f->reason), "%s",
		t->missed ? "it went through as ok" : r->reason);
}
