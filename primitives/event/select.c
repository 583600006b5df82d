/*
 * event/select - which of many descriptors is ready, asked of select.
 *
 * The set is copied, handed to the kernel and searched with each question; it
 * holds numbers below FD_SETSIZE only.
 */
#include "primitives/event/parts/readiness.h"

enum { SELECT_OTHERS = 64 }; /* descriptors that the process has beside the link's */

_Static_assert(FD_SETSIZE == 1024, "as this sentence says");

static const char *select_fits(const struct link *l)
{
	return l->fds > FD_SETSIZE - SELECT_OTHERS
		       ? "FD_SETSIZE (1024): select knows no higher descriptor"
		       : NULL;
}

static int select_attach(struct port *p)
{
	const struct link *l = p->link;
	struct readiness_end *e = p->local;

	FD_ZERO(&e->set);
	for (uint32_t i = 0; i < l->n_many; i++) {
		if (l->many[i] >= FD_SETSIZE)
			return link_fail(p->link, -ENOTSUP,
				"select: descriptor %d is beyond FD_SETSIZE", l->many[i]);
		FD_SET(l->many[i], &e->set);
		e->highest = l->many[i] > e->highest ? l->many[i] : e->highest;
	}
	return 0;
}

ALWAYS_INLINE int select_ask(const struct link *l, struct readiness_end *e, int patience_ms)
{
	struct timeval tv = {patience_ms / 1000, patience_ms % 1000 * 1000};
	fd_set ready = e->set;
	int n = select(e->highest + 1, &ready, NULL, NULL, patience_ms < 0 ? NULL : &tv), i = 0;

	if (n <= 0)
		return n == 0 ? -1 : -2;
	while (!FD_ISSET(l->many[i], &ready))
		i++;
	return i;
}

ALWAYS_INLINE enum result select_await(struct port *p, struct how how)
{
	return readiness_wait(p, select_ask, how);
}

static const struct event_ops select_ops = {
	.signal = readiness_signal,
	.signal_all = readiness_signal_all,
	.wait = select_await,
};
EVENT_STAMP(event_select, select_ops, READINESS_WAITS);

const struct mech mech_event_select = {
	EVENT_COMMON(event_select, select_ops, READINESS_WAITS),
	READINESS_COMMON,
	.name = "event/select",
	.summary = "readiness of one of many descriptors: select",
	.contract = {CONTRACT_READINESS, .limits = "FD_SETSIZE (1024): no descriptor is higher; "
						   "some are the process's own"},
	.fits = select_fits,
	.attach = select_attach,
};
