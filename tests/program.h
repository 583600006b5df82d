/*
 * program.h - the program from outside: started as a user would, in a directory of
 * the test's own, and looked at afterwards.
 *
 * Lines are for /bin/sh, $H is the program ($HANDOFF_BIN, or build/handoff); they run
 * in program.here, with the journal kept beside it.  A test without the program is
 * skipped.  Whatever goes wrong in here fails the running test.  Main thread only.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bench/samples.h"
#include "tests/support.h"

enum {
	PROGRAM_TEXT = 1 << 18,
	PROGRAM_PATIENCE_S = 120, /* who takes longer is ended, and shows in the exit code */
	PROGRAM_OUT_MS = 2000,    /* a stopped program is gone after this ... */
	PROGRAM_SLACK_MS = 8000,  /* ... or so, on a machine that is busy with others */
	RC_FINE = 0,
	RC_USAGE = 2,
	RC_NOTHING = 3,
	RC_SIGNAL = 128,
};

#define H "\"$H\" "

struct program {
	char path[PATH_MAX];     /* "": there is none */
	struct support_dir dir;  /* of the running test; $XDG_RUNTIME_DIR */
	char here[SUPPORT_PATH]; /* dir/here: where lines run */
	char out[PROGRAM_TEXT], err[PROGRAM_TEXT];
};

extern struct program program;

/* Once, in main(): find the program; orphans of it become children of this process. */
void program_find(void);

int program_setup(void **state);
int program_teardown(void **state);

#define PROGRAM_TEST(f) cmocka_unit_test_setup_teardown(f, program_setup, program_teardown)

/* The shell gives its place to `line`, which hence has the returned pid. */
pid_t program_start(const char *line);

/* The same, with the output in dir/NAME.out and dir/NAME.err: for several at once. */
pid_t program_start_as(const char *line, const char *name);

/* Its exit code, 128 + n after a signal; program.out and .err are what it wrote. */
int program_finish(pid_t pid);

/* The same of one that was started with this name. */
int program_finish_as(pid_t pid, const char *name);

/* The same, but it fails when it takes longer than a stopped program may. */
int program_finish_soon(pid_t pid, const char *what);

/* Run to its end, with this exit code. */
void program_ends(const char *line, int want);

/* The same, and it says `words`: in .err where it was refused, else in .out. */
void program_ends_saying(const char *line, int want, const char *words);

/* Works, and says `words`. */
void program_says(const char *line, const char *words);

/* Refused with a sentence that says `words`, before anything is printed or made. */
void program_refuses(const char *line, const char *words);

void program_made_nothing(void);

/* Rows of a run in program.here; free() them. */
struct sample *program_rows(const char *run, size_t *n);

/* Skips the running test under ThreadSanitizer, which does not follow forks. */
void program_need_processes(void);

/* Skips the running test under AddressSanitizer, for what that needs itself. */
void program_need_no_asan(const char *why);

/* Until no process of the program's is left; fails after PROGRAM_OUT_MS and slack. */
void program_await_nobody(const char *what);

/* The journal's text; free() it. */
char *program_journal(void);

/*
 * Objects that the journal names and that still exist, and files beside the journal
 * that are not called foreign-*; the last one's name in `which`.
 */
unsigned program_objects(const char *journal, char *which, size_t which_len);

/* Until nobody is left; fails if objects are: neither may outlive what has ended. */
void program_nothing_left(const char *what);

/* ms since some time. */
long program_now_ms(void);

#endif
