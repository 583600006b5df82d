/*
 * program.h - the program from outside: command lines run in a directory of the
 * running test's own, what they print, and how they end.
 *
 * $HANDOFF_BIN, or build/handoff; where there is none the test is skipped.
 * Whatever goes wrong in here fails the running test.  Main thread only.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <sys/types.h>

#include "tests/support.h"

enum { PROGRAM_TEXT = 1 << 18, PROGRAM_PATIENCE_S = 120 };

struct program {
	pid_t pid;
	unsigned number; /* of its output files */
	int code;        /* exit code, 128 + n after a signal */
	char out[PROGRAM_TEXT], err[PROGRAM_TEXT];
};

extern struct support_dir program_dir; /* of the running test; programs run in "here" */

/* Once, in main(). */
void program_find(void);

/* Setup and teardown of a test.  The journal of its runs is in program_dir. */
int program_setup(void **state);
int program_teardown(void **state);

#define PROGRAM_TEST(f) cmocka_unit_test_setup_teardown(f, program_setup, program_teardown)

/* `handoff LINE`, a line for the shell; the program has p->pid. */
void program_start(struct program *p, const char *line);
void program_finish(struct program *p);
void program_run(struct program *p, const char *line);

/* program_run(), and what it must come to; `words` in out (code 0 or 1) or err. */
void program_check(struct program *p, const char *line, int code, const char *words);

/* Fails unless the words are in the text. */
void program_says(const struct program *p, const char *text, const char *words);

/* No child process is left, no named object that a run of this test made. */
void program_nothing_left(void);

#endif
