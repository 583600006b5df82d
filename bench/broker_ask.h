/*
 * broker_ask.h - does a server at an address answer, in its own protocol?
 *
 * Any thread.
 */
#ifndef BENCH_BROKER_ASK_H
#define BENCH_BROKER_ASK_H

#include <stdbool.h>

#include "harness/mech.h"

/*
 * 0: it does.  -errno with one sentence: -ECONNREFUSED or -ENOENT, nobody is there;
 * -ETIMEDOUT, no answer within `patience_ms`; -EPROTO, not this kind of server.
 */
int broker_ask(enum broker b, const char *address, int patience_ms, char *err, size_t err_len);

/* Does anybody accept connections at a loopback port? */
bool broker_port_answers(unsigned port, int patience_ms);

/* A loopback port that is free now; 0: none. */
unsigned broker_free_port(void);

#endif
