/*
 * event/condition-async - a condition between coroutines, with its lock and its
 * predicate.
 *
 * The predicate is the number of signals given and not used; the signal is given with
 * the lock held.  A wait gives the lock up, and has it again when it comes back.
 */
#include "harness/family/event.h"
#include "primitives/lock/parts/turnstile.h"

struct async_condition {
	struct turnstile lock;
	struct coro_queue waiting;
	uint32_t signals; /* given and not used */
};

static size_t condition_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct async_condition);
}

static int condition_setup(struct link *l)
{
	struct async_condition *c = l->shared;

	c->lock.permits = 1;
	return 0;
}

/* Whatever the mode: the lock is never held while somebody awaits anything. */
ALWAYS_INLINE void condition_enter(struct port *p, struct async_condition *c, struct how how)
{
	const struct how enter = {how.wait, MODE_BLOCK, how.probed};

	turnstile_take(p, &c->lock, enter);
}

ALWAYS_INLINE enum result condition_give(struct port *p, uint32_t n, struct how how)
{
	struct async_condition *c = p->link->shared;

	condition_enter(p, c, how);
	POINT(p, how, MID_WRITE);
	c->signals += n;
	POINT(p, how, BEFORE_PUBLISH);
	while (n-- > 0 && coro_queue_wake(&c->waiting))
		;
	turnstile_give(&c->lock);
	return OP_DONE;
}

ALWAYS_INLINE enum result condition_signal(struct port *p, struct how how)
{
	return condition_give(p, 1, how);
}

ALWAYS_INLINE enum result condition_signal_all(struct port *p, struct how how)
{
	return condition_give(p, p->link->receivers, how);
}

static enum result condition_signal_n(struct port *p, uint32_t n, struct how how)
{
	return condition_give(p, n, how);
}

/* With the lock held, before and after.  OP_DONE: look again. */
ALWAYS_INLINE enum result condition_sleep(struct port *p, struct async_condition *c, struct how how)
{
	bool woken;

	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	POINT(p, how, BLOCKED);
	turnstile_give(&c->lock);
	woken = coro_queue_wait(&c->waiting, wait_deadline(p, how));
	condition_enter(p, c, how);
	return woken ? OP_DONE : OP_TIMED_OUT;
}

ALWAYS_INLINE enum result condition_wait(struct port *p, struct how how)
{
	struct async_condition *c = p->link->shared;
	enum result r = OP_DONE;

	condition_enter(p, c, how);
	while (c->signals == 0 && r == OP_DONE)
		r = condition_sleep(p, c, how);
	POINT(p, how, MID_READ);
	if (c->signals) {
		c->signals--;
		r = OP_DONE;
	}
	POINT(p, how, BEFORE_RELEASE);
	turnstile_give(&c->lock);
	return r;
}

static const struct event_ops condition_ops = {
	.signal = condition_signal,
	.signal_all = condition_signal_all,
	.wait = condition_wait,
	.signal_n = condition_signal_n,
};
EVENT_STAMP(event_condition_async, condition_ops, AWAITS);

const struct mech mech_event_condition_async = {
	EVENT_COMMON(event_condition_async, condition_ops, AWAITS),
	.name = "event/condition-async",
	.summary = "condition between coroutines of one thread, with lock and predicate",
	.contract =
		{
			.reach = REACH_THREAD,
			.end_seen = "never",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_UNSEEN,
			.not_in = {[DOMAIN_THREAD] = NOT_ATOMIC ": see event/condition",
				[DOMAIN_PROCESS] = NOT_ATOMIC ": see event/condition"},
			.wakes = WAKES_ONE,
			.remembers = true,
		},
	.shared_bytes = condition_bytes,
	.setup = condition_setup,
};
