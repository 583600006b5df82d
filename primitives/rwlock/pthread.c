/*
 * rwlock/pthread - pthread_rwlock_t, the default kind: readers before writers.
 *
 * Readers are inside together.  While they keep coming a writer waits: glibc's
 * default prefers readers, and does not say for how long.  It knows its writer, and of its
 * readers only how many they are.
 */
#include "harness/family/rwlock.h"

struct rw {
	pthread_rwlock_t lock;
	uint32_t ready; /* teardown has something to destroy */
};

static size_t rw_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct rw);
}

static int rw_setup(struct link *l)
{
	struct rw *rw = l->shared;
	int err = sync_rwlock_init(l, &rw->lock);

	if (err)
		return link_fail(l, err, "pthread_rwlock_init");
	rw->ready = 1;
	return 0;
}

/* The library's answer as ours. */
ALWAYS_INLINE enum result rw_result(struct port *p, int err)
{
	if (LIKELY(err == 0))
		return OP_DONE;
	p->err = -err;
	return err == EBUSY ? OP_WOULD_BLOCK : err == ETIMEDOUT ? OP_TIMED_OUT : OP_ERROR;
}

/* As sync_mutex_blocks(). */
COLD static void rw_blocks(struct port *p, pthread_rwlock_t *lock, bool reads)
{
	int err = reads ? pthread_rwlock_tryrdlock(lock) : pthread_rwlock_trywrlock(lock);

	if (err == 0)
		pthread_rwlock_unlock(lock);
	else if (err == EBUSY)
		probe_hit(&p->probe, POINT_BLOCKED);
}

ALWAYS_INLINE enum result rw_read_lock(struct port *p, struct how how)
{
	struct rw *rw = p->link->shared;
	struct timespec until;

	if (how.probed && how.mode != MODE_TRY)
		rw_blocks(p, &rw->lock, true);
	if (how.mode == MODE_BLOCK)
		return rw_result(p, pthread_rwlock_rdlock(&rw->lock));
	if (how.mode == MODE_TRY)
		return rw_result(p, pthread_rwlock_tryrdlock(&rw->lock));
	until = link_timespec(p->deadline_ns);
	return rw_result(p, pthread_rwlock_clockrdlock(&rw->lock, CLOCK_MONOTONIC, &until));
}

ALWAYS_INLINE enum result rw_write_lock(struct port *p, struct how how)
{
	struct rw *rw = p->link->shared;
	struct timespec until;

	if (how.probed && how.mode != MODE_TRY)
		rw_blocks(p, &rw->lock, false);
	if (how.mode == MODE_BLOCK)
		return rw_result(p, pthread_rwlock_wrlock(&rw->lock));
	if (how.mode == MODE_TRY)
		return rw_result(p, pthread_rwlock_trywrlock(&rw->lock));
	until = link_timespec(p->deadline_ns);
	return rw_result(p, pthread_rwlock_clockwrlock(&rw->lock, CLOCK_MONOTONIC, &until));
}

ALWAYS_INLINE enum result rw_unlock(struct port *p, struct how how)
{
	struct rw *rw = p->link->shared;

	(void)how;
	return rw_result(p, pthread_rwlock_unlock(&rw->lock));
}

static struct lock_holder rw_holder(const struct link *l)
{
	const struct rw *rw = l->shared;

	return (struct lock_holder){.tid = sync_rwlock_writer(&rw->lock)};
}

static void rw_teardown(struct link *l)
{
	struct rw *rw = l->shared;

	if (rw && rw->ready)
		pthread_rwlock_destroy(&rw->lock);
	if (rw)
		rw->ready = 0;
}

static const struct rwlock_ops rw_ops = {
	.read_lock = rw_read_lock,
	.read_unlock = rw_unlock,
	.write_lock = rw_write_lock,
	.write_unlock = rw_unlock,
	.holder = rw_holder,
};
RWLOCK_STAMP(rwlock_pthread, rw_ops, BIT(WAIT_BLOCK));

const struct mech mech_rwlock_pthread = {
	RWLOCK_COMMON(rwlock_pthread, rw_ops, BIT(WAIT_BLOCK)),
	.name = "rwlock/pthread",
	.summary = "pthread rwlock, the default kind: readers together, before writers",
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "who holds it; not checked; which readers do nobody knows",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_OF_LOCK,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP,
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = rw_bytes,
	.setup = rw_setup,
	.teardown = rw_teardown,
};
