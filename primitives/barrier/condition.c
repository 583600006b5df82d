/*
 * barrier/condition - the textbook's barrier: a count under a mutex, and a
 * condition variable on which all but the last sleep.
 *
 * The round's number is what they wait for: a sleeper that is slow to come back
 * is not caught by the next round.
 */
#include "harness/family/barrier.h"

struct condition_meeting {
	pthread_mutex_t lock;
	pthread_cond_t released;
	uint64_t round;
	uint32_t come;
	uint32_t ready; /* teardown has something to destroy */
};

static size_t condition_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct condition_meeting);
}

static int condition_setup(struct link *l)
{
	struct condition_meeting *m = l->shared;
	int err = sync_mutex_init(l, &m->lock);

	if (!err)
		err = sync_cond_init(l, &m->released);
	if (err)
		return link_fail(l, err, "mutex or condition variable");
	m->ready = 1;
	return 0;
}

ALWAYS_INLINE enum result condition_meet(struct port *p, struct how how)
{
	struct condition_meeting *m = p->link->shared;
	enum result r = OP_DONE;
	uint32_t spins = 0;
	uint64_t round;

	sync_mutex_enter(p, &m->lock, how);
	round = m->round;
	POINT(p, how, HOLDING);
	if (++m->come == p->link->senders) {
		m->come = 0;
		m->round++;
		pthread_cond_broadcast(&m->released);
	}
	while (m->round == round && r == OP_DONE)
		r = sync_cond_wait(p, &m->released, &m->lock, &spins, how);
	pthread_mutex_unlock(&m->lock);
	return r;
}

static void condition_teardown(struct link *l)
{
	struct condition_meeting *m = l->shared;

	if (!m || !m->ready)
		return;
	m->ready = 0;
	pthread_cond_destroy(&m->released);
	pthread_mutex_destroy(&m->lock);
}

static const struct barrier_ops condition_ops = {.wait = condition_meet};
BARRIER_STAMP(barrier_condition, condition_ops, WAITS_USER);

const struct mech mech_barrier_condition = {
	BARRIER_COMMON(barrier_condition, condition_ops, WAITS_USER),
	.name = "barrier/condition",
	.summary = "count under a mutex, condition variable",
	.contract = {CONTRACT_BARRIER},
	.shared_bytes = condition_bytes,
	.setup = condition_setup,
	.teardown = condition_teardown,
};
