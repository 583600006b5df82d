/*
 * registry.h - every mechanism that this build knows.
 *
 * The table is constant; entries live as long as the program.  Any thread.
 */
#ifndef PRIMITIVES_REGISTRY_H
#define PRIMITIVES_REGISTRY_H

#include "harness/mech.h"

/* All mechanisms in the order of mechanisms.def; registry_count() of them. */
const struct mech *const *registry_all(void);
size_t registry_count(void);

/* By full name ("channel/pipe"); NULL when there is none. */
const struct mech *registry_find(const char *name);

#endif
