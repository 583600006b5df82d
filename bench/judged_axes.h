/*
 * judged_axes.h - axes that all cells of a judgement have alike: said once, they need not stand in
 * every name.
 *
 * Pure.
 */
#ifndef BENCH_JUDGED_AXES_H
#define BENCH_JUDGED_AXES_H

#include "bench/judged.h"

enum { JUDGED_AXES = 24 };

struct judged_axes {
	char key[CELL_KEY];            /* the first cell's, cut into its axes */
	const char *axis[JUDGED_AXES]; /* "placement=nearest", into key */
	size_t n;
};

/* None where there is one cell only, or they differ in every axis. */
void judged_axes_of(struct judged_axes *a, const struct judgement *j);

/* "domain=thread&placement=nearest"; false: there are none. */
bool judged_axes_text(const struct judged_axes *a, char *out, size_t len);

/* The key without them; out is returned. */
char *judged_axes_leave_out(const struct judged_axes *a, const char *cell, char out[CELL_KEY]);

#endif
