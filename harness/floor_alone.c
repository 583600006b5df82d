/*
 * floor_alone.c - parts of a hand-over that one thread measures; see floor.h.
 *
 * A floor must lie below what it bounds, so the ways of copying are those that
 * the mechanisms have: the library's, the processor's own string move (which
 * kernels use), and page by page into a small window (as a kernel moves a large
 * message through few pages).  The fastest counts.
 */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/atomic.h"
#include "harness/floor_part.h"
#include "harness/link.h"

enum {
	SYSCALLS = 128,
	ATOMICS = 2048,
	READINGS = 512,
	COPY_BATCH_BYTES = 256 * 1024, /* copied in a batch, or one message */
	COPY_MOST = 8192,              /* messages in a batch */
	WINDOW_BYTES = 4096,
};

struct floor_figure floor_syscall(const struct clock *c, uint64_t time_ns)
{
	struct floor_series s;

	floor_series_begin(&s, time_ns);
	while (floor_series_goes_on(&s)) {
		uint64_t begin = clock_read(c);

		for (int i = 0; i < SYSCALLS; i++)
			syscall(SYS_getppid);
		floor_series_add(&s, floor_each(c, clock_read(c) - begin, SYSCALLS));
	}
	return floor_series_end(&s, "no batch ended in time");
}

struct floor_figure floor_atomic(const struct clock *c, uint64_t time_ns)
{
	struct {
		OWN_STRIDE atomic_u64 word;
	} own = {.word = 0};
	struct floor_series s;

	floor_series_begin(&s, time_ns);
	while (floor_series_goes_on(&s)) {
		uint64_t begin = clock_read(c);

		for (int i = 0; i < ATOMICS; i++)
			add_relaxed(&own.word, 1u);
		floor_series_add(&s, floor_each(c, clock_read(c) - begin, ATOMICS));
	}
	return floor_series_end(&s, "no batch ended in time");
}

struct floor_figure floor_clock(const struct clock *c, uint64_t time_ns)
{
	struct floor_series s;

	floor_series_begin(&s, time_ns);
	while (floor_series_goes_on(&s)) {
		uint64_t begin = clock_read(c), end = begin;

		for (int i = 0; i < READINGS; i++)
			end = clock_read(c);
		floor_series_add(&s, floor_each(c, end - begin, READINGS));
	}
	return floor_series_end(&s, "no batch ended in time");
}

/* ---- copies -------------------------------------------------------------- */

typedef void copy_fn(uint8_t *to, const uint8_t *from, uint32_t bytes);

static void copy_by_library(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	copy_message(to, from, bytes);
}

/* The processor's own; elsewhere the library's again. */
static void copy_by_string(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
#if defined(__x86_64__)
	size_t n = bytes;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
#else
	memcpy(to, from, bytes);
#endif
}

static void copy_by_window(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes; at += WINDOW_BYTES)
		memcpy(to, from + at, bytes - at < WINDOW_BYTES ? bytes - at : WINDOW_BYTES);
}

static double time_copy(const struct clock *c, copy_fn *copy, uint8_t *to, const uint8_t *from,
	uint32_t bytes, unsigned times)
{
	uint64_t begin = clock_read(c);

	for (unsigned i = 0; i < times; i++) {
		copy(to, from, bytes);
		__asm__ volatile("" ::"r"(to) : "memory");
	}
	return floor_each(c, clock_read(c) - begin, times);
}

struct floor_figure floor_copy(
	const struct clock *c, uint8_t *to, uint8_t *from, uint32_t bytes, uint64_t time_ns)
{
	static copy_fn *const way[] = {copy_by_library, copy_by_string, copy_by_window};
	unsigned times = COPY_BATCH_BYTES / bytes;
	struct floor_series s;

	times = times < 1 ? 1 : times > COPY_MOST ? COPY_MOST : times;
	floor_series_begin(&s, time_ns);
	while (floor_series_goes_on(&s)) {
		double best = time_copy(c, way[0], to, from, bytes, times);

		for (size_t i = 1; i < ARRAY_LEN(way); i++) {
			double ns = time_copy(c, way[i], to, from, bytes, times);

			best = ns < best ? ns : best;
		}
		floor_series_add(&s, best);
	}
	return floor_series_end(&s, "no batch ended in time");
}
