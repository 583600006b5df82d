/*
 * judged.h - what `handoff ab` and `handoff compare` decided, as data.
 *
 * Both commands fill a struct judgement and write it as judgement.csv; whatever shows it
 * (terminal, Markdown, JUnit, annotations ...) reads only this.  Costs: a ratio is new over old
 * of what an operation costs, so above 1 is slower, for throughput too (rates enter inverted).
 *
 * judged_write() and judged_read() are inverse to each other, byte for byte, for rows in
 * judged_sort()'s order; pure apart from the file.  One thread.
 */
#ifndef BENCH_JUDGED_H
#define BENCH_JUDGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/cell.h"

enum judged_verdict {
	JUDGED_REGRESSED,    /* confirmed beyond the margin, family-wise */
	JUDGED_IMPROVED,     /* the mirrored test; never fails, asks for a new baseline */
	JUDGED_OK,           /* upper 95 % bound below the tolerance */
	JUDGED_INCONCLUSIVE, /* neither: says how many pairs it would need */
	JUDGED_NEW,          /* only in NEW */
	JUDGED_MISSING,      /* only in OLD; fails where gated: --allow-missing leaves it ungated */
	JUDGED_NA, /* no figure to judge: reason says why; fails where gated: it broke on one side */
	JUDGED_VERDICTS
};

/* One hypothesis: a metric of a cell. */
struct judged {
	char cell[CELL_KEY];
	char metric[24]; /* throughput, p50, p99, cpu, switches */
	char unit[16];   /* of old and new: "msg/s", "ns", "ns/op", "1/op" */
	enum judged_verdict verdict;
	bool gated;       /* may fail the gate; else for the reader only */
	double old_value; /* medians, in `unit`; NAN where there is none */
	double new_value;
	double ratio, lo, hi; /* estimate and 95 % interval of the cost ratio; NAN */
	double p, q;          /* of the gate's test; Benjamini-Hochberg for the reader; NAN */
	double mde;           /* least cost ratio found in 80 % of runs; NAN */
	double margin;        /* of its metric: 0.03 is 3 % */
	uint32_t pairs;       /* used for the estimate (campaigns in stored mode) */
	uint32_t needs;       /* about so many would settle an INCONCLUSIVE one; 0 */
	char reason[160];     /* of NA, INCONCLUSIVE, MISSING; "" */
};

enum judged_mode { JUDGED_PAIRED, JUDGED_STORED };

struct judgement {
	enum judged_mode mode;
	char old_name[256], new_name[256]; /* as given */
	char machine[160];                 /* CPU, PUs, kernel: one line */
	char began[32];                    /* UTC, as in samples.csv */
	uint64_t seed;
	double fwer;                            /* 0.01; stored: q, the false discoveries */
	double suite_ratio, suite_lo, suite_hi; /* of all cells together; NAN */
	bool suite_flagged;                     /* everything became slower */
	char note[256];                         /* why nothing was decided, the machine moved; "" */
	int exit_code; /* by the rules; with --advisory the command returns 0 for 1 and 4 */
	bool advisory;
	/* set by judged_sort() and judged_read(): */
	size_t count[JUDGED_VERDICTS], gated; /* gated rows, by verdict; all of them */
	size_t cells, with[JUDGED_VERDICTS];  /* cells; those that have such a gated row */
	size_t n;                             /* rows, which the caller fills */
	struct judged *row;                   /* malloc'd; no metric of a cell twice */
};

/* "REGRESSED" ... ; and back, JUDGED_VERDICTS when there is no such word. */
const char *judged_name(enum judged_verdict v);
enum judged_verdict judged_of_name(const char *name);

/*
 * What fails (regressed, broke, missing) first, then improved, inconclusive, without figures, new,
 * fine;
 * the largest change first in each, then by cell and metric.  Sets the counts.
 */
void judged_sort(struct judgement *j);

/* PASS, FAIL, ERROR, NOT_COMPARABLE, INCONCLUSIVE, INTERRUPTED: what exit_code says. */
const char *judged_word(const struct judgement *j);

/* What the command returns: exit_code, or 0 for 1 and 4 with --advisory. */
int judged_exit(const struct judgement *j);

/*
 * The last line of both commands, for grep; counts are of cells, each with a gated metric of that
 * verdict, broke are the gated NA; the margin is that of the gated metrics, "2..5%" where they
 * differ:
 *
 *	verdict=PASS regressed=0 improved=0 inconclusive=3 broke=0 missing=0 suite=ok cells=200
 *	fwer=0.01 margin=3%
 *
 * in one line; of stored campaigns q=0.05 in place of fwer: that of Benjamini and Hochberg.
 */
void judged_last_line(FILE *out, const struct judgement *j);

/*
 * judgement.csv: a row `judgement`, then a row `metric` for each row; columns in results/README.md.
 * Figures come back exactly; one that is not finite is empty, then NAN.  Written whole or not at
 * all.  0 or -errno with a sentence that names file, line and column.
 *
 * Reading refuses whatever judged_write() would not have written: other columns, an unknown
 * verdict, what is no number or out of its range, text that does not fit, a metric twice, rows that
 * are not there, more than JUDGED_MOST_ROWS (writing does so too).  *j is filled on success only; the caller frees it with judged_free().
 */
enum { JUDGED_SCHEMA = 1, JUDGED_MOST_ROWS = 100000 }; /* 61 MB; 20000 cells of ab */
int judged_write(const char *path, const struct judgement *j, char *err, size_t err_len);
int judged_read(struct judgement *j, const char *path, char *err, size_t err_len);
void judged_free(struct judgement *j);

/* The columns of judgement.csv, in order; *n of them. */
const char *const *judged_columns(size_t *n);

#endif
