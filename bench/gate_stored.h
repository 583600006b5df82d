/*
 * gate_stored.h - judging NEW against a stored BASE, where OLD cannot run beside it.
 *
 * Whole campaigns are the replicates, because between two of them everything may move at once.
 * A hypothesis is a metric of a cell, a family all hypotheses of one metric.  What all cells of a
 * family moved together in a campaign (the median residual) is taken out of each and reported by
 * itself.  What is left is judged by a moderated t (Smyth 2004): a cell's pooled variance is drawn
 * towards that of its family, whose prior s0^2 with d0 degrees of freedom is fitted from all cells;
 * df = d0 + K + J - 2.  Against the margin, not against 0.  Benjamini-Hochberg over all gated
 * hypotheses.
 *
 * Pure functions: same input, same bytes.  Costs are natural logarithms, more is slower.  Any
 * thread.
 */
#ifndef BENCH_GATE_STORED_H
#define BENCH_GATE_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STORED_BASE = 6,        /* campaigns of BASE, and ... */
	STORED_NEW = 3,         /* ... of NEW; with fewer nothing is ever called slower ... */
	STORED_BOOTS = 3,       /* ... on each side from so many boots ... */
	STORED_SPAN_S = 10800,  /* ... or spread over so long */
	STORED_SHIFT_CELLS = 8, /* with fewer cells a common shift cannot be told from theirs */
	STORED_PRIOR_CELLS = 4, /* with fewer a family has no prior */
};

extern const double stored_q;          /* Benjamini-Hochberg, 0.05 */
extern const double stored_suite_p;    /* of the shift of all cells, 0.01 */
extern const double stored_shift_most; /* as a ratio, 0.05: more is a finding about all cells */

/* What counts as slower in a family, and what as resolved: 0.03 is 3 %. */
struct stored_rule {
	double margin, tolerance;
};

struct stored_input {
	size_t n;             /* hypotheses */
	size_t base, fresh;   /* campaigns of BASE and NEW: columns */
	const double *cost;   /* n rows of base + fresh; NAN: not measured, or left out */
	const double *within; /* the same shape: standard error among that campaign's trials; NAN */
	const uint8_t *family;          /* n, each below families */
	const bool *gated;              /* n */
	const struct stored_rule *rule; /* families */
	size_t families;
	bool decide; /* enough campaigns, and the machine stood still */
};

/* What is known of a hypothesis.  NAN where nothing is. */
struct stored_finding {
	size_t base, fresh; /* campaigns that have it */
	double diff, lo,
		hi; /* NEW less BASE in log cost, the common shift taken out; 95 % interval */
	double se, df;
	double p_slower, p_faster; /* one-sided, against the margin */
	double q_slower, q_faster; /* Benjamini-Hochberg; NAN where it was not decided on */
	double mde; /* least log cost found in 80 % of cases, were it decided; NAN: no error known */
	bool slower, faster; /* decided */
	bool resolved;       /* hi is below the tolerance */
	uint32_t needs; /* about so many campaigns a side would resolve it; 0: it is, or unknown */
};

/* What all cells of a family, or of all families, did together. */
struct stored_shift {
	size_t cells;
	bool removed;        /* from the findings */
	double diff, lo, hi; /* NEW less BASE; 95 % interval, NAN where there are too few */
	double p;            /* one-sided, against 0; NAN */
};

/*
 * Shift of each campaign (base + fresh of them): the median over the hypotheses of `family` (< 0:
 * of all) of how far it lies from the median of BASE.  NAN: it has none of them.  0 or -ENOMEM.
 */
int stored_campaign_shifts(const struct stored_input *in, int family, double *shift);

/*
 * Which of n campaigns of BASE lie apart: more than 4 MAD, and than stored_shift_most, from the
 * median of the others.  With fewer than four none does.  Returns how many.  work: 2 n.
 */
size_t stored_outliers(const double *shift, size_t n, bool *out, double *work);

/* The difference of two groups of shifts. */
void stored_shift_between(const double *shift, size_t base, size_t fresh, struct stored_shift *out);

/* All findings, and the shift of each family.  0 or -ENOMEM. */
int stored_judge(
	const struct stored_input *in, struct stored_finding *out, struct stored_shift *shift);

/*
 * The prior of n variances s2 with d degrees of freedom each: *d0 (INFINITY: they differ no more
 * than chance makes them) and *s02.  Variances of 0 count as very small ones.  n > 1.
 */
void stored_prior(const double *s2, const double *d, size_t n, double *d0, double *s02);

#endif
