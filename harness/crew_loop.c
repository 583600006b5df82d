/* crew_loop.c - workers as coroutines of one thread; see crew.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/coroutine.h"
#include "harness/crew.h"
#include "harness/futex.h"

struct seat {
	struct crew *crew;
	struct loop_thread *thread;
	unsigned index;
};

/* Freed by the thread, which is also the only one to use it once it has said how it began. */
struct loop_thread {
	struct together together;
	atomic_u32 begun; /* futex: BEGUN, or BEGUN - the -errno */
	unsigned ended;   /* workers past their last instruction; those that died never are */
	struct seat seat[TRIAL_MAX_WORKERS];
};

enum { BEGUN = 1 };

static void coroutine_body(void *arg)
{
	struct seat *seat = arg;

	worker_body(seat->crew, seat->index);
	seat->thread->ended++;
}

static int start_coroutines(struct coro_loop *l, struct loop_thread *t)
{
	int err = 0;

	for (unsigned i = 0; i < t->together.workers && !err; i++)
		err = coro_start(l, coroutine_body, &t->seat[i]);
	return err;
}

static void say_begun(struct loop_thread *t, int err)
{
	store_release(&t->begun, (uint32_t)(BEGUN - err));
	futex_wake(&t->begun, 1, false);
}

static enum coro_switch switch_of(const struct mech *m)
{
	bool assembly = coro_switch_offered(CORO_ASSEMBLY) && !(m->flags & MECH_UCONTEXT);

	return assembly ? CORO_ASSEMBLY : CORO_UCONTEXT;
}

/* Workers that wait for each other for ever are a stall: the trial's leader sees it. */
static void *loop_body(void *arg)
{
	struct loop_thread *t = arg;
	struct crew *crew = t->seat[0].crew;
	struct coro_loop *l = coro_loop_open(switch_of(crew->mech), 0);
	int err = l ? start_coroutines(l, t) : -errno;

	if (err && l)
		coro_loop_close(l);
	say_begun(t, err); /* after a failure nothing here is touched any more */
	if (err)
		return NULL;
	if (coro_run(l) != 0 || t->ended < t->together.workers)
		return NULL; /* as a thread that was left behind: nothing of it is touched any more */
	coro_loop_close(l);
	crew->together = NULL;
	free(t);
	add_acq_rel(&crew->arena->gate.left, 1u);
	futex_wake(&crew->arena->gate.left, 1, false);
	return NULL;
}

static int await_begun(struct loop_thread *t)
{
	while (load_acquire(&t->begun) == 0)
		futex_wait(&t->begun, 0, FUTEX_FOREVER, false);
	return BEGUN - (int)load_acquire(&t->begun);
}

static int start_thread(struct roster *r, struct loop_thread *t)
{
	int err = -pthread_create(&r->thread[0], NULL, loop_body, t);

	if (err)
		return err;
	err = await_begun(t);
	if (err)
		pthread_join(r->thread[0], NULL);
	else
		r->started = 1;
	return err;
}

int crew_start_loop(struct roster *r)
{
	struct loop_thread *t = calloc(1, sizeof(*t));
	int err = t ? 0 : -ENOMEM;

	if (t) {
		t->together.workers = r->crew->arena->workers;
		for (unsigned i = 0; i < t->together.workers; i++)
			t->seat[i] = (struct seat){.crew = r->crew, .thread = t, .index = i};
		r->crew->together = &t->together;
		err = start_thread(r, t);
	}
	if (err) {
		r->crew->together = NULL;
		free(t);
		snprintf(r->crew->err, sizeof(r->crew->err),
			"cannot start the workers' event loop: %s", strerror(-err));
	}
	return err;
}
