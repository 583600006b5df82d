/*
 * event/event-async - a flag between coroutines: what asynchronous libraries call an
 * event.
 *
 * Setting it lets everybody go who waits, also where it is cleared before they run;
 * whoever comes later passes at once, until it is cleared.
 */
#include "harness/coroutine.h"
#include "harness/family/event.h"

struct async_event {
	bool set;
	struct coro_queue waiting;
};

static size_t event_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct async_event);
}

ALWAYS_INLINE enum result event_set(struct port *p, struct how how)
{
	struct async_event *e = p->link->shared;

	POINT(p, how, MID_WRITE);
	e->set = true;
	POINT(p, how, BEFORE_PUBLISH);
	while (coro_queue_wake(&e->waiting))
		;
	return OP_DONE;
}

ALWAYS_INLINE enum result event_wait(struct port *p, struct how how)
{
	struct async_event *e = p->link->shared;

	if (e->set)
		return OP_DONE;
	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	POINT(p, how, BLOCKED);
	return coro_queue_wait(&e->waiting, wait_deadline(p, how)) ? OP_DONE : OP_TIMED_OUT;
}

ALWAYS_INLINE void event_clear(struct port *p)
{
	struct async_event *e = p->link->shared;

	e->set = false;
}

static const struct event_ops event_ops = {
	.signal = event_set,
	.signal_all = event_set,
	.wait = event_wait,
	.clear = event_clear,
};
EVENT_STAMP(event_event_async, event_ops, AWAITS);

const struct mech mech_event_event_async = {
	EVENT_COMMON(event_event_async, event_ops, AWAITS),
	.name = "event/event-async",
	.summary = "flag between coroutines of one thread: lets all go and stays set",
	.contract =
		{
			.reach = REACH_THREAD,
			.end_seen = "never",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_UNSEEN,
			.not_in = {[DOMAIN_THREAD] = NOT_ATOMIC ": see event/event",
				[DOMAIN_PROCESS] = NOT_ATOMIC ": see event/event"},
			.wakes = WAKES_ALL,
			.remembers = true,
		},
	.shared_bytes = event_bytes,
};
