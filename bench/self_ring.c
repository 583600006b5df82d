/*
 * self_ring.c - the ring of channel/ring-spsc in loops written by hand: what the
 * ops table, the stamping and the claims add to the very same ring.
 */
#include "bench/self_duel.h"

/* The mechanism's own operations, without its descriptor's name. */
#define mech_channel_ring_spsc self_ring_descriptor
#include "primitives/channel/ring_spsc.c"
#undef mech_channel_ring_spsc

#include <stdlib.h>

enum { SELF_CAPACITY = 1024, SELF_BYTES = 64, SELF_SAMPLE = 64 };

/* Both workers' view; one thread plays both where it is alone. */
struct self_ring {
	const struct clock *clock;
	uint64_t n;
	struct link link;
	atomic_u32 open[2];
	OWN_STRIDE struct port out;
	OWN_STRIDE struct ring_end out_end;
	OWN_STRIDE struct port in;
	OWN_STRIDE struct ring_end in_end;
	OWN_STRIDE struct hist hist[2];
	struct ledger *ledger;
	uint8_t *msg[2];
	bool broken;
};

static const struct how spinning = {WAIT_SPIN, MODE_BLOCK, false};

static void self_produce(void *arg)
{
	struct self_ring *s = arg;
	uint64_t t = 0;

	for (uint64_t i = 0; i < s->n; i++) {
		stamp_write(s->msg[0], s->link.msg_bytes, i, 0);
		if (i % SELF_SAMPLE == 0)
			t = clock_read(s->clock);
		ring_send(&s->out, s->msg[0], s->link.msg_bytes, spinning);
		if (i % SELF_SAMPLE == 0)
			hist_record(&s->hist[0], clock_ns(s->clock, clock_read(s->clock) - t));
	}
}

static void self_consume(void *arg)
{
	struct self_ring *s = arg;
	uint64_t t = 0;
	uint32_t len = 0;

	for (uint64_t i = 0; i < s->n; i++) {
		if (i % SELF_SAMPLE == 0)
			t = clock_read(s->clock);
		ring_recv(&s->in, s->msg[1], s->link.msg_bytes, &len, spinning);
		if (i % SELF_SAMPLE == 0)
			hist_record(&s->hist[1], clock_ns(s->clock, clock_read(s->clock) - t));
		ledger_check(s->ledger, s->msg[1], len, s->link.msg_bytes);
	}
	s->broken = load_relaxed(&s->ledger->from[0].count) != s->n;
}

static void self_produce_bare(void *arg)
{
	struct self_ring *s = arg;

	for (uint64_t i = 0; i < s->n; i++) {
		stamp_write(s->msg[0], s->link.msg_bytes, i, 0);
		ring_send(&s->out, s->msg[0], s->link.msg_bytes, spinning);
	}
}

static void self_consume_bare(void *arg)
{
	struct self_ring *s = arg;
	uint32_t len = 0;

	for (uint64_t i = 0; i < s->n; i++) {
		ring_recv(&s->in, s->msg[1], s->link.msg_bytes, &len, spinning);
		ledger_check(s->ledger, s->msg[1], len, s->link.msg_bytes);
	}
	s->broken = load_relaxed(&s->ledger->from[0].count) != s->n;
}

static void self_both(void *arg)
{
	struct self_ring *s = arg;
	uint32_t len = 0;

	for (uint64_t i = 0; i < s->n; i++) {
		stamp_write(s->msg[0], s->link.msg_bytes, i, 0);
		ring_send(&s->out, s->msg[0], s->link.msg_bytes, spinning);
		ring_recv(&s->in, s->msg[0], s->link.msg_bytes, &len, spinning);
		ledger_check(s->ledger, s->msg[0], len, s->link.msg_bytes);
	}
	s->broken = load_relaxed(&s->ledger->from[0].count) != s->n;
}

static bool self_open(struct self_ring *s, const struct clock *clock, uint64_t n)
{
	struct link *l = &s->link;

	s->clock = clock;
	s->n = n;
	*l = (struct link){.msg_bytes = SELF_BYTES, .capacity = SELF_CAPACITY, .senders = 1};
	l->receivers = 1;
	l->open_ports = s->open;
	store_relaxed(&s->open[0], 1u);
	store_relaxed(&s->open[1], 1u);
	l->shared = duel_memory(ring_bytes(l));
	s->ledger = calloc(1, ledger_bytes(1));
	s->msg[0] = duel_memory(SELF_BYTES);
	s->msg[1] = duel_memory(SELF_BYTES);
	if (!l->shared || !s->ledger || !s->msg[0] || !s->msg[1])
		return false;
	s->ledger->producers = s->ledger->exact = 1;
	s->out = (struct port){.link = l, .local = &s->out_end, .role = ROLE_SENDER};
	s->in = (struct port){.link = l, .local = &s->in_end, .role = ROLE_RECEIVER};
	hist_reset(&s->hist[0]);
	hist_reset(&s->hist[1]);
	return ring_setup(l) == 0 && ring_attach(&s->out) == 0 && ring_attach(&s->in) == 0;
}

static double self_run(const struct clock *clock, const uint32_t *pu, uint64_t n, void (*a)(void *),
	void (*b)(void *))
{
	struct self_ring *s = duel_memory(sizeof(*s));
	double ns = 0;

	if (!s)
		return 0;
	if (self_open(s, clock, n)) {
		ns = hand_pair(clock, pu, s, a, b) / (double)n;
		ns = s->broken ? 0 : ns;
	}
	free(s->link.shared);
	free(s->ledger);
	free(s->msg[0]);
	free(s->msg[1]);
	free(s);
	return ns;
}

double self_ring_stream(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return self_run(clock, pu, n, self_produce, self_consume);
}

double self_ring_bare(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return self_run(clock, pu, n, self_produce_bare, self_consume_bare);
}

double self_ring_alone(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	const uint32_t pus[2] = {pu[0], pu[0] ? 0 : 1};

	(void)stretch;
	return self_run(clock, pus, n, self_both, NULL);
}
