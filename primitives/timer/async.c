/*
 * timer/async - call later: a coroutine of the event loop that parks until its time.
 *
 * The loop keeps all deadlines in one heap and sleeps to the first.  Nobody else runs
 * while a cancel or a timer does: which of them was first is never in doubt.
 */
#include "harness/coroutine.h"
#include "harness/family/timer.h"

struct async_timer {
	struct timer_shot *shot;
	struct coro *sleeper, *waiter;
	bool pending, cancelled, ended;
};

static void async_life(void *arg)
{
	struct async_timer *t = arg;

	t->sleeper = coro_self();
	while (!t->cancelled && monotonic_ns() < t->shot->due_ns)
		coro_park(t->shot->due_ns);
	t->pending = false;
	if (!t->cancelled)
		timer_fire(t->shot);
	t->ended = true;
	if (t->waiter)
		coro_unpark(t->waiter);
}

ALWAYS_INLINE enum result async_arm(struct port *p, struct timer_shot *shot, struct how how)
{
	struct async_timer *t = p->local;

	(void)how;
	*t = (struct async_timer){.shot = shot, .pending = true};
	p->err = coro_start(coro_self_loop(), async_life, t);
	return LIKELY(p->err == 0) ? OP_DONE : OP_ERROR;
}

ALWAYS_INLINE enum result async_cancel(struct port *p, struct how how)
{
	struct async_timer *t = p->local;

	POINT(p, how, HOLDING);
	if (!t->pending)
		return OP_TIMED_OUT;
	t->cancelled = true;
	t->pending = false;
	if (t->sleeper)
		coro_unpark(t->sleeper);
	return OP_DONE;
}

ALWAYS_INLINE enum result async_await(struct port *p, struct how how)
{
	struct async_timer *t = p->local;

	POINT(p, how, BLOCKED);
	while (!t->ended) {
		if (how.mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		t->waiter = coro_self();
		if (!coro_park(wait_deadline(p, how)) && !t->ended)
			return OP_TIMED_OUT;
	}
	return t->cancelled ? OP_CLOSED : OP_DONE;
}

static const struct timer_ops async_ops = {
	.arm = async_arm, .cancel = async_cancel, .await = async_await};
TIMER_STAMP(timer_async, async_ops, AWAITS);

const struct mech mech_timer_async = {
	TIMER_COMMON(timer_async, async_ops, AWAITS),
	.name = "timer/async",
	.summary = "call later, on the event loop of coroutines",
	.domains = BIT(DOMAIN_COROUTINE),
	.contract = {CONTRACT_TIMER,
		.not_in[DOMAIN_THREAD] =
			"it fires in the loop of the coroutines: see timer/thread"},
	.local_bytes = sizeof(struct async_timer),
};
