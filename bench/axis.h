/*
 * axis.h - the axes that cells differ in: names, values, texts.  The rows are in
 * axes.def.
 *
 * A key begins with domain, fan, size and placement; the axes behind them stand
 * there, in alphabetical order, where they are not at their default.
 *
 * Constant data, but for the order of axis_behind(), which the first call finds:
 * one thread.
 */
#ifndef BENCH_AXIS_H
#define BENCH_AXIS_H

#include <stdbool.h>
#include <stddef.h>

struct cell;

enum axis {
#define AXIS_ROW(id, ...) AXIS_##id,
#include "bench/axes.def"
#undef AXIS_ROW
	AXIS_COUNT
};

enum { AXIS_TEXT = 64, AXIS_MAX_DEFAULTS = 2 };

/* The axis's name in options, files and keys. */
const char *axis_name(enum axis a);

/* The axis of this name; AXIS_COUNT: there is none. */
enum axis axis_find(const char *name);

/* What an axis that nobody named is; *n values. */
const char *const *axis_defaults(enum axis a, size_t *n);

/*
 * Set an axis from AXIS_DOMAIN on to the value that the text names.  *one_side:
 * the fan was one number.  0, or -EINVAL with what is wrong with it in hint.
 */
int axis_set(
	struct cell *c, enum axis a, const char *text, bool *one_side, char *hint, size_t hint_len);

/* The value as axis_set() takes it; false where it is the default. */
bool axis_get(const struct cell *c, enum axis a, char *out, size_t out_len);

/*
 * The i-th of the axes that stand in a key behind the placement, by name;
 * AXIS_COUNT behind the last.
 */
enum axis axis_behind(size_t i);

/* One of those that have no column of their own in samples.csv. */
bool axis_is_further(enum axis a);

#endif
