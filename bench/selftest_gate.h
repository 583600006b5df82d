/*
 * selftest_gate.h - `handoff selftest aa | aa2 | inject`: the gate on pairs of programs whose
 * difference is known.
 *
 * selftest_gate.c has the words and the runs, selftest_row.c what each leaves, selftest_slow.c what
 * slows a program down.
 * One thread.
 */
#ifndef BENCH_SELFTEST_GATE_H
#define BENCH_SELFTEST_GATE_H

#include <limits.h>

#include "bench/ab.h"
#include "bench/gate_runs.h"

/* argv[0] is the word.  Each returns the exit code. */
int selftest_gate_aa(int argc, char **argv);
int selftest_gate_aa2(int argc, char **argv);
int selftest_gate_inject(int argc, char **argv);

enum { GATE_TEST_CHANGES = 64 };

struct gate_test_settings {
	struct ab_settings ab;
	uint64_t runs, cells;
	const char *out;
};

/* "GLOB=10%". */
struct gate_test_change {
	char glob[CELL_KEY];
	double share; /* 0.1 */
};

struct gate_test {
	struct gate_test_settings set;
	const char *kind;
	char old_path[PATH_MAX], new_path[PATH_MAX], copy[PATH_MAX]; /* copy: to be removed, "" */
	struct gate_test_change change[GATE_TEST_CHANGES];
	size_t changes;
	double spin_ns;
	struct gate_run run; /* the one at hand */
	struct gate_run *past;
	size_t n_past;
	char err[RUN_ERR];
};

/* ---- selftest_row.c ----------------------------------------------------------- */

/* t->run: what this gate, which returned `code`, decided. */
void gate_test_row(struct gate_test *t, const struct ab *ab, int code, double wall_s);

/* ---- selftest_slow.c ---------------------------------------------------------- */

/*
 * "GLOB=10%": which cells become slower, and by how much.  0, or -EINVAL with a sentence in t->err.
 */
int gate_test_parse_change(struct gate_test *t, const char *text);

/* Once, before gate_test_arm(): what a spin takes on this machine. */
void gate_test_measure_spin(struct gate_test *t);

/*
 * ab->adjust with the struct gate_test as adjust_arg: of the cells that match, those that are drawn
 * get a fault that burns so much of an operation's time in each of NEW's.  0 or -errno with
 * a sentence in ab->err.
 */
int gate_test_arm(struct ab *ab);

#endif
