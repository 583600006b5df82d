/*
 * timer/thread - a thread for each timer, which waits for its time or for a cancel,
 * whichever comes first.
 *
 * One mutex decides who that was: the timer fires only if it finds itself armed when
 * its wait has timed out, and a cancel counts only if it does.
 */
#include <pthread.h>

#include "harness/family/timer.h"

enum thread_state { TIMER_IDLE, TIMER_ARMED, TIMER_FIRED, TIMER_CANCELLED };

struct thread_timer {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum thread_state state;
	struct timer_shot *shot;
	pthread_t thread;
	bool ready; /* detach has something to destroy */
};

static int thread_attach(struct port *p)
{
	struct thread_timer *t = p->local;
	int err = sync_mutex_init(p->link, &t->lock);

	if (!err)
		err = sync_cond_init(p->link, &t->changed);
	if (err)
		return link_fail(p->link, err, "mutex or condition variable");
	t->ready = true;
	return 0;
}

static void thread_detach(struct port *p)
{
	struct thread_timer *t = p->local;

	if (!t->ready)
		return;
	t->ready = false;
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
}

static void *thread_life(void *arg)
{
	struct thread_timer *t = arg;
	struct timespec due = link_timespec(t->shot->due_ns);
	bool fires;

	pthread_mutex_lock(&t->lock);
	while (t->state == TIMER_ARMED &&
		pthread_cond_timedwait(&t->changed, &t->lock, &due) != ETIMEDOUT)
		;
	fires = t->state == TIMER_ARMED;
	if (fires)
		t->state = TIMER_FIRED;
	pthread_mutex_unlock(&t->lock);
	if (fires)
		timer_fire(t->shot);
	return NULL;
}

ALWAYS_INLINE enum result thread_arm(struct port *p, struct timer_shot *shot, struct how how)
{
	struct thread_timer *t = p->local;
	int err;

	(void)how;
	t->shot = shot;
	t->state = TIMER_ARMED;
	err = pthread_create(&t->thread, NULL, thread_life, t);
	p->err = -err;
	return LIKELY(err == 0) ? OP_DONE : OP_ERROR;
}

ALWAYS_INLINE enum result thread_cancel(struct port *p, struct how how)
{
	struct thread_timer *t = p->local;
	bool armed;

	pthread_mutex_lock(&t->lock);
	POINT(p, how, HOLDING);
	armed = t->state == TIMER_ARMED;
	if (armed) {
		t->state = TIMER_CANCELLED;
		pthread_cond_signal(&t->changed);
	}
	pthread_mutex_unlock(&t->lock);
	return armed ? OP_DONE : OP_TIMED_OUT;
}

ALWAYS_INLINE enum result thread_await(struct port *p, struct how how)
{
	struct thread_timer *t = p->local;
	struct timespec until;
	int err;

	POINT(p, how, BLOCKED);
	if (how.mode == MODE_BLOCK) {
		err = pthread_join(t->thread, NULL);
	} else if (how.mode == MODE_TRY) {
		err = pthread_tryjoin_np(t->thread, NULL);
	} else {
		until = link_timespec(p->deadline_ns);
		err = pthread_clockjoin_np(t->thread, NULL, CLOCK_MONOTONIC, &until);
	}
	if (LIKELY(err == 0))
		return t->state == TIMER_CANCELLED ? OP_CLOSED : OP_DONE;
	if (err == EBUSY)
		return OP_WOULD_BLOCK;
	if (err == ETIMEDOUT)
		return OP_TIMED_OUT;
	p->err = -err;
	return OP_ERROR;
}

static const struct timer_ops thread_ops = {
	.arm = thread_arm, .cancel = thread_cancel, .await = thread_await};
TIMER_STAMP(timer_thread, thread_ops, BIT(WAIT_BLOCK));

const struct mech mech_timer_thread = {
	TIMER_COMMON(timer_thread, thread_ops, BIT(WAIT_BLOCK)),
	.name = "timer/thread",
	.summary = "a thread for each timer, waiting with a deadline",
	.domains = BIT(DOMAIN_THREAD),
	.contract = {CONTRACT_TIMER,
		.not_in[DOMAIN_COROUTINE] = "it fires in a thread of its own: see timer/async"},
	.local_bytes = sizeof(struct thread_timer),
	.attach = thread_attach,
	.detach = thread_detach,
};
