/*
 * registry.h - every mechanism that this program knows: those of primitives/mechanisms.def, and what
 * plugins (plugin.h) have added.
 *
 * Entries live as long as the program.  registry_add() belongs to the start of the program, when it
 * has one thread; everything else from any thread.
 */
#ifndef BENCH_REGISTRY_H
#define BENCH_REGISTRY_H

#include "harness/mech.h"

/* All mechanisms in the order of mechanisms.def, added ones behind; registry_count() of them. */
const struct mech *const *registry_all(void);
size_t registry_count(void);

/* By full name ("channel/pipe"); NULL when there is none. */
const struct mech *registry_find(const char *name);

/* One more, in place of the one that has its name.  0, or -ENOSPC. */
int registry_add(const struct mech *m);

#endif
