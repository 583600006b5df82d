/*
 * ramdir.h - a run-time directory of a test program's own, in memory where the
 * machine allows: thousands of messages that are each synchronised to a disk would
 * take minutes and say nothing more.
 */
#ifndef TESTS_RAMDIR_H
#define TESTS_RAMDIR_H

#include <stdbool.h>
#include <stddef.h>

/* Make it, below /dev/shm or else /tmp, and name it in XDG_RUNTIME_DIR. */
bool ramdir_make(char *dir, size_t len);

/* Remove it with the journal in it; what else is there stays, and is a finding. */
void ramdir_remove(const char *dir);

#endif
