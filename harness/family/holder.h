/*
 * holder.h - who holds a lock, as the lock itself knows: what the families of locks share.
 *
 * It is asked when nothing moves any more, after a death or at a deadline, by the trial's
 * leader.  A kind that cannot know offers no such function, and its contract.owner says so.
 */
#ifndef HARNESS_FAMILY_HOLDER_H
#define HARNESS_FAMILY_HOLDER_H

#include "harness/mech.h"

/* All zero: nobody holds it, or just then it cannot be told. */
struct lock_holder {
	uint32_t port; /* index + 1 */
	uint32_t tid;  /* or the thread's number in the kernel */
};

typedef struct lock_holder holder_fn(const struct link *l);

#endif
