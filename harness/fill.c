/* fill.c - see fill.h. */
#include "harness/fill.h"

#include <stdbool.h>
#include <string.h>

enum { HEAD = 8, WORD = 8, SCRUBBED = 0xa5 };

/* splitmix64's finish: every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t begin(const uint8_t *msg, uint64_t seed)
{
	uint64_t head;

	memcpy(&head, msg, HEAD);
	return mix(seed + mix(head));
}

/* Word i of a message: other words and other messages have other ones. */
static uint64_t word_at(uint64_t start, uint32_t i)
{
	uint64_t z = (start + i * 0x9e3779b97f4a7c15u) * 0xd1342543de82ef95u;

	return z ^ (z >> 32);
}

/* Where the tail stamp begins; there is none below 16 bytes. */
static uint32_t end_of(uint32_t len)
{
	return len >= 2 * HEAD ? len - HEAD : len;
}

void fill_write(uint8_t *msg, uint32_t len, uint64_t seed)
{
	uint32_t end = end_of(len), at = HEAD;
	uint64_t start, word;

	if (len <= HEAD)
		return;
	start = begin(msg, seed);
	for (; at + WORD <= end; at += WORD) {
		word = word_at(start, at);
		memcpy(msg + at, &word, WORD);
	}
	word = word_at(start, at);
	memcpy(msg + at, &word, end - at);
}

static uint32_t first_wrong(const uint8_t *msg, uint32_t at, uint64_t word)
{
	uint8_t want[WORD];
	uint32_t i = 0;

	memcpy(want, &word, WORD);
	while (i < WORD - 1 && msg[at + i] == want[i])
		i++;
	return at + i;
}

static bool stamp_is_bad(const uint8_t *msg, uint32_t len)
{
	return len >= 2 * HEAD && memcmp(msg, msg + len - HEAD, HEAD) != 0;
}

uint32_t fill_check(const uint8_t *msg, uint32_t len, uint64_t seed)
{
	uint32_t end = end_of(len), at = HEAD;
	uint64_t start, word, got;

	if (len <= HEAD || stamp_is_bad(msg, len))
		return FILL_WHOLE;
	start = begin(msg, seed);
	for (; at + WORD <= end; at += WORD) {
		word = word_at(start, at);
		memcpy(&got, msg + at, WORD);
		if (got != word)
			return first_wrong(msg, at, word);
	}
	word = word_at(start, at);
	if (memcmp(msg + at, &word, end - at) != 0)
		return first_wrong(msg, at, word);
	return FILL_WHOLE;
}

void fill_scrub(uint8_t *msg, uint32_t len)
{
	memset(msg, SCRUBBED, len);
}
