/* oneway.c - see oneway.h. */
#include "bench/oneway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct pair {
	uint32_t a, b;
	uint64_t bound_ns;
};

struct pairs {
	const struct clock *clock;
	struct pair *pair;
	size_t n, room;
	bool no_memory;
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t measure(const struct clock *clock, uint32_t a, uint32_t b)
{
	struct clock c = *clock;

	if (a == b)
		return 0;
	c.offset_bound_ns = UINT64_MAX;
	return clock_bound_offset(&c, a, b) == 0 ? c.offset_bound_ns : UINT64_MAX;
}

static uint64_t bound(struct pairs *p, uint32_t a, uint32_t b)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->pair[i].a == a && p->pair[i].b == b)
			return p->pair[i].bound_ns;
	}
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 16;
		struct pair *more = realloc(p->pair, room * sizeof(*more));

		if (!more) {
			p->no_memory = true;
			return UINT64_MAX;
		}
		p->pair = more;
		p->room = room;
	}
	p->pair[p->n] = (struct pair){a, b, measure(p->clock, a, b)};
	return p->pair[p->n++].bound_ns;
}

static uint64_t anywhere(struct pairs *p, const struct topo *topo)
{
	uint64_t first = 0, second = 0;

	for (unsigned i = 1; i < topo_pu_count(topo); i++) {
		uint64_t v = bound(p, topo_pu_os(topo, 0), topo_pu_os(topo, i));

		if (v == UINT64_MAX)
			return v;
		second = larger(second, v < first ? v : first);
		first = larger(first, v);
	}
	return first + second;
}

static uint64_t between(struct pairs *p, const struct cell *c)
{
	uint64_t worst = 0;

	for (uint32_t a = 0; a < c->side_a; a++) {
		for (uint32_t b = 0; b < c->side_b; b++)
			worst = larger(worst, bound(p, c->pu[a], c->pu[c->side_a + b]));
	}
	return worst;
}

/* Children run where their worker may; coroutines on one thread. */
static uint64_t bound_of(struct pairs *p, const struct cell *c, const struct topo *topo)
{
	if (c->domain == DOMAIN_COROUTINE)
		return 0;
	return c->pu[0] == PLACE_PU_NONE ? anywhere(p, topo) : between(p, c);
}

int oneway_bound_cells(struct plan *p, const struct topo *topo, const struct clock *clock,
	char *err, size_t err_len)
{
	struct pairs pairs = {.clock = clock};

	for (size_t i = 0; i < p->n; i++) {
		struct cell *c = &p->cell[i];

		if (c->skip[0] || !workload_two_times(c->workload))
			continue;
		c->oneway_bound_ns = bound_of(&pairs, c, topo);
	}
	free(pairs.pair);
	if (!pairs.no_memory)
		return 0;
	snprintf(err, err_len, "no memory for the pairs of processors");
	return -ENOMEM;
}
