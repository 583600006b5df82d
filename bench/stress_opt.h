/*
 * stress_opt.h - what `handoff stress` is asked for.
 *
 * The parser says what is wrong in one sentence before anything runs.  Main
 * thread only (getopt).
 */
#ifndef BENCH_STRESS_OPT_H
#define BENCH_STRESS_OPT_H

#include "bench/select.h"

enum { STRESS_ERR = 512 };

struct stress_settings {
	struct axes axes;
	/* as given; NULL: not */
	const char *for_text, *messages_text, *seed_text, *trial_text, *inject, *cell, *out;
	uint64_t trial_ns; /* length of a trial; 0: drawn */
	bool dry_run, keep_going;
	/* what the texts say */
	uint64_t for_ns;   /* 0: no limit, there is one of messages */
	uint64_t messages; /* 0: no limit */
	uint64_t seed;     /* given, or fresh */
	uint64_t trial;    /* this one only; 0: all */
	struct trial_fault fault;
};

/*
 * OPT_RUN, with everything filled in; else the exit code, after a sentence on
 * stderr, or help on stdout.  After OPT_RUN: stress_opt_free().
 */
int stress_opt_parse(struct stress_settings *set, int argc, char **argv);
void stress_opt_free(struct stress_settings *set);

/*
 * "drop@1000": at the 1000th message of worker 0; "flip@10/1": of worker 1;
 * "die@mid-write:5": at that point.  0, or -EINVAL with a sentence.
 */
int stress_parse_fault(const char *text, struct trial_fault *f, char *err, size_t err_len);

/* "1G", "2.5M", "1000": messages, 1000-based.  0, or -EINVAL with a sentence. */
int stress_parse_messages(const char *text, uint64_t *n, char *err, size_t err_len);

#endif
