/* stress_load.c - how long a trial of stress is, in which rounds, and how its workers rest. */
#include <inttypes.h>
#include <stdio.h>

#include "bench/random.h"
#include "bench/stress_draw.h"

enum {
	ROUND_BYTES = 16 << 20,
	ROUND_BITS = 10,
	ROUND_TURNS = 500, /* of spinners who share a processor: 4 ms each are 2 s, of 12 or more */
	SOAK_LEAST_MS = 100,
	SOAK_MOST_MS = 500,
};

/*
 * The longest first round; later ones grow while they are short.  A spinner whose peer wants its
 * processor has it until it yields or its slice is over, and an operation is a turn of each: a
 * thousand of eight workers took longer than the trial's deadline on a machine with other work.
 */
static uint64_t longest_round(const struct cell *c)
{
	uint64_t most = ROUND_BYTES / (c->msg_bytes ? c->msg_bytes : 1);
	uint64_t share = (uint64_t)c->workers_per_pu; /* 0: unpinned, all may be on one */

	share = share ? share : cell_workers(c);
	if (share > 1 && c->wait != WAIT_BLOCK && c->wait != WAIT_AWAIT)
		most = most < ROUND_TURNS / share ? most : ROUND_TURNS / share;
	return most ? most : 1;
}

void stress_draw_load(const struct stress_scope *s, struct stress_trial *t)
{
	uint64_t state = random_stream(s->set->seed, t->k, STREAM_LOAD);
	struct trial_load *l = &t->load;
	uint64_t soak_ms = SOAK_LEAST_MS + random_below(&state, SOAK_MOST_MS - SOAK_LEAST_MS + 1);
	uint64_t round = random_log(&state, ROUND_BITS), block = random_below(&state, 100);
	uint64_t most = longest_round(&t->cell);

	*l = (struct trial_load){
		.seed = random_next(&state),
		.soak_ns = s->set->trial_ns ? s->set->trial_ns : soak_ms * 1000000,
		.verify = 1,
		.rest_every = (uint32_t)random_log(&state, 11) * 8,
		.burst = (uint32_t)random_log(&state, 9) * 16,
		.rest_ns = (uint32_t)random_log(&state, 9) * 1000,
	};
	if (random_below(&state, 3) == 0)
		l->rest_every = 0;
	if (random_below(&state, 3) == 0)
		l->burst = 0;
	t->cell.n = round < most ? round : most;
	t->cell.block = block < 30 ? 1 : block < 60 ? 64 : block;
	t->cell.stretch_ns = l->soak_ns;
}

void stress_describe(const struct stress_trial *t, char *out, size_t out_len)
{
	const struct trial_load *l = &t->load;
	int used = snprintf(out, out_len, "%s from %" PRIu64 " by %" PRIu64 ", %" PRIu64 " ms",
		t->cell.key, t->cell.n, t->cell.block, l->soak_ns / 1000000);

	if (l->rest_every && used >= 0 && (size_t)used < out_len)
		used += snprintf(
			out + used, out_len - (size_t)used, ", a rest in %u points", l->rest_every);
	if (l->burst && used >= 0 && (size_t)used < out_len)
		snprintf(out + used, out_len - (size_t)used, ", bursts of %u, then up to %u us",
			l->burst, l->rest_ns / 1000);
}
