/*
 * select.h - from axes to cells: the command line's lists and globs, and the
 * matrix files.
 *
 * A matrix file is INI.  [matrix] may hold reps, trial and budget, and pairs for `handoff ab`;
 * every other section is a set of axes, whose product becomes cells, and may have a trial of its
 * own, for those of its cells that want many samples:
 *
 *	[matrix]
 *	reps = 5
 *	[small messages]
 *	mechanism = channel/pipe, lock/mutex
 *	workload = pingpong, stream
 *	size = 64
 *	placement = nearest, farthest
 *	trial = 300ms
 *
 * Mechanisms and workloads are globs; "!glob" takes away what the others gave.
 *
 * Sections have different names of at most 49 bytes and are not empty.
 *
 * Axes that a section does not name have the command line's defaults; openloop is
 * then taken only where a rate is named.  Axes that
 * the command line names replace the file's in every section.
 */
#ifndef BENCH_SELECT_H
#define BENCH_SELECT_H

#include "bench/axis.h"
#include "bench/cell.h"
#include "bench/opt.h"

/* Combinations tried: cells, the same ones again and impossible ones; a file may be hostile. */
enum { SELECT_MAX_CELLS = 20000, SELECT_MAX_TRIED = 400000, SELECT_MAX_REASONS = 24 };

/* Values of each axis; n == 0: not named. */
struct axes {
	struct opt_list value[AXIS_COUNT];
	uint64_t trial_ns; /* a section's own; 0: the matrix's */
};

struct left_out {
	const char *why;
	size_t n;
};

struct selection {
	struct cell *cell;
	size_t n, room;
	uint32_t *seen; /* hash table of the cells' keys */
	size_t tried;
	struct left_out left_out[SELECT_MAX_REASONS]; /* impossible combinations, counted */
	size_t n_left_out;
	size_t duplicates; /* cells that came up more than once */
	/* from [matrix]; 0: not said */
	uint64_t reps, trial_ns, budget_ns, pairs;
};

/*
 * Add the product of `axes` to the selection.  0, or -errno with a sentence: a
 * value that matches nothing (near matches offered), or too many cells.
 */
int select_axes(struct selection *s, const struct axes *axes, char *err, size_t err_len);

/* Add all sections of a matrix file, with the axes that `named` names in place of theirs. */
int select_matrix(
	struct selection *s, const char *path, const struct axes *named, char *err, size_t err_len);

/*
 * What a list of globs says to a name: some glob yes (or all are "!glob", which say
 * no to others), and no "!glob" no.  An empty list says no.
 */
bool select_match(const struct opt_list *globs, const char *name);

/* Add one cell; of one that is there already the longer trial counts.  0, -E2BIG or -ENOMEM with a
 * sentence. */
int select_add(struct selection *s, const struct cell *c, char *err, size_t err_len);

/*
 * Parts of the above, for those who draw from the axes instead of multiplying
 * them out.  All globs of mechanisms and workloads match something: 0, or
 * -errno with a sentence.
 */
int select_check(const struct axes *axes, char *err, size_t err_len);

/* Do the axis's globs (AXIS_MECHANISM, AXIS_WORKLOAD) take this name?  True where there are none. */
bool select_takes(const struct axes *axes, enum axis a, const char *name);

/*
 * Set one axis from AXIS_DOMAIN on as the command line would.  *one_side: the
 * fan was one number.  0, or -errno with a sentence.
 */
int select_set(
	struct cell *c, enum axis a, const char *text, bool *one_side, char *err, size_t err_len);

void select_left_out(struct selection *s, const char *why);
void select_free(struct selection *s);

#endif
