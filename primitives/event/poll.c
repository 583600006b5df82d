/*
 * event/poll - which of many descriptors is ready, asked of poll.
 *
 * The list is handed to the kernel and searched with each question.
 */
#include "primitives/event/parts/readiness.h"

static int poll_attach(struct port *p)
{
	const struct link *l = p->link;
	struct readiness_end *e = p->local;

	if (p->role == ROLE_SENDER)
		return 0;
	e->polled = calloc(l->n_many, sizeof(*e->polled));
	if (!e->polled)
		return link_fail(p->link, -ENOMEM, "list of descriptors");
	for (uint32_t i = 0; i < l->n_many; i++)
		e->polled[i] = (struct pollfd){.fd = l->many[i], .events = POLLIN};
	return 0;
}

static void poll_detach(struct port *p)
{
	struct readiness_end *e = p->local;

	free(e->polled);
	e->polled = NULL;
}

ALWAYS_INLINE int poll_ask(const struct link *l, struct readiness_end *e, int patience_ms)
{
	int n = poll(e->polled, l->n_many, patience_ms), i = 0;

	if (n <= 0)
		return n == 0 ? -1 : -2;
	while (!e->polled[i].revents)
		i++;
	return i;
}

ALWAYS_INLINE enum result poll_await(struct port *p, struct how how)
{
	return readiness_wait(p, poll_ask, how);
}

static const struct event_ops poll_ops = {
	.signal = readiness_signal,
	.signal_all = readiness_signal_all,
	.wait = poll_await,
};
EVENT_STAMP(event_poll, poll_ops, READINESS_WAITS);

const struct mech mech_event_poll = {
	EVENT_COMMON(event_poll, poll_ops, READINESS_WAITS),
	READINESS_COMMON,
	.name = "event/poll",
	.summary = "readiness of one of many descriptors: poll",
	.contract = {CONTRACT_READINESS, .limits = "RLIMIT_NOFILE: descriptors of a process"},
	.attach = poll_attach,
	.detach = poll_detach,
};
