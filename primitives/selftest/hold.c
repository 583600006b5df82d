/*
 * selftest/hold - a mutex that is held for SELFTEST_HOLD_NS in each section.
 *
 * The holder spins before it releases.  full_waits: nanoseconds from a worker's
 * first acquisition of the stretch to its last release; empty_waits: those in
 * which it held the lock.
 */
#include "harness/family/lock.h"
#include "primitives/selftest/parts/second.h"

struct hold {
	pthread_mutex_t lock;
	uint32_t ready; /* teardown has something to destroy */
	OWN_LINE atomic_u64 counter;
};

struct holder {
	uint64_t began_ns, taken_ns;
};

static size_t hold_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct hold);
}

static int hold_setup(struct link *l)
{
	struct hold *m = l->shared;
	int err = sync_mutex_init(l, &m->lock);

	if (err)
		return link_fail(l, err, "pthread_mutex_init");
	m->ready = 1;
	return 0;
}

ALWAYS_INLINE enum result hold_lock(struct port *p, struct how how)
{
	struct hold *m = p->link->shared;
	struct holder *h = p->local;
	enum result r;

	if (p->full_waits == 0)
		h->began_ns = second_ns();
	r = sync_mutex_lock(p, &m->lock, how);
	h->taken_ns = second_ns();
	return r;
}

ALWAYS_INLINE enum result hold_unlock(struct port *p, struct how how)
{
	struct hold *m = p->link->shared;
	struct holder *h = p->local;
	uint64_t now = second_spin(h->taken_ns, SELFTEST_HOLD_NS);

	(void)how;
	p->full_waits = now - h->began_ns;
	p->empty_waits += now - h->taken_ns;
	p->err = -pthread_mutex_unlock(&m->lock);
	return LIKELY(p->err == 0) ? OP_DONE : OP_ERROR;
}

ALWAYS_INLINE atomic_u64 *hold_guarded(struct port *p)
{
	struct hold *m = p->link->shared;

	return &m->counter;
}

static void hold_teardown(struct link *l)
{
	struct hold *m = l->shared;

	if (!m || !m->ready)
		return;
	m->ready = 0;
	pthread_mutex_destroy(&m->lock);
}

static const struct lock_ops hold_ops = {
	.lock = hold_lock,
	.unlock = hold_unlock,
	.guarded = hold_guarded,
};
LOCK_STAMP(selftest_hold, hold_ops, BIT(WAIT_BLOCK));

const struct mech mech_selftest_hold = {
	LOCK_COMMON(selftest_hold, hold_ops, BIT(WAIT_BLOCK)),
	.name = "selftest/hold",
	.summary = "a mutex that is held for 500 ns",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "the holder; not checked",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_OF_LOCK,
		},
	.local_bytes = sizeof(struct holder),
	.shared_bytes = hold_bytes,
	.setup = hold_setup,
	.teardown = hold_teardown,
};
