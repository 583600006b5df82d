/*
 * noise_count.h - the kernel's counters that noise.c compares, one reader each.
 *
 * Files below `root`.  A reader that finds no file, or one that it does not know, says so
 * (false, 0 or NAN) and leaves no partial answer that could be taken for a count.
 */
#ifndef BENCH_NOISE_COUNT_H
#define BENCH_NOISE_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ticks of 10 ms since boot. */
struct noise_ticks {
	uint64_t steal, busy, total; /* busy: neither idle nor stolen */
};

/* One more than the largest CPU number of /proc/stat; at least 1. */
size_t noise_count_cpus(const char *root);

/* /proc/stat, by CPU number. */
bool noise_read_ticks(const char *root, struct noise_ticks *ticks, size_t cpus);

/*
 * /proc/interrupts, by CPU number: of devices only, whose lines begin with a number.  Timer and
 * rescheduling interrupts, which a measurement causes itself, have names.
 */
bool noise_read_irq(const char *root, uint64_t *irq, size_t cpus);

/* Throttle events of a core and its package since boot; 0 where there is no such file. */
uint64_t noise_read_thermal(const char *root, size_t cpu);
bool noise_has_thermal(const char *root);

/* Time in microseconds that a control group lost to its quota; was frozen (version 2). */
double noise_throttled_us(const char *root, const char *dir, bool v2);
double noise_frozen_us(const char *root, const char *dir);

/* Set mark[i] for each SMT sibling of a CPU, itself included. */
void noise_mark_siblings(const char *root, size_t cpu, bool *mark, size_t cpus);

#endif
