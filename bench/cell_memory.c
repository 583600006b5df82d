/* cell_memory.c - see cell_memory.h. */
#include "bench/cell_memory.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PROBE_BYTES = 1 << 20 };

/* A channel that holds messages has room for a large one; an address has not. */
bool cell_has_memory(const struct mech *m)
{
	const struct link l = {
		.mech = m,
		.msg_bytes = PROBE_BYTES,
		.capacity = 1,
		.senders = 1,
		.receivers = 1,
	};
	size_t bytes = m->shared_bytes ? m->shared_bytes(&l) : 0;

	return family_has_messages(m->family) ? bytes >= PROBE_BYTES : bytes > 0;
}

static bool asks_of_side(const struct trial_extra *x, bool side_b)
{
	return x->node == (side_b ? NODE_B : NODE_A) || x->touch == (side_b ? TOUCH_B : TOUCH_A);
}

const char *cell_memory_normalise(struct cell *c)
{
	struct trial_extra *x = &c->extra;

	if (!cell_has_memory(c->mech)) {
		x->memory = MEMORY_NORMAL;
		x->node = NODE_ANY;
		x->touch = TOUCH_LEADER;
	}
	if (x->memory == MEMORY_HUGE && c->domain == DOMAIN_PROCESS && c->start == START_EXEC)
		return "memory=huge is for workers that inherit the memory: threads, start=fork";
	if (asks_of_side(x, true) && cell_workers(c) < 2)
		return "there is no side b whose node or touch could be asked for";
	if ((asks_of_side(x, false) || asks_of_side(x, true)) &&
		strcasecmp(c->placement, "unpinned") == 0)
		return "the node or touch of a side needs workers that are pinned";
	return NULL;
}

void cell_memory_place(struct cell *c, const struct topo *topo)
{
	uint32_t node = c->extra.node;
	char nodes[128];

	if (c->skip[0] || node < NODE_FIRST || topo_has_node(topo, node - NODE_FIRST))
		return;
	topo_say_nodes(topo, nodes, sizeof(nodes));
	snprintf(c->skip, sizeof(c->skip), "node=%u: %s has NUMA node %s only", node - NODE_FIRST,
		topo_source(topo), nodes);
}
