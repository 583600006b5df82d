/*
 * contract_words.h - what many contracts say in the same words; a part of mech.h.
 *
 * Said once, so that a table of all mechanisms says the same thing the same way.
 */
#ifndef HARNESS_CONTRACT_WORDS_H
#define HARNESS_CONTRACT_WORDS_H

/* contract.peer_dies */
#define PEER_UNSEEN                                                                                \
	"nothing: it waits until its own deadline, and what the dead one held stays held"
#define PEER_UNNEEDED "nothing: nobody waits for anybody"
#define PEER_OF_LOCK                                                                               \
	"nothing: whoever wants what the dead one held waits for it until its own deadline"

/* contract.not_in */
#define BLOCKS_THE_LOOP "its wait blocks the thread that all coroutines share"
#define NO_RACE         "no coroutine is interrupted: there is nothing to guard against"
#define NOT_ATOMIC      "nothing in it is atomic, since coroutines are never interrupted"
#define NEEDS_CALLER    "its function runs in the memory of who armed it"

#endif
