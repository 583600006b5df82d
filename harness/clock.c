/* clock.c - see clock.h. */
#include "harness/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "harness/atomic.h"

enum {
	NS_PER_S = 1000000000,
	CALIBRATE_NS = 20 * 1000 * 1000,
	COST_READS = 2000,
	OFFSET_ROUNDS = 500,
};

const char *clock_source_name(enum clock_source s)
{
	switch (s) {
	case CLOCK_SOURCE_TSC:
		return "tsc";
	case CLOCK_SOURCE_CNTVCT:
		return "cntvct";
	case CLOCK_SOURCE_GETTIME:
		break;
	}
	return "monotonic_raw";
}

static uint64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

#if defined(__x86_64__)
/* Does the kernel itself still trust the TSC?  Unreadable: take the CPU's word. */
static bool kernel_rejects_tsc(void)
{
	char line[128] = "";
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/available_clocksource", "re");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	return line[0] && !strstr(line, "tsc");
}
#endif

static enum clock_source best_source(const char **why)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	if (!__get_cpuid(0x80000001u, &a, &b, &c, &d) || !(d & BIT(27)))
		*why = "the processor has no rdtscp";
	else if (!__get_cpuid(0x80000007u, &a, &b, &c, &d) || !(d & BIT(8)))
		*why = "the processor does not promise an invariant TSC";
	else if (kernel_rejects_tsc())
		*why = "the kernel has withdrawn the TSC as a clock source";
	else
		return CLOCK_SOURCE_TSC;
	return CLOCK_SOURCE_GETTIME;
#elif defined(__aarch64__)
	(void)why;
	return CLOCK_SOURCE_CNTVCT;
#else
	*why = "no known counter on this architecture";
	return CLOCK_SOURCE_GETTIME;
#endif
}

/* A raw time and the counter read together: the tightest of several tries. */
static void read_both(const struct clock *c, uint64_t *raw, uint64_t *ticks)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 20; i++) {
		uint64_t t0 = clock_read(c), r = raw_ns(), t1 = clock_read(c);

		if (t1 - t0 < best) {
			best = t1 - t0;
			*raw = r;
			*ticks = t0 + (t1 - t0) / 2;
		}
	}
}

static void measure_rate(struct clock *c)
{
	uint64_t raw0 = 0, raw1 = 0, t0 = 0, t1 = 0;

	read_both(c, &raw0, &t0);
	while (raw_ns() - raw0 < CALIBRATE_NS)
		cpu_pause();
	read_both(c, &raw1, &t1);
	c->ns_per_tick_q32 = (uint64_t)(((clock_u128)(raw1 - raw0) << 32) / (t1 - t0));
	c->hz = (uint64_t)((clock_u128)(t1 - t0) * NS_PER_S / (raw1 - raw0));
}

/* Cost: the minimum over batches.  Step: the smallest non-zero difference. */
static void measure_cost(struct clock *c)
{
	uint64_t best = UINT64_MAX, step = UINT64_MAX;

	for (int batch = 0; batch < 20; batch++) {
		uint64_t start = clock_read(c), prev = start, now = start;

		for (int i = 0; i < COST_READS / 20; i++) {
			now = clock_read(c);
			if (now != prev && now - prev < step)
				step = now - prev;
			prev = now;
		}
		if (now - start < best)
			best = now - start;
	}
	c->cost_ns_x100 = clock_ns(c, best * 100 / (COST_READS / 20));
	c->step_ns_x100 = (uint32_t)clock_ns(c, step * 100);
}

void clock_calibrate(struct clock *c, bool force_gettime, char *why, size_t why_len)
{
	const char *reason = "asked for";

	memset(c, 0, sizeof(*c));
	c->source = force_gettime ? CLOCK_SOURCE_GETTIME : (uint32_t)best_source(&reason);
	c->ns_per_tick_q32 = 1ull << 32;
	c->hz = NS_PER_S;
	if (c->source != CLOCK_SOURCE_GETTIME) {
		measure_rate(c);
		c->offset_bound_ns = UINT64_MAX;
		reason = "";
	}
	measure_cost(c);
	if (why && why_len)
		snprintf(why, why_len, "%s", reason);
}

struct offset_game {
	const struct clock *clock;
	OWN_LINE atomic_u32 turn; /* odd: the answerer's */
	OWN_LINE atomic_u64 stamp;
	unsigned cpu;
	int err;
};

static int pin_self(unsigned cpu)
{
	cpu_set_t set;

	if (cpu >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return -pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void wait_turn(atomic_u32 *turn, uint32_t until)
{
	for (unsigned spins = 1; load_acquire(turn) != until; spins++) {
		if (spins % 4096 == 0)
			sched_yield();
		cpu_pause();
	}
}

static void *offset_answer(void *arg)
{
	struct offset_game *g = arg;

	g->err = pin_self(g->cpu);
	for (uint32_t i = 0; i < OFFSET_ROUNDS; i++) {
		wait_turn(&g->turn, 2 * i + 1);
		store_relaxed(&g->stamp, clock_read(g->clock));
		store_release(&g->turn, 2 * i + 2);
	}
	return NULL;
}

/*
 * Other = own + offset at the instant of the answer, which lies between my two
 * stamps: offset is in [answer - after, answer - before].  Intersect them.
 */
static int64_t play_offset(struct offset_game *g)
{
	int64_t low = INT64_MIN, high = INT64_MAX;

	for (uint32_t i = 0; i < OFFSET_ROUNDS; i++) {
		int64_t before = (int64_t)clock_read(g->clock), after, answer;

		store_release(&g->turn, 2 * i + 1);
		wait_turn(&g->turn, 2 * i + 2);
		after = (int64_t)clock_read(g->clock);
		answer = (int64_t)load_relaxed(&g->stamp);
		if (answer - after > low)
			low = answer - after;
		if (answer - before < high)
			high = answer - before;
	}
	return -low > high ? -low : high;
}

int clock_bound_offset(struct clock *c, unsigned cpu_a, unsigned cpu_b)
{
	struct offset_game g = {.clock = c, .cpu = cpu_b};
	cpu_set_t old;
	pthread_t other;
	int64_t bound;
	int err = -pthread_getaffinity_np(pthread_self(), sizeof(old), &old);

	if (err)
		return err;
	err = pin_self(cpu_a);
	if (!err)
		err = -pthread_create(&other, NULL, offset_answer, &g);
	if (!err) {
		bound = play_offset(&g);
		pthread_join(other, NULL);
		err = g.err;
		bound = bound < 0 ? 0 : bound;
		if (!err && (c->offset_bound_ns == UINT64_MAX ||
				    clock_ns(c, (uint64_t)bound) > c->offset_bound_ns))
			c->offset_bound_ns = clock_ns(c, (uint64_t)bound);
	}
	pthread_setaffinity_np(pthread_self(), sizeof(old), &old);
	return err;
}
