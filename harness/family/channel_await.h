/*
 * channel_await.h - how a coroutine carries out a channel's ops: it tries, and where the
 * try would block it lets the other coroutines of its thread go on until the descriptor
 * may be ready.
 *
 * A part of channel.h, which is what to include.
 */
#ifndef HARNESS_FAMILY_CHANNEL_AWAIT_H
#define HARNESS_FAMILY_CHANNEL_AWAIT_H

#include <poll.h>

#include "harness/coroutine.h"
#include "harness/futex.h"
#include "harness/family/channel_ops.h"

enum { AWAIT_LOOK_NS = 5 * 1000 * 1000 }; /* where nobody tells of the end: look so often */

/* OP_DONE: try again. */
CALLED static enum result channel_await(
	const struct channel_ops *o, const struct port *p, short events, struct how how)
{
	uint64_t until = how.mode == MODE_TIMED ? p->deadline_ns : CORO_FOREVER;
	uint64_t look = o->lossy ? monotonic_ns() + AWAIT_LOOK_NS : CORO_FOREVER;

	if (coro_await_fd(o->poll_fd(p), events, look < until ? look : until))
		return OP_DONE;
	return monotonic_ns() >= until ? OP_TIMED_OUT : OP_DONE;
}

/* A mechanism without a descriptor never blocks, or awaits by itself. */
ALWAYS_INLINE bool channel_awaits(const struct channel_ops *o, struct how how)
{
	return how.wait == WAIT_AWAIT && how.mode != MODE_TRY && o->poll_fd;
}

/* The ops as everybody calls them. */
ALWAYS_INLINE enum result channel_op_send(const struct channel_ops *o, struct port *p,
	const uint8_t *msg, uint32_t len, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	enum result r;

	if (!channel_awaits(o, how))
		return o->send(p, msg, len, how);
	do {
		r = o->send(p, msg, len, try);
		if (LIKELY(r != OP_WOULD_BLOCK))
			return r;
		r = channel_await(o, p, POLLOUT, how);
	} while (r == OP_DONE);
	return r;
}

ALWAYS_INLINE enum result channel_op_recv(const struct channel_ops *o, struct port *p, uint8_t *msg,
	uint32_t room, uint32_t *len, struct how how)
{
	const struct how try = {how.wait, MODE_TRY, how.probed};
	enum result r;

	if (!channel_awaits(o, how))
		return o->recv(p, msg, room, len, how);
	do {
		r = o->recv(p, msg, room, len, try);
		if (LIKELY(r != OP_WOULD_BLOCK))
			return r;
		r = channel_await(o, p, POLLIN, how);
	} while (r == OP_DONE);
	return r;
}

#endif
