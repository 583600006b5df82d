/*
 * gate.h - from pairs of trials to a verdict on every cell and metric.
 *
 * A state machine without clock, file or chance: it is given what pairs said, and says which
 * cells get how many further pairs; the same figures in the same order give the same verdicts.
 *
 *	screen    a few pairs of every cell; what looks slower (or faster) is selected
 *	interim   new pairs of the cells selected; what does not look beyond the margin is let go
 *	confirm   new pairs of what is left
 *	resolve   the rest of the budget, to the cells whose intervals need the fewest pairs
 *
 * The test sees the pairs of interim and confirm only, never those of the screen that selected
 * it, nor those of resolve, whose number depends on what was measured; so the family is what was
 * selected, and Holm's correction over it keeps the chance of any false alarm below `fwer`.
 * Letting go for futility only lowers it.
 *
 * A hypothesis is a metric of a cell.  Differences are ln(cost of new / cost of old): above 0
 * is slower; NAN where a pair has no figure.  One thread.
 */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gate_stage { GATE_SCREEN, GATE_INTERIM, GATE_CONFIRM, GATE_RESOLVE, GATE_DONE };

enum gate_verdict {
	GATE_NO_FIGURE, /* too few pairs have one, or its cell was dropped */
	GATE_REGRESSED,
	GATE_IMPROVED,
	GATE_FINE, /* the upper bound is below the tolerance */
	GATE_OPEN, /* neither */
};

/* The constants of the method; where they come from: gate.c. */
struct gate_rules {
	uint32_t screen_pairs, interim_pairs, confirm_most, resolve_least, resolve_most;
	double fwer;
	double screen_p, interim_p;
	double select_share;           /* of the cells, at most so many are selected ... */
	uint32_t select_least;         /* ... but so many always may be */
	double better_p, better_share; /* the same for improvements, which are to cost little */
	uint32_t better_least;
	uint32_t mean_pairs; /* budget: pairs of a cell, on average */
	double suite_margin, suite_p, suite_trim;
	uint32_t suite_least; /* cells */
	double open_share;    /* of the gated hypotheses: above it nothing was decided */
};

extern const struct gate_rules gate_default_rules;

/* What every cell has. */
struct gate_metric {
	double margin;    /* log cost: a change up to it is none */
	double tolerance; /* log cost: an upper bound below it is fine */
	bool gated;
};

/* A metric of a cell. */
struct gate_hypothesis {
	double *d; /* of the cell's pairs; NAN: no figure */
	bool gated;
	bool slower, faster; /* selected by the screen */
	bool live;           /* not let go by the interim look */
	enum gate_verdict verdict;
	double estimate, lo,
		hi;        /* Hodges-Lehmann of all pairs, with 95 % interval; log cost; NAN */
	double p, q;       /* of the test; NAN: not selected */
	double detectable; /* log cost found in 80 % of runs; NAN */
	uint32_t pairs;    /* with a figure */
	uint32_t looked;   /* pairs of the cell that the estimate is from */
	uint32_t needs;    /* pairs in all that would settle an open one; 0: none would */
};

struct gate_cell {
	uint32_t pairs, room;
	uint32_t want;   /* further pairs, now */
	uint32_t tested; /* pairs when the test's last one was in; 0: not selected */
	bool out;        /* dropped */
};

/* A cell in the order in which something is given out. */
struct gate_candidate {
	double p;
	size_t cell;
};

/* A distribution that is asked for again and again: stats_signs(). */
struct gate_signs {
	size_t n;
	double *below;
};

enum { GATE_SIGNS = 17 };

struct gate {
	struct gate_rules rules;
	const struct gate_metric *metric; /* the caller's */
	size_t metrics, cells;
	struct gate_cell *cell;
	struct gate_hypothesis *hyp; /* [cell * metrics + metric] */
	uint64_t budget, spent;      /* pairs */
	enum gate_stage stage;
	uint32_t confirm_pairs; /* what a live cell got, or would have got */
	/* set by gate_judge(): */
	size_t selected;                  /* hypotheses tested for slower */
	double suite, suite_lo, suite_hi; /* log cost; NAN: too few cells */
	bool suite_slower;
	size_t gated, open, regressed, improved; /* gated hypotheses; the last three of these */
	/* room for one computation */
	struct gate_candidate *order;
	double *p;     /* three for each hypothesis */
	size_t *index; /* one for each */
	double *values, *work;
	size_t work_room;
	struct gate_signs signs[GATE_SIGNS];
};

/*
 * Nothing measured yet; the stage is GATE_SCREEN and every cell wants its first pairs.  `metric`
 * stays the caller's and must live as long.  budget in pairs, 0: as the rules say; it is never
 * less than the screen needs.  0, or -ENOMEM.
 */
int gate_init(struct gate *g, const struct gate_rules *rules, const struct gate_metric *metric,
	size_t metrics, size_t cells, uint64_t budget);
void gate_free(struct gate *g);

/* One more pair of a cell: a difference for each metric.  0, or -ENOMEM. */
int gate_add(struct gate *g, size_t cell, const double *d);

/* No more pairs of this cell, and no verdict. */
void gate_drop(struct gate *g, size_t cell);

/* This cell can't fail the gate. */
void gate_ungate(struct gate *g, size_t cell);

/*
 * Set each cell's `want`, going on to the next stage where this one has what it wanted.  False:
 * done, nothing is wanted.  Call it after each round of pairs.
 */
bool gate_next(struct gate *g);

/* Nothing more can be measured: what was selected and not tested is let go. */
void gate_close(struct gate *g);

/* Verdicts, estimates and the suite, from what there is. */
void gate_judge(struct gate *g);

/* For n pairs with a figure; NULL: there is none. */
const double *gate_signs(struct gate *g, size_t n);

/* More of the gated hypotheses are open than the rules allow. */
bool gate_is_open(const struct gate *g);

#endif
