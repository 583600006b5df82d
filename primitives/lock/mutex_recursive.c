/*
 * lock/mutex-recursive - pthread_mutex_t of the recursive kind.
 *
 * Its holder may take it again; only the outermost release opens it.  One op
 * takes it `depth` times and releases it as often (axis depth, 1 unless asked);
 * all but the first need no atomic instruction.  A stranger's release is refused
 * with EPERM, and so is that of an open one.
 */
#include "primitives/lock/parts/pthread_mutex.h"

static int recursive_setup(struct link *l)
{
	struct mutex *m = l->shared;

	return mutex_is_ready(l, sync_mutex_init_recursive(l, &m->lock));
}

ALWAYS_INLINE enum result recursive_lock(struct port *p, struct how how)
{
	enum result r = mutex_lock(p, how);
	uint32_t depth = link_depth(p->link);

	for (uint32_t i = 1; r == OP_DONE && i < depth; i++)
		r = mutex_lock(p, how);
	return r;
}

ALWAYS_INLINE enum result recursive_unlock(struct port *p, struct how how)
{
	enum result r = mutex_unlock(p, how);
	uint32_t depth = link_depth(p->link);

	for (uint32_t i = 1; r == OP_DONE && i < depth; i++)
		r = mutex_unlock(p, how);
	return r;
}

static const struct lock_ops recursive_ops = {
	.lock = recursive_lock,
	.unlock = recursive_unlock,
	.guarded = mutex_guarded,
	.holder = mutex_holder,
};
LOCK_STAMP(lock_mutex_recursive, recursive_ops, WAITS_USER);

const struct mech mech_lock_mutex_recursive = {
	LOCK_COMMON(lock_mutex_recursive, recursive_ops, WAITS_USER),
	.name = "lock/mutex-recursive",
	.summary = "pthread mutex that its holder may take again",
	.tunes = BIT(TUNE_DEPTH),
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "the holder; others are refused (EPERM)",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_OF_LOCK,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see lock/mutex-async",
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = mutex_bytes,
	.setup = recursive_setup,
	.teardown = mutex_teardown,
};
