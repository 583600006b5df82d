/*
 * children.h - where a worker's children find their briefs: in the link's shared state.
 */
#ifndef PRIMITIVES_SPAWN_PARTS_CHILDREN_H
#define PRIMITIVES_SPAWN_PARTS_CHILDREN_H

#include "harness/family/spawn.h"

static size_t children_bytes(const struct link *l)
{
	return l->senders * spawn_room_bytes(spawn_alive(l));
}

static int children_attach(struct port *p)
{
	size_t each = spawn_room_bytes(spawn_alive(p->link));

	return spawn_attach(p, (void *)((char *)p->link->shared + p->index * each));
}

#endif
