/*
 * state.h - n bytes that a lock guards, and how to see whether it did.
 *
 * All of them say one version: each whole word of eight bytes holds it, each
 * byte behind the last word its low eight bits.  Who reads words that differ has
 * met a writer (torn); who reads an older version than before was shown the past
 * (stale).  Relaxed accesses: where nothing guards them the race is real,
 * defined, and silent for ThreadSanitizer.
 */
#ifndef HARNESS_FAMILY_STATE_H
#define HARNESS_FAMILY_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/atomic.h"
#include "harness/compiler.h"

/* Read, add one, write back: every word and every byte behind them. */
ALWAYS_INLINE void state_raise(void *state, uint32_t bytes)
{
	atomic_u64 *word = state;
	atomic_u8 *tail = (atomic_u8 *)state + bytes / 8 * 8;

	for (uint32_t i = 0; i < bytes / 8; i++)
		store_relaxed(&word[i], load_relaxed(&word[i]) + 1);
	for (uint32_t i = 0; i < bytes % 8; i++)
		store_relaxed(&tail[i], (uint8_t)(load_relaxed(&tail[i]) + 1));
}

ALWAYS_INLINE void state_write(void *state, uint32_t bytes, uint64_t version)
{
	atomic_u64 *word = state;
	atomic_u8 *tail = (atomic_u8 *)state + bytes / 8 * 8;

	for (uint32_t i = 0; i < bytes / 8; i++)
		store_relaxed(&word[i], version);
	for (uint32_t i = 0; i < bytes % 8; i++)
		store_relaxed(&tail[i], (uint8_t)version);
}

/* The first word's version; *torn: another one says something else.  From 8 bytes on. */
ALWAYS_INLINE uint64_t state_read(const void *state, uint32_t bytes, bool *torn)
{
	const atomic_u64 *word = state;
	const atomic_u8 *tail = (const atomic_u8 *)state + bytes / 8 * 8;
	uint64_t version = load_relaxed(&word[0]), odd = 0;

	for (uint32_t i = 1; i < bytes / 8; i++)
		odd |= load_relaxed(&word[i]) ^ version;
	for (uint32_t i = 0; i < bytes % 8; i++)
		odd |= (uint8_t)(load_relaxed(&tail[i]) ^ (uint8_t)version);
	*torn = odd != 0;
	return version;
}

/* Words and bytes that do not say this version. */
static inline uint64_t state_odd(const void *state, uint32_t bytes, uint64_t version)
{
	const atomic_u64 *word = state;
	const atomic_u8 *tail = (const atomic_u8 *)state + bytes / 8 * 8;
	uint64_t odd = 0;

	for (uint32_t i = 0; i < bytes / 8; i++)
		odd += load_relaxed(&word[i]) != version;
	for (uint32_t i = 0; i < bytes % 8; i++)
		odd += load_relaxed(&tail[i]) != (uint8_t)version;
	return odd;
}

#endif
