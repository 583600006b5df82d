/*
 * rwlock/mutex - a plain mutex around reads and writes alike.
 *
 * What a lock that knows readers must beat: here they exclude each other too.
 */
#include "harness/family/rwlock.h"

struct single {
	pthread_mutex_t lock;
	uint32_t ready; /* teardown has something to destroy */
};

static size_t single_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct single);
}

static int single_setup(struct link *l)
{
	struct single *s = l->shared;
	int err = sync_mutex_init(l, &s->lock);

	if (err)
		return link_fail(l, err, "pthread_mutex_init");
	s->ready = 1;
	return 0;
}

ALWAYS_INLINE enum result single_lock(struct port *p, struct how how)
{
	return sync_mutex_lock(p, &((struct single *)p->link->shared)->lock, how);
}

ALWAYS_INLINE enum result single_unlock(struct port *p, struct how how)
{
	(void)how;
	p->err = -pthread_mutex_unlock(&((struct single *)p->link->shared)->lock);
	return LIKELY(p->err == 0) ? OP_DONE : OP_ERROR;
}

static struct lock_holder single_holder(const struct link *l)
{
	const struct single *s = l->shared;

	return (struct lock_holder){.tid = sync_mutex_holder(&s->lock)};
}

static void single_teardown(struct link *l)
{
	struct single *s = l->shared;

	if (s && s->ready)
		pthread_mutex_destroy(&s->lock);
	if (s)
		s->ready = 0;
}

static const struct rwlock_ops single_ops = {
	.read_lock = single_lock,
	.read_unlock = single_unlock,
	.write_lock = single_lock,
	.write_unlock = single_unlock,
	.holder = single_holder,
};
RWLOCK_STAMP(rwlock_mutex, single_ops, WAITS_USER);

const struct mech mech_rwlock_mutex = {
	RWLOCK_COMMON(rwlock_mutex, single_ops, WAITS_USER),
	.name = "rwlock/mutex",
	.summary = "pthread mutex: readers exclude each other too",
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner = "the holder; not checked",
			.survives = SURVIVE_NO,
			.peer_dies = PEER_OF_LOCK,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP,
			.path = PATH_ATOMICS_EACH(1),
		},
	.shared_bytes = single_bytes,
	.setup = single_setup,
	.teardown = single_teardown,
};
