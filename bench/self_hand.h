/*
 * self_hand.h - loops written by hand, without the harness, that do the same
 * work with the same stamp as a stamped loop: what bench-self compares with.
 */
#ifndef BENCH_SELF_HAND_H
#define BENCH_SELF_HAND_H

#include <stddef.h>
#include <stdint.h>

#include "harness/clock.h"

struct hand {
	const char *name; /* what it is */
	const char *cell; /* the cell that it is compared with */
	/* ns per operation over n operations (flag-ended: over stretch_ns); 0 on failure.
	 * pu: where its workers run. */
	double (*run)(
		const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
};

extern const struct hand hands[];
extern const size_t hand_count;

#endif
