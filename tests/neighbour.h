/*
 * neighbour.h - the program measuring beside a process that wants one of its CPUs all
 * the time.
 *
 * Whatever goes wrong in here fails the running test.  Main thread only.
 */
#ifndef TESTS_NEIGHBOUR_H
#define TESTS_NEIGHBOUR_H

#include "tests/program.h"

/* Two workers, pinned, that never sleep. */
#define SPINS "-m lock/atomic-add -w contend -d process"

/* Run a line of the program's to its good end; the neighbour is on the first worker's CPU. */
void neighbour_beside(const char *line);

#endif
