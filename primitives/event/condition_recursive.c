/*
 * event/condition-recursive - a condition variable whose mutex its holder may take again.
 *
 * Signaller and waiter take it `depth` times (axis depth, 1 unless asked).  The library's
 * wait releases one level only: whoever sleeps with more would keep everybody out for
 * ever.  So a wait releases all of them, and has as many again when it comes back.
 */
#include "harness/family/event.h"
#include "primitives/event/parts/monitor.h"

static int recursive_setup(struct link *l)
{
	struct monitor *m = l->shared;

	return monitor_setup_with(l, sync_mutex_init_recursive(l, &m->lock));
}

/* All levels but one: taken, and released. */
ALWAYS_INLINE void recursive_deepen(struct port *p, struct monitor *m)
{
	uint32_t depth = link_depth(p->link);

	for (uint32_t i = 1; i < depth; i++)
		pthread_mutex_lock(&m->lock);
}

ALWAYS_INLINE void recursive_flatten(struct port *p, struct monitor *m)
{
	uint32_t depth = link_depth(p->link);

	for (uint32_t i = 1; i < depth; i++)
		pthread_mutex_unlock(&m->lock);
}

ALWAYS_INLINE void recursive_enter(struct port *p, struct monitor *m, struct how how)
{
	sync_mutex_enter(p, &m->lock, how);
	recursive_deepen(p, m);
}

ALWAYS_INLINE void recursive_leave(struct port *p, struct monitor *m)
{
	recursive_flatten(p, m);
	pthread_mutex_unlock(&m->lock);
}

ALWAYS_INLINE enum result recursive_signal(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;

	recursive_enter(p, m, how);
	POINT(p, how, MID_WRITE);
	m->signals++;
	POINT(p, how, BEFORE_PUBLISH);
	pthread_cond_signal(&m->changed);
	recursive_leave(p, m);
	return OP_DONE;
}

ALWAYS_INLINE enum result recursive_signal_all(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;

	recursive_enter(p, m, how);
	POINT(p, how, MID_WRITE);
	m->signals += p->link->receivers;
	POINT(p, how, BEFORE_PUBLISH);
	pthread_cond_broadcast(&m->changed);
	recursive_leave(p, m);
	return OP_DONE;
}

static enum result recursive_signal_n(struct port *p, uint32_t n, struct how how)
{
	struct monitor *m = p->link->shared;

	recursive_enter(p, m, how);
	m->signals += n;
	while (n-- > 0)
		pthread_cond_signal(&m->changed);
	recursive_leave(p, m);
	return OP_DONE;
}

/* As deep in the mutex before as after.  OP_DONE: there is a signal. */
ALWAYS_INLINE enum result recursive_await(struct port *p, struct monitor *m, struct how how)
{
	enum result r;

	if (m->signals)
		return OP_DONE;
	recursive_flatten(p, m);
	r = monitor_await(p, m, how);
	recursive_deepen(p, m);
	return r;
}

ALWAYS_INLINE enum result recursive_wait(struct port *p, struct how how)
{
	struct monitor *m = p->link->shared;
	enum result r;

	recursive_enter(p, m, how);
	r = recursive_await(p, m, how);
	POINT(p, how, MID_READ);
	if (r == OP_DONE)
		m->signals--;
	POINT(p, how, BEFORE_RELEASE);
	recursive_leave(p, m);
	return r;
}

static const struct event_ops recursive_ops = {
	.signal = recursive_signal,
	.signal_all = recursive_signal_all,
	.wait = recursive_wait,
	.signal_n = recursive_signal_n,
};
EVENT_STAMP(event_condition_recursive, recursive_ops, WAITS_USER);

const struct mech mech_event_condition_recursive = {
	EVENT_COMMON(event_condition_recursive, recursive_ops, WAITS_USER),
	.name = "event/condition-recursive",
	.summary = "condition variable on a recursive mutex: a wait gives up every level",
	.tunes = BIT(TUNE_DEPTH),
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
	.setup = recursive_setup,
	.teardown = monitor_teardown,
};
