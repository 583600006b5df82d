/*
 * compare_table.h - the cells of two sides side by side: what compare.c is made of, and nobody
 * else's.
 */
#ifndef BENCH_COMPARE_TABLE_H
#define BENCH_COMPARE_TABLE_H

#include "bench/compare.h"

/* What is known of a cell's metric before it is judged. */
struct hypothesis {
	const char *key;
	enum cost metric;
	enum judged_verdict verdict;    /* JUDGED_OK: to be judged */
	const struct campaign_cell *at; /* of NA and MISSING: what stood in the way; NULL */
	const char *side;               /* ... in NEW or BASE */
};

/* compare_table_make() of a zeroed one with `ask`; NEW without campaigns: all is to be judged. */
struct compare_table {
	const struct compare_ask *ask;
	const char **key; /* of all cells, sorted, once each */
	size_t keys;
	struct hypothesis *hyp;
	size_t n, room;
	double *cost, *within; /* of the hypotheses that are judged, row by row */
	uint8_t *family;
	bool *gated;
	size_t judged;
};

/* 0 or -ENOMEM; to be freed in either case. */
int compare_table_make(struct compare_table *t);
void compare_table_free(struct compare_table *t);

/* Its mechanism may fail a gate: no floor, no race. */
bool compare_is_gated(const char *key);

#endif
