/*
 * gil.h - an interpreter's lock: a flag under a mutex, and conditions on which
 * those sleep that wait for it.  The mutex is held for moments only, the flag for
 * as long as the interpreter runs.
 *
 * Who is woken need not get it: whoever comes meanwhile may take it before.  Such
 * wake-ups are counted (port->vain_wakeups), beside the acquisitions.
 */
#ifndef PRIMITIVES_LOCK_PARTS_GIL_H
#define PRIMITIVES_LOCK_PARTS_GIL_H

#include "harness/family/lock.h"

struct gil {
	pthread_mutex_t lock;
	pthread_cond_t freed; /* it is open */
	pthread_cond_t taken; /* another one has it: who was asked to hand over may go on */
	uint64_t switches;    /* times that it went to somebody else */
	uint32_t held, waiting;
	uint32_t last; /* its holder, or its last one: index and 1 */
	uint32_t ready;
	OWN_LINE atomic_u32 asked; /* a hand-over; the holder looks without the mutex */
	OWN_LINE atomic_u64 counter;
};

static inline size_t gil_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct gil);
}

static inline int gil_setup(struct link *l)
{
	struct gil *g = l->shared;
	int err = sync_mutex_init(l, &g->lock);

	if (!err)
		err = sync_cond_init(l, &g->freed);
	if (!err)
		err = sync_cond_init(l, &g->taken);
	if (err)
		return link_fail(l, err, "mutex or condition variable");
	g->ready = 1;
	return 0;
}

static inline void gil_teardown(struct link *l)
{
	struct gil *g = l->shared;

	if (!g || !g->ready)
		return;
	g->ready = 0;
	pthread_cond_destroy(&g->taken);
	pthread_cond_destroy(&g->freed);
	pthread_mutex_destroy(&g->lock);
}

ALWAYS_INLINE atomic_u64 *gil_guarded(struct port *p)
{
	return &((struct gil *)p->link->shared)->counter;
}

static inline struct lock_holder gil_holder(const struct link *l)
{
	const struct gil *g = l->shared;

	return (struct lock_holder){.port = g->held ? g->last : 0};
}

/* The mutex is held, the flag is not: take it. */
ALWAYS_INLINE void gil_becomes_mine(struct gil *g, struct port *p)
{
	uint32_t me = p->index + 1;

	g->held = 1;
	if (g->last != me) {
		g->last = me;
		g->switches++;
		pthread_cond_broadcast(&g->taken);
	}
	store_relaxed(&g->asked, 0);
	p->acquisitions++;
}

/*
 * The mutex is held; who waited gives up, or has taken it.  A signal that it may
 * have eaten goes to another one, and nobody is kept waiting for it.
 */
ALWAYS_INLINE void gil_gives_up(struct gil *g)
{
	if (!g->held)
		pthread_cond_signal(&g->freed);
	if (g->waiting == 0) {
		store_relaxed(&g->asked, 0);
		pthread_cond_broadcast(&g->taken);
	}
}

/* The mutex is held.  Only its holder may open it, as far as that can be told. */
ALWAYS_INLINE enum result gil_open(struct gil *g, struct port *p)
{
	if (UNLIKELY(!g->held || g->last != p->index + 1)) {
		p->err = -EPERM;
		return OP_ERROR;
	}
	g->held = 0;
	pthread_cond_signal(&g->freed);
	return OP_DONE;
}

/* What the contracts of both say. */
#define CONTRACT_GIL                                                                               \
	.reach = REACH_THREAD, .end_seen = "never",                                                \
	.owner = "the holder; others are refused (EPERM)", .survives = SURVIVE_NO,                 \
	.peer_dies = PEER_OF_LOCK,                                                                 \
	.not_in[DOMAIN_PROCESS] =                                                                  \
		"an interpreter and its lock belong to one process: see lock/mutex",               \
	.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see lock/mutex-async",                      \
	.path = PATH_ATOMICS_EACH(1)

/* What both descriptors say: threads of one process, who sleep. */
#define GIL_COMMON(id, opstab)                                                                     \
	LOCK_COMMON_IN(id, opstab, BIT(WAIT_BLOCK), BIT(DOMAIN_THREAD)),                           \
		.flags = MECH_COUNTS_VAIN, .shared_bytes = gil_bytes, .setup = gil_setup,          \
		.teardown = gil_teardown

#endif
