/*
 * ballast.h - memory that a worker has for no other reason than to be as large as it is.
 *
 * Anonymous pages of the normal size, all of them written to.  Any thread.
 */
#ifndef HARNESS_BALLAST_H
#define HARNESS_BALLAST_H

#include <stddef.h>
#include <stdint.h>

/*
 * *mem: `bytes` of it, or NULL where that is 0; ballast_drop() gives it back.  workers: as many
 * take the same.  0, or -ENOMEM with a sentence: it cannot be had, or all together would be more
 * than half of what is available.
 */
int ballast_take(void **mem, uint64_t bytes, unsigned workers, char *err, size_t err_len);
void ballast_drop(void *mem, uint64_t bytes);

#endif
