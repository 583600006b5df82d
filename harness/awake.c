/* awake.c - see awake.h. */
#include "harness/awake.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/atomic.h"
#include "harness/clock.h"
#include "harness/compiler.h"
#include "harness/futex.h"

enum { MAX_CPUS = 4096, STACK_BYTES = 128 * 1024, YIELD_EVERY = 32 };

struct spinner {
	struct awake *all;
	pthread_t thread;
	int cpu;
};

struct awake {
	atomic_u32 stop;
	atomic_u32 ready;  /* spinners that have set themselves up, or failed to; futex */
	atomic_u32 failed; /* errno of one of them */
	bool yields;
	size_t n;
	struct spinner spinner[];
};

static int settle(int cpu)
{
	const struct sched_param lowest = {.sched_priority = 0};
	size_t bytes = CPU_ALLOC_SIZE(MAX_CPUS);
	cpu_set_t *one = CPU_ALLOC(MAX_CPUS);
	int err = one ? 0 : ENOMEM;

	if (!err) {
		CPU_ZERO_S(bytes, one);
		CPU_SET_S((size_t)cpu, bytes, one);
		if (sched_setaffinity(0, bytes, one) != 0 ||
			sched_setscheduler(0, SCHED_IDLE, &lowest) != 0)
			err = errno;
	}
	CPU_FREE(one);
	return err;
}

static void *spin(void *arg)
{
	struct spinner *s = arg;
	int err = settle(s->cpu);

	if (err)
		store_relaxed(&s->all->failed, (uint32_t)err);
	add_acq_rel(&s->all->ready, 1u);
	futex_wake(&s->all->ready, 1, false);
	for (uint32_t i = 1; !err && !load_relaxed(&s->all->stop); i++) {
		cpu_pause();
		if (s->all->yields && i % YIELD_EVERY == 0)
			sched_yield();
	}
	return NULL;
}

/* The processors that this process may use; how many. */
static size_t allowed(int *cpu)
{
	size_t bytes = CPU_ALLOC_SIZE(MAX_CPUS), n = 0;
	cpu_set_t *set = CPU_ALLOC(MAX_CPUS);

	if (!set)
		return 0;
	CPU_ZERO_S(bytes, set);
	if (sched_getaffinity(0, bytes, set) == 0) {
		for (int i = 0; i < MAX_CPUS; i++) {
			if (CPU_ISSET_S((size_t)i, bytes, set))
				cpu[n++] = i;
		}
	}
	CPU_FREE(set);
	return n;
}

static int start_one(struct awake *a, int cpu)
{
	struct spinner *s = &a->spinner[a->n];
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	*s = (struct spinner){.all = a, .cpu = cpu};
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	err = pthread_create(&s->thread, &attr, spin, s);
	pthread_attr_destroy(&attr);
	if (!err)
		a->n++;
	return err;
}

static int await_ready(struct awake *a)
{
	uint32_t seen;

	while ((seen = load_acquire(&a->ready)) < a->n)
		futex_wait(&a->ready, seen, FUTEX_FOREVER, false);
	return (int)load_relaxed(&a->failed);
}

struct awake *awake_start(bool yields, char *err, size_t err_len)
{
	int *cpu = calloc(MAX_CPUS, sizeof(*cpu)), code = 0;
	size_t n = cpu ? allowed(cpu) : 0;
	struct awake *a = n ? calloc(1, sizeof(*a) + n * sizeof(a->spinner[0])) : NULL;

	if (a)
		a->yields = yields;
	for (size_t i = 0; a && i < n && !code; i++)
		code = start_one(a, cpu[i]);
	free(cpu);
	if (a && !code)
		code = await_ready(a);
	if (a && !code)
		return a;
	snprintf(err, err_len, "keep-awake: no spinner at SCHED_IDLE on every processor: %s",
		strerror(a ? code : ENOMEM));
	awake_stop(a);
	return NULL;
}

void awake_stop(struct awake *a)
{
	if (!a)
		return;
	store_relaxed(&a->stop, 1u);
	for (size_t i = 0; i < a->n; i++)
		pthread_join(a->spinner[i].thread, NULL);
	free(a);
}
