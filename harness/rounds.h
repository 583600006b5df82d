/*
 * rounds.h - in which order workers come to a barrier, and in which they leave it.
 *
 * Nobody passes a barrier: that is evidence (barrier.h).  But who came first may be the last
 * to be let go.  Each worker keeps the ticks of both moments of up to ROUNDS_KEPT rounds, spread
 * evenly over the stretch and the same ones for all; after the trial it is counted by how many
 * a worker was overtaken: they came later and left earlier.  Ticks of two processors may be
 * compared within the clock's offset_bound_ns only: what does not differ by more is not counted,
 * so that no pair is counted wrongly and some that change places fast are not counted at all.
 *
 * Written by its worker alone, in shared memory; read by the leader after the stretch.
 */
#ifndef HARNESS_ROUNDS_H
#define HARNESS_ROUNDS_H

#include <stdint.h>

#include "harness/compiler.h"

enum { ROUNDS_KEPT = 256 };

/* In ticks. */
struct round {
	uint64_t came, left;
};

struct rounds {
	OWN_STRIDE uint64_t every; /* one round in so many is kept */
	struct round at[ROUNDS_KEPT];
};

/* Before a stretch of n > 0 rounds: empty, and touched. */
void rounds_reset(struct rounds *r, uint64_t n);

/* Round i, a multiple of r->every; returns the next one that is to be kept. */
ALWAYS_INLINE uint64_t rounds_keep(struct rounds *r, uint64_t i, uint64_t came, uint64_t left)
{
	r->at[i / r->every] = (struct round){came, left};
	return i + r->every;
}

/* How many of n rounds are kept. */
uint64_t rounds_kept(const struct rounds *r, uint64_t n);

/*
 * The first `kept` rounds of so many workers, whose struct rounds follow each other: sum and most
 * of the workers by which one was overtaken in a round, in both times by more than bound_ticks.
 */
void rounds_overtaken(const struct rounds *first, uint32_t workers, uint64_t kept,
	uint64_t bound_ticks, uint64_t *sum, uint64_t *most);

#endif
