/*
 * awake.h - keep every processor from halting while a trial runs.
 *
 * A processor with nothing to do halts, and waking it takes long: on a virtual
 * machine, where halting hands it back to the host, longer than the hand-over
 * that is to be measured.  A thread per processor that the process may use spins
 * at SCHED_IDLE: whatever else becomes runnable there takes its place at once.
 * What it spends is not counted with the workers.
 *
 * One thread starts and stops; it may fork in between.
 */
#ifndef HARNESS_AWAKE_H
#define HARNESS_AWAKE_H

#include <stdbool.h>
#include <stddef.h>

struct awake;

/*
 * All of them spin, or NULL with a sentence in err.
 *
 * `yields`: for workers that wait by sched_yield(), which lets even a thread of the
 * lowest policy in, for milliseconds.  The spinners then give way every microsecond
 * or so.  They do not otherwise: who wakes up takes the place of a thread in user
 * mode sooner than that of one in a system call.
 */
struct awake *awake_start(bool yields, char *err, size_t err_len);

/* All of them have ended.  NULL: nothing to do. */
void awake_stop(struct awake *a);

#endif
