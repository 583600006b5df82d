/*
 * differences.h - what stands in the way of a comparison, said on stderr key by key.
 *
 * One thread.
 */
#ifndef BENCH_DIFFERENCES_H
#define BENCH_DIFFERENCES_H

#include "bench/campaign_set.h"

/*
 * Hard keys in which campaigns of `s` differ from `first`, but for what is exempt (NULL: nothing);
 * those of the first campaign that does.  Campaigns that do not know their machine are passed
 * over.  `command` begins each line: "handoff compare".
 */
size_t differences_hard(const char *command, const struct campaign *first,
	const struct campaign_set *s, const struct opt_list *exempt);

/*
 * Cells of `first` that a campaign of `s` lacks; of the first that does, by name.  What only they
 * have is a note.
 */
size_t differences_cells(
	const char *command, const struct campaign *first, const struct campaign_set *s);

/* Soft keys, as notes. */
size_t differences_soft(const char *command, const struct campaign *a, const struct campaign *b);

/* One key, for those who compare by themselves. */
void differences_say(const char *command, const struct campaign *a, const struct campaign *b,
	const char *key, const char *x, const char *y);

#endif
