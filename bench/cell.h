/*
 * cell.h - one cell of the matrix: a mechanism, a workload and a value on every
 * axis; its key; and what the plan found out about it.
 *
 * The key names the cell for ever:
 *
 *	channel/pipe/stream?domain=process&fan=1x1&size=64&placement=nearest
 *
 * then, in alphabetical order, each other axis (axes.def) that is not at its
 * default; the wait's is block, or the only one that the mechanism has.
 */
#ifndef BENCH_CELL_H
#define BENCH_CELL_H

#include "harness/place.h"
#include "harness/trial.h"
#include "harness/workload.h"

enum {
	CELL_KEY = 320,
	CELL_DEFAULT_CAPACITY = 1024,
	CELL_MAX_BYTES = 1 << 30,
	CELL_MAX_CAPACITY = 1 << 26,
	CELL_MAX_RATE = 1000000000, /* per second */
	CELL_MAX_PAIR = 1 << 16,
	CELL_MAX_TOPICS = 1 << 16,
	CELL_MAX_NODE = 1 << 10,
	CELL_MAX_FDS = 1 << 20,
	CELL_MAX_DEPTH = 1000,
	CELL_MAX_TICKS = 1000000000,
	CELL_MAX_INTERVAL_US = 10000000,
	CELL_MAX_RELEASED = 99, /* percent: else nothing is left for the lock */
	CELL_MAX_ALIVE = 10000,
	CELL_MAX_CROWD = 20000,
};

#define CELL_MAX_RSS (UINT64_C(1) << 40)

struct cell {
	const struct mech *mech;
	const struct workload *workload;
	enum domain domain;
	enum start start;
	enum wait wait;
	uint32_t side_a, side_b; /* workers */
	uint32_t msg_bytes;      /* 0: no messages; locks: guarded, 0: the counter only */
	uint32_t capacity;       /* 0: native */
	char placement[64];      /* as asked */
	struct trial_extra extra;
	char key[CELL_KEY];
	/* what the plan adds */
	char skip[TRIAL_REASON]; /* why it cannot run here; "" if it can */
	char place_class[64];    /* what nearest and farthest are here, or the locations */
	uint32_t pu[TRIAL_MAX_WORKERS];
	double workers_per_pu;
	uint64_t n, block; /* 0: not calibrated yet, or flag-ended */
	uint64_t stretch_ns;
	uint64_t trial_ns; /* a whole trial, start to row, as last seen */
	/* openloop: the clocks of its PUs differ by at most this; UINT64_MAX: not bounded */
	uint64_t oneway_bound_ns;
};

/* Where workers have one side only: "4"; else "2x1". */
void cell_fan(const struct cell *c, char *out, size_t out_len);

/* "1024" or "native". */
void cell_capacity(const struct cell *c, char *out, size_t out_len);

/* Fill c->key from the axes. */
void cell_make_key(struct cell *c);

/* The further axes not at their default, as in the key: "keep-awake=yes&pair=1". */
void cell_further(const struct cell *c, char *out, size_t out_len);

/* The strategy that --wait's default means for a mechanism in a domain. */
enum wait cell_default_wait(const struct mech *m, enum domain d);

/*
 * Reduce axes that mean nothing for this cell to one value, so that duplicates
 * have one key, and make the key.  NULL, or why the combination is impossible
 * (static text; the cell is then to be left out).  `fan_one_side`: the fan was
 * given as one number.
 */
const char *cell_normalise(struct cell *c, bool fan_one_side);

/* The cell that a key names.  0, or -EINVAL with a sentence. */
int cell_parse(struct cell *c, const char *key, char *err, size_t err_len);

/*
 * Resolve the placement on this machine and ask the mechanism whether it can
 * run here: fills pu, place_class, workers_per_pu or skip.  0, or -EINVAL with a
 * sentence when the placement is no placement at all.
 */
int cell_place(struct cell *c, const struct topo *topo, char *err, size_t err_len);

/* Families whose size is 64 unless asked; locks guard no bytes then. */
static inline bool family_has_size(enum family f)
{
	return family_has_messages(f) || f == FAMILY_RWLOCK;
}

/* Workers all told. */
static inline uint32_t cell_workers(const struct cell *c)
{
	return c->side_a + c->side_b;
}

/* The trial to run; n, block, stretch as planned.  Calibration if asked. */
void cell_spec(const struct cell *c, const struct clock *clock, unsigned cpus, bool calibrate,
	struct trial_spec *spec);

#endif
