/*
 * self_hand.c - see self_hand.h.  Deliberately plain: what somebody would write
 * who knows exactly one mechanism, threads only, with our stamp and our checks.
 */
#include "bench/self_hand.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<ck_ring.h>)
#include <ck_ring.h>
#define HAVE_CK 1
#else
#define HAVE_CK 0
#endif

#include "harness/atomic.h"
#include "harness/evidence.h"
#include "harness/hist.h"
#include "harness/link.h"

enum { HAND_CAPACITY = 1024, HAND_BYTES = 64, HAND_SAMPLE = 64, HAND_SPIN = 4096 };

/* ---- two pinned threads that start together ------------------------------- */

struct duel {
	const struct clock *clock;
	uint64_t n, stretch_ns;
	void *shared;
	OWN_STRIDE atomic_u32 ready;
	OWN_STRIDE atomic_u32 stretch; /* 0 warm, 1 counted, 2 over */
	OWN_STRIDE struct hist hist[2];
	uint64_t start[2], end[2], ops[2], counted;
	bool broken;
};

struct duellist {
	struct duel *duel;
	uint32_t cpu;
	unsigned side;
	void (*body)(struct duel *d, unsigned side);
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

static void *duel_memory(size_t bytes)
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

static void duel_run(struct duel *d, const uint32_t *pu, void (*a)(struct duel *, unsigned),
	void (*b)(struct duel *, unsigned))
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

/* ---- a ring of 64-byte messages ------------------------------------------- */

struct hand_slot {
	uint64_t len;
	uint8_t msg[HAND_BYTES];
};

struct hand_ring {
	OWN_STRIDE atomic_u64 tail;
	OWN_STRIDE atomic_u64 head;
	OWN_STRIDE struct hand_slot slot[HAND_CAPACITY];
};

/* Values that a program would read from its configuration: not to be compiled in. */
static volatile uint32_t hand_bytes = HAND_BYTES, hand_capacity = HAND_CAPACITY;

static void pause_or_yield(unsigned *spins)
{
	if (++*spins % HAND_SPIN == 0)
		sched_yield();
	else
		cpu_pause();
}

static void ring_producer(struct duel *d, unsigned side)
{
	struct hand_ring *r = d->shared;
	uint8_t *msg = duel_memory(HAND_BYTES);
	uint64_t cached = 0, t = 0;
	uint32_t bytes = hand_bytes, capacity = hand_capacity;
	unsigned spins = 0, pos = 0;

	for (uint64_t i = 0; i < d->n; i++) {
		stamp_write(msg, bytes, i, 0);
		if (i % HAND_SAMPLE == 0)
			t = clock_read(d->clock);
		while (i - cached == capacity) {
			cached = load_acquire(&r->head);
			if (i - cached == capacity)
				pause_or_yield(&spins);
		}
		r->slot[pos].len = bytes;
		copy_message(r->slot[pos].msg, msg, bytes);
		pos = pos + 1 == capacity ? 0 : pos + 1;
		store_release(&r->tail, i + 1);
		if (i % HAND_SAMPLE == 0)
			hist_record(&d->hist[side], clock_ns(d->clock, clock_read(d->clock) - t));
	}
	d->ops[side] = d->n;
	free(msg);
}

static void ring_consumer(struct duel *d, unsigned side)
{
	struct hand_ring *r = d->shared;
	struct ledger *g = calloc(1, ledger_bytes(1));
	uint8_t *msg = duel_memory(HAND_BYTES);
	uint64_t cached = 0, t = 0;
	uint32_t len, bytes = hand_bytes, capacity = hand_capacity;
	unsigned spins = 0, pos = 0;

	g->producers = g->exact = 1;
	for (uint64_t i = 0; i < d->n; i++) {
		if (i % HAND_SAMPLE == 0)
			t = clock_read(d->clock);
		while (i == cached) {
			cached = load_acquire(&r->tail);
			if (i == cached)
				pause_or_yield(&spins);
		}
		len = (uint32_t)r->slot[pos].len;
		copy_message(msg, r->slot[pos].msg, len);
		pos = pos + 1 == capacity ? 0 : pos + 1;
		store_release(&r->head, i + 1);
		if (i % HAND_SAMPLE == 0)
			hist_record(&d->hist[side], clock_ns(d->clock, clock_read(d->clock) - t));
		ledger_check(g, msg, len, bytes);
	}
	d->ops[side] = g->from[0].count;
	d->broken = g->from[0].count != d->n || g->from[0].late;
	free(msg);
	free(g);
}

/* Both ends in one worker: send, receive, check. */
static void ring_alone(struct duel *d, unsigned side)
{
	struct hand_ring *r = d->shared;
	struct ledger *g = calloc(1, ledger_bytes(1));
	uint8_t *msg = duel_memory(HAND_BYTES);
	uint64_t seen_head = 0, seen_tail = 0;
	uint32_t len, bytes = hand_bytes, capacity = hand_capacity;
	unsigned put = 0, take = 0, spins = 0;

	g->producers = g->exact = 1;
	for (uint64_t i = 0; i < d->n; i++) {
		stamp_write(msg, bytes, i, 0);
		while (i - seen_head == capacity) {
			seen_head = load_acquire(&r->head);
			if (i - seen_head == capacity)
				pause_or_yield(&spins);
		}
		r->slot[put].len = bytes;
		copy_message(r->slot[put].msg, msg, bytes);
		put = put + 1 == capacity ? 0 : put + 1;
		store_release(&r->tail, i + 1);
		while (i == seen_tail) {
			seen_tail = load_acquire(&r->tail);
			if (i == seen_tail)
				pause_or_yield(&spins);
		}
		len = (uint32_t)r->slot[take].len;
		copy_message(msg, r->slot[take].msg, len);
		take = take + 1 == capacity ? 0 : take + 1;
		store_release(&r->head, i + 1);
		ledger_check(g, msg, len, bytes);
	}
	d->ops[side] = g->from[0].count;
	d->broken = g->from[0].count != d->n;
	free(msg);
	free(g);
}

/* Count-ended: a stretch between two sides. */
static double hand_stream(const struct clock *clock, const uint32_t *pu, uint64_t n, size_t bytes,
	void (*a)(struct duel *, unsigned), void (*b)(struct duel *, unsigned))
{
	struct duel *d = duel_memory(sizeof(*d));
	double ns = 0;

	if (!d)
		return 0;
	d->clock = clock;
	d->n = n;
	d->shared = duel_memory(bytes);
	if (d->shared) {
		duel_run(d, pu, a, b);
		ns = d->broken ? 0 : (double)clock_ns(clock, duel_ticks(d)) / (double)n;
	}
	free(d->shared);
	free(d);
	return ns;
}

static double hand_ring(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return hand_stream(clock, pu, n, sizeof(struct hand_ring), ring_producer, ring_consumer);
}

/* ---- Concurrency Kit's ring, 8-byte messages ------------------------------- */

#if HAVE_CK
struct hand_ck {
	ck_ring_t ring;
	OWN_STRIDE ck_ring_buffer_t buffer[HAND_CAPACITY];
};

static void ck_producer(struct duel *d, unsigned side)
{
	struct hand_ck *r = d->shared;
	uint64_t head, t = 0;
	unsigned spins = 0;

	for (uint64_t i = 0; i < d->n; i++) {
		stamp_write((uint8_t *)&head, 8, i, 0);
		if (i % HAND_SAMPLE == 0)
			t = clock_read(d->clock);
		while (!ck_ring_enqueue_spsc(&r->ring, r->buffer, (void *)(uintptr_t)(head + 1)))
			pause_or_yield(&spins);
		if (i % HAND_SAMPLE == 0)
			hist_record(&d->hist[side], clock_ns(d->clock, clock_read(d->clock) - t));
	}
	d->ops[side] = d->n;
}

static void ck_consumer(struct duel *d, unsigned side)
{
	struct hand_ck *r = d->shared;
	struct ledger *g = calloc(1, ledger_bytes(1));
	void *entry;
	uint64_t head, t = 0;
	unsigned spins = 0;

	g->producers = g->exact = 1;
	for (uint64_t i = 0; i < d->n; i++) {
		if (i % HAND_SAMPLE == 0)
			t = clock_read(d->clock);
		while (!ck_ring_dequeue_spsc(&r->ring, r->buffer, &entry))
			pause_or_yield(&spins);
		head = (uint64_t)(uintptr_t)entry - 1;
		if (i % HAND_SAMPLE == 0)
			hist_record(&d->hist[side], clock_ns(d->clock, clock_read(d->clock) - t));
		ledger_check(g, (const uint8_t *)&head, 8, 8);
	}
	d->broken = g->from[0].count != d->n || g->from[0].late;
	free(g);
}

static double hand_ck(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	struct duel *d = duel_memory(sizeof(*d));
	struct hand_ck *r = duel_memory(sizeof(*r));
	double ns = 0;

	(void)stretch;
	if (d && r) {
		d->clock = clock;
		d->n = n;
		d->shared = r;
		ck_ring_init(&r->ring, HAND_CAPACITY);
		duel_run(d, pu, ck_producer, ck_consumer);
		ns = d->broken ? 0 : (double)clock_ns(clock, duel_ticks(d)) / (double)n;
	}
	free(r);
	free(d);
	return ns;
}
#endif

/* ---- locks ------------------------------------------------------------------ */

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

static double contend(const struct clock *clock, const uint32_t *pu, uint64_t stretch,
	void (*body)(struct duel *, unsigned))
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

static double hand_mutex(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)n;
	return contend(clock, pu, stretch, mutex_body);
}

static double hand_add(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
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

static void idle_body(struct duel *d, unsigned side)
{
	(void)d;
	(void)side;
}

static double alone(const struct clock *clock, uint32_t pu, uint64_t n, size_t bytes,
	void (*body)(struct duel *, unsigned))
{
	struct duel *d = duel_memory(sizeof(*d));
	const uint32_t pus[2] = {pu, pu ? 0 : 1};
	double ns = 0;

	if (!d)
		return 0;
	d->clock = clock;
	d->n = n;
	d->shared = duel_memory(bytes); /* zeroed: also a mutex at rest */
	if (d->shared) {
		duel_run(d, pus, body, idle_body);
		ns = d->broken ? 0 : (double)clock_ns(clock, d->end[0] - d->start[0]) / (double)n;
	}
	free(d->shared);
	free(d);
	return ns;
}

static double hand_mutex_alone(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return alone(clock, pu[0], n, sizeof(struct hand_lock), alone_body);
}

static double hand_ring_alone(
	const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return alone(clock, pu[0], n, sizeof(struct hand_ring), ring_alone);
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

const struct hand hands[] = {
	{"hand-written mutex loop, one worker", "lock/mutex/uncontended?domain=thread",
		hand_mutex_alone, false, true},
	{"hand-written loop, the same ring, one worker",
		"channel/ring-spsc/uncontended?domain=thread&wait=spin", self_ring_alone, false,
		true},
	{"hand-written loop, the same ring", "channel/ring-spsc/stream?domain=thread&wait=spin",
		self_ring_stream, false, true},
	{"the same ring, no clock in its loop", "channel/ring-spsc/stream?domain=thread&wait=spin",
		self_ring_bare, false, true},
	{"another ring by hand, one worker",
		"channel/ring-spsc/uncontended?domain=thread&wait=spin", hand_ring_alone, false,
		false},
	{"hand-written mutex loop", "lock/mutex/contend?domain=thread", hand_mutex, false, true},
	{"hand-written atomic addition", "lock/atomic-add/contend?domain=thread", hand_add, false,
		true},
	{"another ring by hand", "channel/ring-spsc/stream?domain=thread&wait=spin", hand_ring,
		false, false},
#if HAVE_CK
	{"ck_ring SPSC, same stamp", "channel/ring-spsc/stream?domain=thread&size=8&wait=spin",
		hand_ck, false, false},
#endif
	{"CPU, by hand", "channel/pipe/stream?domain=thread&placement=same-pu", self_pipe, true,
		true},
	{"CPU, by hand", "channel/pipe-duplex/stream?domain=thread&placement=same-pu", self_unix,
		true, true},
	{"CPU, by hand", "channel/tcp/stream?domain=thread&placement=same-pu", self_tcp, true,
		true},
	{"CPU, by hand", "channel/pipe/stream?domain=thread", self_pipe, true, true},
	{"CPU, by hand", "channel/pipe-duplex/stream?domain=thread", self_unix, true, true},
	{"CPU, by hand", "channel/tcp/stream?domain=thread", self_tcp, true, true},
};

const size_t hand_count = ARRAY_LEN(hands);
