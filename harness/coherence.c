/* coherence.c - see coherence.h. */
#include "harness/coherence.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/atomic.h"
#include "harness/futex.h"
#include "harness/place.h"

enum {
	LINE_STRIDE = 4096 + 3 * CACHE_LINE, /* pages of their own, not all at one offset */
	WARM_TRIPS = 8,
	LOOK_EVERY = 1 << 12, /* vain swaps between two looks at the time */
	PATIENCE_NS = 1000000000,
};

/* Whose turn a line is. */
enum { TURN_A, TURN_B };

struct game {
	const struct topo *topo;
	const struct coherence_how *how;
	char *lines;
	unsigned pu_b;
	OWN_STRIDE atomic_u32 ready; /* b is pinned, or has failed */
	OWN_STRIDE atomic_u32 over;  /* somebody has given up */
	int err_b;
	char why_b[256];
};

static atomic_u32 *line(const struct game *g, unsigned i)
{
	return (atomic_u32 *)(void *)(g->lines + (size_t)i * LINE_STRIDE);
}

/* False: time is over, here or there.  Asked once in so many swaps that it costs nothing. */
static bool go_on(struct game *g)
{
	if (load_relaxed(&g->over))
		return false;
	if (monotonic_ns() < g->how->deadline_ns)
		return true;
	store_relaxed(&g->over, 1);
	return false;
}

/* Take the line when it is mine and leave it to the other; again and again. */
static bool play(struct game *g, atomic_u32 *turn, uint32_t mine, uint32_t other, unsigned times)
{
	unsigned vain = 0;

	for (unsigned i = 0; i < times;) {
		uint32_t want = mine;

		if (cas_acq_rel(turn, &want, other))
			i++;
		else if (++vain % LOOK_EVERY == 0 && !go_on(g))
			return false;
	}
	return true;
}

/* Side a has the last word of a sample: until b has given the line back. */
static bool await_turn(struct game *g, atomic_u32 *turn)
{
	for (unsigned vain = 1; load_acquire(turn) != TURN_A; vain++) {
		if (vain % LOOK_EVERY == 0 && !go_on(g))
			return false;
	}
	return true;
}

static void *answer(void *arg)
{
	struct game *g = arg;
	unsigned trips = WARM_TRIPS + g->how->trips;

	g->err_b = place_pin(g->topo, g->pu_b, g->why_b, sizeof(g->why_b));
	store_release(&g->ready, 1);
	for (unsigned i = 0; !g->err_b && i < g->how->lines; i++) {
		if (!play(g, line(g, i), TURN_B, TURN_A, trips))
			break;
	}
	return NULL;
}

static int give_up(char *err, size_t err_len)
{
	snprintf(err, err_len, "the two processors did not get to it in time");
	return -ETIMEDOUT;
}

static int ask(struct game *g, double *ns, char *err, size_t err_len)
{
	const struct coherence_how *how = g->how;

	while (!load_acquire(&g->ready))
		sched_yield();
	if (g->err_b) {
		snprintf(err, err_len, "%s", g->why_b);
		return g->err_b;
	}
	for (unsigned i = 0; i < how->lines; i++) {
		atomic_u32 *turn = line(g, i);
		uint64_t begin;

		if (!play(g, turn, TURN_A, TURN_B, WARM_TRIPS) || !await_turn(g, turn))
			return give_up(err, err_len);
		begin = clock_read(how->clock);
		if (!play(g, turn, TURN_A, TURN_B, how->trips) || !await_turn(g, turn))
			return give_up(err, err_len);
		ns[i] = coherence_one_way_ns(
			how->clock, clock_read(how->clock) - begin, how->trips);
	}
	return 0;
}

/* From processor a: its pages are its own, and zero, which is its turn. */
static int meet(struct game *g, double *ns, char *err, size_t err_len)
{
	size_t bytes = (size_t)g->how->lines * LINE_STRIDE;
	pthread_t other;
	int code;

	g->lines = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g->lines == MAP_FAILED) {
		snprintf(err, err_len, "no memory for %u lines: %s", g->how->lines,
			strerror(ENOMEM));
		return -ENOMEM;
	}
	memset(g->lines, 0, bytes);
	code = -pthread_create(&other, NULL, answer, g);
	if (code) {
		snprintf(err, err_len, "no second thread: %s", strerror(-code));
	} else {
		code = ask(g, ns, err, err_len);
		store_relaxed(&g->over, 1);
		pthread_join(other, NULL);
	}
	munmap(g->lines, bytes);
	return code;
}

int coherence_samples(const struct topo *t, unsigned pu_a, unsigned pu_b,
	const struct coherence_how *how, double *ns, char *err, size_t err_len)
{
	struct game g = {.topo = t, .how = how, .pu_b = pu_b};
	cpu_set_t before;
	int code;

	if (pu_a == pu_b) {
		snprintf(err, err_len, "a line does not move from PU P#%u to itself", pu_a);
		return -EINVAL;
	}
	code = -pthread_getaffinity_np(pthread_self(), sizeof(before), &before);
	if (code) {
		snprintf(err, err_len, "the affinity cannot be read: %s", strerror(-code));
		return code;
	}
	code = place_pin(t, pu_a, err, err_len);
	if (!code)
		code = meet(&g, ns, err, err_len);
	pthread_setaffinity_np(pthread_self(), sizeof(before), &before);
	return code;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct coherence coherence_of(double *ns, unsigned n)
{
	qsort(ns, n, sizeof(*ns), compare);
	return (struct coherence){
		.min_ns = ns[0],
		.median_ns = n % 2 ? ns[n / 2] : (ns[n / 2 - 1] + ns[n / 2]) / 2,
		.n = n,
	};
}

int coherence_pair(const struct topo *t, const struct clock *clock, unsigned pu_a, unsigned pu_b,
	struct coherence *out, char *err, size_t err_len)
{
	const struct coherence_how how = {
		.clock = clock,
		.lines = COHERENCE_LINES,
		.trips = COHERENCE_TRIPS,
		.deadline_ns = monotonic_ns() + PATIENCE_NS,
	};
	double ns[COHERENCE_LINES];
	int code = coherence_samples(t, pu_a, pu_b, &how, ns, err, err_len);

	if (!code)
		*out = coherence_of(ns, COHERENCE_LINES);
	return code;
}
