/*
 * event/condition-outside - event/condition whose signal is given after the mutex has
 * been released.
 *
 * Who is woken need not wait for the signaller to leave; between the release and the
 * signal somebody else may take the mutex, and what he finds there.
 */
#include "harness/family/event.h"
#include "primitives/event/parts/monitor.h"

/* What is signalled is already there for whoever looks. */
ALWAYS_INLINE void outside_give(struct port *p, uint32_t n, struct how how)
{
	struct monitor *m = p->link->shared;

	sync_mutex_enter(p, &m->lock, how);
	POINT(p, how, MID_WRITE);
	m->signals += n;
	pthread_mutex_unlock(&m->lock);
	POINT(p, how, BEFORE_PUBLISH);
}

ALWAYS_INLINE enum result outside_signal(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;

	outside_give(p, 1, how);
	pthread_cond_signal(&m->changed);
	return OP_DONE;
}

ALWAYS_INLINE enum result outside_signal_all(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;

	outside_give(p, p->link->receivers, how);
	pthread_cond_broadcast(&m->changed);
	return OP_DONE;
}

static enum result outside_signal_n(struct port *p, uint32_t n, struct how how)
{
	struct monitor *m = p->link->shared;

	outside_give(p, n, how);
	while (n-- > 0)
		pthread_cond_signal(&m->changed);
	return OP_DONE;
}

ALWAYS_INLINE enum result outside_wait(struct port *p, struct how how)
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

static const struct event_ops outside_ops = {
	.signal = outside_signal,
	.signal_all = outside_signal_all,
	.wait = outside_wait,
	.signal_n = outside_signal_n,
};
EVENT_STAMP(event_condition_outside, outside_ops, WAITS_USER);

const struct mech mech_event_condition_outside = {
	EVENT_COMMON(event_condition_outside, outside_ops, WAITS_USER),
	.name = "event/condition-outside",
	.summary = "condition variable with mutex and predicate, signalled after the mutex",
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
