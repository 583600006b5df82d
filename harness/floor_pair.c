/*
 * floor_pair.c - parts of a hand-over that two threads measure; see floor.h.
 *
 * A game is a ball that goes to and fro between this thread and a partner on
 * the other PU (or on the same one): the partner answers each value until it
 * gets STOP.  This thread times whole batches of round trips with its own clock
 * alone.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "harness/atomic.h"
#include "harness/floor_part.h"
#include "harness/futex.h"
#include "harness/place.h"

enum {
	ROUNDS = 100,         /* round trips in a batch */
	SWITCH_ROUNDS = 16,   /* the same; short, for others may want this PU too */
	WAKE_ROUNDS = 8,      /* the same, where each takes a wake-up twice */
	YIELD_EVERY = 4096,   /* looks at the ball: the partner may need this PU */
	BALL_STRIDE = 4352,   /* from address to address: another page, another line in it */
	SLEEPS_SHORT = 2,     /* of a batch: those at its ends may be missing */
	STACK_BYTES = 262144, /* of a thread */
};

static const uint32_t STOP = UINT32_MAX;

/* Each way has a line of its own where the game wants two. */
struct balls {
	OWN_STRIDE atomic_u32 there;
	OWN_STRIDE atomic_u32 back;
};

struct game {
	const struct floor_ask *ask;
	struct balls *balls;
	OWN_STRIDE atomic_u32 ready; /* the partner is where it should be, or err says why not */
	OWN_STRIDE atomic_u32 batches;
	atomic_u64 sleeps; /* the partner's, when it ended that batch */
	int err;
	char *why;
	size_t why_len;
};

typedef void *partner_fn(void *game);

/* ---- waiting ------------------------------------------------------------- */

/* False: STOP came instead. */
ALWAYS_INLINE bool await(const atomic_u32 *ball, uint32_t value, unsigned yield_every)
{
	for (unsigned looks = 1;; looks++) {
		uint32_t seen = load_acquire(ball);

		if (LIKELY(seen == value))
			return true;
		if (seen == STOP)
			return false;
		if (looks % yield_every == 0)
			sched_yield();
	}
}

ALWAYS_INLINE bool swap_when(atomic_u32 *ball, uint32_t from, uint32_t to)
{
	for (unsigned looks = 1;; looks++) {
		uint32_t seen = from;

		if (LIKELY(cas_acq_rel(ball, &seen, to)))
			return true;
		if (seen == STOP)
			return false;
		if (looks % YIELD_EVERY == 0)
			sched_yield();
	}
}

static void sleep_while(atomic_u32 *ball, uint32_t value)
{
	while (load_acquire(ball) == value)
		futex_wait(ball, value, FUTEX_FOREVER, false);
}

static void pass(atomic_u32 *ball, uint32_t value)
{
	store_release(ball, value);
	futex_wake(ball, 1, false);
}

/* ---- the partner --------------------------------------------------------- */

static bool take_place(struct game *g)
{
	g->err = place_pin(g->ask->topo, g->ask->pu_b, g->why, g->why_len);
	store_release(&g->ready, 1);
	return g->err == 0;
}

static void *answer_cas(void *arg)
{
	struct game *g = arg;

	if (take_place(g)) {
		while (swap_when(&g->balls->there, 1, 0)) {
		}
	}
	return NULL;
}

static void answer_two(struct game *g, unsigned yield_every)
{
	if (!take_place(g))
		return;
	for (uint32_t i = 1; await(&g->balls->there, i, yield_every); i++)
		store_release(&g->balls->back, i);
}

static void *answer_spinning(void *arg)
{
	answer_two(arg, YIELD_EVERY);
	return NULL;
}

static void *answer_yielding(void *arg)
{
	answer_two(arg, 1);
	return NULL;
}

/* How often this thread has gone to sleep so far. */
static uint64_t own_sleeps(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_nvcsw : 0;
}

static void *answer_sleeping(void *arg)
{
	struct game *g = arg;

	if (!take_place(g))
		return NULL;
	for (uint32_t i = 1;; i++) {
		sleep_while(&g->balls->there, i - 1);
		if (load_acquire(&g->balls->there) == STOP)
			return NULL;
		pass(&g->balls->back, i);
		if (i % WAKE_ROUNDS == 0) {
			store_relaxed(&g->sleeps, own_sleeps());
			store_release(&g->batches, i / WAKE_ROUNDS);
		}
	}
}

/* ---- batches ------------------------------------------------------------- */

static void play_cas(struct game *g, struct floor_series *s)
{
	const struct clock *c = g->ask->clock;

	while (floor_series_goes_on(s)) {
		uint64_t begin = clock_read(c);

		for (int i = 0; i < ROUNDS; i++)
			swap_when(&g->balls->there, 0, 1);
		swap_when(&g->balls->there, 0, 0); /* the last one is back */
		floor_series_add(s, floor_each(c, clock_read(c) - begin, 2 * ROUNDS));
	}
}

static void play_two(struct game *g, struct floor_series *s, uint32_t rounds, unsigned yield_every)
{
	const struct clock *c = g->ask->clock;

	for (uint32_t at = 0; floor_series_goes_on(s); at += rounds) {
		uint64_t begin = clock_read(c);

		for (uint32_t i = at + 1; i <= at + rounds; i++) {
			store_release(&g->balls->there, i);
			await(&g->balls->back, i, yield_every);
		}
		floor_series_add(s, floor_each(c, clock_read(c) - begin, 2 * rounds));
	}
}

static void play_spinning(struct game *g, struct floor_series *s)
{
	play_two(g, s, ROUNDS, YIELD_EVERY);
}

static void play_yielding(struct game *g, struct floor_series *s)
{
	play_two(g, s, SWITCH_ROUNDS, 1);
}

/*
 * Across PUs a batch counts in which everybody slept each time, else it would be
 * of lines that moved; on one PU every turn needs a switch anyway.
 */
static void play_sleeping(struct game *g, struct floor_series *s)
{
	const struct clock *c = g->ask->clock;
	bool apart = g->ask->pu_a != g->ask->pu_b;
	uint64_t before = 0, after;

	for (uint32_t batch = 1; floor_series_goes_on(s); batch++) {
		uint32_t first = (batch - 1) * WAKE_ROUNDS + 1;
		uint64_t own = own_sleeps(), begin = clock_read(c), ticks;

		for (uint32_t i = first; i < first + WAKE_ROUNDS; i++) {
			pass(&g->balls->there, i);
			sleep_while(&g->balls->back, i - 1);
		}
		ticks = clock_read(c) - begin;
		after = own_sleeps() - own;
		await(&g->batches, batch, 1);
		after += load_relaxed(&g->sleeps) - before;
		before = load_relaxed(&g->sleeps);
		if (batch > 1 && (!apart || after + SLEEPS_SHORT >= 2 * WAKE_ROUNDS))
			floor_series_add(s, floor_each(c, ticks, 2 * WAKE_ROUNDS));
	}
}

/* ---- games --------------------------------------------------------------- */

static int start_partner(struct game *g, partner_fn *partner, pthread_t *thread)
{
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	err = pthread_create(thread, &attr, partner, g);
	pthread_attr_destroy(&attr);
	return -err;
}

/* One game over the balls, which are at rest before and afterwards. */
static int play(const struct floor_ask *ask, struct balls *balls, partner_fn *partner,
	void (*own)(struct game *, struct floor_series *), struct floor_series *s, char *err,
	size_t err_len)
{
	struct game g = {.ask = ask, .balls = balls, .why = err, .why_len = err_len};
	pthread_t thread;
	int code;

	store_relaxed(&balls->there, 0);
	store_relaxed(&balls->back, 0);
	code = start_partner(&g, partner, &thread);
	if (code) {
		snprintf(err, err_len, "cannot start a thread: %s", strerror(-code));
		return code;
	}
	await(&g.ready, 1, 1);
	if (g.err == 0)
		own(&g, s);
	pass(&balls->there, STOP);
	pthread_join(thread, NULL);
	return g.err;
}

static struct balls *new_balls(unsigned n, char *err, size_t err_len)
{
	size_t bytes = ROUND_UP((size_t)n * BALL_STRIDE + sizeof(struct balls), 4096);
	void *memory = aligned_alloc(4096, bytes);

	if (memory)
		memset(memory, 0, bytes);
	else
		snprintf(err, err_len, "no memory for %zu bytes", bytes);
	return memory;
}

/* The figure of all addresses: that of the fastest, and the minimum at the slowest. */
static void merge_address(struct floor_figure *all, const struct floor_figure *one)
{
	struct floor_figure was = *all;

	if (was.n == 0 || one->min_ns < was.min_ns)
		*all = *one;
	all->spread_ns = fmax(one->min_ns, was.spread_ns);
	all->n = was.n + one->n;
}

int floor_line(const struct floor_ask *ask, enum floor_part part, uint64_t time_ns,
	struct floor_figure *out, char *err, size_t err_len)
{
	bool cas = part == FLOOR_LINE_CAS;
	char *memory = (char *)new_balls(FLOOR_ADDRESSES, err, err_len);
	int code = memory ? 0 : -ENOMEM;

	*out = floor_none("no batch ended in time");
	for (unsigned i = 0; i < FLOOR_ADDRESSES && !code; i++) {
		struct balls *balls = (struct balls *)(void *)(memory + (size_t)i * BALL_STRIDE);
		struct floor_figure one;
		struct floor_series s;

		floor_series_begin(&s, time_ns / FLOOR_ADDRESSES);
		code = play(ask, balls, cas ? answer_cas : answer_spinning,
			cas ? play_cas : play_spinning, &s, err, err_len);
		one = floor_series_end(&s, "no batch ended in time");
		if (one.n)
			merge_address(out, &one);
	}
	free(memory);
	return code;
}

static int play_alone(const struct floor_ask *ask, partner_fn *partner,
	void (*own)(struct game *, struct floor_series *), uint64_t time_ns, const char *why,
	struct floor_figure *out, char *err, size_t err_len)
{
	struct balls *balls = new_balls(1, err, err_len);
	struct floor_series s;
	int code = -ENOMEM;

	*out = floor_none(why);
	if (!balls)
		return code;
	floor_series_begin(&s, time_ns);
	code = play(ask, balls, partner, own, &s, err, err_len);
	*out = floor_series_end(&s, why);
	free(balls);
	return code;
}

int floor_switch(const struct floor_ask *ask, uint64_t time_ns, struct floor_figure *out, char *err,
	size_t err_len)
{
	return play_alone(ask, answer_yielding, play_yielding, time_ns, "no batch ended in time",
		out, err, err_len);
}

int floor_wake(const struct floor_ask *ask, uint64_t time_ns, struct floor_figure *out, char *err,
	size_t err_len)
{
	return play_alone(ask, answer_sleeping, play_sleeping, time_ns,
		"in no batch did both sides sleep each time", out, err, err_len);
}
