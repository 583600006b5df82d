/* self_hand_lock.c - locks in hand-written loops; see self_hand.h. */
#include <pthread.h>
#include <stdlib.h>

#include "bench/self_duel.h"

struct hand_lock {
	pthread_mutex_t mutex;
	OWN_LINE atomic_u64 counter;
};

static void mutex_body(struct duel *d, unsigned side)
{
	struct hand_lock *l = d->shared;
	uint64_t all = 0, ops = 0, t;
	uint32_t state;

	for (; (state = load_relaxed(&d->stretch)) != 2; all++, ops += state) {
		if (all % HAND_SAMPLE == 0) {
			t = clock_read(d->clock);
			pthread_mutex_lock(&l->mutex);
			t = clock_read(d->clock) - t;
			store_relaxed(&l->counter, load_relaxed(&l->counter) + 1);
			pthread_mutex_unlock(&l->mutex);
			hist_record(&d->hist[side], clock_ns(d->clock, t));
			continue;
		}
		pthread_mutex_lock(&l->mutex);
		store_relaxed(&l->counter, load_relaxed(&l->counter) + 1);
		pthread_mutex_unlock(&l->mutex);
	}
	d->ops[side] = ops;
}

static void add_body(struct duel *d, unsigned side)
{
	struct hand_lock *l = d->shared;
	uint64_t all = 0, ops = 0, t;
	uint32_t state;

	for (; (state = load_relaxed(&d->stretch)) != 2; all++, ops += state) {
		if (all % HAND_SAMPLE == 0) {
			t = clock_read(d->clock);
			t = clock_read(d->clock) - t;
			add_relaxed(&l->counter, 1u);
			hist_record(&d->hist[side], clock_ns(d->clock, t));
			continue;
		}
		add_relaxed(&l->counter, 1u);
	}
	d->ops[side] = ops;
}

static double contend(
	const struct clock *clock, const uint32_t *pu, uint64_t stretch, duel_fn *body)
{
	struct duel *d = duel_memory(sizeof(*d));
	struct hand_lock *l = duel_memory(sizeof(*l));
	double ns = 0;

	if (d && l) {
		d->clock = clock;
		d->stretch_ns = stretch;
		d->shared = l;
		pthread_mutex_init(&l->mutex, NULL);
		duel_run(d, pu, body, body);
		ns = (double)clock_ns(clock, d->counted) / (double)(d->ops[0] + d->ops[1]);
	}
	free(l);
	free(d);
	return ns;
}

double hand_mutex(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)n;
	return contend(clock, pu, stretch, mutex_body);
}

double hand_add(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)n;
	return contend(clock, pu, stretch, add_body);
}

/*
 * One worker, nobody to wait for: the least noisy comparison of loop and loop.
 * Both sides of the duel exist, as a program with one thread has cheaper mutexes.
 */
static void alone_body(struct duel *d, unsigned side)
{
	struct hand_lock *l = d->shared;

	for (uint64_t i = 0; i < d->n; i++) {
		pthread_mutex_lock(&l->mutex);
		store_relaxed(&l->counter, load_relaxed(&l->counter) + 1);
		pthread_mutex_unlock(&l->mutex);
	}
	d->ops[side] = d->n;
}

double hand_mutex_alone(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	void *lock = duel_memory(sizeof(struct hand_lock)); /* zeroed: a mutex at rest */
	double ns = duel_alone(clock, pu[0], n, lock, alone_body);

	(void)stretch;
	free(lock);
	return ns;
}
