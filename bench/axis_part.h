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

static inline bool get_count(uint32_t v, uint32_t usual, char *out, size_t out_len)
{
	snprintf(out, out_len, "%" PRIu32, v);
	return v != usual;
}

/* What mechanisms and loops read (struct tuning); in it 0 is "nobody asked". */
int axis_set_depth(struct cell *c, const struct setting *s);
bool axis_get_depth(const struct cell *c, char *out, size_t out_len);
int axis_set_permits(struct cell *c, const struct setting *s);
bool axis_get_permits(const struct cell *c, char *out, size_t out_len);
int axis_set_reads(struct cell *c, const struct setting *s);
bool axis_get_reads(const struct cell *c, char *out, size_t out_len);
int axis_set_ticks(struct cell *c, const struct setting *s);
bool axis_get_ticks(const struct cell *c, char *out, size_t out_len);
int axis_set_interval(struct cell *c, const struct setting *s);
bool axis_get_interval(const struct cell *c, char *out, size_t out_len);
int axis_set_released(struct cell *c, const struct setting *s);
bool axis_get_released(const struct cell *c, char *out, size_t out_len);

#endif
