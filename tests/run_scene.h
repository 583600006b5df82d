/*
 * run_scene.h - a run's directory in a directory of the test's own, and trials
 * that never ran to fill it with.
 *
 * Whatever goes wrong in here fails the running test.
 */
#ifndef TESTS_RUN_SCENE_H
#define TESTS_RUN_SCENE_H

#include "bench/row.h"
#include "bench/session.h"
#include "tests/support.h"

enum { SAMPLES = 1000 };

extern struct support_dir run_dir; /* of the running test; the run is "run" in it */

int run_setup(void **state);
int run_teardown(void **state);

#define RUN_TEST(f) cmocka_unit_test_setup_teardown(f, run_setup, run_teardown)

/* An ok trial of `ops` operations with SAMPLES samples a side; free() it. */
struct trial_result *run_result(uint64_t ops);

/* The row of it. */
struct sample run_row(const struct session *s, const struct trial_result *r, uint64_t block);

/* The run's directory made, or taken up again. */
void run_new(struct session *s);
void run_again(struct session *s);

void run_commit(struct session *s, struct trial_result *r, uint64_t block);

/* A reader finds n rows, of blocks 0 .. n-1 in order. */
void run_check(size_t n);

#endif
