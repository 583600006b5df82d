/* coroutine.c - see coroutine.h. */
#include "harness/coroutine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/compiler.h"
#include "harness/coroutine_part.h"
#include "harness/futex.h"

enum {
	DEFAULT_STACK_BYTES = 256 * 1024, /* sanitizers want much; untouched pages cost nothing */
	POLL_EVERY = 64,                  /* switches between looks at descriptors */
	WORD_SLICE_NS = 1000 * 1000, /* between looks at a word while descriptors are awaited */
};

static _Thread_local struct coro_loop *current;

struct coro *coro_self(void)
{
	return current ? current->running : NULL;
}

struct coro_loop *coro_self_loop(void)
{
	return current;
}

/* ---- the ready ones -------------------------------------------------------- */

void coro_make_ready(struct coro *c)
{
	struct coro_loop *l = c->loop;

	c->state = STATE_READY;
	c->next = NULL;
	if (l->last_ready)
		l->last_ready->next = c;
	else
		l->first_ready = c;
	l->last_ready = c;
}

static struct coro *next_ready(struct coro_loop *l)
{
	struct coro *c = l->first_ready;

	if (!c)
		return NULL;
	l->first_ready = c->next;
	if (!l->first_ready)
		l->last_ready = NULL;
	return c;
}

/* ---- switching --------------------------------------------------------------- */

static void recycle(struct coro_loop *l, struct coro *c)
{
	coro_context_free(&c->context);
	if (c->older)
		c->older->newer = c->newer;
	if (c->newer)
		c->newer->older = c->older;
	else
		l->all = c->older;
	c->next = l->spare;
	l->spare = c;
	l->live--;
}

/* Back on some stack: the one that ended does not stand on its own any more. */
static void collect_gone(struct coro_loop *l)
{
	struct coro *c = l->gone;

	l->gone = NULL;
	if (c)
		recycle(l, c);
}

static void switch_to(struct coro_loop *l, struct coro_context *from, struct coro *to, bool last)
{
	struct coro_context *there = to ? &to->context : &l->own;

	l->running = to;
	if (to)
		to->state = STATE_RUNS;
	coro_context_switch(from, there, last);
	collect_gone(l);
}

/* The running coroutine stands still; its state says why. */
static void stand(struct coro_loop *l)
{
	struct coro *self = l->running, *next;

	/* now and then the loop itself, which looks at descriptors and deadlines */
	next = ++l->switches % POLL_EVERY ? next_ready(l) : NULL;
	if (next == self) {
		self->state = STATE_RUNS;
		return;
	}
	switch_to(l, &self->context, next, false);
}

static void end(struct coro_loop *l)
{
	struct coro *self = l->running;

	self->state = STATE_ENDED;
	l->gone = self;
	switch_to(l, &self->context, next_ready(l), true);
	abort(); /* nobody comes back */
}

static void entry(void)
{
	struct coro_loop *l = current;
	struct coro *self = l->running;

	coro_context_entered(&self->context, &l->own);
	collect_gone(l);
	self->body(self->arg);
	end(l);
}

/* ---- starting ------------------------------------------------------------------ */

struct coro_loop *coro_loop_open(enum coro_switch how, size_t stack_bytes)
{
	struct coro_loop *l;
	int err;

	if (current) {
		errno = EBUSY;
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->how = how;
	l->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	l->stack_bytes = ROUND_UP(stack_bytes ? stack_bytes : DEFAULT_STACK_BYTES, l->page_bytes);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = l->epoll < 0 ? -errno : coro_context_init_own(&l->own, how);
	if (err) {
		if (l->epoll >= 0)
			close(l->epoll);
		free(l);
		errno = -err;
		return NULL;
	}
	current = l;
	return l;
}

static struct coro *new_coro(struct coro_loop *l)
{
	struct coro *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->map = mmap(NULL, l->stack_bytes + l->page_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (c->map == MAP_FAILED || mprotect(c->map, l->page_bytes, PROT_NONE) != 0) {
		if (c->map != MAP_FAILED)
			munmap(c->map, l->stack_bytes + l->page_bytes);
		free(c);
		return NULL;
	}
	return c;
}

static struct coro *take_coro(struct coro_loop *l)
{
	struct coro *c = l->spare;
	void *map;

	if (!c)
		return new_coro(l);
	l->spare = c->next;
	map = c->map;
	memset(c, 0, sizeof(*c));
	c->map = map;
	return c;
}

int coro_start(struct coro_loop *l, coro_body_fn *body, void *arg)
{
	int err = coro_heap_reserve(l);
	struct coro *c = err ? NULL : take_coro(l);

	if (!c)
		return -ENOMEM;
	c->loop = l;
	c->body = body;
	c->arg = arg;
	c->deadline_ns = CORO_FOREVER;
	err = coro_context_init(
		&c->context, l->how, (char *)c->map + l->page_bytes, l->stack_bytes, entry);
	if (err) {
		c->next = l->spare;
		l->spare = c;
		return err;
	}
	c->older = l->all;
	if (l->all)
		l->all->newer = c;
	l->all = c;
	l->live++;
	coro_make_ready(c);
	return 0;
}

/* ---- waiting ---------------------------------------------------------------------- */

void coro_yield(void)
{
	struct coro_loop *l = current;

	if (l->fd_waiters && !l->first_ready)
		coro_look_at_fds(l, 0);
	coro_make_ready(l->running);
	stand(l);
}

bool coro_park(uint64_t deadline_ns)
{
	struct coro_loop *l = current;
	struct coro *self = l->running;

	if (self->unparked) {
		self->unparked = false;
		return true;
	}
	self->state = STATE_PARKED;
	self->timed_out = false;
	self->deadline_ns = deadline_ns;
	if (deadline_ns != CORO_FOREVER)
		coro_heap_add(l, self);
	stand(l);
	return !self->timed_out;
}

void coro_unpark(struct coro *c)
{
	if (c->state == STATE_PARKED) {
		coro_heap_remove(c->loop, c);
		coro_make_ready(c);
	} else {
		c->unparked = true;
	}
}

/* Those go on that wait for a word that has moved. */
static bool word_moved(struct coro_loop *l)
{
	if (!l->word_waiters.first || load_acquire(l->word) == l->word_seen)
		return false;
	while (coro_queue_wake(&l->word_waiters))
		;
	return true;
}

void coro_await_word(atomic_u32 *word, uint32_t seen)
{
	struct coro_loop *l = current;

	while (load_acquire(word) == seen) {
		word_moved(l); /* who waits for an older value must not wait for this one */
		l->word = word;
		l->word_seen = seen;
		coro_queue_wait(&l->word_waiters, CORO_FOREVER);
	}
}

void coro_abandon(void)
{
	struct coro_loop *l = current;

	l->running->state = STATE_ENDED;
	l->live--; /* its stack stays as it is until the loop is closed */
	switch_to(l, &l->running->context, next_ready(l), false);
	abort();
}

/* False: it is not in the queue any more, somebody has let it go. */
static bool leave_queue(struct coro_queue *q, struct coro *c)
{
	struct coro *before = NULL, *at = q->first;

	for (; at && at != c; at = at->wait_next)
		before = at;
	if (!at)
		return false;
	if (before)
		before->wait_next = c->wait_next;
	else
		q->first = c->wait_next;
	if (q->last == c)
		q->last = before;
	return true;
}

bool coro_queue_wait(struct coro_queue *q, uint64_t deadline_ns)
{
	struct coro *self = current->running;

	self->wait_next = NULL;
	if (q->last)
		q->last->wait_next = self;
	else
		q->first = self;
	q->last = self;
	self->unparked = false;
	if (coro_park(deadline_ns) || !leave_queue(q, self)) {
		self->unparked = false;
		return true;
	}
	return false;
}

bool coro_queue_wake(struct coro_queue *q)
{
	struct coro *c = q->first;

	if (!c)
		return false;
	q->first = c->wait_next;
	if (!q->first)
		q->last = NULL;
	coro_unpark(c);
	return true;
}

/* ---- the loop ----------------------------------------------------------------------- */

/* Until when descriptors may be slept on. */
static uint64_t sleep_until(const struct coro_loop *l)
{
	uint64_t until = l->heap_n ? l->heap[1]->deadline_ns : CORO_FOREVER;
	uint64_t slice = monotonic_ns() + WORD_SLICE_NS;

	return l->word_waiters.first && slice < until ? slice : until;
}

/* Nobody can go on: sleep until somebody may.  -EDEADLK: that will never be. */
static int await_anything(struct coro_loop *l)
{
	if (word_moved(l))
		return 0;
	if (l->word_waiters.first && l->fd_waiters == 0)
		futex_wait(l->word, l->word_seen,
			l->heap_n ? l->heap[1]->deadline_ns : FUTEX_FOREVER, false);
	else if (l->fd_waiters || l->heap_n)
		coro_look_at_fds(l, sleep_until(l));
	else
		return -EDEADLK;
	return 0;
}

int coro_run(struct coro_loop *l)
{
	int err = 0;

	while (l->live && !err) {
		struct coro *c;

		coro_heap_wake(l);
		word_moved(l);
		if (l->fd_waiters && l->first_ready)
			coro_look_at_fds(l, 0);
		c = next_ready(l);
		if (c)
			switch_to(l, &l->own, c, false);
		else
			err = await_anything(l);
	}
	return err;
}

static void free_coro(struct coro_loop *l, struct coro *c)
{
	munmap(c->map, l->stack_bytes + l->page_bytes);
	free(c);
}

void coro_loop_close(struct coro_loop *l)
{
	struct coro *c;

	while ((c = l->all) != NULL) {
		l->all = c->older;
		coro_context_free(&c->context);
		free_coro(l, c);
	}
	while ((c = l->spare) != NULL) {
		l->spare = c->next;
		free_coro(l, c);
	}
	coro_context_free(&l->own);
	close(l->epoll);
	free(l->heap);
	free(l->watch);
	free(l);
	current = NULL;
}
