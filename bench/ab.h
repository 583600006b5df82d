/*
 * ab.h - `handoff ab`: two programs, pair by pair, judged by the gate (gate.h).
 *
 * A side is a handoff binary, or a plugin in this one, with an environment and a command of its own;
 * its trials are fresh processes of it (launch.h).  A pair is one trial of each side on the same cell, one right
 * after the other, which comes first drawn anew.  A block holds a pair of every cell that wants
 * one, in a fresh order.  Every trial is a row of DIR/pairs.csv, and the pairs are judged from
 * what stands there: the same rows and seed give the same judgement, also when an interrupted
 * comparison is gone on with (--resume).
 *
 * One thread.  Functions that return an int give 0, or -errno with a sentence in ab->err.
 */
#ifndef BENCH_AB_H
#define BENCH_AB_H

#include <limits.h>
#include <stdio.h>

#include "bench/cmd_run.h"
#include "bench/costs.h"
#include "bench/facts.h"
#include "bench/gate.h"
#include "bench/judged.h"
#include "bench/judged_print.h"
#include "bench/plugin.h"

enum ab_which { AB_OLD, AB_NEW, AB_SIDES };

enum {
	AB_STEAL_PERCENT = 2,   /* a pair that was stolen from more is repeated as a whole ... */
	AB_REPEAT_PERCENT = 25, /* ... so many of the pairs at most ... */
	AB_REPEATS = 2,         /* ... and no pair more often than this */
	AB_FREE_PAIRS = 4,      /* what a comparison may repeat before it has any */
	AB_MOST_PAIRS = 10000,  /* of a cell on average */
	AB_MAX_KEYS = SELECT_MAX_CELLS,
};

/* A program that is compared. */
struct ab_side {
	const char *given;                /* as the user named it */
	const char *name;                 /* "OLD", "NEW": in messages */
	char path[PATH_MAX];              /* what is run */
	char id[20];                      /* fingerprint of its bytes */
	const struct plugin_file *plugin; /* given: it is this program with that; else NULL */
	struct opt_list env;              /* K=V */
	char **before;                    /* what those variables were, while it is its turn */
	const char *setup;                /* a shell command before each trial; NULL */
	int protocol;                     /* of its trials */
	bool knows_keys;                  /* it said which cells it has */
	char **key;                       /* those, sorted */
	size_t n_keys;
};

/* What a row of the judgement says of a cell apart from its figures. */
enum ab_standing {
	AB_JUDGED,
	AB_NO_FIGURE, /* it cannot run here, in either: reason */
	AB_ONLY_NEW,
	AB_ONLY_OLD,
	AB_BROKE_NEW, /* NEW died, hung or was found wrong; OLD did not */
	AB_BROKE_OLD, /* OLD did, whatever NEW does */
};

struct ab_cell {
	enum ab_standing standing;
	char reason[160];
	uint32_t pairs;           /* accepted */
	bool paired;              /* both sides have run it once */
	double *figure[AB_SIDES]; /* [pair * COSTS + enum cost], accepted pairs; NAN */
	uint32_t room;
	bool hung[AB_SIDES];      /* one of its trials did, once: the next is a finding */
	struct trial_fault fault; /* of NEW's probed twins; act PROBE_NONE: none */
};

/* A cell that this program has not: only its name is known. */
struct ab_other {
	const char *key; /* the side's */
	bool has[AB_SIDES];
};

/* Of a row of pairs.csv what is judged by: a whole one takes forty times as much room. */
struct ab_past_row {
	double block, order, rep, attempt;
	double ops_per_s, p50_ns, p99_ns, cpu_ns, voluntary, involuntary; /* an operation */
	double steal_pct, steal_used_pct;
	char *reason;   /* malloc'd; NULL: ok */
	uint32_t cell;  /* of the plan's; its number where it is none of them */
	uint8_t status; /* enum trial_status */
	uint8_t side;   /* enum ab_which; AB_SIDES where it is neither */
};

_Static_assert(sizeof(struct ab_past_row) <= 112, "17 000 rows in 2 MB");

/* What an interrupted comparison left. */
struct ab_past {
	struct facts facts;      /* its environment.csv */
	struct ab_past_row *row; /* two for each pair */
	size_t n, room, next;
	uint64_t last_line; /* where the last row begins */
	bool calibrated;    /* plan.csv was there */
};

struct ab_settings {
	struct axes axes;
	struct opt_list old_env, new_env, allow_missing;
	const char *matrix, *old_setup, *new_setup, *out, *resume;
	uint64_t pairs, budget_ns, seed, trial_ns, deadline_ns;
	bool strict, advisory, quiet;
};

struct ab {
	struct ab_settings set;
	struct ab_side side[AB_SIDES];
	/* `handoff selftest inject`: both sides run the probed twins ... */
	bool probed;
	/* ... and this, after calibration, arms the cells' faults.  NULL: nothing is done */
	int (*adjust)(struct ab *ab);
	void *adjust_arg;
	struct run run;         /* machine, selection, plan, runner */
	struct ab_cell *cell;   /* of the plan's */
	struct ab_other *other; /* cells that this program does not know */
	size_t n_other;
	struct gate_metric metric[COSTS]; /* cost_rules, as the gate wants them */
	struct gate gate;
	struct judgement judgement;
	char dir[SESSION_PATH]; /* "": nothing is written */
	char run_id[48];
	int pairs_fd; /* pairs.csv */
	struct ab_past past;
	bool made_dir;
	uint64_t until_ns, began_ns, block;
	uint64_t pairs_done, repeats_done;
	uint64_t ask_ns; /* what a side may take to say what it is; 0: 20 s */
	bool time_was_up;
	char began[32];
	char err[RUN_ERR];
};

/* ---- ab_side.c: the two programs -------------------------------------------- */

/*
 * Find the program, ask it which protocol its trials speak.  -EINVAL: no program of this kind;
 * -EXDEV: it can't be compared with this one; -ETIME: it does not come to an end.
 */
int ab_side_open(struct ab *ab, enum ab_which which);

/*
 * Ask it for the cells of the selection.  One that cannot say it shows it in its trials; -ETIME: it
 * does not come to an end.
 */
int ab_side_keys(struct ab *ab, enum ab_which which);
bool ab_side_has(const struct ab_side *s, const char *key);
void ab_side_close(struct ab_side *s);

/*
 * Its environment, until ab_side_leave(); its command is run.  -EINVAL: that failed; -ETIME: it took
 * longer than --deadline, or a minute; -EINTR: a signal.
 */
int ab_side_enter(struct ab *ab, enum ab_which which);
void ab_side_leave(struct ab *ab, enum ab_which which);

/* ---- ab_plugin.c: a side that is a plugin ------------------------------------- */

/*
 * It is loaded here as well, since the plan knows its mechanisms from the registry (of both sides'
 * the one of NEW), and named in the side's environment.  -EINVAL: it cannot be loaded.
 */
int ab_plugin_open(struct ab *ab, enum ab_which which);

/* Where neither a matrix nor mechanisms were named: those of the plugins.  0 or -ENOMEM. */
int ab_plugin_select(struct ab *ab);

/* ---- ab_plan.c: what is compared ---------------------------------------------- */

/* Cells on this machine, which of them both sides have, n for each from OLD. */
int ab_plan(struct ab *ab);
int ab_calibrate(struct ab *ab);

/* What a side's trial of a cell says about comparing it; AB_JUDGED: nothing against it. */
enum ab_standing ab_stand(
	struct ab *ab, size_t cell, enum ab_which which, const struct trial_result *r);

/* ---- ab_pairs.c: measuring ------------------------------------------------------ */

/* DIR, with pairs.csv and environment.csv in it. */
int ab_open_dir(struct ab *ab);

/* Pairs of a cell, on average: --pairs, or what the matrix says, or the rules. */
uint64_t ab_mean_pairs(const struct ab *ab);

/* Pairs until the gate is done, time is up, or launch_stop is set (-EINTR). */
int ab_measure(struct ab *ab);

/* What there was, into a file like environment.csv. */
int ab_write_environment(struct ab *ab, const char *path);

/*
 * A fingerprint of what decides, apart from the programs: the method's constants, margins, budget,
 * length of a trial, cells.  The plan is made.
 */
void ab_rules_id(const struct ab *ab, char out[20]);

/* ---- ab_repeat.c: which pairs are run again --------------------------------------- */

/*
 * The machine was taken away in an attempt at a pair: run it again?  By what the machine did, never
 * by what was measured, AB_REPEATS times at most, and only as long as the repeats stay below
 * AB_REPEAT_PERCENT of the pairs.  Pure.
 */
bool ab_is_repeated(const struct sample *old_row, const struct sample *new_row, uint32_t attempt,
	uint64_t pairs_done, uint64_t repeats_done);

/*
 * The first trial of a side in a cell that does not end in time says nothing yet: a machine may have
 * stood still.  True: the cell is as before, and the pair is to be run again.  A crash, a lost
 * message and a second one that hangs are findings.
 */
bool ab_forgive(struct ab *ab, size_t cell, const enum ab_standing stands[AB_SIDES],
	const struct sample row[AB_SIDES]);

/* What there was of these, in a sentence; "" where there was nothing. */
void ab_say_forgiven(const struct ab *ab, char *out, size_t len);

/* ---- ab_resume.c: going on with what was interrupted ------------------------------ */

/* With --resume: seed and time of what is in its directory, before the plan is made. */
int ab_resume_open(struct ab *ab);

/* The plan is made: -EXDEV unless it is the same comparison; its n and its whole pairs. */
int ab_resume(struct ab *ab);

/* plan.csv: n of each cell, once it is known. */
int ab_write_plan(struct ab *ab);

/* The next row that is there, if it is this trial's; else -EXDEV. */
int ab_take_past(struct ab *ab, size_t cell, enum ab_which which, const struct row_place *at,
	struct sample *row, enum ab_standing *stands);
void ab_resume_free(struct ab *ab);

/* ---- ab_judge.c: from rows to a judgement ---------------------------------------- */

/* Book an accepted pair: with the cell, and with the gate.  0 or -ENOMEM. */
int ab_book(struct ab *ab, size_t cell, const struct sample *old_row, const struct sample *new_row);

/* Verdicts into ab->judgement, its exit code included. */
int ab_judge(struct ab *ab);

/* ---- all of it --------------------------------------------------------------------- */

/*
 * From the settings to a judgement, printed unless set.quiet, written where there is a
 * directory.  Returns the exit code.  `ab` is zero but for set, side[].given and what a test
 * of the gate itself adds; ab_free() it.
 */
int ab_run(struct ab *ab);
void ab_free(struct ab *ab);

#endif
