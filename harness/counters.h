/*
 * counters.h - what the processor counts of a worker: cycles, instructions, cache
 * misses, by perf_event_open().
 *
 * A task that is counted pays at each context switch, also for counters that are
 * open and stand still: a round trip of two threads on one processor became 40 %
 * longer with three software events.  So the timed stretch is never counted: a
 * trial has a shorter stretch before it in which nothing is timed, and the
 * counters are closed before the workers warm up.
 *
 * Whoever measures asks once per run what can be counted (counters_probe) and
 * hands the answer to every trial; without events nothing is opened or tried.
 * Values are numbers of events of the calling thread.  A set of counters belongs
 * to the thread that opened it.
 */
#ifndef HARNESS_COUNTERS_H
#define HARNESS_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

enum counter { COUNTER_CYCLES, COUNTER_INSTRUCTIONS, COUNTER_CACHE_MISSES, COUNTER_COUNT };

/* Trials of more workers are not counted: descriptors are for mechanisms. */
enum { COUNTERS_MAX_WORKERS = 64 };

/* Whose events. */
enum counter_scope {
	COUNTERS_NONE,
	COUNTERS_USER,   /* in user space only: the kernel's are not allowed to us */
	COUNTERS_KERNEL, /* in user space and in the kernel */
};

struct counter_event {
	uint32_t type;   /* perf_event_attr.type */
	uint32_t absent; /* not to be had here */
	uint64_t config; /* perf_event_attr.config */
};

/* What to count; part of a trial's spec.  Zeroed: nothing. */
struct counter_plan {
	uint32_t scope, pad; /* enum counter_scope */
	struct counter_event event[COUNTER_COUNT];
};

/* An open group; fd -1: not open. */
struct counters {
	int fd[COUNTER_COUNT];
};

/* "cycles", "instructions", "cache-misses". */
const char *counter_name(enum counter c);

/* The events of the processor behind the columns of samples.csv. */
void counters_hardware(struct counter_plan *p);

/*
 * Try the plan's events on the calling thread: sets scope, and absent for those that
 * are not to be had, or that did not count.  `why` says what is missing and what stands
 * in the way, "" if nothing: no such events (a virtual machine without them), not
 * allowed (`root`/proc/sys/kernel/perf_event_paranoid), taken by somebody else.  `root`
 * is "" for the real machine.  Some milliseconds at most.
 */
void counters_probe(struct counter_plan *p, const char *root, char *why, size_t why_len);

/* "user+kernel: cycles instructions"; "" where nothing can be counted. */
void counters_say(const struct counter_plan *p, char *out, size_t out_len);

/* Open the plan's events as one group, standing still.  What cannot be opened stays closed. */
void counters_open(struct counters *c, const struct counter_plan *p);

/* From 0, once; and no further. */
void counters_start(const struct counters *c);
void counters_stop(const struct counters *c);

/*
 * What was counted between start and stop; UINT64_MAX: not known.  Where counters took
 * turns with others' they are scaled to the whole time; where they had no turn they are
 * not known.
 */
void counters_read(const struct counters *c, uint64_t value[COUNTER_COUNT]);

/* counted x enabled / running; UINT64_MAX where that cannot be said. */
uint64_t counter_scaled(uint64_t counted, uint64_t enabled_ns, uint64_t running_ns);

/* May run twice. */
void counters_close(struct counters *c);

#endif
