/*
 * broker.h - the servers behind mechanisms that need one: Redis, RabbitMQ.
 *
 * A run starts a server of its own when the first trial needs it: on a unix socket or
 * a loopback port that the kernel chose, in a directory that the journal names, with
 * nothing kept on disk.  It serves all trials of the run and ends with this program:
 * at its exit, or by the kernel when the program is killed.  Its address stands in the
 * environment, where trials find it.  Whoever sets the variable beforehand has a server
 * of theirs measured; it is neither configured nor ended.
 *
 * HANDOFF_REDIS     /path/of/socket or host:port
 * HANDOFF_RABBITMQ  host:port
 *
 * Main thread of a program that starts trials.
 */
#ifndef BENCH_BROKER_H
#define BENCH_BROKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "harness/mech.h"

/* "Redis", "RabbitMQ". */
const char *broker_name(enum broker b);

/* NULL: there is a server program, or an address was given; else why not. */
const char *broker_absent(enum broker b);

/*
 * The server answers, and its address is in the environment.  0, or -errno with one
 * sentence.  A server that was up, or was given, answers within a second or not at all;
 * one of ours that could not be started is not tried again, one that did not begin to
 * answer in time (Redis: two seconds, RabbitMQ: ninety) at most so often.  BROKER_NONE: 0.
 */
int broker_need(enum broker b, char *err, size_t err_len);

/*
 * In the midst of a trial: does the server at the address in the environment still
 * answer?  0: it does, or that cannot be told because this machine stood still meanwhile.
 * -errno with one sentence; -ETIMEDOUT: it keeps silent.  It costs the server one
 * connection.
 */
int broker_look(enum broker b, char *err, size_t err_len);

/* For tests: the process of a server of ours (0: none runs); whose processes and what
 * directory are those of servers of ours. */
pid_t broker_pid(enum broker b);
bool broker_owns(pid_t pid);
bool broker_keeps(const char *dir);

/* End all servers of ours and remove what they left.  Safe to repeat. */
void broker_end_all(void);

#endif
