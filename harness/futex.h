/*
 * futex.h - sleep on a 32-bit word of shared memory, wake its sleepers.
 *
 * Deadlines are absolute CLOCK_MONOTONIC nanoseconds; FUTEX_FOREVER has none.
 * `shared` says whether the sleepers may be other processes.  Every call
 * survives EINTR.  Any thread.
 */
#ifndef HARNESS_FUTEX_H
#define HARNESS_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/atomic.h"

#define FUTEX_FOREVER UINT64_MAX

/*
 * Sleep while *word == seen.  0: woken, or the word had changed (spurious
 * returns happen: look again); -ETIMEDOUT: the deadline has passed.
 */
COLD int futex_wait(atomic_u32 *word, uint32_t seen, uint64_t deadline_ns, bool shared);

/* Wake at most `count` sleepers. */
COLD void futex_wake(atomic_u32 *word, uint32_t count, bool shared);

/* CLOCK_MONOTONIC now, for deadlines. */
COLD uint64_t monotonic_ns(void);

#endif
