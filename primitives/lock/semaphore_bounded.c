/*
 * lock/semaphore-bounded - a semaphore that refuses one release too many.
 *
 * A count of the permits that are out stands beside it: who takes one adds to it
 * afterwards, who releases one takes it off before, and is refused with EOVERFLOW
 * where there is none.  So the count is never above what is really out.  It is
 * two atomic instructions more than lock/semaphore; whose permit it is nobody
 * knows.
 */
#include "primitives/lock/parts/permits.h"

ALWAYS_INLINE enum result bounded_take(struct port *p, struct how how)
{
	struct permits *s = p->link->shared;
	enum result r = permits_take(p, how);

	if (LIKELY(r == OP_DONE))
		add_acq_rel(&s->taken, 1u);
	return r;
}

ALWAYS_INLINE enum result bounded_release(struct port *p, struct how how)
{
	struct permits *s = p->link->shared;
	uint32_t out = load_relaxed(&s->taken);

	do {
		if (UNLIKELY(out == 0)) {
			p->err = -EOVERFLOW;
			return OP_ERROR;
		}
	} while (!cas_acq_rel(&s->taken, &out, out - 1));
	return permits_release(p, how);
}

static const struct lock_ops bounded_ops = {
	.lock = bounded_take,
	.unlock = bounded_release,
	.guarded = permits_guarded,
};
LOCK_STAMP(lock_semaphore_bounded, bounded_ops, WAITS_USER);

const struct mech mech_lock_semaphore_bounded = {
	LOCK_COMMON(lock_semaphore_bounded, bounded_ops, WAITS_USER),
	.name = "lock/semaphore-bounded",
	.summary = "semaphore that refuses one release too many",
	.tunes = BIT(TUNE_PERMITS),
	.contract =
		{
			.reach = REACH_ANY,
			.end_seen = "never",
			.owner =
				"whoever posts; one too many is refused (EOVERFLOW); who holds it nobody "
				"knows",
			.survives = SURVIVE_NO,
			.limits = "SEM_VALUE_MAX: what it can count to",
			.peer_dies = PEER_OF_LOCK,
			.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see lock/semaphore-async",
			.path = PATH_ATOMICS_EACH(2),
		},
	.shared_bytes = permits_bytes,
	.setup = permits_setup,
};
