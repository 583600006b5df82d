/*
 * fill.h - every byte of a message: a pattern between the stamps.
 *
 * evidence.h stamps a message at both ends.  What lies between is filled here
 * with bytes that follow from (seed, producer, sequence): the receiver knows
 * each of them, so that one flipped bit in the middle of a large message, a part
 * of an older message, or a part that nobody wrote, is seen.  Messages of up to
 * 8 bytes are stamp through and through.
 *
 * For the probed twins (stress); pure functions, any thread.
 */
#ifndef HARNESS_FILL_H
#define HARNESS_FILL_H

#include <stdint.h>

/* What fill_check() says of a message with every byte in its place. */
#define FILL_WHOLE UINT32_MAX

/* Fill what lies between the stamps of a message of len bytes; its head is written already. */
void fill_write(uint8_t *msg, uint32_t len, uint64_t seed);

/*
 * The offset of the first byte that is not as fill_write() made it, or
 * FILL_WHOLE.  A damaged stamp is not looked at: the ledger finds it.
 */
uint32_t fill_check(const uint8_t *msg, uint32_t len, uint64_t seed);

/*
 * Overwrite the room for a message before it is received: a worker that sends
 * and receives in the same buffer would else find its own bytes there.
 */
void fill_scrub(uint8_t *msg, uint32_t len);

#endif
