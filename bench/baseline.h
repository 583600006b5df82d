/*
 * baseline.h - campaigns that are kept under a name, to be compared with later.
 *
 * results/baselines/NAME/ holds campaign files, baseline.csv (`key,value,reason`: fingerprint,
 * build, seeds, a hash of every file, what was accepted) and quarantine/, campaigns whose cells
 * together lie apart from those of the others: kept, never used.
 *
 * One thread.  Errors: -errno and a sentence.
 */
#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

#include "bench/campaign_set.h"

enum { BASELINE_NAME = 64, BASELINE_ACCEPTED = 64 };

extern const char baseline_root[]; /* "results/baselines" */

/* A cell that is known to fail, and why that is all right. */
struct baseline_accept {
	const char *cell, *reason;
};

struct baseline {
	char dir[CAMPAIGN_PATH];
	struct facts facts; /* baseline.csv */
	struct campaign_set set;
};

/* Letters, digits, dot, dash, underscore; not a dot first.  0 or -EINVAL with a sentence. */
int baseline_dir(
	const char *root, const char *name, char dir[CAMPAIGN_PATH], char *err, size_t err_len);

/*
 * Writes a new baseline: out[i] goes to quarantine with shift[i].  Whole or not at all; one that
 * is there already is -EEXIST, or is replaced.
 */
int baseline_write(const char *dir, const struct campaign_set *s, const bool *out,
	const double *shift, const struct baseline_accept *accept, size_t accepted, bool replace,
	char *err, size_t err_len);

/*
 * Reads one and checks it: every file that baseline.csv names is there and unchanged, no other is,
 * and the fingerprint is theirs.  -EBADMSG: it is not what was saved.
 */
int baseline_read(struct baseline *b, const char *dir, char *err, size_t err_len);
void baseline_free(struct baseline *b);

/* How many campaigns are in quarantine. */
size_t baseline_quarantined(const struct baseline *b);

/*
 * Facts of the machine as it is now, for a baseline to be held against; what only a run knows
 * (clock, length of trials) is taken over from `like`.
 */
int baseline_now(struct facts *now, const struct facts *like, char *err, size_t err_len);

#endif
