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

#define STAMP_LOOP(family, id, loop, opstab, offered, suffix, twin)                                \
	static NOINLINE void id##__##loop##__##suffix(struct worker *w)                            \
	{                                                                                          \
		switch (w->wait) {                                                                 \
			STAMP_WAIT(WAIT_BLOCK, family, loop, opstab, offered, twin)                \
			STAMP_WAIT(WAIT_SPIN, family, loop, opstab, offered, twin)                 \
			STAMP_WAIT(WAIT_YIELD, family, loop, opstab, offered, twin)                \
			STAMP_WAIT(WAIT_SPIN_BLOCK, family, loop, opstab, offered, twin)           \
			STAMP_WAIT(WAIT_EPOLL, family, loop, opstab, offered, twin)                \
			STAMP_WAIT(WAIT_AWAIT, family, loop, opstab, offered, twin)                \
		case WAIT_COUNT:                                                                   \
			return;                                                                    \
		}                                                                                  \
	}

#define STAMP_TWINS(family, id, loop, opstab, offered)                                             \
	STAMP_LOOP(family, id, loop, opstab, offered, plain, false)                                \
	STAMP_LOOP(family, id, loop, opstab, offered, probed, true)

#endif
