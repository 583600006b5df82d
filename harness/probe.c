/* probe.c - see probe.h. */
#include "harness/probe.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "harness/atomic.h"
#include "harness/futex.h"
#include "harness/arena.h"

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
 * A process dies as a crash does.  A thread can't be killed alone: it says that
 * it is gone and never runs another instruction of the mechanism.
 */
static void die(struct probe *probe)
{
	atomic_u32 *death = probe->death;

	if (probe->domain != DOMAIN_THREAD)
		kill(getpid(), SIGKILL);
	add_acq_rel(death, (uint32_t)GATE_DEATH);
	futex_wake(death, UINT32_MAX, true);
	for (;;)
		pause();
}

static void burn(uint64_t spins)
{
	for (uint64_t i = 0; i < spins; i++)
		__asm__ volatile("" ::: "memory");
}

void probe_hit(struct probe *probe, enum probe_point point)
{
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
	return probe->act >= PROBE_DROP && ++probe->hits == probe->nth;
}
