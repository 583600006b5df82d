/*
 * second.h - the self-test's own clocks, read inside the ops while the harness
 * reads its clock around them.
 *
 * What they say leaves the trial in the port's two counters, which the harness
 * sets to 0 before a stretch and adds up over all workers after it: here they
 * hold nanoseconds, as each mechanism says.  Other mechanisms have no clock in
 * their ops; these exist to have one.
 */
#ifndef PRIMITIVES_SELFTEST_PARTS_SECOND_H
#define PRIMITIVES_SELFTEST_PARTS_SECOND_H

#include <time.h>

#include "harness/mech.h"
#include "primitives/selftest.h"

ALWAYS_INLINE uint64_t second_read(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

ALWAYS_INLINE uint64_t second_ns(void)
{
	return second_read(CLOCK_MONOTONIC_RAW);
}

ALWAYS_INLINE uint64_t second_cpu_ns(void)
{
	return second_read(CLOCK_THREAD_CPUTIME_ID);
}

/* Work until `ns` have gone by since `from`; returns when that was. */
ALWAYS_INLINE uint64_t second_spin(uint64_t from, uint64_t ns)
{
	uint64_t now;

	do
		now = second_ns();
	while (now - from < ns);
	return now;
}

#endif
