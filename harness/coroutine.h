/*
 * coroutine.h - stackful coroutines on one event loop per thread.
 *
 * A coroutine has a stack of its own and runs until it waits: for a descriptor,
 * for a time, or until another one lets it go.  The loop then runs the next that
 * can go on, in the order in which they became able to; when none can, it sleeps
 * in epoll_wait().  Nothing is preempted.
 *
 * Stacks are switched either by swapcontext(), which also saves the signal mask
 * and so enters the kernel, or by a few instructions of our own (x86-64 and
 * arm64) that save what the calling convention says a function must.
 *
 * Threads: a loop and its coroutines belong to the thread that opened it; no
 * function here may be called for a loop of another thread.  Both sanitizers and
 * valgrind are told of the stacks.
 *
 * Errors: -errno, or NULL with errno.
 */
#ifndef HARNESS_COROUTINE_H
#define HARNESS_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/atomic.h"
#include "harness/compiler.h"

enum coro_switch { CORO_UCONTEXT, CORO_ASSEMBLY, CORO_SWITCHES };

/* A deadline that never comes; else CLOCK_MONOTONIC ns. */
#define CORO_FOREVER UINT64_MAX

struct coro;
struct coro_loop;

typedef void coro_body_fn(void *arg);

/* Is this way to switch built in?  CORO_UCONTEXT always is. */
bool coro_switch_offered(enum coro_switch how);

/* "ucontext" or "assembly". */
const char *coro_switch_name(enum coro_switch how);

/* ---- the loop: outside of its coroutines ---------------------------------- */

/* stack_bytes: of each coroutine, 0 for the default; a guard page lies below each. */
struct coro_loop *coro_loop_open(enum coro_switch how, size_t stack_bytes);

/* Start a coroutine; it runs when its turn comes.  Also called by coroutines.  0 or -errno. */
CALLED int coro_start(struct coro_loop *l, coro_body_fn *body, void *arg);

/*
 * Run until every coroutine has ended or was abandoned.  0, or -EDEADLK: those that
 * are left wait for each other, and nothing can ever let them go.
 */
int coro_run(struct coro_loop *l);

/* Frees stacks, also those of coroutines that did not end. */
void coro_loop_close(struct coro_loop *l);

/* ---- inside a coroutine --------------------------------------------------- */

/* The one that runs; NULL in a thread's own stack. */
CALLED struct coro *coro_self(void);

/* The loop of the running coroutine. */
CALLED struct coro_loop *coro_self_loop(void);

/* Let those go first that can go on; where nobody else can, descriptors are looked at. */
CALLED void coro_yield(void);

/* Until coro_unpark(); at once if that came first.  False: the deadline has passed. */
CALLED bool coro_park(uint64_t deadline_ns);

/* Let a coroutine of the same loop go on; before it parks, its next park is void. */
CALLED void coro_unpark(struct coro *c);

/*
 * Until the descriptor may be ready for `events` (POLLIN, POLLOUT): try the
 * operation first, call this when it would block, try again.  Readiness is
 * edge-triggered and registered once.  False: the deadline has passed.
 */
CALLED bool coro_await_fd(int fd, short events, uint64_t deadline_ns);

/* Before a descriptor is closed: its number may come again.  Does nothing outside of a loop. */
void coro_forget_fd(int fd);

/* Until *word is no longer `seen`, which another thread changes and then futex-wakes. */
CALLED void coro_await_word(atomic_u32 *word, uint32_t seen);

/* This coroutine stops here for ever, as if it had died.  Does not return. */
_Noreturn void coro_abandon(void);

/* ---- those who wait for the same thing ------------------------------------ */

/* First in, first out.  Zeroed: empty.  In memory of the loop's own thread. */
struct coro_queue {
	struct coro *first, *last;
};

/* Join the queue and park.  False: the deadline has passed, and it has left the queue. */
CALLED bool coro_queue_wait(struct coro_queue *q, uint64_t deadline_ns);

/* Let the first one go; false: nobody waits. */
CALLED bool coro_queue_wake(struct coro_queue *q);

#endif
