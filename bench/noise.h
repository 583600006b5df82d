/*
 * noise.h - what the machine did around a trial: the kernel's counters, read just
 * before it and just after.
 *
 * Ticks: /proc/stat counts in units of 10 ms, too coarse for one trial.  Stolen
 * time is hence looked at over at least the last NOISE_WINDOW_NS; and of a count of
 * ticks one may be the rest of what went before, so that `least` figures are what
 * the ticks but one prove.
 *
 * Everything below `root` ("" for the real machine).  One thread at a time.
 */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

#include <stddef.h>
#include <stdint.h>

enum {
	NOISE_WINDOW_NS = 250000000,
	NOISE_READINGS = 64,
	NOISE_READING_NS = 8000000,  /* between two that are kept */
	NOISE_IRQ_COST_NS = 2000000, /* /proc/interrupts is left alone where it takes longer */
};

/* NAN: not to be had. */
struct noise_facts {
	double steal_pct;                        /* of all CPU time, over the window */
	double steal_used_pct, steal_used_least; /* of the used CPUs', in % */
	double throttled_us;                     /* our control groups' quota was used up */
	double frozen_us;                        /* our control groups were frozen */
	double thermal;                          /* throttle events of used cores and packages */
	double irq_per_s;                        /* device interrupts on one used CPU, mean */
	double sibling_busy_pct, sibling_busy_least; /* of SMT siblings that the trial left idle */
};

/* Nothing known. */
void noise_unknown(struct noise_facts *f);

struct noise;

/* Finds out what there is to read, and reads it once.  NULL without memory. */
struct noise *noise_open(const char *root);
void noise_close(struct noise *n);

/* Around one trial.  `cpu`: the CPUs that its workers used, in any order, repeated or not. */
void noise_begin(struct noise *n);
void noise_end(struct noise *n, const uint32_t *cpu, size_t count, struct noise_facts *f);

#endif
