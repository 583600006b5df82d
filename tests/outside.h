/*
 * outside.h - the program from outside: command lines run in a directory of the
 * running test's own, what they print, and how they end.
 *
 * $HANDOFF_BIN, or build/handoff; where there is none the test is skipped.
 * Whatever goes wrong in here fails the running test.  Main thread only.
 */
#ifndef TESTS_OUTSIDE_H
#define TESTS_OUTSIDE_H

#include <sys/types.h>

#include "tests/support.h"

enum { OUTSIDE_TEXT = 1 << 18, OUTSIDE_PATIENCE_S = 120 };

struct outside {
	pid_t pid;
	unsigned number; /* of its output files */
	int code;        /* exit code, 128 + n after a signal */
	char out[OUTSIDE_TEXT], err[OUTSIDE_TEXT];
};

extern struct support_dir outside_dir; /* of the running test; programs run in "here" */

/* Once, in main(). */
void outside_find(void);

/* Setup and teardown of a test.  The journal of its runs is in outside_dir. */
int outside_setup(void **state);
int outside_teardown(void **state);

#define OUTSIDE_TEST(f) cmocka_unit_test_setup_teardown(f, outside_setup, outside_teardown)

/* `handoff LINE`, a line for the shell; the program has p->pid. */
void outside_start(struct outside *p, const char *line);
void outside_finish(struct outside *p);
void outside_run(struct outside *p, const char *line);

/* outside_run(), and what it must come to; `words` in out (code 0 or 1) or err. */
void outside_check(struct outside *p, const char *line, int code, const char *words);

/* Fails unless the words are in the text. */
void outside_says(const struct outside *p, const char *text, const char *words);

/* No child process is left, no named object that a run of this test made. */
void outside_nothing_left(void);

#endif
