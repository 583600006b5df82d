/*
 * floor_scene.h - an invented machine whose floors are round figures, and cells on it.
 *
 * Whatever goes wrong in here fails the running test.
 */
#ifndef TESTS_FLOOR_SCENE_H
#define TESTS_FLOOR_SCENE_H

#include "bench/floor_rows.h"
#include "tests/support.h"

enum { PU_A = 4, PU_B = 7 };

/* What its parts cost, in ns; a wake-up on one PU costs half. */
extern const double floor_scene_ns[FLOOR_COPY];

/*
 * PU_A and PU_B, together and each alone; copies of 64 B take 2 ns, of 64 KiB 2000.
 * Nothing can be measured again on it.
 */
void floor_scene(struct floors *f);

/* A cell with side a on one PU and side b on another one. */
struct cell floor_scene_cell(const char *key, unsigned a, unsigned b);

#endif
