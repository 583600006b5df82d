/* random.c - see random.h. */
#include "bench/random.h"

#include <sys/random.h>
#include <unistd.h>

uint64_t random_fresh_seed(void)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)getpid();
	return seed;
}

uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

uint64_t random_log(uint64_t *state, unsigned bits)
{
	uint64_t low = UINT64_C(1) << random_below(state, bits);

	return random_below(state, 3) ? low + random_below(state, low) : low;
}

uint64_t random_stream(uint64_t seed, uint64_t item, uint64_t part)
{
	uint64_t state = seed;

	state = random_next(&state) + item;
	state = random_next(&state) + part;
	return random_next(&state);
}
