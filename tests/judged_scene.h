/*
 * judged_scene.h - judgements for tests: what `ab` might have decided, and with words that are
 * hard on every format.
 *
 * Whatever goes wrong in here fails the running test.  Main thread only.
 */
#ifndef TESTS_JUDGED_SCENE_H
#define TESTS_JUDGED_SCENE_H

#include "bench/judged.h"

/* A judgement without rows; judged_free() it. */
void scene_judgement(struct judgement *j);

/* One more row; its figures are NAN where the verdict has none.  Good until the next call. */
struct judged *scene_row(
	struct judgement *j, const char *cell, const char *metric, enum judged_verdict v);

/* One of each verdict, three regressed ones among them, 12 rows, sorted. */
void scene_each(struct judgement *j);

/* Cells, names and reasons with whatever formats trip over, sorted. */
void scene_hostile(struct judgement *j);

/* n cells of two metrics each, every tenth regressed, sorted. */
void scene_many(struct judgement *j, size_t n);

#endif
