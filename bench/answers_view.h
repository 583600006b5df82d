/*
 * answers_view.h - what stands behind an answer: the groups of a ranking that
 * belong to a question, side by side by placement.  Internal to answers*.c.
 */
#ifndef BENCH_ANSWERS_VIEW_H
#define BENCH_ANSWERS_VIEW_H

#include "bench/answers.h"

enum { ANSWERS_QUESTIONS = 4, ANSWERS_PLACES = 4, ANSWERS_STANDING = 3 };

struct question {
	const char *who, *domain;
	double bytes;
};

/* Groups may be NULL; the first ANSWERS_STANDING places are unpinned, nearest, farthest. */
struct view {
	const struct question *q;
	const char *place[ANSWERS_PLACES];
	const struct rank_group *ping[ANSWERS_PLACES], *stream[ANSWERS_PLACES];
	int n;
};

/* The standing question i, 0 .. ANSWERS_QUESTIONS - 1. */
struct view answers_view(const struct ranking *r, int i);

/* "64 KiB"; returns out. */
const char *answers_size(const struct question *q, char *out, size_t len);

/* First of the part of a group that sleeps or spins, which has *n; NULL when that is empty. */
const struct rank_entry *answers_best(const struct rank_group *g, bool spins, size_t *n);

/*
 * The next after i of the n beside the first that shares its rank; a mechanism that was named with
 * another capacity is not named again.  n: there is none.
 */
size_t answers_next_shared(const struct rank_entry *first, size_t n, size_t i);

/* The label without capacity. */
void answers_name(const struct rank_entry *e, char *out, size_t len);

/* Whether one of n groups is there. */
bool answers_any(struct rank_group const *const *g, int n);

/* " (nearest is same-l3 here)": what the classes of the run were; "" where no row says. */
void answers_classes(FILE *to, const struct view *v, bool markdown);

#endif
