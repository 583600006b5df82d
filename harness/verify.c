/* verify.c - see verify.h. */
#include "harness/verify.h"

#include <stdio.h>
#include <string.h>

#include "harness/evidence.h"
#include "harness/random.h"

enum { WORD = 8, SPOILT = 0xa5 };

/* What the stamp takes at the end: see evidence.h. */
static uint32_t body_end(uint32_t len)
{
	return len >= 2 * WORD ? len - WORD : len;
}

static uint64_t pattern_of(const struct verify *v, const uint8_t *msg)
{
	uint64_t head;

	memcpy(&head, msg, sizeof(head));
	return random_mix(v->key ^ random_mix(head + 1));
}

void verify_fill(const struct verify *v, uint8_t *msg, uint32_t len)
{
	uint32_t at = WORD, end = body_end(len);
	uint64_t state, word;

	if (len <= WORD)
		return; /* all stamp */
	state = pattern_of(v, msg);
	for (; at + WORD <= end; at += WORD) {
		word = random_next(&state);
		memcpy(msg + at, &word, WORD);
	}
	word = random_next(&state);
	memcpy(msg + at, &word, end - at);
}

void verify_spoil(uint8_t *msg, uint32_t len)
{
	memset(msg, SPOILT, len);
}

/* The first byte of n that differs. */
static void note_damage(
	struct verify *v, const uint8_t *msg, uint32_t at, uint64_t want, uint32_t n)
{
	uint8_t right[WORD];
	uint32_t i = 0;

	if (v->damaged++)
		return;
	memcpy(right, &want, WORD);
	while (i + 1 < n && msg[at + i] == right[i])
		i++;
	memcpy(&v->head, msg, sizeof(v->head));
	v->at = at + i;
	v->got = msg[at + i];
	v->want = right[i];
}

static void check_body(struct verify *v, const uint8_t *msg, uint32_t len)
{
	uint32_t at = WORD, end = body_end(len);
	uint64_t state = pattern_of(v, msg), want, word;

	for (; at + WORD <= end; at += WORD) {
		want = random_next(&state);
		memcpy(&word, msg + at, WORD);
		if (UNLIKELY(word != want)) {
			note_damage(v, msg, at, want, WORD);
			return;
		}
	}
	want = random_next(&state);
	if (memcmp(msg + at, &want, end - at) != 0)
		note_damage(v, msg, at, want, end - at);
}

static bool stamp_is_whole(const struct verify *v, const uint8_t *msg, uint32_t len)
{
	uint64_t head;

	memcpy(&head, msg, sizeof(head));
	return (head & 0xffff) < v->producers &&
	       (len < 2 * WORD || memcmp(msg, msg + len - WORD, WORD) == 0);
}

void verify_check(struct verify *v, const uint8_t *msg, uint32_t len)
{
	v->messages++;
	v->bytes += len;
	if (len > WORD && len == v->msg_bytes && stamp_is_whole(v, msg, len))
		check_body(v, msg, len);
}

/* ---- locks ---------------------------------------------------------------- */

void verify_enter(struct verify *v, struct board *b, uint64_t me)
{
	v->sections++;
	if (add_relaxed(&b->inside, 1u) != 0)
		v->overlaps++;
	store_relaxed(&b->owner, me);
}

bool verify_company(const struct board *b, uint64_t me)
{
	return load_relaxed(&b->owner) != me || load_relaxed(&b->inside) != 1;
}

void verify_leave(struct verify *v, struct board *b, uint64_t me)
{
	if (load_relaxed(&b->owner) != me)
		v->overlaps++;
	sub_acq_rel(&b->inside, 1u);
}

/* ---- the verdict ----------------------------------------------------------- */

void verify_merge(struct verify *into, const struct verify *from)
{
	if (from->damaged && !into->damaged) {
		into->head = from->head;
		into->at = from->at;
		into->got = from->got;
		into->want = from->want;
	}
	into->messages += from->messages;
	into->bytes += from->bytes;
	into->damaged += from->damaged;
	into->sections += from->sections;
	into->overlaps += from->overlaps;
}

void verify_say(const struct verify *v, char *out, size_t out_len)
{
	out[0] = '\0';
	if (v->overlaps)
		snprintf(out, out_len,
			"evidence: %llu times a worker was not alone in a critical section, "
			"of %llu",
			(unsigned long long)v->overlaps, (unsigned long long)v->sections);
	else if (v->damaged)
		snprintf(out, out_len,
			"first damage: message %llu of sender %llu, byte %u is 0x%02x, "
			"not 0x%02x",
			(unsigned long long)(v->head >> 16), (unsigned long long)(v->head & 0xffff),
			v->at, v->got, v->want);
}
