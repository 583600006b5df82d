/*
 * coroutine_part.h - what the parts of coroutine.h share: coroutine.c has coroutines, switching and
 * the loop, coroutine_heap.c those that wait for a time, coroutine_fds.c those that wait for a
 * descriptor.
 *
 * Internal to coroutine*.c.  All of a loop belongs to one thread.
 */
#ifndef HARNESS_COROUTINE_PART_H
#define HARNESS_COROUTINE_PART_H

#include "harness/coroutine.h"
#include "harness/coroutine_switch.h"

enum state { STATE_READY, STATE_RUNS, STATE_PARKED, STATE_ENDED };

struct coro {
	struct coro_context context;
	struct coro_loop *loop;
	struct coro *next;          /* of the ready ones, of the spare ones */
	struct coro *newer, *older; /* all that have not ended */
	struct coro *wait_next; /* of those that wait for the same descriptor, in the same queue */
	coro_body_fn *body;
	void *arg;
	void *map; /* the stack and its guard page */
	enum state state;
	bool unparked; /* before it parked */
	bool timed_out;
	bool fd_waits;
	uint64_t deadline_ns; /* CORO_FOREVER: not in the heap */
	size_t heap_at;       /* 1 is the first; 0: not in it */
};

/* A descriptor that somebody has waited for. */
struct watch {
	bool known;            /* to epoll */
	uint32_t ready;        /* edges that nobody has used */
	struct coro *in, *out; /* who waits */
};

struct coro_loop {
	enum coro_switch how;
	size_t stack_bytes, page_bytes;
	struct coro_context own;
	struct coro *running;
	struct coro *first_ready, *last_ready;
	struct coro *all;   /* newest first */
	struct coro *spare; /* their stacks are used again */
	struct coro *gone;  /* has ended; to be collected by whoever runs next */
	struct coro **heap; /* by deadline; [0] is not used */
	size_t heap_n, heap_room;
	size_t live, fd_waiters;
	struct watch *watch;
	int watches, epoll;
	atomic_u32 *word; /* what the parked await_word()s wait for */
	uint32_t word_seen;
	struct coro_queue word_waiters;
	unsigned switches;
};

/* Behind all that are ready. */
void coro_make_ready(struct coro *c);

/* ---- coroutine_heap.c: a binary heap by deadline ------------------------------- */

/* Room for one more than live; 0 or -ENOMEM. */
int coro_heap_reserve(struct coro_loop *l);

/* Room was made when the coroutine was started: this cannot fail. */
void coro_heap_add(struct coro_loop *l, struct coro *c);

/* Nothing where it is not in the heap. */
void coro_heap_remove(struct coro_loop *l, struct coro *c);

/* Those whose time has come are ready, and told so. */
void coro_heap_wake(struct coro_loop *l);

/* ---- coroutine_fds.c ------------------------------------------------------------ */

/* Wake whoever's descriptor is ready; sleep for one until then (0: do not, CORO_FOREVER). */
void coro_look_at_fds(struct coro_loop *l, uint64_t until_ns);

#endif
