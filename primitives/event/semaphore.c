/*
 * event/semaphore - a POSIX semaphore as a signal: post and wait.
 *
 * Each post lets one waiter go, now or later; waking all is a post for each.
 */
#include "harness/family/event.h"

static size_t semaphore_bytes(const struct link *l)
{
	(void)l;
	return sizeof(sem_t);
}

static int semaphore_setup(struct link *l)
{
	int err = sync_sem_init(l, l->shared, 0);

	return err ? link_fail(l, err, "sem_init") : 0;
}

ALWAYS_INLINE enum result semaphore_signal(struct port *p, struct how how)
{
	POINT(p, how, MID_WRITE);
	return sync_sem_post(p, p->link->shared);
}

ALWAYS_INLINE enum result semaphore_signal_all(struct port *p, struct how how)
{
	enum result r = OP_DONE;

	for (uint32_t i = 0; i < p->link->receivers && r == OP_DONE; i++)
		r = semaphore_signal(p, how);
	return r;
}

ALWAYS_INLINE enum result semaphore_wait(struct port *p, struct how how)
{
	POINT(p, how, BLOCKED);
	return sync_sem_wait(p, p->link->shared, how);
}

static const struct event_ops semaphore_ops = {
	.signal = semaphore_signal,
	.signal_all = semaphore_signal_all,
	.wait = semaphore_wait,
};
EVENT_STAMP(event_semaphore, semaphore_ops, WAITS_USER);

const struct mech mech_event_semaphore = {
	EVENT_COMMON(event_semaphore, semaphore_ops, WAITS_USER),
	.name = "event/semaphore",
	.summary = "POSIX semaphore: each post lets one waiter go",
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.survives = SURVIVE_NO,
			.limits = "SEM_VALUE_MAX: what it can count to",
			.peer_dies = PEER_UNSEEN,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see lock/semaphore-async",
			.wakes = WAKES_ONE,
			.remembers = true,
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = semaphore_bytes,
	.setup = semaphore_setup,
};
