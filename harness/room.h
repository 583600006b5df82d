/*
 * room.h - how much memory there is to be had, so that nothing is begun that would
 * end in swap or under the OOM killer.
 *
 * Reads files of the kernel only; any thread.
 */
#ifndef HARNESS_ROOM_H
#define HARNESS_ROOM_H

#include <stdint.h>

/*
 * Bytes that could be had without swapping: what the machine has available, page cache
 * counted as free, or what the tightest control group (version 1 or 2) of this process
 * has left, whichever is less.
 */
uint64_t room_bytes(void);

#endif
