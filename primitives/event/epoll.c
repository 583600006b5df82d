/*
 * event/epoll - which of many descriptors is ready, asked of epoll.
 *
 * Each waiter has an epoll instance of its own, in which all descriptors are
 * registered once; the kernel keeps the ready ones in a list.
 */
#include "primitives/event/parts/readiness.h"

static int epoll_attach(struct port *p)
{
	const struct link *l = p->link;
	struct readiness_end *e = p->local;

	e->epoll_fd = -1;
	if (p->role == ROLE_SENDER)
		return 0;
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll_fd < 0)
		return link_fail(p->link, -errno, "epoll_create1");
	for (uint32_t i = 0; i < l->n_many; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};

		if (epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, l->many[i], &ev) != 0)
			return link_fail(p->link, -errno, "epoll_ctl");
	}
	return 0;
}

static void epoll_detach(struct port *p)
{
	struct readiness_end *e = p->local;

	if (e->epoll_fd > 0)
		close(e->epoll_fd);
	e->epoll_fd = -1;
}

ALWAYS_INLINE int epoll_ask(const struct link *l, struct readiness_end *e, int patience_ms)
{
	struct epoll_event ev;
	int n = epoll_wait(e->epoll_fd, &ev, 1, patience_ms);

	(void)l;
	return n == 1 ? (int)ev.data.u32 : n == 0 ? -1 : -2;
}

ALWAYS_INLINE enum result epoll_await(struct port *p, struct how how)
{
	return readiness_wait(p, epoll_ask, how);
}

static const struct event_ops epoll_ops = {
	.signal = readiness_signal,
	.signal_all = readiness_signal_all,
	.wait = epoll_await,
};
EVENT_STAMP(event_epoll, epoll_ops, READINESS_WAITS);

const struct mech mech_event_epoll = {
	EVENT_COMMON(event_epoll, epoll_ops, READINESS_WAITS),
	READINESS_COMMON,
	.name = "event/epoll",
	.summary = "readiness of one of many descriptors: epoll",
	.contract = {CONTRACT_READINESS, .limits = "RLIMIT_NOFILE: descriptors of a process"},
	.attach = epoll_attach,
	.detach = epoll_detach,
};
