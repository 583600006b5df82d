/*
 * evidence.h - no number without it.
 *
 * Each message of 16 bytes or more carries its head {sequence 48, producer 16}
 * in the first 8 bytes and a copy in the last 8; one of 8 to 15 bytes carries
 * the head only; a shorter one the low bits of the sequence (one sender, one
 * receiver).  The receiver checks that head and tail agree, that the producer
 * exists, and that sequences rise per producer; it keeps count, sum and sum of
 * squares, which after the join must equal those of 0 .. sent-1.  With a single
 * receiver it also keeps the gaps, so that lost, duplicated and reordered are
 * exact; with several they are lower bounds that are never all zero after a
 * fault of that kind.  Where messages overtake each other by contract there are no
 * gaps either, and the order is no evidence: conformance proves it at rest.
 *
 * A ledger lies in shared memory, is written by its worker alone and read by
 * the trial after the join, or after a death.
 */
#ifndef HARNESS_EVIDENCE_H
#define HARNESS_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "harness/atomic.h"
#include "harness/compiler.h"

enum { STAMP_SEQ_BITS = 48, LEDGER_GAPS = 32 };

struct ledger_gap {
	uint64_t first, end;
	uint32_t producer;
	uint32_t pad;
};

/* What one receiver had from one producer. */
struct ledger_from {
	uint64_t next;    /* highest sequence seen, plus one */
	atomic_u64 count; /* written by its worker alone; the trial looks whether it moves */
	uint64_t sum;     /* of sequences, modulo 2^64 */
	uint64_t sum_squares;
	uint64_t late;     /* arrived below `next`: reordered or a duplicate */
	uint64_t repeated; /* exact only: late and not in a gap */
};

/* Families without messages: each that was given must have come true exactly once. */
struct ledger_tally {
	atomic_u64 given, taken; /* the trial looks whether they move */
	uint64_t twice;          /* came true once more */
	uint64_t mistaken;       /* spawn: ran as another one */
	uint64_t early;          /* timers: before it was due */
};

struct ledger {
	uint32_t producers;
	uint32_t exact;        /* single receiver, in order: gaps are kept */
	uint64_t torn;         /* head and tail differ */
	uint64_t cut;          /* length other than sent */
	uint64_t foreign;      /* no such producer */
	uint64_t spoiled;      /* stamps right, a byte between them wrong; probed twin */
	uint64_t spoiled_head; /* of the first of them: its stamp, and the byte */
	uint64_t intruded;     /* locks: somebody else was inside; probed twin */
	uint64_t strayed;      /* barriers: let go too early or too late */
	uint64_t crowded;      /* semaphores: more inside than there are permits */
	uint64_t most_inside;  /* semaphores: high-water mark */
	uint64_t stale;        /* rwlock: met an older state than the last one */
	struct ledger_tally tally;
	uint32_t spoiled_at, pad;
	uint32_t gaps;      /* in use */
	uint32_t gaps_lost; /* more gaps than there is room for */
	struct ledger_gap gap[LEDGER_GAPS];
	struct ledger_from from[]; /* producers */
};

static inline size_t ledger_bytes(uint32_t producers)
{
	return sizeof(struct ledger) + producers * sizeof(struct ledger_from);
}

/* The verdict of a link's evidence after the join. */
struct evidence {
	uint64_t sent, received;
	uint64_t leftover; /* still in the channel after the last receiver left */
	uint64_t lost, duplicated, reordered, corrupt;
	uint64_t torn, cut, foreign; /* parts of corrupt */
	/* parts of corrupt as well; arrived, and counted as received */
	uint64_t spoiled, spoiled_head, intruded, strayed, crowded, scraps, mistaken, early;
	uint32_t spoiled_at;
};

/*
 * Add to `e` what the receivers' ledgers say about the senders' counts.
 * `sent[p]`: messages that producer p finished sending.  `leftover`: found in
 * the channel afterwards, of any producer.
 */
void evidence_judge(struct evidence *e, const struct ledger *const *ledger, uint32_t receivers,
	const uint64_t *sent, uint32_t producers, uint64_t leftover);

/* Everything that was sent arrived once, whole and in order. */
bool evidence_clean(const struct evidence *e);

/* One sentence for the row's reason; empty when clean. */
void evidence_say(const struct evidence *e, char *out, size_t out_len);

/* Book a received message whose byte `at` is not the one that was sent. */
COLD void ledger_spoiled(struct ledger *g, const uint8_t *msg, uint32_t at);

COLD void ledger_bad(struct ledger *g, const uint8_t *msg, uint32_t len, uint32_t want);
COLD void ledger_odd(struct ledger *g, struct ledger_from *f, uint64_t seq);

ALWAYS_INLINE void stamp_write(uint8_t *msg, uint32_t len, uint64_t seq, uint32_t producer)
{
	uint64_t head = seq << 16 | producer;

	if (LIKELY(len >= 8)) {
		memcpy(msg, &head, 8);
		if (LIKELY(len >= 16))
			memcpy(msg + len - 8, &head, 8);
		return;
	}
	for (uint32_t i = 0; i < len; i++)
		msg[i] = (uint8_t)(seq >> 8 * i);
}

/* Sequence numbers of a message too short for a head: the expected one if it fits. */
ALWAYS_INLINE bool stamp_short_ok(const uint8_t *msg, uint32_t len, uint64_t seq)
{
	for (uint32_t i = 0; i < len; i++) {
		if (msg[i] != (uint8_t)(seq >> 8 * i))
			return false;
	}
	return true;
}

/* Check one received message and book it. */
ALWAYS_INLINE void ledger_check(struct ledger *g, const uint8_t *msg, uint32_t len, uint32_t want)
{
	uint64_t head, tail, seq;
	struct ledger_from *f = &g->from[0];

	if (LIKELY(want >= 8 && len == want)) {
		memcpy(&head, msg, 8);
		tail = head;
		if (LIKELY(want >= 16))
			memcpy(&tail, msg + len - 8, 8);
		if (UNLIKELY(head != tail || (head & 0xffff) >= g->producers)) {
			ledger_bad(g, msg, len, want);
			return;
		}
		f = &g->from[head & 0xffff];
		seq = head >> 16;
	} else {
		seq = f->next;
		if (len != want || !stamp_short_ok(msg, len, seq)) {
			ledger_bad(g, msg, len, want);
			return;
		}
	}
	if (UNLIKELY(seq < f->next || (seq > f->next && g->exact)))
		ledger_odd(g, f, seq);
	else
		f->next = seq + 1;
	store_relaxed(&f->count, load_relaxed(&f->count) + 1);
	f->sum += seq;
	f->sum_squares += seq * seq;
}

#endif
