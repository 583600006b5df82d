/* evidence_scene.c - see evidence_scene.h. */
#include "tests/evidence_scene.h"

#include <stdlib.h>
#include <string.h>

void scene_open(struct scene *s, uint32_t producers, uint32_t receivers, uint32_t bytes)
{
	*s = (struct scene){.producers = producers, .receivers = receivers, .bytes = bytes};
	for (uint32_t r = 0; r < receivers; r++) {
		s->ledger[r] = calloc(1, ledger_bytes(producers));
		assert_non_null(s->ledger[r]);
		s->ledger[r]->producers = producers;
		s->ledger[r]->exact = receivers == 1;
	}
}

const struct evidence *scene_judge(struct scene *s)
{
	const struct ledger *ledger[MAX_RECEIVERS];

	for (uint32_t r = 0; r < s->receivers; r++)
		ledger[r] = s->ledger[r];
	evidence_judge(&s->e, ledger, s->receivers, s->sent, s->producers, s->leftover);
	for (uint32_t r = 0; r < s->receivers; r++)
		free(s->ledger[r]);
	return &s->e;
}

void scene_arrive(struct scene *s, uint32_t receiver, uint32_t producer, uint64_t seq)
{
	uint8_t msg[MAX_BYTES] = {0};

	stamp_write(msg, s->bytes, seq, producer);
	ledger_check(s->ledger[receiver], msg, s->bytes, s->bytes);
}

struct evidence scene_play(uint32_t bytes, uint64_t sent, const uint64_t *seq, size_t n)
{
	struct scene s;

	scene_open(&s, 1, 1, bytes);
	s.sent[0] = sent;
	for (size_t i = 0; i < n; i++)
		scene_arrive(&s, 0, 0, seq[i]);
	return *scene_judge(&s);
}

void scene_check(const struct evidence *e, uint64_t lost, uint64_t duplicated, uint64_t reordered,
	uint64_t corrupt)
{
	char said[400];

	evidence_say(e, said, sizeof(said));
	if (e->lost != lost || e->duplicated != duplicated || e->reordered != reordered ||
		e->corrupt != corrupt)
		fail_msg("not lost %lu, duplicated %lu, reordered %lu, corrupt %lu, but %s",
			(unsigned long)lost, (unsigned long)duplicated, (unsigned long)reordered,
			(unsigned long)corrupt, said[0] ? said : "clean");
	assert_int_equal(evidence_clean(e), !(lost | duplicated | reordered | corrupt));
	assert_int_equal(said[0] == '\0', evidence_clean(e));
}
