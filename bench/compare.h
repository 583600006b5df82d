/*
 * compare.h - campaigns of BASE and NEW to a judgement (gate_stored.h does the arithmetic).
 *
 * Pure functions of the campaigns; results are malloc'd.  One thread.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "bench/campaign_set.h"
#include "bench/judged.h"

enum { COMPARE_TEXT = 600 };

struct compare_ask {
	const struct campaign_set *base, *fresh;
	const struct opt_list *under_test;    /* facts_exempt() */
	const struct opt_list *allow_missing; /* globs of cells, or of mechanisms */
	const char *base_name, *fresh_name;
	bool advisory;
	bool strict; /* any gated metric that is not settled: nothing was decided */
};

/* How far something moved between BASE and NEW: a ratio less 1; NAN: not known. */
struct compare_control {
	double moved;
	bool counts; /* not itself under test */
};

struct compared {
	struct judgement judgement; /* judged_free() */
	struct compare_control control[CONTROLS];
	struct stored_shift shift[COSTS], suite;
	bool enough, machine_known, controls_known, machine_moved;
	size_t boots[2], quarantined, red; /* boots of BASE and NEW; cells that broke in NEW only */
	double span_s[2];
	char lacks[COMPARE_TEXT]; /* what would make it enough; "" */
	bool *out;                /* campaigns of BASE that lie apart */
};

/* 0 or -ENOMEM with a sentence. */
int compare_judge(struct compared *c, const struct compare_ask *ask, char *err, size_t err_len);
void compared_free(struct compared *c);

/*
 * Which campaigns of one side lie apart from the others (stored_outliers()), and the common shift
 * of each: s->n of both.  0 or -ENOMEM with a sentence.
 */
int compare_outliers(
	const struct campaign_set *s, bool *out, double *shift, char *err, size_t err_len);

#endif
