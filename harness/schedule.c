/* schedule.c - see schedule.h. */
#include "harness/schedule.h"

#include <math.h>
#include <string.h>

enum { NS_PER_S = 1000000000 };

#define ONE (UINT64_C(1) << SCHEDULE_FRACTION_BITS)

/* The last bin, from -log(1/BINS) to infinity, is never walked: it draws again. */
void schedule_table_init(struct schedule_table *t)
{
	for (int i = 0; i < SCHEDULE_BINS; i++)
		t->edge[i] = (uint64_t)llround(-log1p(-(double)i / SCHEDULE_BINS) * (double)ONE);
	t->edge[SCHEDULE_BINS] = t->edge[SCHEDULE_BINS - 1];
}

void schedule_init(struct schedule *s, const struct clock *clock, uint64_t rate_per_s,
	uint32_t senders, uint32_t index, const struct schedule_table *table, uint64_t seed)
{
	clock_u128 second = (((clock_u128)NS_PER_S << 32) / clock->ns_per_tick_q32)
			    << SCHEDULE_FRACTION_BITS;
	uint64_t gap = rate_per_s ? (uint64_t)(second / rate_per_s) : 0;

	*s = (struct schedule){
		.table = rate_per_s ? table : NULL,
		.gap = gap * senders,
		.offset = gap * (index + UINT64_C(1)),
		.random = seed + index * UINT64_C(0xd1342543de82ef95),
	};
}
