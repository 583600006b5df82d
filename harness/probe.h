/*
 * probe.h - faults on purpose, in the probed twin of each loop.
 *
 * An op marks the places where something may go wrong: POINT(port, how, name).
 * In the plain twin how.probed is a literal false and nothing of it is left.
 * In the probed twin the port's probe acts when its point is reached for the
 * nth time: the worker dies there (a process by SIGKILL, a thread by leaving
 * without a word) or burns time.  The channel loops also pass each message
 * through the probe, which can sabotage it on its way; that is how the evidence
 * is tested.
 *
 * Under stress (struct trial_load) the same points are where a worker rests for
 * a random while, the channel loops fill and check every byte of a message
 * (fill.h), and the lock loops watch that nobody else is inside.
 *
 * A probe belongs to one worker.  No locking.
 */
#ifndef HARNESS_PROBE_H
#define HARNESS_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/compiler.h"

#define PROBE_POINTS(X)                                                                            \
	X(READY, "ready")                   /* attached, before the first operation */             \
	X(BEFORE_SEND, "before-send")       /* about to send or to take the lock */                \
	X(MID_WRITE, "mid-write")           /* holding the slot or the lock, half written */       \
	X(BEFORE_PUBLISH, "before-publish") /* written, not yet visible */                         \
	X(AFTER_SEND, "after-send")         /* visible to the receiver */                          \
	X(BLOCKED, "blocked")               /* about to sleep because it is full or empty */       \
	X(MID_READ, "mid-read")             /* holding the slot or the lock, half read */          \
	X(BEFORE_RELEASE, "before-release") /* read, the slot not yet given back */                \
	X(HOLDING, "holding")               /* inside a critical section */                        \
	X(AFTER_RECV, "after-recv")         /* message taken */                                    \
	X(LAST, "last")                     /* after the last operation, before reporting */       \
	X(CLEANUP, "cleanup")               /* before detach */

enum probe_point {
#define PROBE_ENUM(id, text) POINT_##id,
	PROBE_POINTS(PROBE_ENUM)
#undef PROBE_ENUM
		PROBE_POINT_COUNT
};

enum probe_act {
	PROBE_NONE,
	PROBE_DIE,  /* at `point` */
	PROBE_BURN, /* `value` spins at `point`, every time */
	/* on the nth message sent: */
	PROBE_DROP,
	PROBE_DUPLICATE,
	PROBE_SWAP,
	PROBE_FLIP,
	PROBE_TRUNCATE,
	PROBE_REPLAY,
	PROBE_MIX,
	PROBE_FLIP_MIDDLE, /* between the stamps: only a check of every byte sees it */
	PROBE_ACT_COUNT
};

struct ledger;

/* Random rests, in bursts; all zero: none. */
struct probe_rest {
	uint64_t state;      /* of the generator; the worker's own */
	uint32_t every;      /* a short rest every so many points, on average; 0: none */
	uint32_t burst;      /* a long one every so many operations, on average; 0: none */
	uint32_t longest_ns; /* of the long ones */
	uint32_t points_left, burst_left;
};

struct probe {
	uint32_t act;          /* enum probe_act */
	uint32_t point;        /* enum probe_point */
	uint64_t nth;          /* act at the nth hit, counted from 1 */
	uint64_t value;        /* PROBE_BURN: spins */
	uint64_t hits;         /* so far */
	uint32_t domain;       /* enum domain: how to die */
	void *death;           /* atomic_u32 *: where an abandoning thread says so */
	void *fired;           /* atomic_u32 *: raised before anybody dies; survives it */
	uint8_t *kept;         /* PROBE_SWAP, PROBE_REPLAY: room for one message */
	uint32_t kept_len;     /* 0: nothing kept */
	bool verify;           /* every byte, and who is inside */
	bool scrubbed;         /* the room for the next message holds nothing of an older one */
	uint64_t seed;         /* of the pattern between the stamps */
	struct ledger *ledger; /* where the probed twin books what it finds */
	struct probe_rest rest;
};

/* Names for specs and messages; -1 when unknown. */
const char *probe_point_name(enum probe_point point);
const char *probe_act_name(enum probe_act act);
int probe_point_parse(const char *name);
int probe_act_parse(const char *name);

/* True of what spoils a message, as opposed to its worker. */
static inline bool probe_act_on_message(uint32_t act)
{
	return act >= PROBE_DROP;
}

/* Begin to rest: the generator's seed, and the first distances drawn from it. */
void probe_rest_init(struct probe_rest *rest, uint64_t seed);

/* Called by POINT; returns unless the worker is to die here. */
COLD void probe_hit(struct probe *probe, enum probe_point point);

/* True when this message is the one to sabotage; counts it. */
COLD bool probe_message(struct probe *probe);

#define POINT(port, how, name)                                                                     \
	do {                                                                                       \
		if ((how).probed)                                                                  \
			probe_hit(&(port)->probe, POINT_##name);                                   \
	} while (0)

#endif
