/*
 * clock.h - the time stamps of the timed loops.
 *
 * The source is the processor's invariant counter (TSC, CNTVCT) where it may be
 * trusted, else clock_gettime(CLOCK_MONOTONIC_RAW); clock_calibrate() decides
 * once per run, the runner hands the result to every trial, and each row names
 * it.  A reading is in ticks; ticks become nanoseconds by one multiplication.
 * Everything is integer: a double loses nanoseconds after 104 days.
 *
 * clock_read() is for any thread; ticks of two CPUs may be compared within
 * offset_bound_ns only.
 */
#ifndef HARNESS_CLOCK_H
#define HARNESS_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "harness/compiler.h"

enum clock_source { CLOCK_SOURCE_GETTIME, CLOCK_SOURCE_TSC, CLOCK_SOURCE_CNTVCT };

struct clock {
	uint32_t source;          /* enum clock_source */
	uint32_t step_ns_x100;    /* smallest difference ever seen, in 1/100 ns */
	uint64_t ns_per_tick_q32; /* nanoseconds per tick, 32.32 fixed point */
	uint64_t hz;              /* ticks per second */
	uint64_t cost_ns_x100;    /* one reading, in 1/100 ns (minimum of many) */
	uint64_t
		offset_bound_ns; /* two CPUs' counters differ by at most this; UINT64_MAX: unknown */
};

__extension__ typedef unsigned __int128 clock_u128;

ALWAYS_INLINE uint64_t clock_read(const struct clock *c)
{
	struct timespec ts;

#if defined(__x86_64__)
	if (LIKELY(c->source == CLOCK_SOURCE_TSC)) {
		uint32_t lo, hi;

		/* rdtscp waits for the instructions before it */
		__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi)::"rcx", "memory");
		return (uint64_t)hi << 32 | lo;
	}
#elif defined(__aarch64__)
	if (LIKELY(c->source == CLOCK_SOURCE_CNTVCT)) {
		uint64_t ticks;

		__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
		return ticks;
	}
#endif
	(void)c;
	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* A difference of two readings, in nanoseconds. */
ALWAYS_INLINE uint64_t clock_ns(const struct clock *c, uint64_t ticks)
{
	return (uint64_t)((clock_u128)ticks * c->ns_per_tick_q32 >> 32);
}

/* Nanoseconds as ticks, rounded up. */
static inline uint64_t clock_ticks(const struct clock *c, uint64_t ns)
{
	return (uint64_t)((((clock_u128)ns << 32) + c->ns_per_tick_q32 - 1) / c->ns_per_tick_q32);
}

/*
 * Choose and calibrate the source against CLOCK_MONOTONIC_RAW.  Takes about
 * 25 ms.  `force_gettime` leaves the counter alone.  When the counter is not
 * used, `why` (may be NULL) says what spoke against it; else it is empty.
 */
void clock_calibrate(struct clock *c, bool force_gettime, char *why, size_t why_len);

/*
 * Bound the difference between the counters of two CPUs (OS numbers) by a
 * ping-pong of stamps, a few hundred rounds: neither side may see the other's
 * stamp lie outside its own two.  0 and c->offset_bound_ns raised to it if it
 * is larger, or -errno (cannot pin, no thread).  Leaves the caller's affinity
 * as it was.
 */
int clock_bound_offset(struct clock *c, unsigned cpu_a, unsigned cpu_b);

const char *clock_source_name(enum clock_source s);

#endif
