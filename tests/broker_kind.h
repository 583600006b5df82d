/*
 * broker_kind.h - the two kinds of servers, so that each test is asked of each, alone: one's
 * library, or its server, may be missing where the other one's is there.
 */
#ifndef TESTS_BROKER_KIND_H
#define TESTS_BROKER_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/broker.h"

struct broker_kind {
	enum broker broker;
	const char *channel; /* a mechanism of it */
	const char *all;     /* ... and all its rows of a run, which are so many */
	size_t rows;
	const char *process;  /* stands in the server's command line */
	const char *variable; /* whoever sets it gives a server */
	const char *no_program;
	bool slow; /* ten seconds to start: once in all tests, unless they are to be long */
};

extern const struct broker_kind redis, rabbitmq;

/* A cmocka test's initial state. */
static inline void *broker_state(const struct broker_kind *k)
{
	return (void *)(uintptr_t)k;
}

/* Skip the running test where the library of a server's clients is not here ... */
void need_client(const struct broker_kind *k);

/* ... or the server is not, or it is slow and tests are to be fast ... */
void need_server_once(const struct broker_kind *k);

/* ... or it is slow, and tests are not to be long. */
void need_server_again(const struct broker_kind *k);

#endif
