/*
 * coroutine_fds.c - coroutines that wait for a descriptor, by one epoll a loop; see coroutine.h,
 * coroutine_part.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "harness/coroutine_part.h"
#include "harness/futex.h"

enum { EVENTS = 64 };

static void wake_waiters(struct coro_loop *l, struct coro **waiters)
{
	while (*waiters) {
		struct coro *c = *waiters;

		*waiters = c->wait_next;
		c->fd_waits = false;
		l->fd_waiters--;
		coro_unpark(c);
	}
}

/* 0: do not sleep. */
static int wait_for_events(struct coro_loop *l, struct epoll_event e[EVENTS], uint64_t until_ns)
{
	uint64_t now = until_ns == 0 || until_ns == CORO_FOREVER ? 0 : monotonic_ns();
	uint64_t left = until_ns > now ? until_ns - now : 0;
	struct timespec ts = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
	int n;

	if (until_ns == 0)
		return epoll_wait(l->epoll, e, EVENTS, 0);
	if (until_ns == CORO_FOREVER)
		return epoll_wait(l->epoll, e, EVENTS, -1);
	n = epoll_pwait2(l->epoll, e, EVENTS, &ts, NULL);
	if (n < 0 && errno == ENOSYS) /* before Linux 5.11: to the next millisecond */
		n = epoll_wait(l->epoll, e, EVENTS, (int)(left / 1000000) + 1);
	return n;
}

void coro_look_at_fds(struct coro_loop *l, uint64_t until_ns)
{
	struct epoll_event e[EVENTS];
	int n = wait_for_events(l, e, until_ns);

	for (int i = 0; i < n; i++) {
		struct watch *w = &l->watch[e[i].data.fd];
		uint32_t both = e[i].events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP);

		if (e[i].events & EPOLLIN || both) {
			w->ready |= w->in ? 0 : POLLIN;
			wake_waiters(l, &w->in);
		}
		if (e[i].events & EPOLLOUT || both) {
			w->ready |= w->out ? 0 : POLLOUT;
			wake_waiters(l, &w->out);
		}
	}
}

static struct watch *watch_of(struct coro_loop *l, int fd)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};
	struct watch *more;

	if (fd >= l->watches) {
		more = realloc(l->watch, ((size_t)fd + 1) * sizeof(*more));
		if (!more)
			return NULL;
		memset(more + l->watches, 0, (size_t)(fd + 1 - l->watches) * sizeof(*more));
		l->watch = more;
		l->watches = fd + 1;
	}
	if (!l->watch[fd].known && epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
		l->watch[fd].known = true;
	return l->watch[fd].known ? &l->watch[fd] : NULL;
}

static void leave_watch(struct coro_loop *l, struct coro **waiters, struct coro *c)
{
	while (*waiters && *waiters != c)
		waiters = &(*waiters)->wait_next;
	if (*waiters)
		*waiters = c->wait_next;
	c->fd_waits = false;
	l->fd_waiters--;
}

bool coro_await_fd(int fd, short events, uint64_t deadline_ns)
{
	struct coro_loop *l = coro_self_loop();
	struct coro *self = l->running, **waiters;
	struct watch *w = watch_of(l, fd);
	uint32_t want = events & POLLIN ? POLLIN : POLLOUT;
	bool woken;

	if (!w) { /* a regular file, say: always ready */
		coro_yield();
		return true;
	}
	if (w->ready & want) {
		w->ready &= ~want;
		return true;
	}
	waiters = want == POLLIN ? &w->in : &w->out;
	self->wait_next = NULL;
	while (*waiters)
		waiters = &(*waiters)->wait_next;
	*waiters = self;
	self->fd_waits = true;
	l->fd_waiters++;
	self->unparked = false;
	woken = coro_park(deadline_ns);
	self->unparked = false; /* an edge after the deadline has let it go as well */
	if (!self->fd_waits)
		return true;
	leave_watch(l, want == POLLIN ? &l->watch[fd].in : &l->watch[fd].out, self);
	return woken;
}

void coro_forget_fd(int fd)
{
	struct coro_loop *l = coro_self_loop();

	if (!l || fd < 0 || fd >= l->watches || !l->watch[fd].known)
		return;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
	wake_waiters(l, &l->watch[fd].in);
	wake_waiters(l, &l->watch[fd].out);
	l->watch[fd] = (struct watch){0};
}
