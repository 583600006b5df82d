/*
 * axis_part.h - what the axes' setters and getters share; bench/axis*.c only.
 *
 * A setter returns 0, or -EINVAL with what is wrong with the text in the hint; a
 * getter writes the value as the setter takes it, and returns whether it is not
 * the default.
 */
#ifndef BENCH_AXIS_PART_H
#define BENCH_AXIS_PART_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/cell.h"
#include "bench/units.h"

/* What a setter gets: the value as text, and where to say what is wrong with it. */
struct setting {
	const char *text;
	bool *one_side;
	char *hint;
	size_t hint_len;
};

static inline int wrong(const struct setting *s, const char *hint)
{
	snprintf(s->hint, s->hint_len, "%s", hint);
	return -EINVAL;
}

static inline int set_count(const struct setting *s, uint64_t least, uint64_t most, uint32_t *out)
{
	uint64_t v;
	char why[160];

	if (units_parse_bytes(s->text, &v, why, sizeof(why)) != 0) {
		snprintf(s->hint, s->hint_len, "not a number (%s)", why);
		return -EINVAL;
	}
	if (v < least || v > most) {
		snprintf(s->hint, s->hint_len, "must be from %" PRIu64 " to %" PRIu64, least, most);
		return -EINVAL;
	}
	*out = (uint32_t)v;
	return 0;
}

/* Where the field has 0 for the usual count, whatever its number. */
static inline int set_count_or_usual(
	const struct setting *s, uint64_t least, uint64_t most, uint32_t usual, uint32_t *out)
{
	int code = set_count(s, least, most, out);

	if (!code && *out == usual)
		*out = 0;
	return code;
}

static inline bool get_count(uint32_t v, uint32_t usual, char *out, size_t out_len)
{
	snprintf(out, out_len, "%" PRIu32, v);
	return v != usual;
}

/* axis_set_NAME() and axis_get_NAME(). */
#define AXIS_ACTS(name)                                                                            \
	int axis_set_##name(struct cell *c, const struct setting *s);                              \
	bool axis_get_##name(const struct cell *c, char *out, size_t out_len)

/* What the trial heeds (struct trial_extra); axis_further.c. */
AXIS_ACTS(rate);
AXIS_ACTS(arrivals);
AXIS_ACTS(keep_awake);
AXIS_ACTS(pair);
AXIS_ACTS(memory);
AXIS_ACTS(node);
AXIS_ACTS(touch);
AXIS_ACTS(fds);
AXIS_ACTS(topics);
AXIS_ACTS(alive);
AXIS_ACTS(rss);
AXIS_ACTS(crowd);
AXIS_ACTS(procs);

/* What mechanisms and loops read (struct tuning), 0 being "nobody asked"; axis_tuned.c. */
AXIS_ACTS(depth);
AXIS_ACTS(permits);
AXIS_ACTS(reads);
AXIS_ACTS(ticks);
AXIS_ACTS(interval);
AXIS_ACTS(released);

#undef AXIS_ACTS

#endif
