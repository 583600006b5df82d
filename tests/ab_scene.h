/*
 * ab_scene.h - what the tests of `handoff ab` share: programs that are scripts before the real one,
 * and what a comparison left.
 *
 * Files are in program.here.  Whatever goes wrong in here fails the running test.
 */
#ifndef TESTS_AB_SCENE_H
#define TESTS_AB_SCENE_H

#include "bench/judged.h"
#include "bench/samples.h"
#include "tests/program.h"

enum { RC_FINDING = 1, RC_INCONCLUSIVE = 4 };

/* A program that does `lines` before it goes on as handoff. */
void ab_make_script(const char *name, const char *lines);

/* Rows of DIR/pairs.csv; free() them. */
struct sample *ab_pairs_of(const char *dir, size_t *n);

/* DIR/judgement.csv; judged_free() it. */
struct judgement ab_judgement_of(const char *dir);

/* Text of DIR/FILE; free() it. */
char *ab_text_of(const char *dir, const char *file);

#endif
