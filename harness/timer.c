/* timer.c - see family/timer.h. */
#include "harness/family/timer.h"

#include <time.h>

#include "harness/coroutine.h"

void timer_sleep(uint64_t until_ns)
{
	struct timespec ts = link_timespec(until_ns);

	if (!coro_self()) {
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		return;
	}
	while (monotonic_ns() < until_ns)
		coro_park(until_ns);
}
