/*
 * bus/callback - topics and callbacks inside a program: publishing is a function call
 * for each subscriber, in the publisher's thread or coroutine.
 *
 * One op looks the topic up and runs its callbacks under a mutex.  Nothing is copied and
 * nobody is woken: the subscribers' workers sleep, their callbacks check the message
 * where it lies.  Every subscriber has subscribed to every topic; messages take turns
 * among the topics, by their number.  A message that nobody wants is counted, not an
 * error.
 */
#include <errno.h>

#include "harness/family/bus.h"
#include "primitives/bus/parts/topics.h"

static uint32_t callback_topics(const struct link *l)
{
	return l->topics ? l->topics : 1;
}

static size_t callback_bytes(const struct link *l)
{
	return topics_bytes(callback_topics(l), l->receivers);
}

static int callback_setup(struct link *l)
{
	int err = topics_init(l->shared, l, callback_topics(l), l->receivers);

	return err ? link_fail(l, err, "pthread_mutex_init") : 0;
}

static enum callback_answer callback_take(void *context, const uint8_t *msg, uint32_t len)
{
	bus_deliver(context, msg, len);
	return CALLBACK_STAYS;
}

static int callback_attach(struct port *p)
{
	int err = 0;

	for (uint32_t i = 0; p->role == ROLE_RECEIVER && i < callback_topics(p->link) && !err; i++)
		err = topics_subscribe(p->link->shared, i, callback_take, p);
	return err ? link_fail(p->link, err, "room for a callback") : 0;
}

ALWAYS_INLINE enum result callback_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	uint32_t topics = p->link->topics;
	uint64_t head = 0;

	if (UNLIKELY(len > p->link->msg_bytes)) {
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	if (len >= sizeof(head))
		memcpy(&head, msg, sizeof(head));
	POINT(p, how, MID_WRITE);
	topics_publish(p->link->shared, topics > 1 ? (head >> 16) % topics : 0, msg, len);
	return OP_DONE;
}

/* The callback has it already. */
ALWAYS_INLINE enum result callback_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	(void)msg;
	(void)room;
	(void)len;
	if (how.mode == MODE_TRY)
		return OP_WOULD_BLOCK;
	p->err = -ENOTSUP;
	return OP_ERROR;
}

static void callback_close(struct port *p)
{
	if (p->role == ROLE_RECEIVER)
		topics_unsubscribe(p->link->shared, p);
}

static void callback_counts(const struct link *l, uint64_t *unread, uint64_t *failed)
{
	const struct topics *t = l->shared;

	*unread = t->unread;
	*failed = t->failed;
}

static void callback_teardown(struct link *l)
{
	if (l->shared)
		topics_end(l->shared);
}

static const struct bus_ops callback_ops = {
	.channel = {.send = callback_send, .recv = callback_recv, .close = callback_close},
	.delivers = true,
};
BUS_STAMP(bus_callback, callback_ops, BIT(WAIT_BLOCK) | AWAITS);

const struct mech mech_bus_callback = {
	BUS_COMMON(bus_callback, callback_ops, BIT(WAIT_BLOCK) | AWAITS),
	.name = "bus/callback",
	.summary = "topics and callbacks that run in the publisher",
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_COROUTINE),
	.flags = MECH_TOPICS,
	.contract =
		{
			.reach = REACH_THREAD,
			.unit = UNIT_MESSAGE,
			.order = ORDER_FIFO,
			.end_seen = "never: a callback is run, or not",
			.on_oversize = OVERSIZE_REFUSED,
			.survives = SURVIVE_NO,
			.peer_dies = "nothing: who dies in a callback, or publishing, leaves the "
				     "topics locked, and the next publisher waits until its own "
				     "deadline",
			.limits = "room for callbacks is fixed: one more is refused (ENOSPC)",
			.not_in[DOMAIN_PROCESS] =
				"a callback runs in its publisher's memory: see bus/ring",
			.path = {.atomics_send = 2}, /* a mutex */
		},
	.shared_bytes = callback_bytes,
	.setup = callback_setup,
	.attach = callback_attach,
	.teardown = callback_teardown,
	.callbacks = callback_counts,
};
