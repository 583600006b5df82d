/*
 * remains.h - what a run that ended somehow has left, and what must survive it: the
 * run is "run" in program.here; foreign objects lie where the program's own would.
 *
 * Whatever is not as it must be fails the running test.  Main thread only.
 */
#ifndef TESTS_REMAINS_H
#define TESTS_REMAINS_H

#include "tests/program.h"

/* Objects with names of all kinds, many short trials. */
#define CELLS                                                                                      \
	"-m channel/fifo,channel/mmap-file,channel/queue-fifo,lock/mutex -w stream,contend "       \
	"-d thread,process --start fork,exec --trial-ms 1 "

/* program_setup() and foreign objects; their end. */
int remains_setup(void **state);
int remains_teardown(void **state);

#define REMAINS_TEST(f) cmocka_unit_test_setup_teardown(f, remains_setup, remains_teardown)

/* The foreign objects are all there. */
void remains_check_foreign(void);

/* No object that the journal's text names, and nothing beside it; foreign ones are. */
void remains_check_nothing(const char *what, const char *journal);

/* Path of a file in the run; good until the next call of support_path(). */
const char *remains_path(const char *file);

/* plan.csv is there. */
bool remains_plan(void);

/* Remove the run. */
void remains_clear(void);

/* Its files can be read from the first to the last line; `whole`: no last line is cut. */
void remains_check_files(bool whole);

/*
 * Trials that have their final row, all of them ok or skipped; *planned: how many the
 * plan has.  No final row twice, no attempt number twice.
 */
size_t remains_count(size_t *planned);

/* --resume comes to what was planned and keeps what was there. */
void remains_check_resumed(const char *what);

#endif
