/*
 * Histogram of times in ns: log-linear, three significant decimal digits.
 *
 * Values below 2048 have a bin each; above, every octave has 1024 bins, so that a bin is never
 * wider than 1/1024 of what it holds. The highest value with a bin is 2^36 - 1 ns (68.7 s); larger
 * ones are counted in overflow. count, sum, min and max are exact and cover the overflow too.
 *
 * The structure is plain data of a fixed size (108 KiB), without pointers: it may live in shared
 * memory. It has one writer at a time; others may read it after the writer has stopped, and its bins
 * alone, by hist_add_bins(), while it goes on. hist_reset() comes first: zeroed memory is not an
 * empty histogram.
 */
#ifndef HARNESS_HIST_H
#define HARNESS_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/compiler.h"

enum {
	HIST_OCTAVE_BITS = 10, /* log2 of the bins an octave */
	HIST_MAX_BITS = 36,
	HIST_BINS = (HIST_MAX_BITS - HIST_OCTAVE_BITS + 1) << HIST_OCTAVE_BITS,
	HIST_OVERFLOW_INDEX = HIST_BINS, /* stands for the overflow in hist_encode()'s text */
	HIST_BEYOND_MIN = 100, /* samples that must lie beyond a percentile to report it */
};

#define HIST_MAX_NS ((UINT64_C(1) << HIST_MAX_BITS) - 1)

struct hist {
	uint64_t count;          /* all samples, the overflow included */
	uint64_t overflow;       /* samples above HIST_MAX_NS */
	uint64_t sum;            /* ns, of all samples */
	uint64_t min, max;       /* ns, of all samples; UINT64_MAX and 0 where there is none */
	uint32_t bin[HIST_BINS]; /* stays at UINT32_MAX when it is full */
};

/* Bin of a value of at most HIST_MAX_NS. */
ALWAYS_INLINE size_t hist_index(uint64_t ns)
{
	unsigned top = 63 - (unsigned)__builtin_clzll(ns | (1u << HIST_OCTAVE_BITS));
	unsigned shift = top - HIST_OCTAVE_BITS;

	return ((size_t)shift << HIST_OCTAVE_BITS) + (size_t)(ns >> shift);
}

/* Lowest and highest value, in ns, of the bin at index (below HIST_BINS). */
static inline uint64_t hist_value_low(size_t index)
{
	size_t octave = index >> HIST_OCTAVE_BITS;
	size_t shift = octave > 1 ? octave - 1 : 0;

	return (uint64_t)(index - (shift << HIST_OCTAVE_BITS)) << shift;
}

static inline uint64_t hist_value_high(size_t index)
{
	return hist_value_low(index + 1) - 1;
}

/*
 * Adds a sample: no division, and branches that are nearly never taken: a new least or largest one,
 * the overflow. The bin is loaded and stored relaxed, the same instructions as a plain addition,
 * because hist_add_bins() may look at it meanwhile.
 */
ALWAYS_INLINE void hist_record(struct hist *h, uint64_t ns)
{
	h->count++;
	h->sum += ns;
	if (__builtin_expect(ns < h->min, 0))
		h->min = ns;
	if (__builtin_expect(ns > h->max, 0))
		h->max = ns;
	if (__builtin_expect(ns > HIST_MAX_NS, 0)) {
		h->overflow++;
		return;
	}
	uint32_t *bin = &h->bin[hist_index(ns)], n = __atomic_load_n(bin, __ATOMIC_RELAXED);
	__atomic_store_n(bin, n + (n != UINT32_MAX), __ATOMIC_RELAXED);
}

/* Empties the histogram. It writes to all of its memory, which is thereby touched. */
void hist_reset(struct hist *h);

/* Whether the bins and the overflow add up to count: false after a bin was full. */
bool hist_is_whole(const struct hist *h);

/*
 * Adds from to into. Returns 0, or -EOVERFLOW where a bin would pass UINT32_MAX or one of the two
 * is not whole; into is then unchanged.
 */
int hist_merge(struct hist *into, const struct hist *from);

/*
 * Adds the bins of a histogram that is being written, and nothing else of it, to sum[HIST_BINS],
 * modulo 2^32. Each is what it was at some moment of the call; none goes backwards from call to call.
 */
void hist_add_bins(uint32_t *sum, const struct hist *from);

/*
 * The rank, 1 .. count, of the sample that fraction p stands for: ceil(p x count). What p itself is
 * off by (0.07 x 100 > 7) does not add a rank. count must not be 0.
 */
uint64_t hist_rank(const struct hist *h, double p);

/*
 * Lowest and highest value, in ns, that the sample of a rank (1 .. count) may have had: the ends of
 * its bin, clipped to min and max. The first and the last are exact; within the overflow the ends
 * are HIST_MAX_NS + 1 and max.
 */
uint64_t hist_low_at_rank(const struct hist *h, uint64_t rank);
uint64_t hist_high_at_rank(const struct hist *h, uint64_t rank);

/*
 * The value in ns at fraction p (0.99 for the 99th percentile): the smallest one with at least
 * ceil(p x count) samples at or below it, given as the highest value of its bin, clipped to max.
 * The first and the last sample are exact (min, max); a rank within the overflow gives max.
 * 0 for an empty histogram. p outside [0, 1] counts as the nearer end.
 */
uint64_t hist_value_at_percentile(const struct hist *h, double p);

/* Samples ranked above the one that hist_value_at_percentile() stands for. */
uint64_t hist_beyond(const struct hist *h, double p);

/* Whether there are enough samples beyond (HIST_BEYOND_MIN) for the percentile to be reported. */
bool hist_percentile_ok(const struct hist *h, double p);

/* Mean in ns, exact but for rounding; 0 for an empty histogram. */
double hist_mean(const struct hist *h);

/*
 * Text: "index:count" pairs, ascending, separated by single spaces, bins without samples left out;
 * the overflow, if any, comes last under HIST_OVERFLOW_INDEX. Works as snprintf() does: writes at
 * most len bytes including the NUL and returns the length of the whole text without it, so that a
 * first call with NULL and 0 tells how much to allocate.
 */
size_t hist_encode(const struct hist *h, char *buf, size_t len);

/*
 * Reads such a text into h; the empty text is the empty histogram. Exactly what hist_encode()
 * writes is accepted. count and overflow are then exact; min and max are those of the outermost
 * bins (low and high end; HIST_MAX_NS + 1 for the overflow) and sum counts every sample as the
 * middle of its bin. Returns 0, or -EINVAL with a sentence in err (which names the byte, from 1)
 * and h empty.
 */
int hist_decode(struct hist *h, const char *text, char *err, size_t err_len);

#endif
