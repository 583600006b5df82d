/*
 * self_hand.h - loops written by hand, without the harness, that do the same
 * work with the same stamp as a stamped loop: what bench-self compares with.
 */
#ifndef BENCH_SELF_HAND_H
#define BENCH_SELF_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/clock.h"

#if __has_include(<ck_ring.h>)
#define HAND_HAS_CK 1
#else
#define HAND_HAS_CK 0
#endif

struct hand {
	const char *name; /* what it is */
	const char *cell; /* the cell that it is compared with */
	/* ns per operation over n operations (flag-ended: over stretch_ns); 0 on failure.
	 * pu: where its workers run. */
	double (*run)(
		const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
	bool cpu;  /* CPU time of all workers instead of elapsed time */
	bool same; /* the very same work: handoff may add next to nothing */
};

/*
 * self_duel.c: run a and b (NULL: nothing) in two threads pinned to pu[0] and pu[1] that start
 * together; nanoseconds from first start to last end, of a alone if b is NULL.
 */
double hand_pair(const struct clock *clock, const uint32_t *pu, void *arg, void (*a)(void *),
	void (*b)(void *));

/* self_hand_ring.c: another ring, and that of Concurrency Kit (HAND_HAS_CK). */
double hand_ring(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
double hand_ring_alone(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
double hand_ck(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);

/* self_hand_lock.c: a mutex, an atomic addition. */
double hand_mutex(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
double hand_mutex_alone(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
double hand_add(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);

/* self_ring.c: hand-written loops over the operations of channel/ring-spsc itself. */
double self_ring_stream(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
/* The same, without a look at the clock between first and last message. */
double self_ring_bare(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
double self_ring_alone(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);

/* self_kernel.c: CPU nanoseconds a message over a pipe, a unix socket, TCP. */
double self_pipe(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
double self_unix(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);
double self_tcp(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch_ns);

/*
 * self_hist.c: CPU ns of a hist_record(), and its ratio to a hand-written one, pairs
 * of both in turn; returns how many were measured.
 */
size_t self_hist(double *ns, double *ratio, size_t pairs);

extern const struct hand hands[];
extern const size_t hand_count;

#endif
