/*
 * compare_scene.h - runs that never ran, to be compared by the real program.
 *
 * Their directories are made in program.here.  Whatever goes wrong in here fails the running test.
 */
#ifndef TESTS_COMPARE_SCENE_H
#define TESTS_COMPARE_SCENE_H

#include "tests/program.h"
#include "tests/sample_rows.h"

enum { SCENE_CELLS = 12, SCENE_REPS = 5, SCENE_ROWS = SCENE_CELLS * SCENE_REPS + 8 };

/* Zero is the default: nothing slower, the machine still. */
struct scene {
	double slow; /* the first `slowed` cells cost so much more: 0.3 is 30 % */
	size_t slowed;
	double all;     /* all cells cost so much more */
	double machine; /* and the controls */
	size_t without; /* the last cells are not there */
	const char *binary, *kernel;
	const char *status; /* of the first cell's first trial: "crash" ... */
	bool bare;          /* samples.csv alone */
};

/* A run `name` that began at this hour, in a boot of its own. */
void scene_run(const char *name, unsigned hour, const struct scene *s);

/* Runs PREFIX1 .. PREFIXn, from this hour on. */
void scene_runs(const char *prefix, size_t n, unsigned hour, const struct scene *s);

/* "b1 b2 b3 b4 b5 b6 -- n1 n2 n3" */
#define SCENE_SIX_THREE "b1 b2 b3 b4 b5 b6 -- n1 n2 n3"

/* b1 .. b6 as they are by default, n1 .. n3 like this. */
void scene_six_three(const struct scene *fresh);

/* Replace the samples.csv of a run by these bytes. */
void scene_bytes(const char *run, const void *bytes, size_t len);

/* Its text; free() it. */
char *scene_samples(const char *run);

/* The line says so, on stdout or stderr, and ends with this code. */
void scene_says(const char *line, int code, const char *words);

#endif
