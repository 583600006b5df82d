/*
 * arena.h - the memory that a trial's workers share, and its layout.
 *
 * One mapping holds everything: the spec, the gate at which workers meet, a
 * slot per worker, and the links' shared state.  Offsets, no pointers: each
 * process may map it elsewhere.  Threads get private memory, forked workers an
 * anonymous shared mapping, exec'd ones a named object that they find by name.
 */
#ifndef HARNESS_ARENA_H
#define HARNESS_ARENA_H

#include "harness/board.h"
#include "harness/evidence.h"
#include "harness/rounds.h"
#include "harness/trial.h"
#include "harness/workload.h"

enum { ARENA_MAX_LINKS = 2 };

/* What the workers are to do next. */
enum order_kind { DO_WAIT, DO_WARM, DO_MEASURE, DO_LEFTOVERS, DO_LEAVE, DO_COUNT };

/* Where the trial and its workers meet. */
struct gate {
	/* Orders given so far; futex.  The fields below it are written before. */
	OWN_STRIDE atomic_u32 orders;
	uint32_t order; /* enum order_kind */
	uint64_t n, block;
	uint64_t start_ticks;        /* agreed start; 0: at once */
	uint64_t start_monotonic_ns; /* the same for those who sleep to it */
	/* Arrivals since the last order in the low half, deaths in the high half; futex. */
	OWN_STRIDE atomic_u32 arrived;
	OWN_STRIDE atomic_u32 left;     /* threads past their last instruction; futex */
	OWN_STRIDE atomic_u32 started;  /* workers inside a flag-ended loop */
	OWN_STRIDE atomic_u32 stretch;  /* enum stretch */
	OWN_STRIDE atomic_u32 finished; /* workers of side a that have sent all of the stretch */
	OWN_STRIDE atomic_u32 fired;    /* deaths that a probe brought about */
	OWN_STRIDE atomic_u64 claim[2][WORKER_STRIDE / sizeof(atomic_u64)]; /* [side][0] */
	OWN_STRIDE atomic_u32 open_ports[ARENA_MAX_LINKS][2];
	struct board board[ARENA_MAX_LINKS];
};

enum { GATE_DEATH = 1 << 16 };

/* What a worker says of one stretch. */
struct worker_report {
	uint64_t start_ticks, end_ticks;
	uint64_t cpu_ns, cpu_user_ns, cpu_sys_ns;
	uint64_t ctx_voluntary, ctx_involuntary, minor_faults;
	uint64_t migrations, runq_wait_ns; /* UNKNOWN_COUNT: not to be had */
	uint32_t cpu_before, cpu_after;
	uint32_t stopped;   /* it was stopped and let go on */
	uint32_t elsewhere; /* a coroutine whose thread's costs stand in another one's report */
};

struct worker_slot {
	OWN_STRIDE struct worker w; /* its pointers are good in its own process only */
	OWN_STRIDE struct worker_report report;
	uint64_t full_waits, empty_waits, acquisitions, vain_wakeups;
	uint64_t outside; /* of all_ops, done with the lock released */
	uint64_t leftover;
	uint64_t done_orders; /* orders carried out */
	uint64_t counted;     /* operations of the measured stretch */
	uint64_t all_ops;     /* flag-ended: warm ones too; sections ever entered */
	uint32_t tid;         /* of its thread, as the kernel has it */
	uint32_t attached;    /* ready for orders */
	atomic_u32 awaits;    /* its attach waits for the other side to come */
	uint32_t failed;      /* could not go on: see reason */
	uint32_t skip;        /* ... and it is the machine's limit, not a fault */
	char reason[TRIAL_REASON];
	uint64_t counter[COUNTER_COUNT]; /* of the counted stretch; UNKNOWN_COUNT */
};

struct arena {
	struct trial_spec spec;
	uint64_t bytes;
	uint64_t base; /* where the leader has it mapped */
	uint64_t xml_offset;
	uint64_t slots_offset;
	uint64_t ledgers_offset, ledger_stride; /* one a worker */
	uint64_t hists_offset;                  /* the first TRIAL_MAX_HISTS workers */
	uint64_t link_offset[ARENA_MAX_LINKS];  /* from crew->area where that is set */
	uint64_t state_offset[ARENA_MAX_LINKS]; /* likewise; what locks guard */
	uint64_t area_offset, area_bytes;       /* all links' shared state */
	uint64_t service_offset;                /* open loop: their second ones */
	uint64_t rounds_offset;                 /* barriers: kept rounds, one a worker; else 0 */
	uint32_t links, workers;
	int32_t leader; /* pid of the trial */
	char name[64];  /* "" unless named */
	struct gate gate;
};

/* Where mechanisms are found by name; the harness itself knows none. */
typedef const struct mech *mech_find_fn(const char *name);

/* One process's view of the trial. */
struct crew {
	mech_find_fn *find;
	struct arena *arena;
	const struct trial_spec *spec;
	const struct mech *mech;
	const struct workload *workload;
	struct topo *topo;         /* NULL: nobody is pinned */
	struct together *together; /* coroutines; else NULL */
	void *area;                /* the links' shared state outside the arena; NULL: inside */
	struct crowd *crowd;       /* light workers; else NULL */
	atomic_u32 own_ports[ARENA_MAX_LINKS][2]; /* mixed: of this process; see struct link */
	struct link link[ARENA_MAX_LINKS];
	char err[TRIAL_REASON];
	atomic_u32 err_busy; /* of link_fail() */
};

/*
 * With c->find set: look up the spec's mechanism and workload, plan the layout, map the memory
 * and fill it in.  0, or -errno with a sentence in c->err.
 */
int arena_create(struct crew *c, const struct trial_spec *spec, const char *xml);

/* Join a named arena from an exec'd worker.  As arena_create. */
int arena_join(struct crew *c, const char *name);

static inline struct worker_slot *arena_slot(const struct arena *a, unsigned i)
{
	return (struct worker_slot *)(void *)((char *)(uintptr_t)a + a->slots_offset) + i;
}

static inline struct ledger *arena_ledger(const struct arena *a, unsigned i)
{
	return (struct ledger *)(void *)((char *)(uintptr_t)a + a->ledgers_offset +
					 i * a->ledger_stride);
}

/* NULL for workers that do not stamp. */
static inline struct hist *arena_hist(const struct arena *a, unsigned i)
{
	if (i >= TRIAL_MAX_HISTS)
		return NULL;
	return (struct hist *)(void *)((char *)(uintptr_t)a + a->hists_offset) + i;
}

/* The second times of workload_two_times().  NULL as arena_hist(), and for other workloads. */
static inline struct hist *arena_service_hist(const struct arena *a, unsigned i)
{
	if (i >= TRIAL_MAX_HISTS || !a->service_offset)
		return NULL;
	return (struct hist *)(void *)((char *)(uintptr_t)a + a->service_offset) + i;
}

/* NULL for other workloads than those in which all meet. */
static inline struct rounds *arena_rounds(const struct arena *a, unsigned i)
{
	if (!a->rounds_offset)
		return NULL;
	return (struct rounds *)(void *)((char *)(uintptr_t)a + a->rounds_offset) + i;
}

/* The link that a worker of side 0 (a) or 1 (b) sends on; it receives on the other. */
static inline unsigned arena_out_link(const struct crew *c, unsigned side)
{
	return c->arena->links == 2 ? side : 0;
}

/* Each that was given must come true once: children and timers. */
static inline bool crew_has_tallies(const struct crew *c)
{
	return c->workload->family == FAMILY_TIMER || c->workload->family == FAMILY_SPAWN;
}

/* Channels and events are checked by stamps; locks and barriers count. */
static inline bool crew_has_ledgers(const struct crew *c)
{
	return !family_one_role(c->workload->family) && !workload_crowds(c->workload) &&
	       !(c->mech->flags & MECH_NO_EVIDENCE);
}

/* Several workers of side b take from each other, and book what they have received. */
static inline bool crew_has_rivals(const struct crew *c, unsigned side)
{
	return side == 1 && c->spec->side_b > 1 && c->workload->family == FAMILY_CHANNEL &&
	       crew_has_ledgers(c);
}

#endif
