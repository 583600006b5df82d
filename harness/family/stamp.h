/*
 * stamp.h - one function per mechanism, role loop and twin.
 *
 * STAMP_TWINS(channel, id, produce, ops, offered) instantiates the family's
 * inline loop channel_produce() as id__produce__plain and id__produce__probed,
 * with the ops table as a constant and everything inlined.  The wait strategy is
 * looked up while waiting: beside a system call, or a mutex, the branch costs
 * nothing, and one copy of each loop compiles in half the time of two.
 *
 * Where an operation that need not wait takes a few nanoseconds, and does more for
 * peers that may sleep (it looks for them, to wake them), the mechanism's file says
 *
 *	#define STAMP_FOLDS 1
 *
 * before the family's header: then a plain twin has a copy of each loop for who sleeps,
 * now or in the end, and one for who stays awake, and which it is is decided once per
 * call, outside the loop.
 *
 * STAMP_ONCE is for loops that do not wait, or are not timed to the cycle: one
 * copy, which looks the strategy up.
 */
#ifndef HARNESS_FAMILY_STAMP_H
#define HARNESS_FAMILY_STAMP_H

#include "harness/mech.h"

#define STAMP_SLEEPS (BIT(WAIT_BLOCK) | BIT(WAIT_SPIN_BLOCK))
#define STAMP_AWAKE  (BIT(WAIT_SPIN) | BIT(WAIT_YIELD))

/* `wanted` where both are offered, else the one that is. */
#define STAMP_OF_TWO(wanted, a, b, offered)                                                        \
	(!((offered)&BIT(b)) ? (a) : !((offered)&BIT(a)) ? (b) : (wanted) == (b) ? (b) : (a))

#define STAMP_RUN(family, loop, opstab, wait_, twin)                                               \
	family##_##loop(&(opstab), w, (struct how){wait_, MODE_BLOCK, twin})

#ifndef STAMP_FOLDS
#define STAMP_FOLDS 0
#endif

/* What is not offered is not compiled. */
#define STAMP_KNOWN(is, offered)                                                                   \
	((offered) == BIT(WAIT_BLOCK)                       ? WAIT_BLOCK                           \
		: !((offered)&AWAITS) && (is) == WAIT_AWAIT ? WAIT_BLOCK                           \
							    : (is))

#define STAMP_LOOP(family, id, loop, opstab, offered, suffix, twin)                                \
	static NOINLINE void id##__##loop##__##suffix(struct worker *w)                            \
	{                                                                                          \
		const enum wait is = STAMP_KNOWN(w->wait, offered);                                \
                                                                                                   \
		if (!STAMP_FOLDS) {                                                                \
			STAMP_RUN(family, loop, opstab, is, twin);                                 \
		} else if (((offered)&AWAITS) && is == WAIT_AWAIT) {                               \
			STAMP_RUN(family, loop, opstab, WAIT_AWAIT, twin);                         \
		} else if (((offered)&STAMP_AWAKE) && (BIT(is) & STAMP_AWAKE)) {                   \
			STAMP_RUN(family, loop, opstab,                                            \
				STAMP_OF_TWO(is, WAIT_SPIN, WAIT_YIELD, offered), twin);           \
		} else if ((offered)&STAMP_SLEEPS) {                                               \
			STAMP_RUN(family, loop, opstab,                                            \
				STAMP_OF_TWO(is, WAIT_BLOCK, WAIT_SPIN_BLOCK, offered), twin);     \
		}                                                                                  \
	}

/* One copy looks its strategy up as it goes: the probed twin, which is not timed, and others. */
#define STAMP_LOOKUP(family, id, loop, opstab, suffix, twin)                                       \
	static NOINLINE void id##__##loop##__##suffix(struct worker *w)                            \
	{                                                                                          \
		STAMP_RUN(family, loop, opstab, w->wait, twin);                                    \
	}

#define STAMP_TWINS(family, id, loop, opstab, offered)                                             \
	STAMP_LOOP(family, id, loop, opstab, offered, plain, false)                                \
	STAMP_LOOKUP(family, id, loop, opstab, probed, true)

#define STAMP_ONCE(family, id, loop, opstab)                                                       \
	STAMP_LOOKUP(family, id, loop, opstab, plain, false)                                       \
	STAMP_LOOKUP(family, id, loop, opstab, probed, true)

#endif
