/*
 * wait.h - how user space waits: one step between two looks at a condition.
 */
#ifndef HARNESS_WAIT_H
#define HARNESS_WAIT_H

#include "harness/futex.h"
#include "harness/mech.h"

/*
 * One step of a user-space wait on `e`, between two looks at the condition:
 * pauses, yields or goes to sleep as `how` says.  `spins` starts at 0 and
 * belongs to the wait.  Call as
 *
 *	for (uint32_t spins = 0; !(ready = look()); ) {
 *		if (wait_gives_up(p, how, &r))
 *			return r;
 *		if (wait_spins(how, &spins))
 *			continue;
 *		key = eventcount_prepare(e);
 *		if (look()) { eventcount_cancel(e); continue; }
 *		eventcount_wait(e, key, wait_deadline(p, how));
 *	}
 *
 * Spinning ends in bounded time where the peer needs this CPU: a yield is mixed
 * in every SPIN_YIELD_EVERY pauses.
 */
enum { SPIN_YIELD_EVERY = 4096, SPIN_THEN_BLOCK = 1000 };

/* Let others have this CPU: other threads, or in a coroutine the other coroutines. */
COLD void wait_yield(void);

/* Between two tries of who never sleeps; coroutines let the others go each time. */
ALWAYS_INLINE struct how wait_pause(struct how how)
{
	return (struct how){how.wait == WAIT_AWAIT ? WAIT_YIELD : WAIT_SPIN, MODE_TRY, how.probed};
}

/* True: waited a little, look again.  False: go to sleep. */
ALWAYS_INLINE bool wait_spins(struct how how, uint32_t *spins)
{
	if (how.wait == WAIT_BLOCK || how.wait == WAIT_EPOLL || how.wait == WAIT_AWAIT)
		return false;
	if (how.wait == WAIT_SPIN_BLOCK && *spins >= SPIN_THEN_BLOCK)
		return false;
	if (how.wait == WAIT_YIELD || (++*spins % SPIN_YIELD_EVERY) == 0)
		wait_yield();
	else
		cpu_pause();
	return true;
}

ALWAYS_INLINE uint64_t wait_deadline(const struct port *p, struct how how)
{
	return how.mode == MODE_TIMED ? p->deadline_ns : FUTEX_FOREVER;
}

/* Try gives up at once, timed at its deadline, block never. */
ALWAYS_INLINE bool wait_gives_up(const struct port *p, struct how how, enum result *r)
{
	if (how.mode == MODE_BLOCK)
		return false;
	*r = how.mode == MODE_TRY ? OP_WOULD_BLOCK : OP_TIMED_OUT;
	return how.mode == MODE_TRY || monotonic_ns() >= p->deadline_ns;
}

#endif
