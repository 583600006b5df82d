/*
 * random.h - splitmix64: well mixed from any seed, also small ones.
 *
 * For orders, patterns and draws that a printed seed must bring back; never for
 * secrets.  The state is the caller's; no locking.
 */
#ifndef HARNESS_RANDOM_H
#define HARNESS_RANDOM_H

#include <stdint.h>

#include "harness/compiler.h"

/* A bijection: different numbers stay different. */
ALWAYS_INLINE uint64_t random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

ALWAYS_INLINE uint64_t random_next(uint64_t *state)
{
	return random_mix(*state += 0x9e3779b97f4a7c15u);
}

/* 0 .. n-1; n must not be 0. */
ALWAYS_INLINE uint64_t random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

#endif
