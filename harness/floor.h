/*
 * floor.h - the least that the parts of a hand-over cost on a pair of PUs.
 *
 * A mechanism cannot be faster than what it is made of: cache lines that move,
 * copies, entries into the kernel, threads that are woken.  floor_measure()
 * takes each part alone, in batches that are long against the clock's step, on
 * the PUs that the mechanisms are then measured on.  The least batch is the
 * floor, the median of the batches says how far it is from the usual.
 *
 * What the parts are, in nanoseconds each:
 *
 *	line-cas  one way of a cache line that two threads compare and swap
 *	line-two  one way of a word, each side writing a line of its own
 *	switch    from a thread that yields to the other one on its PU
 *	wake      from before the waker's call until the sleeper runs, both calls
 *	          into the kernel included: half of a round trip between two futexes
 *	syscall   getppid: into the kernel and back
 *	atomic    an addition to a word that nobody else touches
 *	clock     a reading of clock_read()
 *	copy      of so many bytes, in caches as warm as can be
 *
 * Two PUs have no switch, one PU has no line: `why` says so.  A line has a home
 * in the caches, hence lines at several addresses are measured; the spread is
 * the minimum at the slowest of them.
 */
#ifndef HARNESS_FLOOR_H
#define HARNESS_FLOOR_H

#include <stddef.h>
#include <stdint.h>

#include "harness/clock.h"

struct topo;

enum floor_part {
	FLOOR_LINE_CAS,
	FLOOR_LINE_TWO,
	FLOOR_SWITCH,
	FLOOR_WAKE,
	FLOOR_SYSCALL,
	FLOOR_ATOMIC,
	FLOOR_CLOCK,
	FLOOR_COPY, /* one for each size */
	FLOOR_PARTS
};

enum { FLOOR_SIZES = 32, FLOOR_MAX_BYTES = 1 << 20, FLOOR_ADDRESSES = 8 };

struct floor_figure {
	double min_ns, median_ns; /* NAN: not measured */
	double spread_ns;         /* lines: the minimum at the slowest address; else NAN */
	uint64_t n;               /* batches */
	const char *why;          /* why there is none; NULL if there is one */
};

struct floor_ask {
	const struct topo *topo;
	const struct clock *clock;
	unsigned pu_a, pu_b;   /* OS numbers; the same one twice: threads on one PU */
	uint64_t time_ns;      /* about so long, all parts together; the machine may need longer */
	const uint32_t *bytes; /* 1 .. FLOOR_MAX_BYTES each */
	size_t n_bytes;        /* at most FLOOR_SIZES */
};

struct floor_result {
	struct floor_figure part[FLOOR_COPY];
	struct floor_figure copy[FLOOR_SIZES]; /* in the order of ask->bytes */
};

/*
 * Measures with threads of its own, which are gone when it returns; the caller's
 * affinity stays as it is.  0; -errno with a sentence: no thread, no memory, a
 * PU that cannot be pinned to.
 */
int floor_measure(const struct floor_ask *ask, struct floor_result *out, char *err, size_t err_len);

/* "line-cas"; -1 for a name that is none. */
const char *floor_part_name(enum floor_part p);
int floor_part_parse(const char *name);

#endif
