/*
 * lab.h - trials run by hand: what the tests of whole trials share.
 *
 * A lab is opened once per test program (group setup).  It builds a cell from
 * its key, runs it small, with a fault if wanted, and looks whether anything was
 * left behind.  Trials are this very program: main() begins with
 *
 *	if (lab_is_trial(argc, argv))
 *		return cmd_trial(argc - 1, argv + 1);
 *
 * Whatever goes wrong in here fails the running test.  Main thread only.
 */
#ifndef TESTS_LAB_H
#define TESTS_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/cell.h"
#include "bench/cmd.h"
#include "harness/topo.h"
#include "harness/workload.h"

#if defined(__SANITIZE_THREAD__)
#define LAB_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LAB_TSAN 1
#endif
#endif
#ifndef LAB_TSAN
#define LAB_TSAN 0
#endif

enum {
	LAB_N = 2000,
	LAB_FEW = 64, /* where an operation is a child or a timer */
	LAB_BLOCK = 64,
	LAB_STRETCH_NS = 2 * 1000 * 1000,
	LAB_STALL_NS = 300 * 1000 * 1000, /* of trials with a sabotage: something may be missing */
	LAB_TRIES = 3,                    /* a busy machine looks like a stall, but not always */
};

/* A host that takes its CPUs away for seconds is no finding. */
#define LAB_DEADLINE_NS UINT64_C(30000000000)
/* Of all others. */
#define LAB_PATIENCE_NS UINT64_C(3000000000)
/* How much later than its deadline a trial may come back on a busy machine. */
#define LAB_MARGIN_NS UINT64_C(60000000000)

struct lab {
	struct topo *topo;
	struct clock clock;
	struct trial_result *result; /* of the last trial */
	uint64_t wall_ns;            /* of the last trial */
	uint64_t trials;             /* run so far */
	int fds;                     /* open in this process before the first */
	char runtime_dir[64];        /* the journal is kept here, not with the user's */
};

/* The lab of this program, between the group's setup and teardown. */
extern struct lab lab;

int lab_setup(void **state);
int lab_teardown(void **state);

bool lab_is_trial(int argc, char **argv);

/*
 * Sweeps over a growing registry are sampled: true for one in `share` of the keys, others with
 * another HANDOFF_TEST_SEED; HANDOFF_TEST_LONG=1: for all; and for all of a mechanism that is asked for.
 */
bool lab_is_sampled(const char *key, unsigned share);

/* HANDOFF_TEST_FAST is set: the tests for the desk. */
bool lab_is_fast(void);

/* HANDOFF_TEST_FAST=desk: within a minute, everything. */
bool lab_is_desk(void);

/*
 * HANDOFF_TEST_MECH=family/name,... holds it: whoever works on a mechanism asks for all of its
 * tests, whatever is sampled or left out of others.  lab_setup() refuses a name that is none.
 */
bool lab_is_asked(const struct mech *m);

/* True of every mechanism, but of a few, and those asked for, where a test is to be fast. */
bool lab_wants(const struct mech *m);

/* It needs nothing but this program and a kernel: a test that does not run it is wrong. */
bool lab_always_runs(const struct mech *m);

/*
 * May a test start this server?  RabbitMQ takes its seconds: where it runs, is given,
 * a mechanism of it is asked for, or the tests are to be long.
 */
bool lab_starts(enum broker b);

/*
 * The cell of a key, placed, with a small n.  NULL, or why the combination is
 * impossible.  cell->skip says whether it can run on this machine.
 */
const char *lab_cell(struct cell *c, const char *key);

/* The same, where a cell is needed: fails, or skips what cannot run here. */
void lab_need_cell(struct cell *c, const char *key);

/* The spec of a plain trial of the cell; change it as wanted. */
void lab_spec(const struct cell *c, struct trial_spec *spec);

/* Run a trial as the spec says; the result is in lab.result. */
enum trial_status lab_run_spec(const struct cell *c, const struct trial_spec *spec);

/* Run the cell's plain twin, or its probed one with a fault (act PROBE_NONE: without). */
enum trial_status lab_run(const struct cell *c, const struct trial_fault *fault);

/*
 * No child runs; of what trials of ours have made no named object is left in
 * /dev/shm or beside the journal; no file descriptor more than at the setup.
 */
void lab_nothing_left(const char *key);

#endif
