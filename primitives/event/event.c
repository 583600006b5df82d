/*
 * event/event - a flag under a mutex and a condition variable: what textbooks
 * and language libraries call an event.
 *
 * Setting it wakes everybody who waits; whoever comes later passes at once,
 * until it is cleared.
 */
#include "harness/family/event.h"
#include "primitives/event/parts/monitor.h"

ALWAYS_INLINE enum result event_set(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;

	sync_mutex_enter(p, &m->lock, how);
	POINT(p, how, MID_WRITE);
	m->signals = 1;
	POINT(p, how, BEFORE_PUBLISH);
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return OP_DONE;
}

ALWAYS_INLINE enum result event_wait(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;
	enum result r;

	sync_mutex_enter(p, &m->lock, how);
	r = monitor_await(p, m, how);
	POINT(p, how, MID_READ);
	pthread_mutex_unlock(&m->lock);
	return r;
}

ALWAYS_INLINE void event_clear(struct port *p)
{
	struct monitor *m = p->link->shared;

	pthread_mutex_lock(&m->lock);
	m->signals = 0;
	pthread_mutex_unlock(&m->lock);
}

static const struct event_ops event_ops = {
	.signal = event_set,
	.signal_all = event_set,
	.wait = event_wait,
	.clear = event_clear,
};
EVENT_STAMP(event_event, event_ops, WAITS_USER);

const struct mech mech_event_event = {
	EVENT_COMMON(event_event, event_ops, WAITS_USER),
	.name = "event/event",
	.summary = "flag that wakes all and stays set: mutex and condition variable",
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_UNSEEN,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see event/event-async",
			.wakes = WAKES_ALL,
			.remembers = true,
			.path = MONITOR_PATH,
		},
	.shared_bytes = monitor_bytes,
	.setup = monitor_setup,
	.teardown = monitor_teardown,
};
