/*
 * kill_points.h - at which points of which trials a worker surely dies, and at which it cannot.
 */
#ifndef TESTS_KILL_POINTS_H
#define TESTS_KILL_POINTS_H

#include "bench/cell.h"
#include "harness/probe.h"

/* What is guarded in a tight cell (kill_must_reach()): to raise it takes nearly all of the time. */
#define TIGHT_SIZE "65536"
enum { TIGHT_BYTES = 65536 };

/* Who dies where. */
struct death {
	enum probe_point point;
	uint32_t side; /* 0: a, 1: b, or another of the one role */
	uint64_t nth;
};

bool kill_is_lock(const struct mech *m);

/*
 * Points on every worker's way.  Of a wait that is so only in a tight cell, of two workers and
 * one message, or of a lock that is held nearly always; and of the first hit.
 */
bool kill_must_reach(const struct cell *c, const struct death *d);

/* Points that belong to the other side's operations. */
bool kill_cannot_reach(const struct cell *c, const struct death *d);

#endif
