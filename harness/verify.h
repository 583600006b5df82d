/*
 * verify.h - every byte and every critical section, in the probed twins.
 *
 * The stamps of evidence.h say which message arrived; they do not see a byte
 * that changed in the middle of it.  Here the sender fills all that the stamp
 * leaves free with a pattern that only the trial's key and the message's head
 * (sequence and producer) determine, and the receiver checks each byte of it.
 * After a send the sender's buffer is spoiled: whoever still reads it, or leaves
 * a receiver with what lay there before, is found.
 *
 * A lock is watched by two words beside it (board.h): who is inside, and how
 * many.  Relaxed accesses only: they order nothing that the lock does not.
 *
 * A struct verify belongs to one worker, lies in shared memory, and is read by
 * the trial after the join.
 */
#ifndef HARNESS_VERIFY_H
#define HARNESS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/board.h"
#include "harness/compiler.h"

struct verify {
	uint64_t key;       /* of the pattern: the trial's */
	uint32_t producers; /* numbers that a head may hold */
	uint32_t msg_bytes; /* of a whole message */
	/* what was found */
	uint64_t messages, bytes; /* checked */
	uint64_t damaged;         /* messages whose stamp is right and whose body is not */
	uint64_t sections;        /* critical sections watched */
	uint64_t overlaps;        /* of them: not alone in there */
	/* the first damage */
	uint64_t head; /* its stamp */
	uint32_t at;   /* offset of the wrong byte */
	uint8_t got, want;
};

/* What the stamp leaves free; the stamp must have been written. */
COLD void verify_fill(const struct verify *v, uint8_t *msg, uint32_t len);

/* After the send: nobody may need this buffer any more. */
COLD void verify_spoil(uint8_t *msg, uint32_t len);

/*
 * Check a received message.  One whose stamp is wrong, or which was cut, is the
 * ledger's finding and is not counted here once more.
 */
COLD void verify_check(struct verify *v, const uint8_t *msg, uint32_t len);

/* A critical section begins and ends.  `me` is the worker's index plus one. */
COLD void verify_enter(struct verify *v, struct board *b, uint64_t me);
COLD void verify_leave(struct verify *v, struct board *b, uint64_t me);

/* True when somebody else is inside, or was since verify_enter(). */
COLD bool verify_company(const struct board *b, uint64_t me);

/* Add what `from` found. */
void verify_merge(struct verify *into, const struct verify *from);

/* Everything that was looked at was right. */
static inline bool verify_clean(const struct verify *v)
{
	return v->damaged == 0 && v->overlaps == 0;
}

/* One sentence; empty when clean. */
void verify_say(const struct verify *v, char *out, size_t out_len);

#endif
