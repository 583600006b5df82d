/*
 * stamp.h - one function per mechanism, role loop and twin.
 *
 * STAMP_TWINS(channel, id, produce, ops, offered) instantiates the family's
 * inline loop channel_produce() as id__produce__plain and id__produce__probed,
 * with the ops table and every `how` that decides what an operation does when
 * it need not wait as constants.  A plain twin has two copies, between which the
 * wait strategy decides once per call, outside the loop: for who sleeps, now or
 * in the end, and for who stays awake.  They differ in what an operation that
 * does not wait must do (look for sleepers to wake); what else the strategies
 * differ in is looked up while waiting.  Strategies that the mechanism does not
 * offer are not compiled.
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

/*
 * Where descriptors are waited for (WAIT_EPOLL is offered there and nowhere else),
 * every strategy but block is tries out of line: one copy serves them all.
 */
#define STAMP_LOOP(family, id, loop, opstab, offered, suffix, twin)                                \
	static NOINLINE void id##__##loop##__##suffix(struct worker *w)                            \
	{                                                                                          \
		const enum wait is = w->wait;                                                      \
                                                                                                   \
		if ((offered)&BIT(WAIT_EPOLL)) {                                                   \
			if (is == WAIT_BLOCK)                                                      \
				STAMP_RUN(family, loop, opstab, WAIT_BLOCK, twin);                 \
			else                                                                       \
				STAMP_RUN(family, loop, opstab, is, twin);                         \
		} else if (((offered)&BIT(WAIT_AWAIT)) && is == WAIT_AWAIT) {                      \
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
