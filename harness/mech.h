/*
 * mech.h - the contract between a mechanism and the harness.
 *
 * A mechanism is one file in primitives/<family>/ and one line in
 * primitives/mechanisms.def.  It defines ops over links and ports, stamps its
 * family's role loops with one macro (harness/family/<family>.h), and exports
 * one constant: struct mech mech_<family>_<name>.
 *
 *   link  one instance of the mechanism: shared state, file descriptors,
 *         message size, capacity, how many workers on each side.  Made before
 *         any worker exists; each process has its own struct link over the same
 *         shared state.
 *   port  one worker's end of a link: role, index, private state.
 *
 * Shared state arrives zeroed, holds no pointers and may lie at another address
 * in each process.  No mechanism asks for the domain: fds, synchronisation
 * objects and memory come from link.h, which knows.
 *
 * Life of a link: probe -> fits -> setup -> attach (each worker) -> ops ->
 * detach -> teardown.  teardown accepts any half-built state and may run twice;
 * it does not run after a worker died (the harness then drops the memory).
 *
 * Threads: setup and teardown run in one thread, alone.  attach, detach and the
 * ops run in the port's worker; a port is never shared.
 */
#ifndef HARNESS_MECH_H
#define HARNESS_MECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/atomic.h"
#include "harness/clock.h"
#include "harness/compiler.h"
#include "harness/contract_words.h"
#include "harness/probe.h"
#include "harness/schedule.h"

struct board;
struct hist;
struct ledger;
struct rivals;
struct rounds;

enum family {
	FAMILY_CHANNEL,
	FAMILY_LOCK,
	FAMILY_EVENT,
	FAMILY_BARRIER,
	FAMILY_RWLOCK,
	FAMILY_BUS,
	FAMILY_TIMER,
	FAMILY_SPAWN,
	FAMILY_COUNT
};

/*
 * Coroutines: all workers on one thread, see coroutine.h.  Mixed: dealt in turn to several
 * processes, in each of which they are threads; no mechanism declares it (DOMAIN_COUNT leaves it
 * out), it follows where threads and processes are declared.
 */
enum domain {
	DOMAIN_THREAD,
	DOMAIN_PROCESS,
	DOMAIN_COROUTINE,
	DOMAIN_COUNT,
	DOMAIN_MIXED = DOMAIN_COUNT,
	DOMAIN_NAMES
};

/* Its workers do not all share an address space and a table of descriptors. */
static inline bool domain_has_processes(enum domain d)
{
	return d == DOMAIN_PROCESS || d == DOMAIN_MIXED;
}

/* Its workers have all the same end of the link: there are only senders. */
static inline bool family_one_role(enum family f)
{
	return f == FAMILY_LOCK || f == FAMILY_BARRIER || f == FAMILY_RWLOCK || f == FAMILY_TIMER ||
	       f == FAMILY_SPAWN;
}

/* It hands over bytes, by the ops of a channel. */
static inline bool family_has_messages(enum family f)
{
	return f == FAMILY_CHANNEL || f == FAMILY_BUS;
}

enum start { START_FORK, START_EXEC, START_COUNT };
/*
 * How a worker waits.  Spin and yield try again and again, spin-then-block for a
 * while; epoll sleeps in epoll_wait() after a try that found nothing, where block
 * sleeps in the operation itself.  Await lets the thread's other coroutines go on: how
 * coroutines wait, and nobody else.
 */
enum wait {
	WAIT_BLOCK,
	WAIT_SPIN,
	WAIT_YIELD,
	WAIT_SPIN_BLOCK,
	WAIT_EPOLL,
	WAIT_AWAIT,
	WAIT_COUNT
};

/* What can be offered in user space, and what over a descriptor. */
#define WAITS_USER (BIT(WAIT_BLOCK) | BIT(WAIT_SPIN) | BIT(WAIT_YIELD) | BIT(WAIT_SPIN_BLOCK))
#define WAITS_FD   (WAITS_USER | BIT(WAIT_EPOLL))
#define AWAITS     BIT(WAIT_AWAIT)

/* Threads and processes, coroutines, or all three: as the wait strategies that are offered say. */
#define MECH_DOMAINS(offered)                                                                      \
	((((offered) & ~AWAITS) ? BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS) : 0u) |                 \
		(((offered)&AWAITS) ? BIT(DOMAIN_COROUTINE) : 0u))

/* MODE_TIMED: give up at port->deadline_ns (CLOCK_MONOTONIC), never earlier. */
enum mode { MODE_BLOCK, MODE_TRY, MODE_TIMED };

/* How to carry out one operation.  Always a literal: constants fold away. */
struct how {
	enum wait wait;
	enum mode mode;
	bool probed;
};

/*
 * The results of an operation, never mixed.  OP_ERROR leaves -errno in
 * port->err; an operation that was not OP_DONE has moved nothing.
 */
enum result { OP_DONE, OP_WOULD_BLOCK, OP_TIMED_OUT, OP_CLOSED, OP_ERROR };

/* One-role families (lock, barrier, rwlock, timer, spawn) have only senders. */
enum role { ROLE_SENDER, ROLE_RECEIVER };

/* ---- the contract fields: what `handoff list` tells a user -------------- */

enum reach { REACH_THREAD, REACH_RELATED, REACH_ANY, REACH_HOST };
enum unit { UNIT_NONE, UNIT_MESSAGE, UNIT_BYTES };
enum order { ORDER_NONE, ORDER_FIFO, ORDER_LIFO, ORDER_PRIORITY, ORDER_FAIR };
enum oversize { OVERSIZE_NONE, OVERSIZE_REFUSED, OVERSIZE_SPLIT };
enum survive { SURVIVE_NO, SURVIVE_YES, SURVIVE_SEEN };
enum wakes { WAKES_NOBODY, WAKES_ONE, WAKES_ALL };

/* The server behind it, which is started before the trial and ends with the run. */
enum broker { BROKER_NONE, BROKER_REDIS, BROKER_RABBITMQ, BROKER_COUNT };

/*
 * What an operation cannot do without, whoever waits or not: its floor is made of
 * it (bench/floor_path.h), together with contract.copies.  Count what every
 * operation does; what only some do is left out, the sum must stay a lower bound.
 * Locks: send is lock, recv is unlock.  Events: signal and wait.  Timers and children: nothing.
 */
struct path {
	uint8_t syscalls_send, syscalls_recv; /* entries into the kernel */
	uint8_t syscalls_vain;                /* of a try that finds nothing */
	uint8_t atomics_send, atomics_recv;   /* atomic read-modify-write instructions */
};

/* One call into the kernel to send, one to receive. */
#define PATH_SYSCALL_EACH                                                                          \
	{                                                                                          \
		.syscalls_send = 1, .syscalls_recv = 1, .syscalls_vain = 1                         \
	}

/* n atomic instructions to send (lock, signal), n to receive (unlock, wait). */
#define PATH_ATOMICS_EACH(n)                                                                       \
	{                                                                                          \
		.atomics_send = (n), .atomics_recv = (n)                                           \
	}

struct contract {
	enum reach reach;
	enum unit unit;
	bool duplex;               /* one link carries both ways */
	bool bounded;              /* keeps exactly link->capacity messages */
	enum order order;          /* per sender, as one receiver sees it */
	bool lossy;                /* may lose without a fault */
	const char *end_seen;      /* how a receiver learns of the end */
	const char *owner;         /* who may release; NULL: not a lock */
	enum oversize on_oversize; /* a message over msg_bytes, or over the receiver's room */
	enum survive survives;     /* peer death: no (hangs), yes, seen (told of it) */
	uint64_t max_bytes;        /* largest message; 0: memory only */
	unsigned copies;           /* of the payload, sender's buffer to receiver's buffer */
	const char *needs;         /* kernel or library features, NULL: none */
	const char *cost_of_wait;  /* what offering to block costs the other side; NULL: nothing */
	enum wakes wakes;          /* events: whom one signal wakes */
	bool remembers;            /* events: a signal without a waiter is not lost */
	struct path path;          /* the shortest way through an operation */
	const char *peer_dies;     /* what the others see when a worker dies; never NULL */
	const char *limits;        /* what cuts sizes and counts, by name; NULL: memory only */
	/* Domains that it does not offer: why; "... see FAMILY/NAME" where a relative does. */
	const char *not_in[DOMAIN_COUNT];
};

enum mech_flags {
	MECH_FLOOR = BIT(0),        /* bounds what a loop costs: not a mechanism to choose */
	MECH_RACY = BIT(1),         /* loses updates by design: shown, never ranked */
	MECH_COUNTS_WAITS = BIT(2), /* keeps port->full_waits and empty_waits */
	MECH_NO_EVIDENCE = BIT(3),  /* nothing is handed over: only operations are counted */
	MECH_FDS = BIT(4),          /* its link has as many descriptors as is asked for */
	MECH_COUNTS_VAIN = BIT(5),  /* keeps port->acquisitions and vain_wakeups */
	MECH_TOPICS = BIT(6),       /* link->topics says something */
	MECH_BUFFERS = BIT(7),      /* senders hold back what they have sent, each its own */
	MECH_GROWS = BIT(8),        /* link->capacity 0: no bound; else exactly that many */
	MECH_UCONTEXT = BIT(9),     /* coroutines: switched by swapcontext() */
	MECH_HELPED = BIT(10),      /* threads of its own have part in each operation */
	MECH_DEVICE = BIT(11),      /* its operations wait for a device, which then interrupts */
	MECH_JOINS = BIT(12),       /* receivers say when a message is done, senders join */
};

/* ---- axes that a mechanism or a loop reads ------------------------------- */

/* As asked; 0: nobody asked, then it is the default that link.h's readers give. */
struct tuning {
	uint32_t depth;            /* recursive locks: taken so many times by their holder; also
				    * the lock of a condition */
	uint32_t permits;          /* semaphores: so many may be inside */
	uint32_t ticks;            /* interpreter locks: ticks between two hand-overs */
	uint32_t interval_us;      /* interpreter locks: patience before a hand-over is asked for */
	uint32_t reads_plus_1;     /* rwlock: percent of the operations that read, and 1 */
	uint32_t released_percent; /* convoy: of the work is done with the lock released */
};

/* Which of them a mechanism heeds (mech.tunes). */
enum tune { TUNE_DEPTH, TUNE_PERMITS, TUNE_TICKS, TUNE_INTERVAL };

enum {
	DEFAULT_DEPTH = 1,
	DEFAULT_PERMITS = 1,
	DEFAULT_TICKS = 100,
	DEFAULT_INTERVAL_US = 5000,
	DEFAULT_READS = 90,
};

/* ---- links and ports ---------------------------------------------------- */

enum { LINK_FDS = 4, LINK_PATHS = 2 };

struct link {
	const struct mech *mech;
	void *shared;       /* mech->shared_bytes() bytes, WORKER_STRIDE aligned */
	uint32_t msg_bytes; /* largest message */
	uint32_t capacity;  /* messages; only where contract.bounded */
	uint32_t fds;       /* descriptors, where MECH_FDS; 0 means 1 */
	uint32_t alive;     /* spawn: children of a worker at once; 0 means 1 */
	uint64_t rss_bytes; /* that each worker has touched before anything begins */
	uint32_t senders, receivers;
	uint32_t topics; /* of a bus: 1 or more */
	enum domain domain;
	enum start start;
	bool self;       /* one worker holds both ends */
	bool maps_apart; /* set by setup: its objects lie at several addresses, also among threads */
	int fd[LINK_FDS]; /* -1: none.  Made by link_fd_pair(), closed by the harness */
	uint8_t fd_role[LINK_FDS];
	int *many; /* of both roles; see link_own_many() */
	uint32_t n_many;
	const char *path[LINK_PATHS]; /* named objects; see link_new_path() */
	void *own;                    /* setup's, in the process that ran it; teardown frees it */
	atomic_u32 *open_ports;       /* [2]: ports not yet closed, by role; shared */
	atomic_u32 *own_ports;        /* mixed: the same of this process; else NULL */
	struct board *board; /* events: where both sides meet beside the mechanism; shared */
	void *state; /* locks: msg_bytes that the lock guards, beside the mechanism; shared */
	struct tuning tuning;
	char *err; /* one sentence when setup or attach fails */
	size_t err_len;
	atomic_u32 *err_busy; /* whoever writes there holds it; NULL: nobody else does */
};

struct port {
	struct link *link;
	void *local; /* mech->local_bytes bytes, zeroed, this worker's alone */
	enum role role;
	uint32_t index; /* among the ports of this role */
	bool closed;
	int err;               /* -errno behind the last OP_ERROR */
	uint64_t deadline_ns;  /* MODE_TIMED; CLOCK_MONOTONIC */
	uint64_t full_waits;   /* times the operation found no room */
	uint64_t empty_waits;  /* times the operation found nothing */
	uint64_t acquisitions; /* of a lock */
	uint64_t vain_wakeups; /* times a sleeper was woken and found the lock taken */
	atomic_u32 *awaits;    /* see link_await_peer(); NULL: nobody asks */
	struct probe probe;
};

/* ---- role loops --------------------------------------------------------- */

/*
 * The roles that loops play; a workload (workloads.def) composes them.  Names
 * are the loops' names: channel_produce(), lock_contend() ...
 */
enum loop {
	LOOP_NONE,
	LOOP_PRODUCE,   /* channel: send n */
	LOOP_CONSUME,   /* channel: receive n, checking each */
	LOOP_ASK,       /* channel: send, await the reply, n times */
	LOOP_SERVE,     /* channel: receive and send back, n times */
	LOOP_SELF,      /* any family: the operation with nobody to hand over to */
	LOOP_CONTEND,   /* lock: take, add, release until told to stop */
	LOOP_POLL,      /* any family: CONSUME, CONTEND or SERVE by tries that never sleep */
	LOOP_VAIN,      /* any family: tries that find nothing, with nobody else there */
	LOOP_DRAIN,     /* channel: receive to the end, whatever says that it is the end */
	LOOP_RING,      /* event: wake one sleeper, n times */
	LOOP_RING_ALL,  /* event: wake every sleeper, n times */
	LOOP_AWAKE,     /* event: sleep until woken; n times, all workers together */
	LOOP_AWAKE_ALL, /* event: sleep until woken; n times, each worker */
	LOOP_MEET,      /* barrier: wait for everybody, n times, each worker */
	LOOP_OFFER,     /* channel: send n on a schedule */
	LOOP_ARRIVE,    /* channel: receive n, and how late each was */
	LOOP_RESPOND,   /* lock: wait for I/O, take, add, release until told to stop */
	LOOP_COMPUTE,   /* lock: work under the lock, which is handed over now and then */
	LOOP_SHARE,     /* rwlock: read or write the state until told to stop */
	LOOP_SUBSCRIBE, /* bus: receive n, each worker all of them */
	LOOP_LATENESS,  /* timer: arm, wait until it fires; some are cancelled just then */
	LOOP_LIFECYCLE, /* spawn: begin children, wait for their end */
	LOOP_COUNT
};

/* Where a flag-ended workload stands; workers read it once per operation. */
enum stretch { STRETCH_WARM, STRETCH_COUNTED, STRETCH_OVER };

/* Everything a role loop may touch.  Filled by harness/worker.c. */
struct worker {
	struct port *out, *in; /* may be the same port (duplex); lock: out */
	const struct clock *clock;
	struct hist *hist;          /* what this loop stamps, or NULL */
	struct ledger *ledger;      /* evidence of what was received */
	atomic_u64 *claim;          /* this side's counter: operations claimed so far */
	uint64_t n;                 /* operations of this side, all workers together */
	uint64_t block;             /* claimed at a time */
	const atomic_u32 *stretch;  /* flag-ended: enum stretch */
	const atomic_u32 *finished; /* workers of side a that have sent all of this stretch */
	uint32_t senders;           /* workers of side a */
	uint8_t *msg;               /* msg_bytes, private */
	uint32_t msg_bytes;
	uint32_t id; /* producer number in the stamp */
	enum wait wait;
	bool own_pu;  /* every worker has a PU of its own: whoever spins harms nobody */
	uint64_t seq; /* next sequence number to send */
	/* the open loop */
	const atomic_u32 *started; /* workers that have begun this stretch */
	uint32_t workers;          /* of both sides */
	struct schedule schedule;
	struct hist *service; /* hist: from when it was due; this: from when it was sent */
	/* spawn: hist: until it runs; this: until it was joined */
	struct rivals *rivals; /* channels: the other receivers, if there are any; else NULL */
	struct rounds *rounds; /* barriers: where it keeps when it came and left; else NULL */
	/* results */
	uint64_t ops;        /* done by this call, counted ones */
	uint64_t all_ops;    /* done by this call, warm ones too (flag-ended) */
	uint64_t last_ticks; /* when the last message came, where a silence is the end; 0: the
			      * loop's end counts */
	bool to_silence;     /* channel_drain: nothing but a silence tells of the end */
	uint64_t negative;   /* open loop: arrivals before they were sent, as the clocks say */
	enum result result;  /* OP_DONE, or why the loop ended early */
	uint64_t cancelled;  /* timers: cancelled before they fired */
	/* who was let in between asking and being let in, and how often that was looked at; of
	 * barriers shares.c reckons it from the kept rounds */
	uint64_t overtakes, overtakes_max, overtakes_n;
	uint64_t outside; /* of all_ops, done with the lock released */
};

typedef void loop_fn(struct worker *w);

/* [loop][probed]; NULL where the family has no such loop. */
typedef loop_fn *const loop_table[LOOP_COUNT][2];

/* ---- the descriptor ----------------------------------------------------- */

struct mech {
	const char *name;    /* "channel/pipe": the key, for ever */
	const char *summary; /* one line for a newcomer */
	enum family family;
	unsigned domains;                    /* BIT(DOMAIN_...) */
	unsigned waits;                      /* BIT(WAIT_...) that may be chosen; at least one */
	unsigned flags;                      /* enum mech_flags */
	unsigned tunes;                      /* BIT(TUNE_...): axes that mean something for it */
	uint32_t max_senders, max_receivers; /* 0: any number */
	struct contract contract;
	size_t local_bytes; /* private state of a port */
	/* Bytes of shared state; NULL: none. */
	size_t (*shared_bytes)(const struct link *l);
	/* NULL: usable here; else why not.  Cheap, changes nothing. */
	const char *(*probe)(void);
	/* NULL: this link can be made; else the limit it breaks, by name. */
	const char *(*fits)(const struct link *l);
	/* 0 or -errno with one sentence left by link_fail(). NULL: nothing to do. */
	int (*setup)(struct link *l);
	int (*attach)(struct port *p);
	void (*detach)(struct port *p);
	void (*teardown)(struct link *l);
	const void *ops; /* struct <family>_ops: for conformance tests only */
	const loop_table *loops;
	enum broker broker; /* trials find its address in the environment (bench/broker.h) */
	/* Callbacks: messages that nobody wanted, calls that failed; NULL: it has none. */
	void (*callbacks)(const struct link *l, uint64_t *unread, uint64_t *failed);
};

/* What of its wait strategies workers of a domain may choose. */
static inline unsigned mech_waits(const struct mech *m, enum domain d)
{
	return d == DOMAIN_COROUTINE ? m->waits & AWAITS : m->waits & ~AWAITS;
}

/* Messages overtake each other by contract: their order is no evidence. */
static inline bool mech_overtakes(const struct mech *m)
{
	return m->contract.order == ORDER_LIFO || m->contract.order == ORDER_PRIORITY;
}

/*
 * Operations claimed in blocks from one counter per side: the total is exact,
 * nobody waits for a share that somebody else still has to do, and the shares
 * are the fairness datum.
 */
ALWAYS_INLINE bool worker_claim(struct worker *w, uint64_t *first, uint64_t *end)
{
	*first = add_relaxed(w->claim, w->block);
	if (*first >= w->n)
		return false;
	*end = w->n - *first < w->block ? w->n : *first + w->block;
	return true;
}

/* Stamp one operation in this many where each would cost too much. */
enum { STAMP_EVERY = 64 };

#endif
