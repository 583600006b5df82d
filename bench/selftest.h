/*
 * selftest.h - is what the harness says true?  Figures of mechanisms whose cost
 * or fault is known (primitives/selftest.h), each beside what it must be.
 *
 * A figure is compared with another clock's reading of the same stretch, so that
 * an interruption hits both; with what the mechanism is built to cost; or with
 * the faults that it is built to make.  Where they disagree the trial is done
 * again, a bounded number of times: an interruption between the two readings does
 * not come each time, a wrong harness does.
 *
 * One thread; selftest_judge() is pure.
 */
#ifndef BENCH_SELFTEST_H
#define BENCH_SELFTEST_H

#include "bench/opt.h"
#include "bench/samples.h"
#include "harness/topo.h"
#include "harness/trial.h"

enum {
	SELFTEST_TOLERANCE_PERCENT = 2,
	SELFTEST_TEXT = 48,
	SELFTEST_MAX_FIGURES = 16, /* of one trial */
	SELFTEST_ERR = 512,
};

/* How `seen` has to stand to `expected`. */
enum selftest_kind {
	SELFTEST_SAME,  /* within SELFTEST_TOLERANCE_PERCENT */
	SELFTEST_EXACT, /* equal */
	SELFTEST_LEAST, /* not below it */
	SELFTEST_MOST,  /* not above it by more than SELFTEST_TOLERANCE_PERCENT */
	SELFTEST_KINDS
};

enum selftest_unit {
	SELFTEST_NS,
	SELFTEST_RATE, /* per second */
	SELFTEST_COUNT,
	SELFTEST_SHARE, /* of a whole */
	SELFTEST_UNITS
};

enum selftest_verdict { SELFTEST_OK, SELFTEST_WRONG, SELFTEST_NOT_RUN, SELFTEST_VERDICTS };

struct selftest_figure {
	const char *check;        /* "busy": what --check selects */
	char what[SELFTEST_TEXT]; /* "CPU time of a send, thread 1x1" */
	enum selftest_kind kind;
	enum selftest_unit unit;
	double expected, seen; /* NAN: there is none */
	enum selftest_verdict verdict;
	unsigned tries;                 /* trials that it took */
	char reason[TRIAL_REASON + 16]; /* why wrong or not run; "": the figures say it */
};

/* Not a number on either side is wrong. */
enum selftest_verdict selftest_judge(enum selftest_kind kind, double expected, double seen);

/* ---- the machine, and what it has done ------------------------------------ */

struct selftest {
	struct opt_list only;    /* checks to do; empty: all */
	const char *break_check; /* expect what cannot be of this check; NULL: of none */
	unsigned tries;          /* at most so many trials for a figure */
	void (*show)(const struct selftest_figure *f, void *arg);
	void *show_arg;
	struct topo *topo;
	struct clock clock;
	struct trial_result *result; /* of the last trial */
	struct sample row;           /* the same, as it would stand in samples.csv */
	struct selftest_figure figure[SELFTEST_MAX_FIGURES]; /* of the trial at hand */
	unsigned n_figures;
	bool missed; /* a fault went through: no second try */
	uint64_t verdicts[SELFTEST_VERDICTS];
	uint64_t again; /* trials that were repeated */
	char err[SELFTEST_ERR];
};

/* Add a figure of the trial at hand, judged; it may be looked at and changed until the next. */
struct selftest_figure *selftest_add(struct selftest *t, const char *check, enum selftest_kind kind,
	enum selftest_unit unit, double expected, double seen, const char *what, ...)
	PRINTF_LIKE(7, 8);

/* Names of the checks in order; *n of them. */
const char *const *selftest_checks(size_t *n);

/*
 * Do the checks and show each figure.  0, or -errno with a sentence in t->err when
 * not even a trial could be started, or -EINTR when launch_stop was set.
 */
int selftest_run(struct selftest *t);

/* The exit code of what was found: 0, 1 anything wrong, 3 nothing run, 4 a part not run. */
int selftest_exit(const struct selftest *t);

/* ---- trials ---------------------------------------------------------------- */

/* A trial whose figures are known; a row of the table in selftest_trials.c. */
struct selftest_scene {
	const char *check, *mechanism, *workload, *placement;
	unsigned domains;        /* BIT(DOMAIN_...): once in each */
	uint32_t side_a, side_b; /* workers */
	uint64_t n;              /* operations */
	uint64_t stretch_ns;     /* flag-ended: how long */
	uint64_t stall_ns;       /* nothing arrives: 0 as any trial, else give up after this */
	void (*look)(struct selftest *t, const struct selftest_scene *s, const char *where);
	uint32_t fault; /* enum selftest_fault: the trial must fail */
};

enum selftest_fault {
	SELFTEST_FAULTLESS,
	SELFTEST_LOST,
	SELFTEST_DUPLICATED,
	SELFTEST_REORDERED,
	SELFTEST_CORRUPT,
};

/* selftest_looks.c: what must be true of a trial; `where` is "thread 1x1". */
void selftest_look_floor(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_alone(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_trips(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_stream(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_sleep(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_held(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_hold(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_late(struct selftest *t, const struct selftest_scene *s, const char *where);
void selftest_look_fault(struct selftest *t, const struct selftest_scene *s, const char *where);

/* The harness's clock against CLOCK_MONOTONIC_RAW, in this process. */
void selftest_look_clock(struct selftest *t);

/* All scenes of a check.  As selftest_run(). */
int selftest_trials(struct selftest *t, const char *check);

#endif
