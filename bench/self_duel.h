/*
 * self_duel.h - two pinned threads that start together and are timed, without the harness: what
 * the hand-written loops of self_hand*.c run in.
 */
#ifndef BENCH_SELF_DUEL_H
#define BENCH_SELF_DUEL_H

#include "bench/self_hand.h"
#include "harness/atomic.h"
#include "harness/hist.h"
#include "harness/link.h"

enum { HAND_SAMPLE = 64 };

struct duel {
	const struct clock *clock;
	uint64_t n, stretch_ns;
	void *shared;
	OWN_STRIDE atomic_u32 ready;
	OWN_STRIDE atomic_u32 stretch; /* 0 warm, 1 counted, 2 over */
	OWN_STRIDE struct hist hist[2];
	uint64_t start[2], end[2], ops[2], counted;
	bool broken;
};

/* One side's loop: books its operations, samples and whether something was broken. */
typedef void duel_fn(struct duel *d, unsigned side);

/* Zeroed, on lines of its own; NULL: none to be had.  free() it. */
void *duel_memory(size_t bytes);

/* a on pu[0], b on pu[1], to the end of both; with stretch_ns this thread raises the flag. */
void duel_run(struct duel *d, const uint32_t *pu, duel_fn *a, duel_fn *b);

/* Count-ended, over memory that both share: ns per operation; 0 on failure or without memory. */
double duel_stream(const struct clock *clock, const uint32_t *pu, uint64_t n, void *shared,
	duel_fn *a, duel_fn *b);

/* The same of one side; the other one exists and does nothing. */
double duel_alone(const struct clock *clock, uint32_t pu, uint64_t n, void *shared, duel_fn *body);

#endif
