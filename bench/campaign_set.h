/*
 * campaign_set.h - the campaigns of one side of a comparison, and those that runs leave behind.
 *
 * A finished run under results/ leaves a campaign file in results/campaigns/<fingerprint>/; the
 * last CAMPAIGN_KEPT of each fingerprint stay.  What is compared is joined by the kept ones of its
 * fingerprint and build, so that the least number of replicates comes together by itself.
 *
 * One thread.  Errors: -errno and a sentence.
 */
#ifndef BENCH_CAMPAIGN_SET_H
#define BENCH_CAMPAIGN_SET_H

#include "bench/campaign.h"

enum { CAMPAIGN_KEPT = 15 };

extern const char campaign_root[]; /* "results/campaigns" */

struct campaign_set {
	struct campaign *item;
	size_t n, room;
};

/* A run, a samples.csv, a campaign file, or a directory of campaign files. */
int campaign_set_add(struct campaign_set *s, const char *path, char *err, size_t err_len);
void campaign_set_free(struct campaign_set *s);

/* One that is in both, or twice in one of them (b may be a); NULL: none. */
const struct campaign *campaign_set_same(
	const struct campaign_set *a, const struct campaign_set *b);

/*
 * Adds the kept campaigns of the first one's fingerprint and build that are not in it yet.  *added
 * of them; 0 where none is kept.
 */
int campaign_set_add_kept(struct campaign_set *s, size_t *added, char *err, size_t err_len);

/* Seconds between the first and the last one's beginning (0: not known), and different boots. */
double campaign_set_span(const struct campaign_set *s);
size_t campaign_set_boots(const struct campaign_set *s);

/* To its place under campaign_root, then in `path`; what is older than the last ones goes. */
int campaign_keep(const struct campaign *c, char path[CAMPAIGN_PATH], char *err, size_t err_len);

#endif
