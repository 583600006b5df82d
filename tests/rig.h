/*
 * rig.h - a link of any mechanism with its workers, for conformance tests.
 *
 * A rig lives as a trial does: probe, fits, setup, one attached port a worker,
 * the workers' functions, close, detach, teardown.  Workers are threads, forked
 * children or coroutines, as the domain says; they never assert.  A worker that finds
 * something wrong leaves one sentence in shared memory (MUST, MUST_BE) and goes;
 * rig_close() hands the first sentence to the main thread.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/family/channel.h"
#include "harness/family/lock.h"

#if defined(__SANITIZE_THREAD__)
#define RIG_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RIG_TSAN 1
#endif
#endif
#ifndef RIG_TSAN
#define RIG_TSAN 0 /* 1: no fork, so threads only */
#endif

enum {
	RIG_MAX_WORKERS = 8,
	RIG_TALLY = 4096,
	RIG_NOTES = 8,
	RIG_TEXT = 400,
	RIG_PATIENCE_S = 60, /* a step that hangs ends the test after this */
};

/* What the workers and the main thread share. */
struct rig_shared {
	atomic_u32 open_ports[2];
	atomic_u32 attached, go, step;
	atomic_u32 failed;
	char verdict[RIG_TEXT];
	atomic_u64 note[RIG_NOTES];
	atomic_u32 tally[RIG_TALLY];
	struct board board;
};

struct rig_spec {
	const struct mech *mech;
	enum domain domain;
	enum wait wait;
	uint32_t senders, receivers, msg_bytes, capacity;
	struct tuning tuning;
	unsigned late_ms[2]; /* by role: how much later its workers attach */
};

struct rig_worker;
typedef void rig_fn(struct rig_worker *w);

struct rig {
	struct link link;
	struct rig_shared *sh;
	size_t shared_bytes, map_bytes;
	enum wait wait;
	unsigned late_ms[2];
	unsigned fds_before;
	char err[256];          /* link.err */
	char verdict[RIG_TEXT]; /* after rig_close(); empty: nothing was wrong */
};

struct rig_worker {
	struct rig *rig;
	rig_fn *fn;
	struct port port;
	uint8_t *msg; /* msg_bytes + 1, private */
	uint32_t len; /* of the message received last */
	pthread_t thread;
	pid_t pid;
};

/* RIG_REFUSED: fits() says no, as link.err tells.  Only RIG_READY needs a close. */
enum rig_state { RIG_READY, RIG_REFUSED, RIG_FAILED };

/* rig_map() is rig_open() without setup: link and zeroed memory only. */
enum rig_state rig_map(struct rig *r, const struct rig_spec *spec);
enum rig_state rig_open(struct rig *r, const struct rig_spec *spec);
void rig_run(struct rig *r, rig_fn *sender, rig_fn *receiver);
/* Teardown; false and a sentence in r->verdict when anything was wrong. */
bool rig_close(struct rig *r);

/* ---- for workers --------------------------------------------------------- */

/* Steps order what workers do.  False: somebody has failed, leave. */
bool rig_await(struct rig_worker *w, uint32_t step);
void rig_reach(struct rig_worker *w, uint32_t step);
void rig_sleep_ms(unsigned ms);

/* This worker's end is closed; nothing more may be sent or received. */
void rig_shut(struct rig_worker *w);

/* w->msg, through the ops.  MODE_TIMED: until port.deadline_ns. */
enum result rig_send(struct rig_worker *w, uint32_t len, enum mode mode);
enum result rig_recv(struct rig_worker *w, uint32_t room, enum mode mode);
enum result rig_lock(struct rig_worker *w, enum mode mode);
enum result rig_unlock(struct rig_worker *w);

/* Only the first sentence is kept. */
void rig_fail(struct rig *r, const char *file, int line, const char *fmt, ...) PRINTF_LIKE(4, 5);
bool rig_same(struct rig *r, const char *file, int line, const char *what, enum result got,
	enum result want);

/* Both leave the function: a worker with a finding is done. */
#define MUST(w, cond)                                                                              \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			rig_fail((w)->rig, __FILE__, __LINE__, "not so: %s", #cond);               \
			return;                                                                    \
		}                                                                                  \
	} while (0)
#define MUST_BE(w, got, want)                                                                      \
	do {                                                                                       \
		if (!rig_same((w)->rig, __FILE__, __LINE__, #got, (got), (want)))                  \
			return;                                                                    \
	} while (0)

/* ---- for the main thread ------------------------------------------------- */

/* What the alarm says if this hangs; NULL: no longer guarded. */
void rig_guard(const char *what);

/* Run `fn` in a forked child; false when it died or left a verdict. */
bool rig_in_child(struct rig *r, void (*fn)(struct rig *r));

unsigned rig_count_fds(void);
/* Named objects: shared memory, message queues, files and sockets of this user. */
unsigned rig_count_names(void);

/* What takes so many messages is never full; each is a round trip to a server's. */
static inline uint32_t rig_never_full(const struct mech *m)
{
	return m->broker == BROKER_NONE ? 1000000 : 3000;
}

/* Waits offered by a mechanism, the first of them. */
enum wait rig_first_wait(const struct mech *m);

#endif
