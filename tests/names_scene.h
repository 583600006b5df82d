/*
 * names_scene.h - owners of named objects that live and die, and a journal in a
 * directory of the test's own.
 *
 * Setup and teardown belong to each test; the teardown ends every owner and
 * removes every object of the test, also when it has failed.
 */
#ifndef TESTS_NAMES_SCENE_H
#define TESTS_NAMES_SCENE_H

#include <sys/types.h>

#include "harness/names.h"
#include "tests/support.h"

enum { OWNED_BYTES = 4096, OWNED_MANY = 100, OWNERS = 4 };

/* A child that makes objects and one file, then stops until it is killed. */
struct owner {
	pid_t pid; /* 0: over */
	char name[OWNED_MANY][NAMES_MAX];
	char path[NAMES_PATH_MAX];
};

struct names_scene {
	struct support_dir dir; /* XDG_RUNTIME_DIR */
	struct owner *owner[OWNERS];
	char extra[OWNERS][NAMES_MAX]; /* further objects, for the teardown */
};

extern struct names_scene names;

int names_scene_setup(void **state);
int names_scene_teardown(void **state);

#define NAMES_TEST(f) cmocka_unit_test_setup_teardown(f, names_scene_setup, names_scene_teardown)

bool names_scene_exists(const char *shm);

/* names_clean(): how many went. */
int names_scene_clean(void);

/* Room for the name of an object that the test makes itself. */
char *names_scene_extra(void);

/* An object made by hand, named after the stem, which no journal knows yet. */
const char *names_scene_make(const char *stem);

/* It makes n objects (at most OWNED_MANY); with `wait` it has made them. */
struct owner *owner_start(unsigned n, bool wait);
void owner_kill(struct owner *o);

#endif
