/*
 * judged_columns.h - the columns of judgement.csv: what its writer and its reader share.
 *
 * The table in judged_write.c is the one place that knows names, order and types.
 */
#ifndef BENCH_JUDGED_COLUMNS_H
#define BENCH_JUDGED_COLUMNS_H

#include "bench/judged.h"

/* What a column holds, and what of it may be in a file. */
enum judged_type {
	JT_TEXT,
	JT_FIGURE,   /* any */
	JT_RATIO,    /* 0 or above */
	JT_FRACTION, /* 0 .. 1 */
	JT_COUNT,
	JT_SEED,
	JT_VERDICT,
	JT_YES,
	JT_MODE,
	JT_CODE,
	JT_ROWS,
	JT_SCHEMA,
	JT_RECORD,
};

/* A column is of the judgement, of each metric, or of both under one name. */
enum { JUDGED_NOWHERE = -1 };

struct judged_column {
	const char *name;
	enum judged_type type;
	ptrdiff_t head, row; /* offset in struct judgement, in struct judged; JUDGED_NOWHERE */
	size_t head_bytes, row_bytes;
};

enum { JUDGED_COLUMNS = 30 };

extern const struct judged_column judged_column[JUDGED_COLUMNS];

/* By enum judged_mode: "paired", "stored". */
enum { JUDGED_MODES = 2 };
extern const char *const judged_mode_name[JUDGED_MODES];

#endif
