/*
 * gate_sim.h - trials of a shared virtual machine that are made up: drift, stolen time, cells
 * that have two speeds, long tails.  What a gate must not fall for, in any amount and at no
 * cost, and with known truths.
 *
 * The noise: everything drifts together (Ornstein-Uhlenbeck, 3 %, 120 s); every three minutes
 * some seconds are stolen from; 40 % of the cells have two speeds, half of these chosen by each
 * process and half sticking for a while; slices of throughput, medians and tails differ by
 * 1.5, 1 and 8 % with a tail of long ones; builds differ by nothing, or by a little in each cell.
 */
#ifndef TESTS_GATE_SIM_H
#define TESTS_GATE_SIM_H

#include "bench/gate.h"

struct gate_sim_setting {
	size_t cells;
	size_t slowed;      /* the first so many, in a random order of kinds */
	double effect;      /* log cost, of those */
	double all_effect;  /* log cost, of all */
	double relinked_sd; /* log cost, of each cell: another build of the same source */
	uint64_t budget;    /* pairs; 0: as the rules say */
	bool resolve;       /* go through stage 4 too, which judges nothing */
	uint64_t seed;
};

/*
 * Measures made-up pairs until the gate is done (or only has intervals left to narrow), and judges.
 * gate_free() it.
 */
void gate_sim_run(struct gate *g, const struct gate_sim_setting *s);

#endif
