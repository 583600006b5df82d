/*
 * evidence_scene.h - a channel without a channel: what producers have sent and
 * what receivers have booked, made by hand, and the verdict on it.
 */
#ifndef TESTS_EVIDENCE_SCENE_H
#define TESTS_EVIDENCE_SCENE_H

#include "harness/evidence.h"
#include "tests/support.h"

enum { MAX_RECEIVERS = 3, MAX_PRODUCERS = 3, MAX_BYTES = 64 };

struct scene {
	struct ledger *ledger[MAX_RECEIVERS];
	uint32_t producers, receivers, bytes;
	uint64_t sent[MAX_PRODUCERS];
	uint64_t leftover;
	struct evidence e;
};

void scene_open(struct scene *s, uint32_t producers, uint32_t receivers, uint32_t bytes);

/* Message `seq` of a producer reaches a receiver, whole. */
void scene_arrive(struct scene *s, uint32_t receiver, uint32_t producer, uint64_t seq);

/* The verdict, s->e; the scene is over. */
const struct evidence *scene_judge(struct scene *s);

/* One producer, one receiver: sent 0 .. n-1, arrived as listed. */
struct evidence scene_play(uint32_t bytes, uint64_t sent, const uint64_t *seq, size_t n);

/* These counts, and clean only if all are zero. */
void scene_check(const struct evidence *e, uint64_t lost, uint64_t duplicated, uint64_t reordered,
	uint64_t corrupt);

#endif
