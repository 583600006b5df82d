/*
 * topics.h - topics, and the callbacks that want their messages.
 *
 * A hash table of topics (a number each, as a name would hash), with room for the same
 * number of callbacks in every one.  Publishing runs the callbacks of the topic one
 * after the other, in the publisher, under the table's mutex: callbacks never run at the
 * same time, and must not publish or subscribe themselves.  What a callback answers
 * concerns itself alone: one that fails is counted and stays, one that leaves is taken
 * out; the others get the message as if nothing had been.
 *
 * The memory belongs to the caller, zeroed, at one address for all: threads of one
 * process.
 */
#ifndef PRIMITIVES_BUS_PARTS_TOPICS_H
#define PRIMITIVES_BUS_PARTS_TOPICS_H

#include <errno.h>
#include <pthread.h>

#include "harness/link.h"

enum callback_answer { CALLBACK_STAYS, CALLBACK_LEAVES, CALLBACK_FAILED };
typedef enum callback_answer callback_fn(void *context, const uint8_t *msg, uint32_t len);

struct topics_callback {
	callback_fn *fn; /* NULL: free */
	void *context;
};

struct topics {
	pthread_mutex_t lock;
	uint32_t slots, room; /* of the hash table, a power of two; callbacks of a topic */
	uint64_t unread;      /* messages that no callback wanted */
	uint64_t failed;      /* callbacks that said so */
	bool ready;           /* there is a mutex to destroy */
	OWN_LINE uint8_t table[];
};

/* A topic, and behind it `room` callbacks. */
struct topics_topic {
	uint64_t name; /* plus one; 0: free */
	uint64_t used; /* callbacks beyond it are free */
	struct topics_callback callback[];
};

static inline uint32_t topics_slots(uint32_t topics)
{
	uint32_t slots = 2;

	while (slots < 2 * topics)
		slots *= 2;
	return slots;
}

static inline size_t topics_stride(uint32_t room)
{
	return sizeof(struct topics_topic) + room * sizeof(struct topics_callback);
}

/* For so many topics of so many callbacks each. */
static inline size_t topics_bytes(uint32_t topics, uint32_t room)
{
	return sizeof(struct topics) + topics_slots(topics) * topics_stride(room);
}

static inline int topics_init(
	struct topics *t, const struct link *l, uint32_t topics, uint32_t room)
{
	int err = sync_mutex_init(l, &t->lock);

	t->slots = topics_slots(topics);
	t->room = room;
	t->ready = err == 0;
	return err;
}

static inline void topics_end(struct topics *t)
{
	if (t->ready)
		pthread_mutex_destroy(&t->lock);
	t->ready = false;
}

/* The topic's place, or the free one where it would be; NULL: the table is full. */
static inline struct topics_topic *topics_find(struct topics *t, uint64_t name)
{
	uint64_t hash = (name * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	for (uint32_t i = 0; i < t->slots; i++) {
		size_t at = (size_t)((hash + i) & (t->slots - 1));
		struct topics_topic *topic =
			(struct topics_topic *)(void *)(t->table + at * topics_stride(t->room));

		if (topic->name == 0 || topic->name == name + 1)
			return topic;
	}
	return NULL;
}

/* 0; -ENOSPC: no room for it. */
static inline int topics_subscribe(struct topics *t, uint64_t name, callback_fn *fn, void *context)
{
	struct topics_topic *topic;
	int err = -ENOSPC;

	pthread_mutex_lock(&t->lock);
	topic = topics_find(t, name);
	for (uint32_t i = 0; topic && i < t->room && err; i++) {
		if (topic->callback[i].fn)
			continue;
		topic->name = name + 1;
		topic->callback[i] = (struct topics_callback){fn, context};
		topic->used = i + 1 > topic->used ? i + 1 : topic->used;
		err = 0;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

/* From all topics.  When it returns, no callback with this context runs any more. */
static inline void topics_unsubscribe(struct topics *t, const void *context)
{
	pthread_mutex_lock(&t->lock);
	for (uint32_t s = 0; s < t->slots; s++) {
		struct topics_topic *topic =
			(struct topics_topic *)(void *)(t->table + s * topics_stride(t->room));

		for (uint64_t i = 0; i < topic->used; i++) {
			if (topic->callback[i].context == context)
				topic->callback[i] = (struct topics_callback){NULL, NULL};
		}
	}
	pthread_mutex_unlock(&t->lock);
}

/* Run the topic's callbacks; how many there were. */
COLD static unsigned topics_publish(
	struct topics *t, uint64_t name, const uint8_t *msg, uint32_t len)
{
	struct topics_topic *topic;
	unsigned read = 0;

	pthread_mutex_lock(&t->lock);
	topic = topics_find(t, name);
	for (uint64_t i = 0; topic && i < topic->used; i++) {
		struct topics_callback *c = &topic->callback[i];
		enum callback_answer answer;

		if (!c->fn)
			continue;
		read++;
		answer = c->fn(c->context, msg, len);
		t->failed += answer == CALLBACK_FAILED;
		if (answer == CALLBACK_LEAVES)
			*c = (struct topics_callback){NULL, NULL};
	}
	t->unread += read == 0;
	pthread_mutex_unlock(&t->lock);
	return read;
}

#endif
