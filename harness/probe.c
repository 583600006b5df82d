/* probe.c - see probe.h. */
#include "harness/probe.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/atomic.h"
#include "harness/futex.h"
#include "harness/arena.h"
#include "harness/coroutine.h"
#include "harness/wait.h"

static const char *const point_names[PROBE_POINT_COUNT] = {
#define PROBE_NAME(id, text) [POINT_##id] = text,
	PROBE_POINTS(PROBE_NAME)
#undef PROBE_NAME
};

static const char *const act_names[PROBE_ACT_COUNT] = {
	[PROBE_NONE] = "none",
	[PROBE_DIE] = "die",
	[PROBE_BURN] = "burn",
	[PROBE_DROP] = "drop",
	[PROBE_DUPLICATE] = "duplicate",
	[PROBE_SWAP] = "swap",
	[PROBE_FLIP] = "flip",
	[PROBE_TRUNCATE] = "truncate",
	[PROBE_REPLAY] = "replay",
	[PROBE_MIX] = "mix",
	[PROBE_FLIP_MIDDLE] = "flip-middle",
};

const char *probe_point_name(enum probe_point point)
{
	return point < PROBE_POINT_COUNT ? point_names[point] : "?";
}

const char *probe_act_name(enum probe_act act)
{
	return act < PROBE_ACT_COUNT ? act_names[act] : "?";
}

static int find_name(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

int probe_point_parse(const char *name)
{
	return find_name(point_names, PROBE_POINT_COUNT, name);
}

int probe_act_parse(const char *name)
{
	return find_name(act_names, PROBE_ACT_COUNT, name);
}

/*
 * A process dies as a crash does.  A thread or a coroutine can't be killed alone: it
 * says that it is gone and never runs another instruction of the mechanism.  That it
 * was to happen is said before, where it outlives a process: whoever judges the trial
 * need not infer it from what came of it.
 */
static void die(struct probe *probe)
{
	atomic_u32 *death = probe->death, *fired = probe->fired;

	add_acq_rel(fired, 1u);
	if (domain_has_processes(probe->domain))
		kill(getpid(), SIGKILL);
	add_acq_rel(death, (uint32_t)GATE_DEATH);
	futex_wake(death, UINT32_MAX, true);
	if (coro_self())
		coro_abandon();
	for (;;)
		pause();
}

static void burn(uint64_t spins)
{
	for (uint64_t i = 0; i < spins; i++)
		__asm__ volatile("" ::: "memory");
}

/* ---- rests ----------------------------------------------------------------- */

enum { REST_SPINS = 2048, REST_SLEEPS_1_IN = 16, REST_YIELDS_1_IN = 4, REST_SHORT_NS = 1000 };

/* splitmix64. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 1 .. 2 * mean - 1. */
static uint32_t draw_distance(struct probe_rest *rest, uint32_t mean)
{
	return mean ? 1 + (uint32_t)(next_random(&rest->state) % (2 * (uint64_t)mean - 1)) : 0;
}

void probe_rest_init(struct probe_rest *rest, uint64_t seed)
{
	rest->state = seed;
	rest->points_left = draw_distance(rest, rest->every);
	rest->burst_left = draw_distance(rest, rest->burst);
}

/* `alone`: a coroutine is where it may let others go on only if it is not. */
static void rest_asleep(uint64_t ns, bool alone)
{
	struct timespec ts = {.tv_nsec = (long)ns};

	if (coro_self() && !alone)
		coro_park(monotonic_ns() + ns);
	else
		nanosleep(&ts, NULL);
}

/* Long enough for others to come between, in one of the ways that code is held up. */
static void rest_shortly(struct probe_rest *rest, bool alone)
{
	uint64_t v = next_random(&rest->state);

	if (v % REST_SLEEPS_1_IN == 0)
		rest_asleep(REST_SHORT_NS, alone);
	else if (v % REST_YIELDS_1_IN == 0 && !(coro_self() && alone))
		wait_yield();
	else
		burn((v >> 32) % REST_SPINS);
}

static void rest_at(struct probe_rest *rest, enum probe_point point)
{
	bool op = point == POINT_BEFORE_SEND || point == POINT_AFTER_RECV;

	if (rest->every && --rest->points_left == 0) {
		rest_shortly(rest, !op);
		rest->points_left = draw_distance(rest, rest->every);
	}
	if (rest->burst && op && --rest->burst_left == 0) {
		rest_asleep(next_random(&rest->state) % (rest->longest_ns + 1u), false);
		rest->burst_left = draw_distance(rest, rest->burst);
	}
}

void probe_hit(struct probe *probe, enum probe_point point)
{
	if (probe->rest.every || probe->rest.burst)
		rest_at(&probe->rest, point);
	if (probe->point != point || probe->act == PROBE_NONE || probe->act > PROBE_BURN)
		return;
	probe->hits++;
	if (probe->act == PROBE_BURN)
		burn(probe->value);
	else if (probe->hits == probe->nth)
		die(probe);
}

bool probe_message(struct probe *probe)
{
	return probe_act_on_message(probe->act) && ++probe->hits == probe->nth;
}
