/*
 * broker_start.h - how each kind of server is found and started.
 *
 * Of broker.c alone.
 */
#ifndef BENCH_BROKER_START_H
#define BENCH_BROKER_START_H

#include <stddef.h>
#include <sys/types.h>

enum { BROKER_PATH = 256, BROKER_PROCESSES = 2 };

struct broker_server {
	char dir[BROKER_PATH];         /* its own; its output is in `log` */
	char address[BROKER_PATH + 8]; /* as in the environment */
	pid_t pid[BROKER_PROCESSES];   /* the server first; each leads a group.  0: none */
};

/* Where its program is.  0, or -ENOENT with a sentence. */
typedef int broker_program_fn(char *path, size_t len, char *err, size_t err_len);

/*
 * Start it in s->dir: address and processes are filled in, also where a later one
 * failed.  It may need a while to answer.  0, or -errno with a sentence.
 */
typedef int broker_start_fn(struct broker_server *s, const char *path, char *err, size_t err_len);

broker_program_fn broker_redis_program, broker_rabbitmq_program;
broker_start_fn broker_redis_start, broker_rabbitmq_start;

#endif
