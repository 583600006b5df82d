/*
 * stress_tally.h - what a stress run has seen: counts by mechanism, findings as
 * they come, skips by reason; and the files of --out.
 *
 * A finding is on stdout (flushed) and in findings.csv (synced) before the next
 * trial begins.  No times, no rates of single trials: nothing here is a
 * measurement.
 */
#ifndef BENCH_STRESS_TALLY_H
#define BENCH_STRESS_TALLY_H

#include "bench/csv.h"
#include "bench/progress.h"
#include "bench/stress_draw.h"

enum { STRESS_REASONS = 32, STRESS_REASON = 120 };

struct stress_count {
	uint64_t trials, ok, skipped, findings;
	uint64_t messages, bytes, lost; /* received, verified; lost where that is allowed */
};

struct stress_skip {
	char why[STRESS_REASON];
	uint64_t n;
};

struct stress_tally {
	const struct stress_settings *set;
	struct stress_count *mech; /* by the registry's index */
	struct stress_count all;
	struct stress_skip skip[STRESS_REASONS];
	size_t n_skips;
	uint64_t other_skips; /* with further reasons */
	struct progress progress;
	uint64_t begin_ns;
	int findings_fd, trials_fd; /* -1: not asked for */
	struct csv_row row;
};

/* Opens (or makes) the files of --out.  0, or -errno with a sentence. */
int stress_tally_init(
	struct stress_tally *t, const struct stress_settings *set, char *err, size_t err_len);
void stress_tally_free(struct stress_tally *t);

/* Fail, crash, timeout: the evidence is not clean, somebody died, something hangs. */
bool stress_is_finding(const struct trial_result *r);

/* Book one trial; print and keep what is a finding.  0, or -errno with a sentence. */
int stress_tally_add(struct stress_tally *t, const struct stress_trial *trial,
	const struct trial_result *r, char *err, size_t err_len);

/* About to run a trial: say how far it is, now and then, on stderr. */
void stress_tally_progress(struct stress_tally *t, const struct stress_trial *next);

/* The end: what was done, by mechanism, and what was not. */
void stress_tally_summary(struct stress_tally *t, const struct selection *not_taken);

/* The line that finds it again. */
void stress_replay(
	const struct stress_settings *set, const struct stress_trial *trial, char *out, size_t len);

#endif
