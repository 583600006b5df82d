/*
 * fd_wait.h - wait=epoll: one descriptor, registered once with an epoll
 * instance of its own, edge-triggered.
 *
 * Edges are reported once: try the operation first, wait when it would block,
 * try again.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_FD_WAIT_H
#define PRIMITIVES_CHANNEL_PARTS_FD_WAIT_H

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "harness/compiler.h"

/* Zeroed: not made yet. */
struct fd_wait {
	int epoll_fd;
	bool made;
};

/* Until an edge or for so many milliseconds; -1: for ever.  0 or -errno. */
COLD static int fd_wait_edge(struct fd_wait *w, int fd, int patience_ms)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};

	if (!w->made) {
		w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		if (w->epoll_fd < 0)
			return -errno;
		w->made = true;
		if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
			return -errno;
	}
	return epoll_wait(w->epoll_fd, &ev, 1, patience_ms) < 0 && errno != EINTR ? -errno : 0;
}

/* May run twice. */
static inline void fd_wait_end(struct fd_wait *w)
{
	if (w->made)
		close(w->epoll_fd);
	*w = (struct fd_wait){0};
}

#endif
