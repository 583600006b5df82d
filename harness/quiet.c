/* quiet.c - see quiet.h. */
#include "harness/quiet.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "harness/futex.h"
#include "harness/place.h"

/* ---- the gap probe ------------------------------------------------------- */

/* What the probing thread is given, and what it leaves.  Freed by who is done with it last. */
struct look {
	struct clock clock;
	uint32_t pu[QUIET_PUS];
	unsigned pus;
	uint64_t longest_ns[QUIET_PUS];
	atomic_u32 done;      /* futex */
	atomic_u32 abandoned; /* nobody waits any more: go */
	atomic_u32 left;
};

static void leave(struct look *l)
{
	if (add_acq_rel(&l->left, 1u) == 1)
		free(l);
}

static void lengthen(uint64_t *longest_ns, uint64_t ns)
{
	if (*longest_ns == UNKNOWN_COUNT || ns > *longest_ns)
		*longest_ns = ns;
}

/*
 * Read the clock for so long, on the PU where we are.  A yield lets in whoever waits for it: next
 * to a thread of the lowest policy, all others have a better claim.
 */
static void spin(const struct look *l, uint64_t ns, uint64_t *longest_ns)
{
	const struct clock *clock = &l->clock;
	const uint64_t until = clock_ticks(clock, ns), pause = clock_ticks(clock, QUIET_YIELD_NS);
	uint64_t begin = clock_read(clock), last = begin, yield = begin, now;

	lengthen(longest_ns, 0);
	while (last - begin < until && *longest_ns < QUIET_LOST_NS &&
		!load_relaxed(&l->abandoned)) {
		if (last - yield >= pause) {
			sched_yield();
			yield = last;
		}
		now = clock_read(clock);
		lengthen(longest_ns, clock_ns(clock, now - last));
		last = now;
	}
}

static void add_pu(struct look *l, uint32_t pu)
{
	for (unsigned i = 0; i < l->pus; i++) {
		if (l->pu[i] == pu)
			return;
	}
	if (l->pus < QUIET_PUS)
		l->pu[l->pus++] = pu;
}

/* All that the caller may use. */
static void take_allowed(struct look *l)
{
	enum { MOST_CPUS = 8192 };
	size_t bytes = CPU_ALLOC_SIZE(MOST_CPUS);
	cpu_set_t *set = CPU_ALLOC(MOST_CPUS);

	if (set && sched_getaffinity(0, bytes, set) == 0) {
		for (uint32_t i = 0; i < MOST_CPUS; i++) {
			if (CPU_ISSET_S(i, bytes, set))
				add_pu(l, i);
		}
	}
	CPU_FREE(set);
}

static bool is_pinned(const struct trial_spec *spec)
{
	return spec->pu[0] != PLACE_PU_NONE;
}

static void take_pus(struct look *l, const struct trial_spec *spec)
{
	if (!is_pinned(spec))
		take_allowed(l);
	for (uint32_t i = 0; is_pinned(spec) && i < spec->side_a + spec->side_b; i++)
		add_pu(l, spec->pu[i]);
}

static uint64_t share_ns(unsigned pus)
{
	uint64_t ns = QUIET_ALL_NS / pus;

	return ns > QUIET_PU_NS ? QUIET_PU_NS : ns < QUIET_LEAST_NS ? QUIET_LEAST_NS : ns;
}

/* The set is sized for whatever number the machine has. */
static bool move_to(uint32_t pu)
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
	return code == 0;
}

/* To get there takes a while on a PU that sleeps, and long on one that others hold. */
static void spin_on(struct look *l, unsigned i, uint64_t ns)
{
	uint64_t before = clock_read(&l->clock), arrival;

	if (!move_to(l->pu[i]))
		return;
	arrival = clock_ns(&l->clock, clock_read(&l->clock) - before);
	if (arrival > QUIET_ARRIVAL_NS)
		lengthen(&l->longest_ns[i], arrival);
	spin(l, ns, &l->longest_ns[i]);
}

static void *look_around(void *arg)
{
	const struct sched_param none = {0};
	struct look *l = arg;

	sched_setscheduler(0, SCHED_IDLE, &none);
	for (unsigned i = 0; i < l->pus && !load_relaxed(&l->abandoned); i++)
		spin_on(l, i, share_ns(l->pus));
	store_release(&l->done, 1u);
	futex_wake(&l->done, 1, false);
	leave(l);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The worst PU; where workers choose, the worst of as many as they need, the best first. */
static uint64_t worst(struct look *l, const struct trial_spec *spec)
{
	unsigned known = 0, need = spec->side_a + spec->side_b;

	qsort(l->longest_ns, l->pus, sizeof(*l->longest_ns), compare);
	while (known < l->pus && l->longest_ns[known] != UNKNOWN_COUNT)
		known++;
	if (known == 0)
		return UNKNOWN_COUNT;
	return l->longest_ns[is_pinned(spec) || need > known ? known - 1 : need - 1];
}

/* False: others hold the PUs, and the thread has come no further so far. */
static bool await(struct look *l, uint64_t deadline_ns)
{
	while (!load_acquire(&l->done)) {
		if (monotonic_ns() >= deadline_ns)
			return false;
		futex_wait(&l->done, 0, deadline_ns, false);
	}
	return true;
}

/* A thread of its own: the way back from the lowest policy takes privileges. */
uint64_t quiet_gap_ns(const struct trial_spec *spec)
{
	struct look *l = calloc(1, sizeof(*l));
	uint64_t begin = monotonic_ns(), gap = UNKNOWN_COUNT;
	pthread_t thread;

	if (!l)
		return gap;
	l->clock = spec->clock;
	for (unsigned i = 0; i < QUIET_PUS; i++)
		l->longest_ns[i] = UNKNOWN_COUNT;
	take_pus(l, spec);
	if (pthread_create(&thread, NULL, look_around, l) != 0) {
		free(l);
		return gap;
	}
	pthread_detach(thread);
	if (await(l, begin + QUIET_ALL_NS + QUIET_PATIENCE_NS)) {
		gap = worst(l, spec);
	} else {
		store_relaxed(&l->abandoned, 1u);
		if (is_pinned(spec) || l->pus - 1 < spec->side_a + spec->side_b)
			gap = monotonic_ns() - begin;
	}
	leave(l);
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

		if (w->elsewhere)
			continue;
		raise_to(&n->involuntary, w->ctx_involuntary);
		raise_to(&n->voluntary, w->ctx_voluntary);
		raise_to(&n->runq_wait_ns, w->runq_wait_ns);
		raise_to(&n->away_ns, away_ns(&t->crew.spec->clock, w));
		n->stopped |= w->stopped;
	}
}
