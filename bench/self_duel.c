/* self_duel.c - see self_duel.h. */
#include "bench/self_duel.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct duellist {
	struct duel *duel;
	uint32_t cpu;
	unsigned side;
	duel_fn *body;
};

static void *duellist_main(void *arg)
{
	struct duellist *me = arg;
	struct duel *d = me->duel;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	hist_reset(&d->hist[me->side]);
	add_acq_rel(&d->ready, 1u);
	while (load_acquire(&d->ready) < 2)
		cpu_pause();
	d->start[me->side] = clock_read(d->clock);
	me->body(d, me->side);
	d->end[me->side] = clock_read(d->clock);
	return NULL;
}

void *duel_memory(size_t bytes)
{
	void *mem = aligned_alloc(WORKER_STRIDE, ROUND_UP(bytes, WORKER_STRIDE));

	if (mem)
		memset(mem, 0, bytes);
	return mem;
}

/* First start to last end. */
static uint64_t duel_ticks(const struct duel *d)
{
	uint64_t first = d->start[0] < d->start[1] ? d->start[0] : d->start[1];
	uint64_t last = d->end[0] > d->end[1] ? d->end[0] : d->end[1];

	return last - first;
}

void duel_run(struct duel *d, const uint32_t *pu, duel_fn *a, duel_fn *b)
{
	struct duellist who[2] = {{d, pu[0], 0, a}, {d, pu[1], 1, b}};
	pthread_t t[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, duellist_main, &who[i]);
	if (d->stretch_ns) { /* flag-ended: this thread is the clock */
		struct timespec nap = {.tv_nsec = (long)d->stretch_ns};

		while (load_acquire(&d->ready) < 2)
			sched_yield();
		store_relaxed(&d->stretch, 1u);
		d->counted = clock_read(d->clock);
		nanosleep(&nap, NULL);
		store_relaxed(&d->stretch, 2u);
		d->counted = clock_read(d->clock) - d->counted;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

double duel_stream(const struct clock *clock, const uint32_t *pu, uint64_t n, void *shared,
	duel_fn *a, duel_fn *b)
{
	struct duel *d = duel_memory(sizeof(*d));
	double ns = 0;

	if (d && shared) {
		d->clock = clock;
		d->n = n;
		d->shared = shared;
		duel_run(d, pu, a, b);
		ns = d->broken ? 0 : (double)clock_ns(clock, duel_ticks(d)) / (double)n;
	}
	free(d);
	return ns;
}

static void idle_body(struct duel *d, unsigned side)
{
	(void)d;
	(void)side;
}

double duel_alone(const struct clock *clock, uint32_t pu, uint64_t n, void *shared, duel_fn *body)
{
	struct duel *d = duel_memory(sizeof(*d));
	const uint32_t pus[2] = {pu, pu ? 0 : 1};
	double ns = 0;

	if (d && shared) {
		d->clock = clock;
		d->n = n;
		d->shared = shared;
		duel_run(d, pus, body, idle_body);
		ns = d->broken ? 0 : (double)clock_ns(clock, d->end[0] - d->start[0]) / (double)n;
	}
	free(d);
	return ns;
}

/* ---- any two functions ------------------------------------------------------ */

struct pair {
	void *arg;
	void (*body[2])(void *);
};

static void pair_body(struct duel *d, unsigned side)
{
	struct pair *p = d->shared;

	if (p->body[side])
		p->body[side](p->arg);
}

double hand_pair(const struct clock *clock, const uint32_t *pu, void *arg, void (*a)(void *),
	void (*b)(void *))
{
	struct duel *d = duel_memory(sizeof(*d));
	struct pair p = {arg, {a, b}};
	double ns;

	if (!d)
		return 0;
	d->clock = clock;
	d->shared = &p;
	duel_run(d, pu, pair_body, pair_body);
	ns = (double)clock_ns(clock, b ? duel_ticks(d) : d->end[0] - d->start[0]);
	free(d);
	return ns;
}
