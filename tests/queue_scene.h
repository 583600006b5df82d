/*
 * queue_scene.h - what the tests of queues share: messages by their number, and a
 * table of checks, each of which must find a mechanism.
 */
#ifndef TESTS_QUEUE_SCENE_H
#define TESTS_QUEUE_SCENE_H

#include <string.h>

#include "bench/registry.h"
#include "tests/sweep.h"

enum { BYTES = 64, CAPACITY = 64, SHORT_NS = 20000000 };

#define QUEUE_LONG_NS UINT64_C(30000000000)

static inline const struct channel_ops *ops_of(const struct rig_worker *w)
{
	return w->port.link->mech->ops;
}

static inline enum result put_seq(struct rig_worker *w, uint64_t seq, enum mode mode)
{
	stamp_write(w->msg, BYTES, seq, 0);
	return rig_send(w, BYTES, mode);
}

static inline uint64_t seq_of(const struct rig_worker *w)
{
	uint64_t head;

	memcpy(&head, w->msg, sizeof(head));
	return head >> 16;
}

#define QUEUE_CHECK(sentence, when, what)                                                          \
	{                                                                                          \
		.name = sentence, .family = FAMILY_CHANNEL, .applies = when, .run = what           \
	}

/* Every check of the table has found a mechanism and run wherever it applies. */
static inline void queues_all_checked(const struct check *checks, size_t n)
{
	unsigned expected = 0, found;

	for (size_t k = 0; k < n; k++) {
		found = 0;
		for (size_t i = 0; i < registry_count(); i++) {
			const struct mech *m = registry_all()[i];

			if (m->family == FAMILY_CHANNEL && checks[k].applies(m)) {
				expected += sweep_domains(m, FAMILY_CHANNEL);
				found++;
			}
		}
		assert_true(found > 0);
	}
	assert_int_equal(sweep_ran(), expected);
}

#endif
