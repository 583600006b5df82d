/*
 * event/condition - a condition variable with its mutex and its predicate.
 *
 * The predicate is the number of signals given and not used: one signal lets
 * one waiter go, signal_all as many as there are.  The signal is given with the
 * mutex held.  The bare condition variable remembers nothing; its predicate
 * does, which is why it has one.
 */
#include "harness/family/event.h"
#include "primitives/event/parts/monitor.h"

ALWAYS_INLINE enum result condition_signal(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;

	sync_mutex_enter(p, &m->lock, how);
	POINT(p, how, MID_WRITE);
	m->signals++;
	POINT(p, how, BEFORE_PUBLISH);
	pthread_cond_signal(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return OP_DONE;
}

ALWAYS_INLINE enum result condition_signal_all(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;

	sync_mutex_enter(p, &m->lock, how);
	POINT(p, how, MID_WRITE);
	m->signals += p->link->receivers;
	POINT(p, how, BEFORE_PUBLISH);
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return OP_DONE;
}

static enum result condition_signal_n(struct port *p, uint32_t n, struct how how)
{
	struct monitor *m = p->link->shared;

	sync_mutex_enter(p, &m->lock, how);
	m->signals += n;
	while (n-- > 0)
		pthread_cond_signal(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return OP_DONE;
}

ALWAYS_INLINE enum result condition_wait(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;
	enum result r;

	sync_mutex_enter(p, &m->lock, how);
	r = monitor_await(p, m, how);
	POINT(p, how, MID_READ);
	if (r == OP_DONE)
		m->signals--;
	POINT(p, how, BEFORE_RELEASE);
	pthread_mutex_unlock(&m->lock);
	return r;
}

static const struct event_ops condition_ops = {
	.signal = condition_signal,
	.signal_all = condition_signal_all,
	.wait = condition_wait,
	.signal_n = condition_signal_n,
};
EVENT_STAMP(event_condition, condition_ops, WAITS_USER);

const struct mech mech_event_condition = {
	EVENT_COMMON(event_condition, condition_ops, WAITS_USER),
	.name = "event/condition",
	.summary = "condition variable with mutex and predicate, signalled under the mutex",
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_UNSEEN,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see event/condition-async",
			.wakes = WAKES_ONE,
			.remembers = true,
			.path = MONITOR_PATH,
		},
	.shared_bytes = monitor_bytes,
	.setup = monitor_setup,
	.teardown = monitor_teardown,
};
