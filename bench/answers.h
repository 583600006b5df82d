/*
 * answers.h - the four standing questions, answered from rows.
 *
 * Between two threads and between two processes, for 64 B and for 64 KiB: the
 * fastest mechanism that sleeps and the fastest that spins, by round trip and
 * one way, unpinned, nearest and farthest beside each other; where the run has
 * neither nearest nor farthest, the placement that it does have.  Each with its
 * interval, what it costs in CPU, how many trials that rests on and how many
 * were noisy, and with those that the trials cannot tell from it.  What was not
 * measured is said.
 *
 * Pure functions of the rows; errors stay in the stream.  Any thread.
 */
#ifndef BENCH_ANSWERS_H
#define BENCH_ANSWERS_H

#include <stdio.h>

#include "bench/rank.h"

/* As text, in 100 columns: tables of all, the answers, and the sentence on belief. */
void answers_print(FILE *to, const struct sample *rows, size_t n, rank_filter_fn *rankable,
	const char *belief);

/* The answers alone, as text. */
void answers_text(FILE *to, const struct ranking *r);

/* The answers alone, for a document: a table for each question. */
void answers_markdown(FILE *to, const struct ranking *r);

/* The round trips of all four questions in one table. */
void answers_brief(FILE *to, const struct ranking *r);

/* Every question has one that sleeps and one that spins; else which has not, in why. */
bool answers_complete(const struct ranking *r, char *why, size_t why_len);

/* "2 out": noisy trials left out; "2 used": too few clean ones to do without; "": none. */
void answers_noisy(const struct rank_entry *e, char *out, size_t len);

/* Median over its trials of the time that all workers ran together, in %; NAN: not measured. */
double answers_overlap(const struct rank_entry *e);

/* One group as a table; with overlap where workers share a processor, since it is a result there. */
void answers_group(FILE *to, const struct rank_group *g, bool markdown);

/* "pingpong, 2 processes, 64 B, nearest (same-l3)" */
void answers_title(const struct rank_group *g, char *out, size_t out_len);

/* The class that a row's nearest or farthest meant; "" where it named one itself. */
const char *answers_class(const struct sample *s);

#endif
