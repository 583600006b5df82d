/* rivals.c - see rivals.h. */
#include "harness/rivals.h"

#include "harness/evidence.h"
#include "harness/mech.h"

/* Of each other receiver the counts of all producers, and the line that they begin in. */
static uint64_t lines_of(uint32_t n, uint32_t producers)
{
	uint64_t bytes = producers * sizeof(struct ledger_from);

	return (n - 1) * (1 + bytes / CACHE_LINE);
}

void rivals_init(struct rivals *r, const void *ledgers, size_t stride, uint32_t n, uint32_t self,
	uint32_t producers, const struct clock *clock)
{
	*r = (struct rivals){
		.ledgers = ledgers,
		.stride = stride,
		.n = n,
		.self = self,
		.gap_ticks = clock_ticks(clock, RIVALS_GAP_NS * lines_of(n, producers)),
	};
}

void rivals_reset(struct rivals *r)
{
	r->due_ticks = 0;
	r->looking = false;
}

static uint64_t booked_by_others(const struct rivals *r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct ledger *g = (const void *)((const char *)r->ledgers + i * r->stride);

		for (uint32_t p = 0; p < g->producers && i != r->self; p++)
			sum += load_relaxed(&g->from[p].count);
	}
	return sum;
}

/* Not the first one: who begins early would find that the others have not begun. */
COLD void rivals_ask(struct rivals *r, uint64_t ticks)
{
	r->looking = r->due_ticks && (int64_t)(ticks - r->due_ticks) >= 0;
	if (r->due_ticks == 0 || r->looking)
		r->due_ticks = ticks + r->gap_ticks;
	if (r->looking)
		r->had = booked_by_others(r);
}

COLD void rivals_had(struct rivals *r, struct worker *w)
{
	uint64_t others;

	if (!r->looking)
		return;
	others = booked_by_others(r) - r->had;
	r->looking = false;
	w->overtakes += others;
	w->overtakes_n++;
	if (others > w->overtakes_max)
		w->overtakes_max = others;
}
