/*
 * barrier/sense-reversing - a count and the number of the round, no lock.
 *
 * Who comes last sets the count back and moves the round on; the others wait
 * until it has moved.  The round's number is what a sense flag grows into.
 */
#define STAMP_FOLDS 1 /* who stays awake needs no wake-up */
#include "harness/family/barrier.h"

struct sense {
	OWN_LINE atomic_u32 come;
	OWN_LINE atomic_u32 round;
	struct eventcount released;
};

static size_t sense_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct sense);
}

static int sense_setup(struct link *l)
{
	struct sense *s = l->shared;

	sync_eventcount_init(l, &s->released);
	return 0;
}

/* Until the round has moved on, as `how` says. */
ALWAYS_INLINE void sense_await(struct port *p, struct sense *s, uint32_t round, struct how how)
{
	for (uint32_t spins = 0, key; load_acquire(&s->round) == round;) {
		if (wait_spins(how, &spins))
			continue;
		key = eventcount_prepare(&s->released);
		if (load_seq(&s->round) != round) {
			eventcount_cancel(&s->released);
			break;
		}
		POINT(p, how, BLOCKED);
		eventcount_wait(&s->released, key, FUTEX_FOREVER);
	}
}

ALWAYS_INLINE enum result sense_meet(struct port *p, struct how how)
{
	struct sense *s = p->link->shared;
	uint32_t round = load_acquire(&s->round);

	if (add_acq_rel(&s->come, 1u) + 1 < p->link->senders) {
		sense_await(p, s, round, how);
		return OP_DONE;
	}
	store_relaxed(&s->come, 0);
	if (how.wait == WAIT_BLOCK || how.wait == WAIT_SPIN_BLOCK) {
		store_seq(&s->round, round + 1);
		eventcount_notify(&s->released, UINT32_MAX);
	} else {
		store_release(&s->round, round + 1);
	}
	return OP_DONE;
}

static const struct barrier_ops sense_ops = {.wait = sense_meet};
BARRIER_STAMP(barrier_sense_reversing, sense_ops, WAITS_USER);

const struct mech mech_barrier_sense_reversing = {
	BARRIER_COMMON(barrier_sense_reversing, sense_ops, WAITS_USER),
	.name = "barrier/sense-reversing",
	.summary = "count and round in atomics, without a lock",
	.contract =
		{
			CONTRACT_BARRIER,
			.cost_of_wait = "the last one: a sequentially consistent store and a load",
		},
	.shared_bytes = sense_bytes,
	.setup = sense_setup,
};
