/*
 * slots.h - a row of message slots in shared memory: what rings and queues
 * store their messages in.
 *
 * A slot is the message's length and room for link->msg_bytes.  Who may touch
 * which slot when is the mechanism's business.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_SLOTS_H
#define PRIMITIVES_CHANNEL_PARTS_SLOTS_H

#include <errno.h>

#include "harness/link.h"

/* What every channel with slots promises; _IN: but for its order. */
#define CONTRACT_SLOTS_IN                                                                          \
	.unit = UNIT_MESSAGE, .end_seen = "close, after the last message",                         \
	.on_oversize = OVERSIZE_REFUSED, .survives = SURVIVE_NO, .peer_dies = PEER_UNSEEN,         \
	.copies = 2
#define CONTRACT_SLOTS CONTRACT_SLOTS_IN, .bounded = true, .order = ORDER_FIFO

struct slot {
	uint64_t len;
	uint8_t msg[];
};

ALWAYS_INLINE size_t slots_stride(const struct link *l)
{
	return ROUND_UP(sizeof(struct slot) + (size_t)l->msg_bytes, 8);
}

static inline size_t slots_bytes(const struct link *l)
{
	return slots_stride(l) * l->capacity;
}

ALWAYS_INLINE struct slot *slots_at(void *base, const struct link *l, uint32_t pos)
{
	return (struct slot *)(void *)((char *)base + slots_stride(l) * pos);
}

ALWAYS_INLINE uint32_t slots_after(const struct link *l, uint32_t pos)
{
	return pos + 1 == l->capacity ? 0 : pos + 1;
}

ALWAYS_INLINE uint32_t slots_before(const struct link *l, uint32_t pos)
{
	return (pos == 0 ? l->capacity : pos) - 1;
}

/*
 * One side's walk over the slots, for mechanisms in which a side owns its
 * position.  Private to a port: it holds addresses.
 */
struct slots_cursor {
	char *at, *first, *end;
	size_t stride;
};

static inline void slots_start(
	struct slots_cursor *c, void *base, const struct link *l, uint32_t pos)
{
	c->stride = slots_stride(l);
	c->first = base;
	c->end = c->first + slots_bytes(l);
	c->at = c->first + c->stride * pos;
}

ALWAYS_INLINE struct slot *slots_here(const struct slots_cursor *c)
{
	return (struct slot *)(void *)c->at;
}

ALWAYS_INLINE void slots_step(struct slots_cursor *c)
{
	c->at += c->stride;
	if (UNLIKELY(c->at == c->end))
		c->at = c->first;
}

ALWAYS_INLINE bool slots_fits(struct port *p, uint32_t len)
{
	if (LIKELY(len <= p->link->msg_bytes))
		return true;
	p->err = -EMSGSIZE;
	return false;
}

/* False, with -EMSGSIZE in the port, when the receiver's room is too small. */
ALWAYS_INLINE bool slots_room(struct port *p, const struct slot *s, uint32_t room)
{
	if (LIKELY(s->len <= room))
		return true;
	p->err = -EMSGSIZE;
	return false;
}

ALWAYS_INLINE void slots_put(struct slot *s, const uint8_t *msg, uint32_t len)
{
	s->len = len;
	copy_message(s->msg, msg, len);
}

ALWAYS_INLINE uint32_t slots_take(const struct slot *s, uint8_t *msg)
{
	uint32_t len = (uint32_t)s->len;

	copy_message(msg, s->msg, len);
	return len;
}

#endif
