/*
 * stamp.h - one function per mechanism, role loop and twin.
 *
 * STAMP_TWINS(channel, id, produce, ops, offered) instantiates the family's
 * inline loop channel_produce() twice, as id__produce__plain and
 * id__produce__probed, with the ops table and every `how` as constants.  The
 * wait strategy is chosen once per call, outside the loop; those that the
 * mechanism does not offer are not compiled.
 */
#ifndef HARNESS_FAMILY_STAMP_H
#define HARNESS_FAMILY_STAMP_H

#include "harness/mech.h"

#define STAMP_WAIT(w_, family, loop, opstab, offered, twin)                                        \
	case w_:                                                                                   \
		if ((offered)&BIT(w_))                                                             \
			family##_##loop(&(opstab), w, (struct how){w_, MODE_BLOCK, twin});         \
		return;

/* The strategies that get a copy of their own. */
#define STAMP_USER(offered) ((offered)&BIT(WAIT_EPOLL) ? 0u : (offered))

/*
 * Where descriptors are waited for, every strategy but block is tries out of line
 * (WAIT_EPOLL is offered there and nowhere else): one copy serves them all.
 */
#define STAMP_LOOP(family, id, loop, opstab, offered, suffix, twin)                                \
	static NOINLINE void id##__##loop##__##suffix(struct worker *w)                            \
	{                                                                                          \
		if (((offered)&BIT(WAIT_EPOLL)) && w->wait != WAIT_BLOCK) {                        \
			family##_##loop(&(opstab), w, (struct how){w->wait, MODE_BLOCK, twin});    \
			return;                                                                    \
		}                                                                                  \
		switch (w->wait) {                                                                 \
			STAMP_WAIT(WAIT_BLOCK, family, loop, opstab, offered, twin)                \
			STAMP_WAIT(WAIT_SPIN, family, loop, opstab, STAMP_USER(offered), twin)     \
			STAMP_WAIT(WAIT_YIELD, family, loop, opstab, STAMP_USER(offered), twin)    \
			STAMP_WAIT(                                                                \
				WAIT_SPIN_BLOCK, family, loop, opstab, STAMP_USER(offered), twin)  \
			STAMP_WAIT(WAIT_AWAIT, family, loop, opstab, STAMP_USER(offered), twin)    \
		case WAIT_EPOLL:                                                                   \
		case WAIT_COUNT:                                                                   \
			return;                                                                    \
		}                                                                                  \
	}

/* The probed twin is not timed: one copy looks its strategy up as it goes. */
#define STAMP_PROBED(family, id, loop, opstab)                                                     \
	static NOINLINE void id##__##loop##__probed(struct worker *w)                              \
	{                                                                                          \
		family##_##loop(&(opstab), w, (struct how){w->wait, MODE_BLOCK, true});            \
	}

#define STAMP_TWINS(family, id, loop, opstab, offered)                                             \
	STAMP_LOOP(family, id, loop, opstab, offered, plain, false)                                \
	STAMP_PROBED(family, id, loop, opstab)

#endif
