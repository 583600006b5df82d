/*
 * doctor.h - what of this machine bears on a measurement, which rows it touches, and
 * what its user can do about it.
 *
 * Settings are read below `root` ("" for the real machine); what happens right now is
 * handed in, so that both can be made up.  Nothing is changed.
 */
#ifndef BENCH_DOCTOR_H
#define BENCH_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/noise.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_HINT, /* worth knowing; figures are right as they are */
	DOCTOR_WARN, /* figures are worse than they could be */
	DOCTOR_STATES
};

struct doctor_line {
	const char *key; /* "governor" */
	enum doctor_state state;
	bool gate;        /* with it a gate (two builds compared) would be untrustworthy */
	char found[96];   /* what there is, or why it cannot be known */
	char touches[96]; /* which rows; "" where all is well */
	char advice[128]; /* what to do; "" where there is nothing to be done */
};

/* What was seen over the last half second or so. */
struct doctor_now {
	struct noise_facts noise;
	double gap_ns;   /* longest gap of a spin on all CPUs; NAN: nobody looked */
	bool unfit;      /* this build's figures mean nothing (sanitizers) */
	const char *why; /* the flavour, where unfit */
};

enum { DOCTOR_MAX_LINES = 32 };

/* All lines, in a fixed order; how many (never over DOCTOR_MAX_LINES). */
size_t doctor_look(const char *root, const struct doctor_now *now, struct doctor_line *line);

const char *doctor_state_name(enum doctor_state s);

#endif
