/*
 * tasks.h - how many more threads and processes this machine lets us begin.
 *
 * Reads the kernel's limits each time; any thread.
 */
#ifndef HARNESS_TASKS_H
#define HARNESS_TASKS_H

#include <stdint.h>

/*
 * NULL where so many more tasks may be begun, as far as the limits tell; else the
 * one that forbids it, by name: RLIMIT_NPROC, pids.max of a control group,
 * kernel.threads-max, kernel.pid_max.  What others begin meanwhile is not known:
 * whoever begins tasks must still expect -EAGAIN.
 */
const char *tasks_limit(uint64_t more);

#endif
