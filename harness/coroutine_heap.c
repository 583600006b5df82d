/* coroutine_heap.c - coroutines that wait for a time: a binary heap; see coroutine_part.h. */
#include <errno.h>
#include <stdlib.h>

#include "harness/coroutine_part.h"
#include "harness/futex.h"

static void heap_put(struct coro_loop *l, size_t at, struct coro *c)
{
	l->heap[at] = c;
	c->heap_at = at;
}

static void heap_up(struct coro_loop *l, size_t at)
{
	struct coro *c = l->heap[at];

	for (; at > 1 && l->heap[at / 2]->deadline_ns > c->deadline_ns; at /= 2)
		heap_put(l, at, l->heap[at / 2]);
	heap_put(l, at, c);
}

static void heap_down(struct coro_loop *l, size_t at)
{
	struct coro *c = l->heap[at];

	for (;;) {
		size_t child = 2 * at;

		if (child > l->heap_n)
			break;
		if (child < l->heap_n &&
			l->heap[child + 1]->deadline_ns < l->heap[child]->deadline_ns)
			child++;
		if (l->heap[child]->deadline_ns >= c->deadline_ns)
			break;
		heap_put(l, at, l->heap[child]);
		at = child;
	}
	heap_put(l, at, c);
}

void coro_heap_remove(struct coro_loop *l, struct coro *c)
{
	size_t at = c->heap_at;
	struct coro *last;

	if (at == 0)
		return;
	c->heap_at = 0;
	last = l->heap[l->heap_n--];
	if (last == c)
		return;
	heap_put(l, at, last);
	heap_up(l, at);
	heap_down(l, last->heap_at);
}

void coro_heap_add(struct coro_loop *l, struct coro *c)
{
	heap_put(l, ++l->heap_n, c);
	heap_up(l, l->heap_n);
}

int coro_heap_reserve(struct coro_loop *l)
{
	size_t room = l->heap_room ? 2 * l->heap_room : 64;
	struct coro **more;

	if (l->live + 2 <= l->heap_room)
		return 0;
	more = realloc(l->heap, room * sizeof(struct coro *));
	if (!more)
		return -ENOMEM;
	l->heap = more;
	l->heap_room = room;
	return 0;
}

void coro_heap_wake(struct coro_loop *l)
{
	uint64_t now;

	if (l->heap_n == 0)
		return;
	now = monotonic_ns();
	while (l->heap_n && l->heap[1]->deadline_ns <= now) {
		struct coro *c = l->heap[1];

		coro_heap_remove(l, c);
		c->timed_out = true;
		coro_make_ready(c);
	}
}
