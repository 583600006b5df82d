/*
 * random.h - numbers that look random and follow from a seed: orders, draws.
 *
 * Never for secrets.  random_next() and random_below() are pure but for *state.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

/* A fresh seed that is short enough to be typed again. */
uint64_t random_fresh_seed(void);

/* splitmix64: well mixed from any state, also small ones. */
uint64_t random_next(uint64_t *state);

/* 0 .. n-1; n > 0. */
uint64_t random_below(uint64_t *state, uint64_t n);

/* Any number of so many bits, each number of bits as likely; often a power of two. */
uint64_t random_log(uint64_t *state, unsigned bits);

/* A state for the part `part` of item `item`: streams that have nothing to do with each other. */
uint64_t random_stream(uint64_t seed, uint64_t item, uint64_t part);

#endif
