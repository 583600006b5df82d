/*
 * gate_sim.h - trials of a shared virtual machine that are made up: drift, stolen time, cells
 * that have two speeds, long tails.  What a gate must not fall for, in any amount and at no
 * cost, and with known truths.
 *
 * The noise: everything drifts together (Ornstein-Uhlenbeck, 3 %, 120 s); every three minutes
 * some seconds are stolen from; 40 % of the cells have two speeds, half of these chosen by each
 * process and half sticking for a while; slices of throughput, medians and tails differ by
 * 1.5, 1 and 8 % with a tail of long ones; builds differ by nothing, or by a little in each cell.
 *
 * A cell has the five metrics that are shipped, with their margins.  Throughput, CPU time and p50 of
 * a trial are close to each other, since they come from one slice (in pairs measured on a machine of
 * this kind their rank correlations are 0.7 to 0.9); few cells have a p99; switches go their own way
 * and are the same in most pairs.
 */
#ifndef TESTS_GATE_SIM_H
#define TESTS_GATE_SIM_H

#include "bench/costs.h"
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
 * `metric` is filled
 * and must live as long as the gate; gate_free() that.
 */
void gate_sim_run(
	struct gate *g, struct gate_metric metric[COSTS], const struct gate_sim_setting *s);

#endif
