/*
 * memory.h - the links' shared memory as the cell asks for it: which pages, on which NUMA node,
 * touched first by whom.
 *
 * Where none of that is asked for, the links lie in the arena, which the leader has touched
 * already.  Else they have pages of their own: asked for before anybody touches them, touched and
 * set up by the leader from the processor of the side that is to be first, and looked at before
 * and after the measured stretch.  Pages that are not what was asked for make the trial a skip
 * with a reason, never a number.
 *
 * All of it is the leader's, before workers begin and after they have left.
 */
#ifndef HARNESS_MEMORY_H
#define HARNESS_MEMORY_H

#include "harness/arena.h"

/* Any of the axes memory, node and touch is not at its default. */
bool memory_is_asked(const struct trial_spec *spec);

/* The links' memory lies outside the arena: workers must inherit it. */
bool memory_is_huge(const struct trial_spec *spec);

/*
 * Memory outside the arena, head->area_bytes of it: sets crew->area and head->area_bytes.  Nothing
 * to do where it is not wanted.  0, or -ENOTSUP or -ENOMEM with a sentence in c->err.
 */
int memory_map(struct crew *c, struct arena *head, const struct trial_spec *spec);

/*
 * Ask for the pages, touch them, and call `setup`; from the first processor of the side that is to
 * touch them first.  The caller's affinity is as before.  0, what setup said, or -ENOTSUP with a
 * sentence in c->err: the machine cannot.
 */
int memory_set_up(struct crew *c, int (*setup)(struct crew *c));

/*
 * Look at the pages.  text (PAGES_TEXT bytes): what they are; "" where the mechanism has none.
 * 0, or -ENOTSUP with a sentence in c->err where they are not what was asked for.
 */
int memory_verify(struct crew *c, char *text, size_t text_len);

#endif
