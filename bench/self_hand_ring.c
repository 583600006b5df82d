/* self_hand_ring.c - rings in hand-written loops; see self_hand.h. */
#include <sched.h>
#include <stdlib.h>

#include "bench/self_duel.h"
#if HAND_HAS_CK
#include <ck_ring.h>
#endif
#include "harness/evidence.h"

enum { HAND_CAPACITY = 1024, HAND_BYTES = 64, HAND_SPIN = 4096 };

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

double hand_ring(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	void *ring = duel_memory(sizeof(struct hand_ring));
	double ns = duel_stream(clock, pu, n, ring, ring_producer, ring_consumer);

	(void)stretch;
	free(ring);
	return ns;
}

double hand_ring_alone(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	void *ring = duel_memory(sizeof(struct hand_ring));
	double ns = duel_alone(clock, pu[0], n, ring, ring_alone);

	(void)stretch;
	free(ring);
	return ns;
}

/* ---- Concurrency Kit's ring, 8-byte messages ------------------------------- */

#if HAND_HAS_CK
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

double hand_ck(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	struct hand_ck *r = duel_memory(sizeof(*r));
	double ns;

	(void)stretch;
	if (r)
		ck_ring_init(&r->ring, HAND_CAPACITY);
	ns = duel_stream(clock, pu, n, r, ck_producer, ck_consumer);
	free(r);
	return ns;
}
#endif
