/* kill_points.c - see kill_points.h. */
#include "tests/kill_points.h"

enum { SOON = 65 };

static bool is_among(enum probe_point point, const enum probe_point *of, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (of[i] == point)
			return true;
	}
	return false;
}

#define AMONG(point, ...)                                                                          \
	is_among(point, (const enum probe_point[]){__VA_ARGS__},                                   \
		sizeof((const enum probe_point[]){__VA_ARGS__}) / sizeof(enum probe_point))

/* Passed once in a trial, by every worker. */
static bool is_once(enum probe_point point)
{
	return AMONG(point, POINT_READY, POINT_LAST, POINT_CLEANUP);
}

bool kill_is_lock(const struct mech *m)
{
	return m->family == FAMILY_LOCK || m->family == FAMILY_RWLOCK;
}

/* A cell of the tight sort. */
static bool is_tight(const struct cell *c)
{
	if (kill_is_lock(c->mech))
		return c->msg_bytes == TIGHT_BYTES;
	return c->mech->family == FAMILY_CHANNEL && c->mech->contract.bounded && c->capacity == 1;
}

/* Who is first, or alone, passes by: one of the two has to wait, and for a lock both. */
static bool must_wait(const struct cell *c, const struct death *d)
{
	if (d->nth > 1 || cell_workers(c) != 2)
		return false;
	return c->mech->family == FAMILY_BARRIER ? d->side == 0 : is_tight(c);
}

/*
 * Points on every worker's way.  Who is one of many may come too late for a share; a lock or
 * a barrier is nobody's share.
 */
bool kill_must_reach(const struct cell *c, const struct death *d)
{
	bool two = cell_workers(c) == 2 || c->domain == DOMAIN_MIXED;

	if (is_once(d->point))
		return d->nth == 1;
	if (d->point == POINT_BLOCKED)
		return must_wait(c, d);
	if (c->mech->contract.lossy && d->nth > SOON) /* a busy machine loses too many */
		return false;
	if (kill_is_lock(c->mech))
		return d->nth <= SOON && d->side == 0 && two &&
		       AMONG(d->point, POINT_BEFORE_SEND, POINT_HOLDING);
	if (c->mech->family == FAMILY_BARRIER)
		return two && d->side == 0 && AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_RECV);
	if (cell_workers(c) != 2)
		return false;
	if (workload_begins_tasks(c->workload))
		return d->side == 0 && d->nth <= 2 &&
		       AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_SEND, POINT_AFTER_RECV);
	if (d->side == 0)
		return AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_SEND);
	return d->point == POINT_AFTER_RECV;
}

/* Points that belong to the other side's operations; an event's sides are as a channel's. */
bool kill_cannot_reach(const struct cell *c, const struct death *d)
{
	if (is_once(d->point))
		return d->nth > 1;
	if (kill_is_lock(c->mech))
		return AMONG(d->point, POINT_AFTER_SEND, POINT_AFTER_RECV);
	if (c->mech->family == FAMILY_BARRIER)
		return AMONG(d->point, POINT_AFTER_SEND, POINT_MID_READ, POINT_MID_WRITE,
			POINT_BEFORE_PUBLISH, POINT_BEFORE_RELEASE);
	if (workload_begins_tasks(c->workload))
		return AMONG(d->point, POINT_MID_READ, POINT_MID_WRITE, POINT_BEFORE_PUBLISH,
			POINT_BEFORE_RELEASE);
	if (d->side == 0)
		return AMONG(d->point, POINT_AFTER_RECV, POINT_MID_READ, POINT_BEFORE_RELEASE,
			POINT_HOLDING);
	return AMONG(d->point, POINT_BEFORE_SEND, POINT_AFTER_SEND, POINT_MID_WRITE,
		POINT_BEFORE_PUBLISH, POINT_HOLDING);
}
