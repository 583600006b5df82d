/*
 * board.h - where the two sides of an event link meet beside the mechanism.
 *
 * An event hands over no bytes; what proves that a wake-up was the right one,
 * and when it may be timed, stands here: one board a link, in shared memory,
 * zeroed at the start of each stretch but for the token.
 */
#ifndef HARNESS_BOARD_H
#define HARNESS_BOARD_H

#include "harness/atomic.h"

struct board {
	OWN_STRIDE atomic_u64 token; /* stamp of the last signal, written before it is given */
	OWN_STRIDE atomic_u64 ready; /* sleepers that are about to wait, ever */
	OWN_STRIDE atomic_u64 woken; /* sleepers that have come back, ever */
	OWN_STRIDE atomic_u32 round; /* wake-all: rounds that are over; futex */
};

#endif
