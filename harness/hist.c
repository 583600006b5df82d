/*
 * Histogram: everything but the recording, which is inline in the header.
 */
#include "harness/hist.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert(HIST_BINS == 27648, "the layout of the bins is part of the file format");
_Static_assert(sizeof(struct hist) == 5 * 8 + 4 * HIST_BINS, "no padding: read by other processes");

void hist_reset(struct hist *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

bool hist_is_whole(const struct hist *h)
{
	uint64_t total = h->overflow;

	for (size_t i = 0; i < HIST_BINS; i++)
		total += h->bin[i];
	return total == h->count;
}

int hist_merge(struct hist *into, const struct hist *from)
{
	if (!hist_is_whole(into) || !hist_is_whole(from))
		return -EOVERFLOW;
	for (size_t i = 0; i < HIST_BINS; i++)
		if (from->bin[i] > UINT32_MAX - into->bin[i])
			return -EOVERFLOW;
	for (size_t i = 0; i < HIST_BINS; i++)
		into->bin[i] += from->bin[i];
	into->count += from->count;
	into->overflow += from->overflow;
	into->sum += from->sum;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	return 0;
}

void hist_add_bins(uint32_t *sum, const struct hist *from)
{
	for (size_t i = 0; i < HIST_BINS; i++)
		sum[i] += __atomic_load_n(&from->bin[i], __ATOMIC_RELAXED);
}

uint64_t hist_rank(const struct hist *h, double p)
{
	double rank = ceil(p * (double)h->count * (1.0 - 4.0 * DBL_EPSILON));

	if (!(rank > 1.0))
		return 1;
	return rank < (double)h->count ? (uint64_t)rank : h->count;
}

/* Where the sample of a rank is; HIST_BINS: in the overflow. */
static size_t bin_of_rank(const struct hist *h, uint64_t rank)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < HIST_BINS; i++) {
		seen += h->bin[i];
		if (seen >= rank)
			return i;
	}
	return HIST_BINS;
}

uint64_t hist_low_at_rank(const struct hist *h, uint64_t rank)
{
	size_t bin;
	uint64_t low;

	if (rank <= 1 || rank >= h->count)
		return rank <= 1 ? h->min : h->max;
	bin = bin_of_rank(h, rank);
	low = bin < HIST_BINS ? hist_value_low(bin) : HIST_MAX_NS + 1;
	return low > h->min ? low : h->min;
}

uint64_t hist_high_at_rank(const struct hist *h, uint64_t rank)
{
	size_t bin;
	uint64_t high;

	if (rank <= 1 || rank >= h->count)
		return rank <= 1 ? h->min : h->max;
	bin = bin_of_rank(h, rank);
	high = bin < HIST_BINS ? hist_value_high(bin) : h->max;
	return high < h->max ? high : h->max;
}

uint64_t hist_value_at_percentile(const struct hist *h, double p)
{
	return h->count ? hist_high_at_rank(h, hist_rank(h, p)) : 0;
}

uint64_t hist_beyond(const struct hist *h, double p)
{
	return h->count ? h->count - hist_rank(h, p) : 0;
}

bool hist_percentile_ok(const struct hist *h, double p)
{
	return hist_beyond(h, p) >= HIST_BEYOND_MIN;
}

double hist_mean(const struct hist *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0.0;
}

/* Appends a pair at offset at; returns the offset behind it, written or not. */
static size_t put_pair(char *buf, size_t len, size_t at, size_t index, uint64_t count)
{
	char *to = at < len ? buf + at : NULL;

	return at + (size_t)snprintf(
			    to, to ? len - at : 0, "%s%zu:%" PRIu64, at ? " " : "", index, count);
}

size_t hist_encode(const struct hist *h, char *buf, size_t len)
{
	size_t at = 0;

	if (len)
		buf[0] = '\0';
	for (size_t i = 0; i < HIST_BINS; i++)
		if (h->bin[i])
			at = put_pair(buf, len, at, i, h->bin[i]);
	if (h->overflow)
		at = put_pair(buf, len, at, HIST_OVERFLOW_INDEX, h->overflow);
	return at;
}

/* Digits without a leading zero, up to max; NULL if there are none or too many. */
static const char *read_uint(const char *text, uint64_t max, uint64_t *value)
{
	const char *p = text;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');
		if (v > (max - digit) / 10)
			return NULL;
		v = v * 10 + digit;
	}
	*value = v;
	return p == text || (*text == '0' && p > text + 1) ? NULL : p;
}

static void add_bin(struct hist *h, size_t index, uint64_t n)
{
	uint64_t low = HIST_MAX_NS + 1, high = HIST_MAX_NS + 1;

	if (index == HIST_OVERFLOW_INDEX) {
		h->overflow = n;
	} else {
		h->bin[index] = (uint32_t)n;
		low = hist_value_low(index);
		high = hist_value_high(index);
	}
	if (h->count == 0)
		h->min = low;
	h->max = high;
	h->count += n;
	h->sum += n * (low + (high - low) / 2);
}

/* One pair at text, whose index must be at least from; NULL if it is not one. */
static const char *read_pair(struct hist *h, const char *text, uint64_t *from)
{
	uint64_t index, n;
	const char *p = read_uint(text, HIST_OVERFLOW_INDEX, &index);

	if (!p || *p != ':' || index < *from)
		return NULL;
	/* The overflow has the same bound: the sum of all counts then cannot wrap. */
	p = read_uint(p + 1, UINT32_MAX, &n);
	if (!p || n == 0)
		return NULL;
	add_bin(h, (size_t)index, n);
	*from = index + 1;
	return p;
}

int hist_decode(struct hist *h, const char *text, char *err, size_t err_len)
{
	uint64_t from = 0;
	const char *p = text;

	hist_reset(h);
	while (*p) {
		const char *end = read_pair(h, p, &from);
		if (end && *end == ' ' && end[1]) {
			p = end + 1;
			continue;
		}
		if (end && !*end)
			return 0;
		snprintf(err, err_len,
			"histogram: byte %zu does not begin an index:count pair of ascending index "
			"up to %d, with a count of 1 to %" PRIu32,
			(size_t)(p - text) + 1, HIST_OVERFLOW_INDEX, UINT32_MAX);
		hist_reset(h);
		return -EINVAL;
	}
	return 0;
}
