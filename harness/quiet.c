/* quiet.c - see quiet.h. */
#include "harness/quiet.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "harness/place.h"

/* ---- the gap probe ------------------------------------------------------- */

/* The longest time between two readings, on the PU where the caller is. */
static uint64_t spin(const struct clock *clock, uint64_t ns)
{
	uint64_t begin = clock_read(clock), last = begin, yield = begin, longest = 0;
	const uint64_t until = clock_ticks(clock, ns), pause = clock_ticks(clock, QUIET_YIELD_NS);
	const uint64_t lost = clock_ticks(clock, QUIET_LOST_NS);

	while (last - begin < until && longest < lost) {
		uint64_t now;

		if (last - yield >= pause) {
			sched_yield();
			yield = last;
		}
		now = clock_read(clock);
		longest = now - last > longest ? now - last : longest;
		last = now;
	}
	return clock_ns(clock, longest);
}

static unsigned distinct_pus(const struct trial_spec *spec, uint32_t pu[QUIET_PUS])
{
	unsigned n = 0;

	for (uint32_t i = 0; i < spec->side_a + spec->side_b && n < QUIET_PUS; i++) {
		unsigned j = 0;

		while (j < n && pu[j] != spec->pu[i])
			j++;
		if (j == n)
			pu[n++] = spec->pu[i];
	}
	return n;
}

static uint64_t share_ns(unsigned pus)
{
	uint64_t ns = QUIET_ALL_NS / pus;

	return ns > QUIET_PU_NS ? QUIET_PU_NS : ns < QUIET_LEAST_NS ? QUIET_LEAST_NS : ns;
}

/* The set is sized for whatever number the machine has. */
static uint64_t spin_on(const struct clock *clock, uint32_t pu, uint64_t ns)
{
	cpu_set_t *set = CPU_ALLOC(pu + 1);
	size_t bytes = CPU_ALLOC_SIZE(pu + 1);
	int code = -1;

	if (set) {
		CPU_ZERO_S(bytes, set);
		CPU_SET_S(pu, bytes, set);
		code = sched_setaffinity(0, bytes, set);
		CPU_FREE(set);
	}
	return code == 0 ? spin(clock, ns) : UNKNOWN_COUNT;
}

static uint64_t spin_on_all(const struct trial_spec *spec)
{
	uint32_t pu[QUIET_PUS];
	unsigned n = distinct_pus(spec, pu);
	uint64_t longest = UNKNOWN_COUNT;

	for (unsigned i = 0; i < n; i++) {
		uint64_t gap = spin_on(&spec->clock, pu[i], share_ns(n));

		if (gap != UNKNOWN_COUNT && (longest == UNKNOWN_COUNT || gap > longest))
			longest = gap;
	}
	return longest;
}

uint64_t quiet_gap_ns(const struct trial_spec *spec)
{
	enum { MOST_CPUS = 8192 };
	size_t bytes = CPU_ALLOC_SIZE(MOST_CPUS);
	cpu_set_t *before;
	uint64_t gap = UNKNOWN_COUNT;

	if (spec->pu[0] == PLACE_PU_NONE)
		return spin(&spec->clock, QUIET_PU_NS);
	before = CPU_ALLOC(MOST_CPUS);
	if (before && sched_getaffinity(0, bytes, before) == 0) {
		gap = spin_on_all(spec);
		sched_setaffinity(0, bytes, before);
	}
	CPU_FREE(before);
	return gap;
}

/* ---- stopped ------------------------------------------------------------- */

void quiet_hold_cont(void)
{
	sigset_t cont;

	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	sigprocmask(SIG_BLOCK, &cont, NULL);
}

bool quiet_was_stopped(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

/* ---- the workers' reports ------------------------------------------------ */

static void raise_to(uint64_t *most, uint64_t v)
{
	if (v != UNKNOWN_COUNT && (*most == UNKNOWN_COUNT || v > *most))
		*most = v;
}

/* Neither running nor waiting to run.  The kernel's figures cover a little more than ours. */
static uint64_t away_ns(const struct clock *clock, const struct worker_report *w)
{
	uint64_t there = w->cpu_ns + w->runq_wait_ns;
	uint64_t all = clock_ns(clock, w->end_ticks - w->start_ticks);

	if (w->runq_wait_ns == UNKNOWN_COUNT)
		return UNKNOWN_COUNT;
	return all > there ? all - there : 0;
}

void quiet_figure(struct trial *t)
{
	struct trial_noise *n = &t->result->noise;

	n->involuntary = n->voluntary = n->runq_wait_ns = n->away_ns = UNKNOWN_COUNT;
	n->stopped = quiet_was_stopped();
	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct worker_report *w = &arena_slot(t->crew.arena, i)->report;

		raise_to(&n->involuntary, w->ctx_involuntary);
		raise_to(&n->voluntary, w->ctx_voluntary);
		raise_to(&n->runq_wait_ns, w->runq_wait_ns);
		raise_to(&n->away_ns, away_ns(&t->crew.spec->clock, w));
		n->stopped |= w->stopped;
	}
}
