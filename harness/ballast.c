/* ballast.c - see ballast.h. */
#include "harness/ballast.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/room.h"

enum { SHARE = 2 };

static int refuse(char *err, size_t err_len, uint64_t bytes, const char *why)
{
	snprintf(err, err_len, "rss: %llu MiB a worker: %s", (unsigned long long)bytes >> 20, why);
	return -ENOMEM;
}

int ballast_take(void **mem, uint64_t bytes, unsigned workers, char *err, size_t err_len)
{
	void *got;

	*mem = NULL;
	if (bytes == 0)
		return 0;
	if (bytes > room_bytes() / SHARE / workers)
		return refuse(
			err, err_len, bytes, "more than half of the memory that is available");
	got = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (got == MAP_FAILED)
		return refuse(err, err_len, bytes, strerror(errno));
	madvise(got, bytes, MADV_NOHUGEPAGE); /* where there are none it is not needed */
	memset(got, 1, bytes);
	*mem = got;
	return 0;
}

void ballast_drop(void *mem, uint64_t bytes)
{
	if (mem)
		munmap(mem, bytes);
}
