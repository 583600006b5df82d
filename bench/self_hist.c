/*
 * self_hist.c - what recording a sample costs; see self_hand.h.  The hand-written
 * side adds to a plain array of the same bins, full ones too, keeps the same sums,
 * and nobody may look at it meanwhile: hist_record() must cost no more, and at
 * most 5 ns.  CPU time: nothing here waits, and others take the processor away.
 */
#include <stdlib.h>
#include <time.h>

#include "bench/self_hand.h"
#include "harness/hist.h"

enum { VALUES = 4096, ROUNDS = 1024 };

struct plain {
	uint64_t count, sum, min, max, overflow;
	uint32_t bin[HIST_BINS];
};

/* Latencies as they are: most of them near each other, some far out. */
static uint64_t *make_values(void)
{
	uint64_t *v = calloc(VALUES, sizeof(*v)), state = 88172645463325252u;

	for (int i = 0; v && i < VALUES; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		v[i] = 200 + state % 3000 + (state % 64 == 0 ? state % 1000000 : 0);
	}
	return v;
}

/* A store somewhere per sample: nothing of it may be kept in registers only. */
static void fence_compiler(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t time_ours(struct hist *h, const uint64_t *v)
{
	uint64_t begin = cpu_ns();

	for (int i = 0; i < VALUES * ROUNDS; i++) {
		hist_record(h, v[i % VALUES]);
		fence_compiler(h);
	}
	return cpu_ns() - begin;
}

static uint64_t time_hand(struct plain *h, const uint64_t *v)
{
	uint64_t begin = cpu_ns();

	for (int i = 0; i < VALUES * ROUNDS; i++) {
		uint64_t ns = v[i % VALUES];

		h->count++;
		h->sum += ns;
		if (ns < h->min)
			h->min = ns;
		if (ns > h->max)
			h->max = ns;
		if (ns <= HIST_MAX_NS)
			h->bin[hist_index(ns)] += h->bin[hist_index(ns)] != UINT32_MAX;
		else
			h->overflow++;
		fence_compiler(h);
	}
	return cpu_ns() - begin;
}

size_t self_hist(double *ns, double *ratio, size_t pairs)
{
	struct hist *ours = malloc(sizeof(*ours));
	struct plain *hand = calloc(1, sizeof(*hand));
	uint64_t *v = make_values();
	size_t n = 0;

	if (ours)
		hist_reset(ours);
	for (size_t i = 0; ours && hand && v && i < pairs; i++) {
		uint64_t first = i % 2 ? time_hand(hand, v) : time_ours(ours, v);
		uint64_t second = i % 2 ? time_ours(ours, v) : time_hand(hand, v);
		uint64_t a = i % 2 ? second : first, b = i % 2 ? first : second;

		ns[n] = (double)a / (VALUES * ROUNDS);
		ratio[n++] = (double)a / (double)b;
	}
	free(ours);
	free(hand);
	free(v);
	return n;
}
