/*
 * repro.h - do two campaigns, runs of one matrix on one machine, say the same?
 *
 * Two goals.  For 90 % of the cells 0 lies in the 95 % interval of the
 * difference between the campaigns (of the logarithms of their figures; exact
 * Mann-Whitney interval).  And the rankings agree: Kendall's tau-b is at least
 * 0.95 over the pairs of rows, of one group of a ranking, that differ by more than
 * 10 %: by the whole 95 % interval between their trials, in one of the campaigns at least.
 * (Medians alone also lie 10 % apart where no trial can tell the rows from each other, and
 * `handoff rank` gives those one rank; tau over them is shown beside it.)  What could not be
 * judged is counted apart and never as agreeing.
 *
 * Pure functions of what report_run_read() gave; one thread.
 */
#ifndef BENCH_REPRO_H
#define BENCH_REPRO_H

#include "bench/report_run.h"
#include "bench/stats_two.h"

enum {
	REPRO_CELLS_PCT = 90,  /* of the judged cells agree */
	REPRO_JUDGED_PCT = 90, /* of the cells of both can be judged */
	REPRO_TAU_PCT = 95,
	REPRO_APART_PCT = 10,
	REPRO_TRIALS = 4, /* so many on each side always have a 95 % interval */
};

enum repro_verdict {
	REPRO_DIFFERS,
	REPRO_AGREES,
	REPRO_TOO_FEW, /* ok trials for a 95 % interval */
	REPRO_ONLY_A,
	REPRO_ONLY_B,
	REPRO_VERDICTS
};

struct repro_cell {
	const char *key; /* points into a run */
	enum repro_verdict verdict;
	size_t n[2], noisy[2]; /* trials used; of them noisy: too few clean ones */
	double ratio, lo, hi;  /* B's figure over A's; NAN where not judged */
};

/* Two rows of a ranking that changed places: the second's figure over the first's, by campaign. */
struct repro_swap {
	const char *key[2];
	double ratio[2];
};

struct repro_pair {
	const struct report_run *run[2];
	double apart_s;          /* between their first trials; NAN where a row has no time */
	struct repro_cell *cell; /* what differs first, farthest apart first */
	size_t n, count[REPRO_VERDICTS];
	struct stats_order order;     /* pairs that differ */
	struct stats_order by_median; /* pairs whose medians lie as far apart */
	struct repro_swap *swap;      /* of those that differ; farthest first */
	size_t swaps;
	double agree_pct, judged_pct, tau; /* NAN: nothing to judge, nothing to order */
	double tau_by_median;
};

/* "differs", "agrees" ... */
const char *repro_verdict_name(enum repro_verdict v);

/* When its first trial ended, as the row says; "" for an empty run. */
const char *repro_began(const struct report_run *r);

/* One run given twice, or copied. */
bool repro_same_run(const struct report_run *a, const struct report_run *b);

/* Same machine, kernel, settings and build?  If not, why not. */
bool repro_comparable(
	const struct report_run *a, const struct report_run *b, char *why, size_t why_len);

/* 0, or -ENOMEM; the runs must outlive it. */
int repro_judge(struct repro_pair *p, const struct report_run *a, const struct report_run *b);
void repro_free(struct repro_pair *p);

/*
 * The goals, one by one.  Where no two rows differ nothing is known of their order: it does not
 * hold, and it does not fail either.
 */
static inline bool repro_cells_hold(const struct repro_pair *p)
{
	return p->agree_pct >= REPRO_CELLS_PCT && p->judged_pct >= REPRO_JUDGED_PCT;
}

static inline bool repro_order_known(const struct repro_pair *p)
{
	return p->order.pairs > 0;
}

static inline bool repro_order_holds(const struct repro_pair *p)
{
	return repro_order_known(p) && p->tau >= REPRO_TAU_PCT / 100.0;
}

#endif
