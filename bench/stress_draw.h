/*
 * stress_draw.h - the k-th trial of a stress run: a pure function of the seed,
 * k, and the selection.
 *
 * The cell is drawn from one stream of random numbers, the load (pattern, rests,
 * rounds) from another: a cell that is given by its key gets the load of that
 * trial all the same, which is what makes a replay.
 */
#ifndef BENCH_STRESS_DRAW_H
#define BENCH_STRESS_DRAW_H

#include "bench/stress_opt.h"

enum { STRESS_MAX_LOADS = 16 };

/* A mechanism of the selection and the workloads it may get. */
struct stress_mech {
	const struct mech *mech;
	const struct workload *load[STRESS_MAX_LOADS];
	size_t n_loads;
};

/* What is drawn from. */
struct stress_scope {
	const struct stress_settings *set;
	const struct topo *topo;
	struct stress_mech *mech;
	size_t n;
	struct cell cell;           /* --cell */
	struct selection not_taken; /* only its reasons: what was left out or drawn in vain */
};

struct stress_trial {
	uint64_t k;
	struct cell cell; /* placed; cell.skip: cannot run here */
	struct trial_load load;
};

/*
 * Check the selection against the machine.  0, or -errno with a sentence: a
 * value that means nothing, a selection that holds no cell.
 */
int stress_scope_init(struct stress_scope *s, const struct stress_settings *set,
	const struct topo *topo, char *err, size_t err_len);
void stress_scope_free(struct stress_scope *s);

/* Parts of a trial that have nothing to do with each other. */
enum { STREAM_CELL = 1, STREAM_LOAD = 2 };

/* The k-th trial, k from 1.  0, or -EINVAL with a sentence: no combination is possible. */
int stress_draw(
	struct stress_scope *s, uint64_t k, struct stress_trial *t, char *err, size_t err_len);

/* The load of a trial whose cell is there; stress_load.c. */
void stress_draw_load(const struct stress_scope *s, struct stress_trial *t);

/* "CELL n=16 block=64 rest=1/100 burst=32 pause<=5us for 312 ms", for people. */
void stress_describe(const struct stress_trial *t, char *out, size_t out_len);

#endif
