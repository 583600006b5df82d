/* rounds.c - see rounds.h. */
#include "harness/rounds.h"

#include <stdbool.h>
#include <string.h>

void rounds_reset(struct rounds *r, uint64_t n)
{
	memset(r, 0, sizeof(*r));
	r->every = n > ROUNDS_KEPT ? 1 + (n - 1) / ROUNDS_KEPT : 1;
}

uint64_t rounds_kept(const struct rounds *r, uint64_t n)
{
	return r->every && n ? 1 + (n - 1) / r->every : 0;
}

static bool later(uint64_t a, uint64_t b, uint64_t by)
{
	return (int64_t)(a - b) > (int64_t)by;
}

/* Of the others in round k: who came after this one and left before it. */
static uint64_t overtook(const struct rounds *first, uint32_t workers, uint32_t self, uint64_t k,
	uint64_t bound_ticks)
{
	const struct round *mine = &first[self].at[k];
	uint64_t n = 0;

	for (uint32_t i = 0; i < workers; i++) {
		const struct round *its = &first[i].at[k];

		n += later(its->came, mine->came, bound_ticks) &&
		     later(mine->left, its->left, bound_ticks);
	}
	return n;
}

void rounds_overtaken(const struct rounds *first, uint32_t workers, uint64_t kept,
	uint64_t bound_ticks, uint64_t *sum, uint64_t *most)
{
	*sum = *most = 0;
	for (uint64_t k = 0; k < kept; k++) {
		for (uint32_t i = 0; i < workers; i++) {
			uint64_t n = overtook(first, workers, i, k, bound_ticks);

			*sum += n;
			*most = n > *most ? n : *most;
		}
	}
}
