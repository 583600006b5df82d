/*
 * heap.h - a binary heap of message slots, lowest first, stable among equals, in
 * shared memory.
 *
 * An entry is {key, slot}: the message's level and, below it, the number of its
 * arrival, so that no two keys are equal.  The entries behind the heap's end hold
 * the slots that are free; only entries move, messages stay in their slots.
 */
#ifndef PRIMITIVES_CHANNEL_PARTS_HEAP_H
#define PRIMITIVES_CHANNEL_PARTS_HEAP_H

#include "harness/family/channel.h"

/* Levels of messages: the low three bits of the sequence in the stamp, 0 first. */
enum { HEAP_LEVELS = 8, HEAP_ARRIVAL_BITS = 56 };

struct heap_entry {
	uint64_t key;
	uint64_t slot;
};

struct heap {
	uint64_t arrivals;
	struct heap_entry entry[];
};

/* A sentinel comes behind all levels.  A message without a head begins with its sequence. */
ALWAYS_INLINE uint64_t heap_level(const uint8_t *msg, uint32_t len)
{
	if (UNLIKELY(channel_is_end(msg, len)))
		return HEAP_LEVELS;
	if (LIKELY(len >= 8))
		return msg[2] % HEAP_LEVELS; /* the head is {producer 16, sequence 48} */
	return len ? msg[0] % HEAP_LEVELS : 0;
}

static inline size_t heap_bytes(uint32_t capacity)
{
	return sizeof(struct heap) + sizeof(struct heap_entry) * capacity;
}

static inline void heap_init(struct heap *heap, uint32_t capacity)
{
	for (uint32_t i = 0; i < capacity; i++)
		heap->entry[i].slot = i;
}

/* There are `count` entries, and there is room.  Returns the new one's slot. */
ALWAYS_INLINE uint32_t heap_push(struct heap *heap, uint32_t count, uint64_t level)
{
	struct heap_entry *h = heap->entry;
	struct heap_entry new = {.key = level << HEAP_ARRIVAL_BITS | heap->arrivals++};
	uint32_t at = count;

	new.slot = h[count].slot;
	for (; at > 0 && h[(at - 1) / 2].key > new.key; at = (at - 1) / 2)
		h[at] = h[(at - 1) / 2];
	h[at] = new;
	return (uint32_t) new.slot;
}

/* The lowest, h->entry[0], of `count` entries leaves; its slot is free from now on. */
ALWAYS_INLINE void heap_pop(struct heap *heap, uint32_t count)
{
	struct heap_entry *h = heap->entry;
	struct heap_entry last = h[count - 1];
	uint32_t at = 0, child = 1, left = count - 1;

	h[left].slot = h[0].slot;
	if (left == 0)
		return;
	for (; child < left; at = child, child = 2 * at + 1) {
		if (child + 1 < left && h[child + 1].key < h[child].key)
			child++;
		if (last.key <= h[child].key)
			break;
		h[at] = h[child];
	}
	h[at] = last;
}

#endif
