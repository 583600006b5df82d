/* knee.c - see knee.h. */
#include "bench/knee.h"

#include <math.h>
#include <stddef.h>

enum { ENOUGH_FINE = 2, SURE = 4, TOO_MUCH = 3, FALL = 4 };

static bool is_too_much(const struct knee_level *l)
{
	return l->not_fine >= TOO_MUCH;
}

static bool is_fine(const struct knee_level *l)
{
	return l->fine >= ENOUGH_FINE && !is_too_much(l);
}

/* The level with the highest rate below `below`; NULL: none. */
static const struct knee_level *next_lower(const struct knee *k, uint64_t below)
{
	const struct knee_level *best = NULL;

	for (unsigned i = 0; i < k->levels; i++) {
		const struct knee_level *l = &k->level[i];

		if (l->rate_per_s < below && (!best || l->rate_per_s > best->rate_per_s))
			best = l;
	}
	return best;
}

static const struct knee_level *highest_fine(const struct knee *k)
{
	const struct knee_level *l = next_lower(k, UINT64_MAX);

	while (l && !is_fine(l))
		l = next_lower(k, l->rate_per_s);
	return l;
}

static const struct knee_level *lowest_above(const struct knee *k, uint64_t rate_per_s)
{
	const struct knee_level *best = NULL, *l = next_lower(k, UINT64_MAX);

	for (; l && l->rate_per_s > rate_per_s; l = next_lower(k, l->rate_per_s))
		best = l;
	return best;
}

static void try_level(struct knee *k, uint64_t rate_per_s)
{
	if (k->levels == KNEE_MAX_LEVELS) {
		k->over = true;
		return;
	}
	k->now = k->levels++;
	k->level[k->now] = (struct knee_level){.rate_per_s = rate_per_s};
}

/* Two levels in a row too much, the upper one not kept up with; or no rate is left. */
static bool climbed(const struct knee *k)
{
	const struct knee_level *top = next_lower(k, UINT64_MAX);
	const struct knee_level *under = next_lower(k, top->rate_per_s);

	if (top->rate_per_s >= k->max_per_s)
		return true;
	return under && is_too_much(top) && top->missed && is_too_much(under);
}

static void climb(struct knee *k)
{
	uint64_t top = next_lower(k, UINT64_MAX)->rate_per_s;

	try_level(k, top > k->max_per_s / 2 ? k->max_per_s : 2 * top);
}

/* What may be the knee must be fine four times before it is too much three times. */
static void confirm(struct knee *k, const struct knee_level *l)
{
	k->over = l->good >= SURE;
	k->now = (unsigned)(l - k->level);
	k->level[k->now].last = true;
}

static void halve(struct knee *k)
{
	const struct knee_level *low = highest_fine(k), *high = lowest_above(k, low->rate_per_s);
	double mid;

	if (!high || (double)high->rate_per_s * 100.0 <=
			     (double)low->rate_per_s * (100 + KNEE_TOLERANCE_PERCENT)) {
		confirm(k, low);
		return;
	}
	mid = round(sqrt((double)low->rate_per_s * (double)high->rate_per_s));
	if (mid <= (double)low->rate_per_s || mid >= (double)high->rate_per_s)
		confirm(k, low);
	else
		try_level(k, (uint64_t)mid);
}

/* Nothing was fine all the way up: further down. */
static void fall(struct knee *k)
{
	uint64_t lowest = lowest_above(k, 0)->rate_per_s;

	if (lowest <= k->min_per_s)
		k->over = true;
	else
		try_level(k, lowest / FALL > k->min_per_s ? lowest / FALL : k->min_per_s);
}

static void go_on(struct knee *k)
{
	if (!climbed(k))
		climb(k);
	else if (highest_fine(k))
		halve(k);
	else
		fall(k);
}

void knee_init(struct knee *k, uint64_t slo_ns, uint64_t start_per_s, uint64_t min_per_s,
	uint64_t max_per_s)
{
	*k = (struct knee){
		.slo_ns = (double)slo_ns, .min_per_s = min_per_s, .max_per_s = max_per_s};
	if (start_per_s < min_per_s)
		start_per_s = min_per_s;
	try_level(k, start_per_s < max_per_s ? start_per_s : max_per_s);
}

uint64_t knee_next(const struct knee *k)
{
	return k->over ? 0 : k->level[k->now].rate_per_s;
}

void knee_tell(struct knee *k, const struct knee_seen *seen)
{
	struct knee_level *l = &k->level[k->now];
	bool fine = !seen->missed && seen->p99_ns <= k->slo_ns;

	l->missed = seen->missed;
	if (fine)
		l->fine += seen->p99_ns <= k->slo_ns / 2 ? ENOUGH_FINE : 1;
	l->good += fine;
	l->not_fine += !fine;
	k->trials++;
	if (k->trials == KNEE_MAX_TRIALS)
		k->over = true;
	else if (is_too_much(l) || (l->last ? l->good >= SURE : is_fine(l)))
		go_on(k);
}

uint64_t knee_found(const struct knee *k)
{
	const struct knee_level *l = highest_fine(k);

	return l ? l->rate_per_s : 0;
}
