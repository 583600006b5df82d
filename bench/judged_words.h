/*
 * judged_words.h - a judgement in words: what terminal, Markdown, JUnit and annotations share.
 *
 * Sizes of changes are costs, so "12.3 % slower" also where a rate fell.  Pure.
 */
#ifndef BENCH_JUDGED_WORDS_H
#define BENCH_JUDGED_WORDS_H

#include "bench/judged.h"

enum { JUDGED_SAY = 160, JUDGED_REST = 400, JUDGED_TITLE = 700 };

/* Into out (JUDGED_SAY bytes where nothing else is said), which they return. */

/* "5.12 us", "195 k/s", "2.00 /op"; "-" where there is none. */
char *judged_say_value(char *out, const struct judged *r, double value);

/* "5.12 us -> 7.68 us". */
char *judged_say_values(char *out, const struct judged *r);

/* "12.3 % slower", "8.1 % less CPU time", "4.2 times as slow"; "" where there is no ratio. */
char *judged_say_change(char *out, const struct judged *r);

/* The same with its interval, "12.3 % slower [9.8, 15.1]", and of all cells together. */
char *judged_say_sure(char *out, const struct judged *r);
char *judged_say_suite(char *out, const struct judgement *j);

/* "34 pairs", "6 campaigns". */
char *judged_say_count(char *out, const struct judgement *j, uint32_t n);

/* "would have seen 6.2 %": a slow-down of that size, in 80 % of runs; "" where it is not known. */
char *judged_say_seen(char *out, const struct judged *r);

/*
 * What can be said beside the figures (JUDGED_REST): "needs about 120 pairs; would have seen
 * 6.2 %", the reason; "" for nothing.
 */
char *judged_say_rest(char *out, const struct judgement *j, const struct judged *r);

/*
 * All of that (JUDGED_TITLE): "12.3 % slower [9.8, 15.1], 5.12 us -> 5.75 us, 34 pairs; needs
 * about 120 pairs"; "no figure; only in the new one".
 */
char *judged_say_all(char *out, const struct judgement *j, const struct judged *r);

/* How often something is called slower that is not (JUDGED_TITLE), in one sentence. */
char *judged_say_error(char *out, const struct judgement *j);

/* The whole in one sentence (JUDGED_TITLE): "2 of 200 cells became slower". */
char *judged_title(char *out, const struct judgement *j);

/* ---- the parts that a judgement is shown in, in this order -------------------- */

struct judged_section {
	enum judged_verdict verdict;
	bool gated, ungated; /* which rows of this verdict */
	const char *title;
	bool changed; /* what somebody must look at; else it may be folded away */
	bool figures; /* its rows have a ratio */
};

enum { JUDGED_SECTIONS = 10 };
extern const struct judged_section judged_section[JUDGED_SECTIONS];

/* Its rows in a sorted judgement: how many, *first the first of them. */
size_t judged_section_rows(
	const struct judgement *j, const struct judged_section *s, const struct judged **first);

/* Different cells among n rows. */
size_t judged_cells_of(const struct judged *row, size_t n);

#endif
