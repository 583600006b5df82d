/*
 * child.h - another program, from its start to its end, that cannot keep this one: it has until a
 * time of CLOCK_MONOTONIC, and launch_stop ends the wait for it.  One thread.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdint.h>
#include <sys/types.h>

/*
 * In a group of its own, to be ended as a whole, and not beyond this program's end; it reads nothing.
 * out, err: where it prints; out -1: where this program does, err -1: nowhere.  The pid, or -1 with
 * errno; a file that is no program makes it exit with 127.
 */
pid_t child_start(const char *path, char *const *argv, int out, int err);

/* 0 when it ended by itself, else -ETIME or -EINTR, and its whole group is gone. */
int child_await(pid_t pid, uint64_t until_ns, int *status);

/*
 * What comes until the end of fd, as one string of at most 64 MiB: 0, -ETIME, -EINTR, -EFBIG or
 * -ENOMEM.  The caller frees *text, whatever this returns.
 */
int child_read(int fd, uint64_t until_ns, char **text);

#endif
