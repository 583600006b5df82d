/*
 * repro_print.h - what was found out about several campaigns, as text, CSV, Markdown.
 *
 * Campaigns are called A, B ... in the order given.  Errors stay in the stream.
 */
#ifndef BENCH_REPRO_PRINT_H
#define BENCH_REPRO_PRINT_H

#include <stdio.h>

#include "bench/repro.h"

struct repro {
	const struct report_run *run;
	size_t runs;
	const struct repro_pair *pair; /* AB, AC, BC ... */
	size_t pairs;
};

/* The letter of a run; campaigns beyond Z begin again. */
char repro_letter(const struct repro *r, const struct report_run *run);

/* For people; at most `most` cells by name in each pair. */
void repro_text(FILE *to, const struct repro *r, size_t most);

/* The same as tables of Markdown. */
void repro_markdown(FILE *to, const struct repro *r, size_t most);

/* Every cell of every pair, whatever was found. */
void repro_csv(FILE *to, const struct repro *r);

/*
 * Writes DIR/campaigns.csv, pairs.csv, cells.csv (those that did not agree) and swaps.csv (rows
 * that changed places): what a repository keeps, and tables of the report ({{csv}}) are made of.
 * 0, or -errno with a sentence.
 */
int repro_keep(const struct repro *r, const char *dir, char *err, size_t err_len);

#endif
